//! The choice of columns.

use leptos::prelude::*;
use rewind_domain::filter::EventPath;

use crate::address::columns::Columns;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::menu::{Menu, MenuHandle};

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
    let menu = MenuHandle::new();
    let is_open = menu.is_open();
    // Those that are shown come first when it opens. While it is open its lines stay where they are, whatever events arrive.
    let lines = Memo::new(move |before: Option<&Vec<EventPath>>| {
        let chosen = columns.get();
        let known = paths.get();
        let known = known.iter().filter_map(|path| path.parse().ok());
        let mut all: Vec<EventPath> = match before.filter(|_| is_open.get()) {
            Some(before) => before.clone(),
            None => chosen.paths().to_vec(),
        };
        for path in chosen.paths().iter().cloned().chain(known) {
            if !all.contains(&path) {
                all.push(path);
            }
        }
        all
    });
    let line = move |path: EventPath| {
        let name = path.to_string();
        let is_chosen = {
            let path = path.clone();
            move || columns.with(|columns| columns.has(&path))
        };
        view! {
            <label class="column-choice">
                <input
                    type="checkbox"
                    data-testid="column"
                    prop:checked=is_chosen
                    data-path=name.clone()
                    on:change=move |_| on_change.run(columns.get_untracked().toggled(&path))
                />
                <code>{foreign(&name)}</code>
            </label>
        }
    };
    view! {
        <Menu
            handle=menu
            test_id="columns"
            label="Columns"
            class="columns-menu"
            sheet_class="menu-body menu-sheet"
            button=|| view! { <Icon glyph=Glyph::Diff /> "Columns" }
        >
            <Show when=move || lines.with(Vec::is_empty)>
                <p class="faint">"Once there are events, their values are listed here."</p>
            </Show>
            <For each=move || lines.get() key=ToString::to_string children=line />
        </Menu>
    }
}
