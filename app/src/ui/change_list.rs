//! What changed, path by path: what it was and what it became.

use leptos::prelude::*;
use rewind_domain::foreign_text::visible;
use rewind_domain::{Change, ChangeKind, Pointer};
use web_sys::KeyboardEvent;

use crate::ui::foreign_text::foreign;
use crate::ui::row_cursor::RowCursor;
use crate::ui::state::changes::Changes;
use crate::ui::text;
use crate::ui::virtual_list::VirtualList;

/// As high as `.change-row`.
const ROW_HEIGHT: u32 = 44;
/// How many changes are listed; who wants more has the patch.
const MAX_LISTED: usize = 2_000;
/// How much of a value a row shows.
const VALUE_CHARS: usize = 160;

/// A change as its row shows it.
#[derive(Clone, Debug, PartialEq)]
struct ChangeRow {
    path: Pointer,
    op: ChangeKind,
    old: Option<String>,
    new: Option<String>,
}

impl ChangeRow {
    fn of(change: &Change) -> Self {
        let short = |value: &Option<rewind_domain::Json>| {
            value.as_ref().map(|value| value.preview(VALUE_CHARS))
        };
        Self {
            path: change.path.clone(),
            op: change.op,
            old: short(&change.old),
            new: short(&change.new),
        }
    }
}

/// The paths that changed, each a row that leads there.
#[component]
pub(crate) fn ChangeList(
    /// What changed.
    #[prop(into)]
    changes: Signal<Changes>,
    /// The path that is meant.
    #[prop(into)]
    chosen: Signal<Option<Pointer>>,
    /// Leads to a path.
    #[prop(into)]
    on_reveal: Callback<Pointer>,
    /// What to say where nothing changed.
    #[prop(default = "No change to the state.")]
    none_text: &'static str,
) -> impl IntoView {
    let rows = Memo::new(move |_| {
        changes.with(|changes| {
            changes.as_slice().iter().take(MAX_LISTED).map(ChangeRow::of).collect::<Vec<_>>()
        })
    });
    let rest = Memo::new(move |_| {
        changes.with(|changes| changes.as_slice().len().saturating_sub(MAX_LISTED))
    });
    let cursor = RowCursor::new("change-row", rows, path_of);
    let render = move |index: usize, row: ChangeRow| {
        let is_active = cursor.is_at(index);
        let ChangeRow { path, op, old, new } = row;
        let (name, glyph, word) = match op {
            ChangeKind::Add => ("added", "+", "added"),
            ChangeKind::Remove => ("removed", "−", "removed"),
            _ => ("changed", "~", "changed"),
        };
        let shown = match path.as_str() {
            "" => "(whole)".to_owned(),
            path => path.to_owned(),
        };
        let meant = path.clone();
        let is_chosen = Memo::new(move |_| chosen.with(|chosen| chosen.as_ref() == Some(&meant)));
        let is_selected = move || is_chosen.get().to_string();
        let data_path = path.to_string();
        let arrow = (old.is_some() && new.is_some())
            .then(|| view! { <span class="change-arrow" aria-hidden="true">"→"</span> });
        let old = old.map(|old| view! { <del class="change-old" title=visible(&old).into_owned()>{foreign(&old)}</del> });
        let new = new.map(|new| view! { <span class="change-new" title=visible(&new).into_owned()>{foreign(&new)}</span> });
        view! {
            <div
                class=format!("change-row {name}")
                class:row-active=is_active
                role="option"
                id=cursor.row_id(index)
                aria-selected=is_selected
                aria-current=move || is_chosen.get().then_some("true")
                data-testid="change-row"
                data-path=data_path
                on:click=move |_| {
                    cursor.mean(path.clone());
                    on_reveal.run(path.clone());
                }
            >
                <span class="change-glyph" aria-hidden="true">{glyph}</span>
                <span class="change-path" title=visible(&shown).into_owned()>
                    <span class="sr-only">{word}" "</span>
                    {foreign(&shown)}
                </span>
                <span class="change-values">{old} {arrow} {new}</span>
            </div>
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let changed = rows.get_untracked();
        cursor.on_key(&event, &changed, path_of, None, |row| on_reveal.run(row.path.clone()));
    };
    let none = move || {
        rows.with(Vec::is_empty)
            .then(|| view! { <p class="pane-note" data-testid="no-change">{none_text}</p> })
    };
    let more = move || {
        let rest = rest.get();
        (rest > 0).then(|| {
            let rest = text::grouped(rest as u64);
            view! { <p class="pane-note">{format!("and {rest} more, which the patch has all of.")}</p> }
        })
    };
    view! {
        <div class="change-list">
            {none}
            <div
                class="change-rows"
                role="listbox"
                tabindex=move || if rows.with(Vec::is_empty) { "-1" } else { "0" }
                aria-label="What changed"
                aria-activedescendant=move || cursor.active_id()
                on:keydown=on_key
            >
                <VirtualList rows row_height=ROW_HEIGHT render in_sight=cursor.at />
            </div>
            {more}
        </div>
    }
}

fn path_of(row: &ChangeRow) -> Pointer {
    row.path.clone()
}
