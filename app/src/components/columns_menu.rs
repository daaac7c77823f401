//! The choice of columns.

use leptos::prelude::*;
use rewind_domain::filter::EventPath;

use super::icon::{Glyph, Icon};
use crate::state::columns::Columns;

/// A menu of the values that events have, each of which can have a column.
#[component]
pub(crate) fn ColumnsMenu(
    /// The columns that there are.
    #[prop(into)]
    columns: Signal<Columns>,
    /// The paths that are known.
    #[prop(into)]
    paths: Signal<Vec<String>>,
    /// Others were chosen.
    #[prop(into)]
    on_change: Callback<Columns>,
) -> impl IntoView {
    let lines = move || {
        let chosen = columns.get();
        // Those that are shown come first, and stay even where no event has them.
        let mut all: Vec<EventPath> = chosen.paths().to_vec();
        let known = paths.get();
        all.extend(
            known
                .iter()
                .filter_map(|path| path.parse().ok())
                .filter(|path: &EventPath| !chosen.has(path)),
        );
        if all.is_empty() {
            return view! { <p class="faint">"Once there are events, their values are listed here."</p> }
                .into_any();
        }
        let line = |path: EventPath| {
            let is_chosen = chosen.has(&path);
            let name = path.to_string();
            view! {
                <label class="column-choice">
                    <input
                        type="checkbox"
                        prop:checked=is_chosen
                        data-path=name.clone()
                        on:change=move |_| on_change.run(columns.get_untracked().toggled(&path))
                    />
                    <code>{name}</code>
                </label>
            }
        };
        all.into_iter().map(line).collect_view().into_any()
    };
    view! {
        <details class="menu columns-menu" data-testid="columns">
            <summary class="button">
                <Icon glyph=Glyph::Diff />
                "Columns"
            </summary>
            <div class="menu-sheet" role="group" aria-label="Columns">
                {lines}
            </div>
        </details>
    }
}
