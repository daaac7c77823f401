//! The versions around the one that is shown.

use leptos::ev::{MouseEvent, Targeted};
use leptos::prelude::*;
use rewind_domain::ChangeKind;
use rewind_domain::foreign_text::visible;
use rewind_domain::travel::Step;
use web_sys::{HtmlSelectElement, KeyboardEvent};

use crate::platform::keyboard;
use crate::ui::event_type::EventType;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::moment::Moment;
use crate::ui::state::row_keys;
use crate::ui::state::shared::Same;
use crate::ui::text;
use crate::ui::virtual_list::VirtualList;

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
    Step(Same<Step>),
    /// The event that the fold failed on.
    Stopped(Same<Step>),
    /// An event behind that one.
    Unfolded(Same<Step>),
}

impl VersionRow {
    /// Its version.
    pub(crate) fn version(&self) -> u64 {
        match self {
            Self::Start { version } => *version,
            Self::Step(step) | Self::Stopped(step) | Self::Unfolded(step) => step.version,
        }
    }

    fn step(&self) -> Option<&Same<Step>> {
        match self {
            Self::Start { .. } => None,
            Self::Step(step) | Self::Stopped(step) | Self::Unfolded(step) => Some(step),
        }
    }
}

/// The versions at hand, each a row that leads to it; with Shift, one that compares with it.
#[component]
pub(crate) fn VersionList(
    /// The versions, ascending.
    #[prop(into)]
    rows: Signal<Vec<VersionRow>>,
    /// The one that is shown.
    #[prop(into)]
    shown: Signal<u64>,
    /// The one that is compared with, where one was chosen.
    #[prop(into)]
    base: Signal<Option<u64>>,
    /// The type of event that is looked for.
    #[prop(into)]
    chosen_type: Signal<Option<String>>,
    /// Goes to a version.
    #[prop(into)]
    on_go: Callback<u64>,
    /// Compares with a version.
    #[prop(into)]
    on_base: Callback<u64>,
    /// Looks for another type of event.
    #[prop(into)]
    on_type: Callback<Option<String>>,
    /// Goes to the next event of that type, or, where false, to the one before.
    #[prop(into)]
    on_step_type: Callback<bool>,
) -> impl IntoView {
    let in_sight = Memo::new(move |_| {
        let shown = shown.get();
        rows.with(|rows| rows.binary_search_by_key(&shown, VersionRow::version).ok())
    });
    let render = move |index: usize, row: VersionRow| {
        let version = row.version();
        let is_shown = Memo::new(move |_| shown.get() == version);
        let is_base = Memo::new(move |_| base.get() == Some(version));
        let event_type = row.step().and_then(|step| step.event_type.clone());
        let is_other = Memo::new(move |_| {
            chosen_type.with(|chosen| chosen.is_some() && *chosen != event_type)
        });
        let content = match row {
            VersionRow::Start { .. } => {
                view! { <span class="version-start">"before the first event"</span> }.into_any()
            }
            VersionRow::Step(step) => {
                let fate = fate(&step);
                view! { <StepContent step fate /> }.into_any()
            }
            VersionRow::Stopped(step) => {
                let fate = view! {
                    <span class="badge failure" title="The fold failed on this event">
                        <Icon glyph=Glyph::Warning />
                        "stopped"
                    </span>
                }
                .into_any();
                view! { <StepContent step fate /> }.into_any()
            }
            VersionRow::Unfolded(step) => {
                let fate = view! {
                    <span class="faint" title="The fold had failed on an earlier event">"no state"</span>
                }
                .into_any();
                view! { <StepContent step fate /> }.into_any()
            }
        };
        let pressed = move |event: MouseEvent| match event.shift_key() {
            true => on_base.run(version),
            false => on_go.run(version),
        };
        view! {
            <div
                class="version-row"
                class:row-active=is_shown
                class:other=is_other
                role="option"
                id=row_id(index)
                aria-selected=move || is_shown.get().to_string()
                aria-current=move || is_shown.get().then_some("step")
                data-base=move || is_base.get().then_some("true")
                data-testid="version-row"
                data-version=version.to_string()
                title="Shift-click to compare with this version"
                on:click=pressed
            >
                <span class="version-row-number">
                    {text::grouped(version)}
                    {move || is_base.get().then(|| view! { <span class="version-base">"base"</span> })}
                </span>
                {content}
            </div>
        }
    };
    // The version that is shown is the one where the keyboard is.
    let on_key = move |event: KeyboardEvent| {
        let Some(key) = keyboard::plain(&event) else { return };
        if event.shift_key() && key == "Enter" {
            on_base.run(shown.get_untracked());
        } else {
            let count = rows.with_untracked(Vec::len) as u64;
            let at = in_sight.get_untracked().map(|at| at as u64);
            let Some(target) = row_keys::target(&key, at, count) else { return };
            let beyond = match (key.as_str(), at) {
                // These are the versions at hand; there may be more.
                ("ArrowUp", Some(0)) => Some(shown.get_untracked().saturating_sub(1)),
                ("ArrowDown", Some(at)) if at + 1 == count => {
                    Some(shown.get_untracked().saturating_add(1))
                }
                // The page knows where the history begins and ends, and how far a leap goes.
                ("Home" | "End" | "PageUp" | "PageDown", _) => return,
                _ => None,
            };
            let row = || {
                let target = usize::try_from(target).ok()?;
                rows.with_untracked(|rows| rows.get(target).map(VersionRow::version))
            };
            if let Some(version) = beyond.or_else(row) {
                on_go.run(version);
            }
        }
        event.prevent_default();
    };
    view! {
        <nav class="version-list" aria-label="Versions">
            <TypeChoice rows chosen_type on_type on_step_type />
            <div
                class="version-rows"
                role="listbox"
                tabindex="0"
                aria-label="Versions at hand"
                aria-activedescendant=move || in_sight.get().map(row_id)
                on:keydown=on_key
            >
                <VirtualList rows row_height=ROW_HEIGHT render in_sight />
            </div>
        </nav>
    }
}

fn row_id(index: usize) -> String {
    format!("version-row-{index}")
}

/// The choice of a type of event to look for, among those at hand.
#[component]
fn TypeChoice(
    rows: Signal<Vec<VersionRow>>,
    chosen_type: Signal<Option<String>>,
    on_type: Callback<Option<String>>,
    on_step_type: Callback<bool>,
) -> impl IntoView {
    // A type stays on offer once it was seen, so that the list is the same at every place.
    let types = Memo::new(move |seen: Option<&Vec<String>>| {
        let mut types = seen.cloned().unwrap_or_default();
        rows.with(|rows| {
            for step in rows.iter().filter_map(VersionRow::step) {
                if let Some(name) = &step.event_type
                    && let Err(at) = types.binary_search(name)
                {
                    types.insert(at, name.clone());
                }
            }
        });
        types
    });
    let options = move || {
        let chosen = chosen_type.get();
        types
            .get()
            .into_iter()
            .map(|name| {
                let is_chosen = chosen.as_ref() == Some(&name);
                view! { <option value=name selected=is_chosen>{visible(&name).into_owned()}</option> }
            })
            .collect_view()
    };
    let chosen = move |event: Targeted<leptos::ev::Event, HtmlSelectElement>| {
        let name = event.target().value();
        on_type.run(Some(name).filter(|name| !name.is_empty()));
    };
    let step = move |glyph: Glyph, label: &'static str, is_next: bool| {
        let test_id = if is_next { "next-of-type" } else { "previous-of-type" };
        view! {
            <button
                type="button"
                class="button quiet icon-only"
                aria-label=label
                title=label
                data-testid=test_id
                on:click=move |_| on_step_type.run(is_next)
            >
                <Icon glyph />
            </button>
        }
    };
    view! {
        <div class="version-list-head">
            <label class="select">
                <span class="sr-only">"Type of event to look for"</span>
                <select data-testid="type-choice" on:change:target=chosen>
                    <option value="" selected=move || chosen_type.with(Option::is_none)>"Any type"</option>
                    {options}
                </select>
            </label>
            {step(Glyph::Previous, "Previous event of this type ([)", false)}
            {step(Glyph::Next, "Next event of this type (])", true)}
        </div>
    }
}

/// What became of an event: what it changed, or that the fold took no notice of it.
fn fate(step: &Step) -> AnyView {
    if step.is_skipped {
        return view! {
            <span class="faint" data-testid="skipped" title="The fold has no rule for events of this type">
                "no rule"
            </span>
        }
        .into_any();
    }
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
    counts.into_any()
}

#[component]
fn StepContent(step: Same<Step>, fate: AnyView) -> impl IntoView {
    let error = step.decode_error.as_ref().map(|error| {
        view! {
            <span class="badge warning" title=visible(&error.to_string()).into_owned()>
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
        <span class="version-row-changes">{fate}</span>
    }
}
