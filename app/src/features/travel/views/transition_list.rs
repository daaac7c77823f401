//! The versions at which an expression turned.

use leptos::prelude::*;

use crate::api::Transition;
use crate::ui::event_type::EventType;
use crate::ui::moment::Moment;
use crate::ui::text;

/// Turns of an expression, each a button that leads to its version.
#[component]
pub(crate) fn TransitionList(
    /// The turns, ascending.
    transitions: Vec<Transition>,
    /// The version that is shown.
    #[prop(into)]
    shown: Signal<u64>,
    /// Leads to a version.
    #[prop(into)]
    on_go: Callback<u64>,
) -> impl IntoView {
    let row = move |turn: Transition| {
        let version = turn.version;
        let (class, word) = match turn.becomes {
            true => ("turn true", "true"),
            false => ("turn false", "false"),
        };
        view! {
            <li>
                <button
                    type="button"
                    class="history-row"
                    aria-current=move || (shown.get() == version).then_some("true")
                    data-testid="transition"
                    data-version=version.to_string()
                    data-becomes=word
                    on:click=move |_| on_go.run(version)
                >
                    <span class="history-version">{text::grouped(version)}</span>
                    <span class="history-value">
                        <span class=class>"becomes " {word}</span>
                    </span>
                    <span class="history-event">
                        <EventType event_type=turn.event_type.clone() />
                        <span class="faint">
                            <Moment ms=turn.timestamp_ms />
                        </span>
                    </span>
                </button>
            </li>
        }
    };
    view! { <ol class="turns">{transitions.into_iter().map(row).collect_view()}</ol> }
}
