//! A JSON value as a tree, with what changed marked.

use leptos::prelude::*;
use rewind_domain::foreign_text::visible;
use rewind_domain::tree::{self, LeafKind, Mark, RowValue, TreeRow};
use rewind_domain::{Json, Pointer};
use web_sys::KeyboardEvent;

use crate::platform::keyboard;
use crate::ui::aria_level::aria_level;
use crate::ui::copy_button::CopyButton;
use crate::ui::foreign_text::{foreign, foreign_lines};
use crate::ui::icon::{Glyph, Icon};
use crate::ui::state::changes::Changes;
use crate::ui::state::found::Found;
use crate::ui::state::shared::Document;
use crate::ui::state::tree_state::TreeState;
use crate::ui::text;
use crate::ui::virtual_list::VirtualList;

/// As high as `.tree-row`.
const ROW_HEIGHT: u32 = 22;
/// How far each level is indented, in pixels.
const INDENT: usize = 16;
/// How much of a value the line under the tree shows, in bytes; the rest can be copied.
const INSPECTED_BYTES: usize = 20_000;

/// A JSON value as a tree that is walked by clicks or by the arrow keys.
///
/// The focus stays on the tree as a whole, which names the row that is meant: rows come and go as it scrolls and
/// as the value changes.
#[component]
pub(crate) fn JsonTree(
    /// Tells it from other trees on the page.
    id: &'static str,
    /// What it shows, for those who do not see it.
    label: &'static str,
    /// The value.
    #[prop(into)]
    document: Signal<Json>,
    /// What led to it.
    #[prop(optional, into)]
    changes: Signal<Changes>,
    /// What is open.
    state: RwSignal<TreeState>,
    /// A value to go to, whenever that is set.
    #[prop(optional)]
    reveal: RwSignal<Option<Pointer>>,
    /// The value that is meant.
    #[prop(optional)]
    active: RwSignal<Option<Pointer>>,
    /// What a search found.
    #[prop(optional, into)]
    found: Signal<Found>,
    /// Tells who set a value, in a few words at the end of its row.
    #[prop(optional, into)]
    author: Option<Callback<Pointer, Option<AnyView>>>,
    /// What else there is to say about a value, under it.
    #[prop(optional, into)]
    more: Option<Callback<Pointer, AnyView>>,
    /// Opens a value that has nothing inside.
    #[prop(optional, into)]
    on_open: Option<Callback<Pointer>>,
) -> impl IntoView {
    // Whoever compared rows to find that they are the same would do more than drawing those on screen again.
    let rows = Memo::new_with_compare(
        move |_| {
            document.with(|document| {
                changes.with(|changes| {
                    state.with(|state| tree::rows(document, changes.as_slice(), state))
                })
            })
        },
        |_, _| true,
    );
    let hovered = RwSignal::new(None::<Pointer>);
    let active_index = Memo::new(move |_| {
        let active = active.get()?;
        rows.with(|rows| rows.iter().position(|row| row.path == active))
    });
    // Scrolls to the row only when someone goes there, not when the value changes around it.
    let went_to = RwSignal::new(None::<usize>);
    let go_to = move |index: usize| {
        let path = rows.with_untracked(|rows| rows.get(index).map(|row| row.path.clone()));
        if path.is_some() {
            active.set(path);
            went_to.set(Some(index));
        }
    };
    Effect::new(move || {
        let Some(path) = reveal.get() else { return };
        // Once: a tree that is drawn again later stays where it is.
        reveal.set(None);
        state.update(|state| document.with_untracked(|document| state.reveal(&path, document)));
        let index = rows.with_untracked(|rows| rows.iter().position(|row| row.path == path));
        index.into_iter().for_each(go_to);
    });
    let press = move |row: &TreeRow| match row.value {
        RowValue::Container { is_open, .. } => {
            state.update(|state| state.set_open(row.path.clone(), !is_open));
        }
        RowValue::More { .. } => {
            if let Some((container, _)) = row.path.split_last() {
                state.update(|state| state.show_more(container));
            }
        }
        RowValue::Leaf { .. } => {}
    };
    let open = move |row: &TreeRow| match (&row.value, on_open) {
        (RowValue::Leaf { .. }, Some(on_open)) => on_open.run(row.path.clone()),
        _ => press(row),
    };
    let on_key = move |event: KeyboardEvent| {
        let Some(key) = keyboard::plain(&event) else { return };
        let at = active_index.get_untracked();
        let (row, last) = rows.with_untracked(|rows| {
            (at.and_then(|at| rows.get(at).cloned()), rows.len().saturating_sub(1))
        });
        let (row, at) = (row.as_ref(), at.unwrap_or(0));
        let is_open = row.and_then(|row| match row.value {
            RowValue::Container { is_open, .. } => Some(is_open),
            _ => None,
        });
        match (key.as_str(), row) {
            ("ArrowDown", Some(_)) => go_to((at + 1).min(last)),
            ("ArrowUp", Some(_)) => go_to(at.saturating_sub(1)),
            ("ArrowDown" | "ArrowUp" | "Home", _) => go_to(0),
            ("End", _) => go_to(last),
            ("ArrowRight", Some(_)) if is_open == Some(true) => go_to((at + 1).min(last)),
            ("ArrowRight", Some(row)) if is_open == Some(false) => press(row),
            ("ArrowLeft", Some(row)) if is_open == Some(true) => press(row),
            ("ArrowLeft", Some(row)) => {
                let parent = row.path.split_last().map(|(parent, _)| parent);
                let index = rows.with_untracked(|rows| {
                    rows.iter().position(|row| Some(&row.path) == parent.as_ref())
                });
                index.into_iter().for_each(go_to);
            }
            ("Enter", Some(row)) => open(row),
            (" ", Some(row)) => press(row),
            _ => return,
        }
        event.prevent_default();
    };
    let row_id = move |index: usize| format!("{id}-{index}");
    let render = move |index: usize, row: TreeRow| {
        let path = row.path.clone();
        let is_meant = path.clone();
        let is_active =
            Memo::new(move |_| active.with(|active| active.as_ref() == Some(&is_meant)));
        let is_leaf = matches!(row.value, RowValue::Leaf { .. });
        let note = author.filter(|_| is_leaf).map(|author| {
            let (hovering, noted) = (path.clone(), path.clone());
            let is_noted = Memo::new(move |_| {
                is_active.get() || hovered.with(|hovered| hovered.as_ref() == Some(&hovering))
            });
            move || is_noted.get().then(|| author.run(noted.clone())).flatten()
        });
        let searched = path.clone();
        let finding = Memo::new(move |_| {
            found.with(|found| match found.current() {
                Some(current) if *current == searched => Some("current"),
                _ => found.has(&searched).then_some("match"),
            })
        });
        let pressed = row.clone();
        view! {
            <Row
                id=row_id(index)
                row
                is_active
                finding
                note=note.into_any()
                on_hover=move || hovered.set(Some(path.clone()))
                on_press=move || {
                    active.set(Some(pressed.path.clone()));
                    press(&pressed);
                }
            />
        }
    };
    let inspected = Memo::new(move |_| {
        let row = active_index.get().and_then(|at| rows.with(|rows| rows.get(at).cloned()))?;
        let value = document.with(|document| row.path.find(document).cloned().map(Document));
        let is_more = matches!(row.value, RowValue::More { .. });
        (!is_more).then(|| (row.path.clone(), value, row.old))
    });
    view! {
        <div class="tree">
            <div
                class="tree-rows"
                role="tree"
                id=id
                tabindex="0"
                aria-label=label
                aria-activedescendant=move || active_index.get().map(row_id)
                on:keydown=on_key
                on:pointerleave=move |_| hovered.set(None)
            >
                <VirtualList rows row_height=ROW_HEIGHT render in_sight=went_to />
            </div>
            {move || {
                inspected.get().map(|(path, value, old)| {
                    let more = more.map(|more| more.run(path.clone()));
                    view! { <Inspector path value old more on_close=move || active.set(None) /> }
                })
            }}
        </div>
    }
}

#[component]
fn Row(
    id: String,
    row: TreeRow,
    #[prop(into)] is_active: Signal<bool>,
    #[prop(into)] finding: Signal<Option<&'static str>>,
    note: AnyView,
    on_hover: impl Fn() + 'static,
    on_press: impl Fn() + 'static,
) -> impl IntoView {
    let TreeRow { path, depth, label, value, mark, old } = row;
    let is_expanded = match value {
        RowValue::Container { is_open, .. } => Some(is_open.to_string()),
        _ => None,
    };
    let (mark_name, mark_glyph, mark_title) = match mark {
        None => (None, "", None),
        Some(Mark::Added) => (Some("added"), "+", Some("New in this version".to_owned())),
        Some(Mark::Changed) => (
            Some("changed"),
            "~",
            old.as_ref().map(|old| format!("Changed in this version; it was {}", visible(old))),
        ),
        Some(Mark::Removed) => (Some("removed"), "−", Some("Removed in this version".to_owned())),
        Some(Mark::Inside) => (Some("inside"), "•", Some("Something inside changed".to_owned())),
    };
    let is_removed = mark == Some(Mark::Removed);
    let was = (mark == Some(Mark::Changed)).then(|| {
        old.clone().map(|old| {
            view! {
                <del class="tree-old">{foreign(&old)}</del>
                <span class="tree-arrow" aria-hidden="true">" → "</span>
            }
        })
    });
    let shown = match value {
        RowValue::More { hidden } => {
            let more = format!("{} more", text::grouped(hidden as u64));
            view! { <span class="tree-more">{more}</span> }.into_any()
        }
        _ if is_removed => {
            view! { <del class="tree-old">{old.as_deref().map(foreign)}</del> }.into_any()
        }
        RowValue::Leaf { text, kind } => {
            view! { <span class=leaf_class(kind)>{foreign(&text)}</span> }.into_any()
        }
        RowValue::Container { is_array, count, is_open, preview } => {
            let count = match is_array {
                true => text::counted(count as u64, "item", "items"),
                false => text::counted(count as u64, "member", "members"),
            };
            let preview =
                (!is_open).then(|| view! { <span class="tree-preview">{foreign(&preview)}</span> });
            view! {
                <span class="tree-count">{count}</span>
                {preview}
            }
            .into_any()
        }
    };
    view! {
        <div
            {..aria_level(depth)}
            class="tree-row"
            class:active=is_active
            role="treeitem"
            id=id
            aria-expanded=is_expanded.clone()
            aria-selected=move || is_active.get().to_string()
            data-testid="tree-row"
            data-path=path.to_string()
            data-mark=mark_name
            data-found=finding
            on:pointerenter=move |_| on_hover()
            on:click=move |_| on_press()
        >
            <span class="tree-mark" title=mark_title>
                {mark_glyph}
                <span class="sr-only">{mark_name}</span>
            </span>
            <span class="tree-line" style:padding-left=format!("{}px", depth * INDENT)>
                <span class="tree-twisty" class:open=is_expanded.as_deref() == Some("true")>
                    {is_expanded.is_some().then(|| view! { <Icon glyph=Glyph::Closed /> })}
                </span>
                {label.map(|label| view! { <span class="tree-label">{foreign(&label)}</span><span class="tree-colon">":"</span> })}
                {was}
                {shown}
            </span>
            <span class="tree-note">{note}</span>
        </div>
    }
}

/// One value of the tree, whole.
#[component]
fn Inspector(
    path: Pointer,
    value: Option<Document>,
    old: Option<String>,
    more: Option<AnyView>,
    on_close: impl Fn() + 'static,
) -> impl IntoView {
    // A large value is written in full only once someone copies it.
    let (shown, is_removed) = match value.as_ref().map(|value| &value.0) {
        Some(Json::String(text)) => (text::beginning(text, INSPECTED_BYTES, false), false),
        Some(value) => (text::beginning(value, INSPECTED_BYTES, true), false),
        None => (old.clone().unwrap_or_default(), true),
    };
    let whole = move || match value.as_ref().map(|value| &value.0) {
        Some(Json::String(text)) => text.to_string(),
        Some(value) => format!("{value:#}"),
        None => old.clone().unwrap_or_default(),
    };
    let path_text = if path.as_str().is_empty() { "(whole)".to_owned() } else { path.to_string() };
    let copied_path = path.to_string();
    view! {
        <div class="inspector" data-testid="inspector">
            <div class="inspector-head">
                <code class="inspector-path" title="JSON Pointer">{foreign(&path_text)}</code>
                <CopyButton label="Copy path" text=move || copied_path.clone() />
                <CopyButton label="Copy value" is_labelled=true text=whole />
                <button type="button" class="button quiet icon-only" aria-label="Close" title="Close" data-testid="inspector-close" on:click=move |_| on_close()>
                    <Icon glyph=Glyph::Close />
                </button>
            </div>
            {more}
            <pre class="inspector-value" class:removed=is_removed tabindex="0">{foreign_lines(&shown)}</pre>
        </div>
    }
}

fn leaf_class(kind: LeafKind) -> &'static str {
    match kind {
        LeafKind::String => "leaf string",
        LeafKind::Number => "leaf number",
        LeafKind::Bool => "leaf bool",
        LeafKind::Null => "leaf null",
        LeafKind::Empty => "leaf empty-value",
    }
}
