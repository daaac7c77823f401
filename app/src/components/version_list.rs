//! The versions around the one that is shown.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::ChangeKind;
use rewind_domain::travel::Step;

use super::event_type::EventType;
use super::icon::{Glyph, Icon};
use super::moment::Moment;
use super::virtual_list::VirtualList;
use crate::state::text;

/// As high as `.version-row`.
const ROW_HEIGHT: u32 = 44;

/// A row of the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum VersionRow {
    /// Before the first event.
    Start {
        /// Its version.
        version: u64,
    },
    /// A version and the event that made it.
    Step(Arc<Step>),
}

impl VersionRow {
    /// Its version.
    pub(crate) fn version(&self) -> u64 {
        match self {
            Self::Start { version } => *version,
            Self::Step(step) => step.version,
        }
    }
}

/// The versions at hand, each a button that leads to it.
#[component]
pub(crate) fn VersionList(
    /// The versions, ascending.
    #[prop(into)]
    rows: Signal<Vec<VersionRow>>,
    /// The one that is shown.
    #[prop(into)]
    shown: Signal<u64>,
    /// Goes to a version.
    #[prop(into)]
    on_go: Callback<u64>,
) -> impl IntoView {
    let in_sight = Memo::new(move |_| {
        let shown = shown.get();
        rows.with(|rows| rows.iter().position(|row| row.version() == shown))
    });
    let render = move |_: usize, row: VersionRow| {
        let version = row.version();
        let is_shown = Memo::new(move |_| shown.get() == version);
        let content = match row {
            VersionRow::Start { .. } => {
                view! { <span class="version-start">"before the first event"</span> }.into_any()
            }
            VersionRow::Step(step) => view! { <StepContent step /> }.into_any(),
        };
        view! {
            <button
                type="button"
                class="version-row"
                aria-current=move || is_shown.get().then_some("step")
                data-testid="version-row"
                data-version=version.to_string()
                on:click=move |_| on_go.run(version)
            >
                <span class="version-row-number">{text::grouped(version)}</span>
                {content}
            </button>
        }
    };
    view! {
        <nav class="version-list" aria-label="Versions">
            <VirtualList rows row_height=ROW_HEIGHT render in_sight />
        </nav>
    }
}

#[component]
fn StepContent(step: Arc<Step>) -> impl IntoView {
    let count = |kind: ChangeKind| step.changes.iter().filter(|change| change.op == kind).count();
    let counts = [
        (ChangeKind::Add, "+", "added"),
        (ChangeKind::Replace, "~", "changed"),
        (ChangeKind::Remove, "−", "removed"),
    ]
    .map(|(kind, glyph, name)| {
        let count = count(kind);
        (count > 0).then(|| {
            let class = format!("change-count {name}");
            view! { <span class=class title=format!("{count} {name}")>{format!("{glyph}{count}")}</span> }
        })
    });
    let error = step.decode_error.as_ref().map(|error| {
        view! {
            <span class="badge warning" title=error.to_string()>
                <Icon glyph=Glyph::Warning />
            </span>
        }
    });
    view! {
        <span class="version-row-type">
            <EventType event_type=step.event_type.clone() />
            {error}
        </span>
        <span class="version-row-time">
            <Moment ms=step.timestamp_ms />
        </span>
        <span class="version-row-changes">{counts}</span>
    }
}
