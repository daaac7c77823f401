//! Two states side by side.

use std::collections::HashSet;

use leptos::prelude::*;

use super::virtual_list::VirtualList;
use crate::state::shared::Document;
use crate::state::side_by_side::{FoldKey, Line, lines};
use crate::state::text;

/// As high as `.side-row`.
const ROW_HEIGHT: u32 = 20;
/// What stands before the lines, for the sign of what happened to them, in pixels.
const MARGIN: u32 = 18;
/// How far each level is indented, in characters.
const INDENT: usize = 2;

/// Two states as aligned lines, what differs marked and what does not folded.
#[component]
pub(crate) fn SideBySide(
    /// The state before; nothing while there is none to compare with.
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
    let render = move |_: usize, line: Line| {
        let indent = |depth: usize| format!("calc({MARGIN}px + {}ch)", depth * INDENT);
        match line {
            Line::Same { depth, text } => view! {
                <div class="side-row" role="row">
                    <span class="side-cell" role="cell" style:padding-left=indent(depth)>{text.clone()}</span>
                    <span class="side-cell" role="cell" style:padding-left=indent(depth)>{text}</span>
                </div>
            }
            .into_any(),
            Line::Differs { depth, old, new } => {
                let kind = |is_there: bool, name: &'static str| if is_there { name } else { "nothing" };
                let (old_kind, new_kind) =
                    (kind(old.is_some(), "removed"), kind(new.is_some(), "added"));
                view! {
                    <div class="side-row differs" role="row" data-testid="side-differs">
                        <span
                            class=format!("side-cell {old_kind}")
                            role="cell"
                            title=old
                            style:padding-left=indent(depth)
                        >
                            {old.clone()}
                        </span>
                        <span
                            class=format!("side-cell {new_kind}")
                            role="cell"
                            title=new
                            style:padding-left=indent(depth)
                        >
                            {new.clone()}
                        </span>
                    </div>
                }
                .into_any()
            }
            Line::Fold { depth, key, count } => {
                let count = text::grouped(count as u64);
                view! {
                    <button
                        type="button"
                        class="side-row side-fold"
                        data-testid="side-fold"
                        style:padding-left=indent(depth)
                        on:click=move |_| {
                            unfolded.update(|unfolded| {
                                unfolded.insert(key.clone());
                            });
                        }
                    >
                        {format!("⋯ {count} unchanged")}
                    </button>
                }
                .into_any()
            }
            Line::Rest => view! {
                <div class="side-row side-fold" role="row">
                    "There is more than can be shown here; the list of changes has the paths."
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
            <div class="side-rows" role="table" aria-label="Both states">
                <VirtualList rows row_height=ROW_HEIGHT render />
            </div>
        </div>
    }
}
