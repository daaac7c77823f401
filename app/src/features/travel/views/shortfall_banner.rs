//! What a state lacks of what events said.

use std::sync::Arc;

use leptos::prelude::*;

use crate::api::Shortfall;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// How many types without a rule are named; the others are counted.
const MAX_NAMED: usize = 3;

/// Says what is missing, could not be read or was passed over, wherever versions or states are shown.
#[component]
pub(crate) fn ShortfallBanner(
    /// What the states lack.
    #[prop(into)]
    shortfall: Signal<Option<Arc<Shortfall>>>,
    /// The version that is shown: an event that could not be read matters from its version on.
    #[prop(into)]
    shown: Signal<u64>,
    /// Leads to a version.
    #[prop(into)]
    on_go: Callback<u64>,
) -> impl IntoView {
    let missing = move || {
        let missing = shortfall.with(|shortfall| shortfall.as_ref()?.missing.clone())?;
        Some(view! {
            <div class="banner notice" role="note" data-testid="incomplete">
                <Icon glyph=Glyph::Warning />
                <span>
                    <strong>"Incomplete. "</strong>
                    {missing.explanation()}
                </span>
            </div>
        })
    };
    let unread = Memo::new(move |_| shortfall.with(|shortfall| shortfall.as_ref()?.undecodable));
    let unread = move || {
        let unread = unread.get()?;
        let first = unread.first_version;
        let is_ahead = shown.get() < first;
        let count = text::counted(unread.count, "event", "events");
        let effect = match is_ahead {
            true => "Versions from there on may lack what it said.",
            false => "The state may lack what it said.",
        };
        Some(view! {
            <div class="banner notice" role="note" data-testid="undecodable">
                <Icon glyph=Glyph::Warning />
                <span>
                    <strong>{format!("{count} could not be read")}</strong>
                    ", first at "
                    <button type="button" class="link" data-testid="first-unread" on:click=move |_| on_go.run(first)>
                        {format!("version {}", text::grouped(first))}
                    </button>
                    ". "
                    {effect}
                </span>
            </div>
        })
    };
    view! {
        {missing}
        {unread}
    }
}

/// Tells beside the fold's name which types it has no rule for.
#[component]
pub(crate) fn SkippedTypes(
    /// What the states lack.
    #[prop(into)]
    shortfall: Signal<Option<Arc<Shortfall>>>,
) -> impl IntoView {
    let skipped = Memo::new(move |_| {
        shortfall.with(|shortfall| {
            shortfall.as_ref().map(|shortfall| shortfall.skipped_types.clone()).unwrap_or_default()
        })
    });
    move || {
        let skipped = skipped.get();
        if skipped.is_empty() {
            return None;
        }
        let named = |name: &str| match name {
            "" => "events without a type".to_owned(),
            name => name.to_owned(),
        };
        let all = skipped.iter().map(|skipped| {
            format!("{} × {}", named(&skipped.event_type), text::grouped(skipped.count))
        });
        let title = format!("The fold has no rule for: {}", all.collect::<Vec<_>>().join(", "));
        let label = match skipped.len() {
            0..=MAX_NAMED => {
                let names: Vec<_> = skipped.iter().map(|s| named(&s.event_type)).collect();
                format!("no rule for {}", names.join(", "))
            }
            count => format!("no rule for {count} types"),
        };
        Some(view! {
            <span class="badge skipped" data-testid="skipped-types" title=title>
                {label}
                <span class="sr-only">". " {title.clone()}</span>
            </span>
        })
    }
}
