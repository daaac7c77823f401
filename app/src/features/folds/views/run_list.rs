//! Runs of versions, each a way to its first.

use leptos::prelude::*;

use crate::api::VersionRun;
use crate::ui::text;

/// The runs as buttons.
#[component]
pub(crate) fn RunList(
    /// The runs, ascending.
    #[prop(into)]
    runs: Signal<Vec<VersionRun>>,
    /// The version that is shown.
    #[prop(into)]
    shown: Signal<u64>,
    /// Goes to a version.
    #[prop(into)]
    on_go: Callback<u64>,
) -> impl IntoView {
    let button = move |run: VersionRun| {
        let VersionRun { from, to } = run;
        let is_here = Memo::new(move |_| (from..=to).contains(&shown.get()));
        let label = match from == to {
            true => text::grouped(from),
            false => format!("{}–{}", text::grouped(from), text::grouped(to)),
        };
        view! {
            <li>
                <button
                    type="button"
                    class="run"
                    title=format!("Go to version {}", text::grouped(from))
                    aria-current=move || is_here.get().then_some("true")
                    data-testid="fold-run"
                    on:click=move |_| on_go.run(from)
                >
                    {label}
                </button>
            </li>
        }
    };
    move || {
        let runs = runs.get();
        (!runs.is_empty()).then(|| {
            view! {
                <ul class="runs" aria-label="Versions that differ">
                    {runs.into_iter().map(button).collect_view()}
                </ul>
            }
        })
    }
}
