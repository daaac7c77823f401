//! Two states side by side.

use std::collections::HashSet;

use leptos::prelude::*;
use rewind_domain::foreign_text::visible;
use web_sys::KeyboardEvent;

use crate::features::travel::state::side_by_side::{FoldKey, Line, lines};
use crate::ui::foreign_text::foreign;
use crate::ui::row_cursor::RowCursor;
use crate::ui::state::shared::Document;
use crate::ui::text;
use crate::ui::virtual_list::VirtualList;

/// As high as `.side-row`.
const ROW_HEIGHT: u32 = 20;
/// What stands before the lines, for the sign of what happened to them, in pixels.
const MARGIN: u32 = 18;
/// How far each level is indented, in characters.
const INDENT: usize = 2;

/// Two states as aligned lines, what differs marked and what does not folded.
#[component]
pub(crate) fn SideBySide(
    /// The state before; `None` while there is none to compare with.
    #[prop(into)]
    old: Signal<Option<Document>>,
    /// The state after.
    #[prop(into)]
    new: Signal<Option<Document>>,
    /// What the one before is called.
    #[prop(into)]
    old_title: Signal<String>,
    /// What the one after is called.
    #[prop(into)]
    new_title: Signal<String>,
) -> impl IntoView {
    // By place, so that what was unfolded stays so from version to version.
    let unfolded = RwSignal::new(HashSet::<FoldKey>::new());
    let rows = Memo::new(move |_| match (old.get(), new.get()) {
        (Some(old), Some(new)) => unfolded.with(|unfolded| lines(&old.0, &new.0, unfolded)),
        _ => Vec::new(),
    });
    let cursor = RowCursor::new("side-row", numbered(rows), |line| line.0);
    let unfold = move |key: FoldKey| {
        unfolded.update(|unfolded| {
            unfolded.insert(key);
        });
    };
    let on_key = move |event: KeyboardEvent| {
        let lines: Vec<(usize, Line)> = rows.get_untracked().into_iter().enumerate().collect();
        cursor.on_key(
            &event,
            &lines,
            |line| line.0,
            None,
            |(_, line)| {
                if let Line::Fold { key, .. } = line {
                    unfold(key.clone());
                }
            },
        );
    };
    let render = move |index: usize, line: Line| {
        let is_active = cursor.is_at(index);
        let row_id = cursor.row_id(index);
        let indent = |depth: usize| format!("calc({MARGIN}px + {}ch)", depth * INDENT);
        match line {
            Line::Same { depth, text } => view! {
                <div class="side-row" class:row-active=is_active role="row" id=row_id>
                    <span class="side-cell" role="gridcell" style:padding-left=indent(depth)>{foreign(&text)}</span>
                    <span class="side-cell" role="gridcell" style:padding-left=indent(depth)>{foreign(&text)}</span>
                </div>
            }
            .into_any(),
            Line::Differs { depth, old, new } => {
                let kind = |is_there: bool, name: &'static str| if is_there { name } else { "nothing" };
                let (old_kind, new_kind) =
                    (kind(old.is_some(), "removed"), kind(new.is_some(), "added"));
                view! {
                    <div
                        class="side-row differs"
                        class:row-active=is_active
                        role="row"
                        id=row_id
                        data-testid="side-differs"
                    >
                        <span
                            class=format!("side-cell {old_kind}")
                            role="gridcell"
                            title=old.as_deref().map(|old| visible(old).into_owned())
                            style:padding-left=indent(depth)
                        >
                            {old.as_deref().map(foreign)}
                        </span>
                        <span
                            class=format!("side-cell {new_kind}")
                            role="gridcell"
                            title=new.as_deref().map(|new| visible(new).into_owned())
                            style:padding-left=indent(depth)
                        >
                            {new.as_deref().map(foreign)}
                        </span>
                    </div>
                }
                .into_any()
            }
            Line::Fold { depth, key, count } => {
                let count = text::grouped(count as u64);
                view! {
                    <div
                        class="side-row side-fold"
                        class:row-active=is_active
                        role="row"
                        id=row_id
                        data-testid="side-fold"
                        style:padding-left=indent(depth)
                        title="Unfold (Enter)"
                        on:click=move |_| {
                            cursor.mean(index);
                            unfold(key.clone());
                        }
                    >
                        <span role="gridcell">{format!("⋯ {count} unchanged")}</span>
                    </div>
                }
                .into_any()
            }
            Line::Rest => view! {
                <div class="side-row side-rest" class:row-active=is_active role="row" id=row_id>
                    <span role="gridcell">"There is more than can be shown here; the list of changes has the paths."</span>
                </div>
            }
            .into_any(),
        }
    };
    view! {
        <div class="side-by-side" data-testid="side-by-side">
            <div class="side-head">
                <span>{old_title}</span>
                <span>{new_title}</span>
            </div>
            <div
                class="side-rows"
                role="grid"
                tabindex="0"
                aria-label="Both states"
                aria-activedescendant=move || cursor.active_id()
                on:keydown=on_key
            >
                <VirtualList role="rowgroup" rows row_height=ROW_HEIGHT render in_sight=cursor.at />
            </div>
        </div>
    }
}

/// Lines have nothing that tells them from each other but their numbers.
fn numbered(rows: Memo<Vec<Line>>) -> Signal<Vec<(usize, Line)>> {
    Signal::derive(move || rows.get().into_iter().enumerate().collect())
}
