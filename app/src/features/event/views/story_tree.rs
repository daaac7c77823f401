//! The events of a story as a tree.

use leptos::prelude::*;
use rewind_domain::foreign_text::visible;
use rewind_domain::relation_tree::Cause;
use rewind_domain::{EntryId, StreamKey};
use web_sys::KeyboardEvent;

use crate::features::event::state::story::{StoryRow, row_key};
use crate::platform::keyboard;
use crate::ui::event_type::EventType;
use crate::ui::foreign_text::foreign;
use crate::ui::text;
use crate::ui::virtual_list::VirtualList;

/// As high as `.story-row`.
const ROW_HEIGHT: u32 = 30;
/// How far each level is indented, in pixels.
const INDENT: usize = 14;
/// How many levels are indented; what is deeper would leave no room for itself.
const MAX_INDENTED: usize = 12;

const TREE_ID: &str = "story";

/// Events, effects under their causes. The arrow keys move, Enter opens.
#[component]
pub(crate) fn StoryTree(
    /// The rows.
    #[prop(into)]
    rows: Signal<Vec<StoryRow>>,
    /// The link to an event.
    #[prop(into)]
    href: Callback<(StreamKey, EntryId), String>,
    /// Opens an event.
    #[prop(into)]
    on_open: Callback<(StreamKey, EntryId)>,
) -> impl IntoView {
    let moved_to = RwSignal::new(None::<usize>);
    let active = Memo::new(move |_| {
        moved_to.get().or_else(|| rows.with(|rows| rows.iter().position(|row| row.is_this)))
    });
    let on_key = move |event: KeyboardEvent| {
        let Some(key) = keyboard::plain(&event) else { return };
        let at = active.get_untracked().unwrap_or_default();
        let target = rows.with_untracked(|rows| {
            let last = rows.len().saturating_sub(1);
            let depth = rows.get(at).map_or(0, |row| row.depth);
            let is_above = |other: &usize| rows.get(*other).is_some_and(|row| row.depth < depth);
            match key.as_str() {
                "ArrowDown" => Some((at + 1).min(last)),
                "ArrowUp" => Some(at.saturating_sub(1)),
                "Home" => Some(0),
                "End" => Some(last),
                "ArrowLeft" => (0..at).rev().find(is_above),
                "ArrowRight" => {
                    let next = at + 1;
                    rows.get(next).filter(|row| row.depth > depth).map(|_| next)
                }
                _ => None,
            }
        });
        if let Some(target) = target {
            event.prevent_default();
            moved_to.set(Some(target));
        } else if key == "Enter" {
            event.prevent_default();
            let row = rows.with_untracked(|rows| rows.get(at).cloned());
            row.into_iter().for_each(|row| on_open.run((row.event.stream, row.event.id)));
        }
    };
    let row_id = |at: usize| format!("{TREE_ID}-{at}");
    let render = move |at: usize, row: StoryRow| {
        let is_active = move || active.get() == Some(at);
        view! { <Row id=row_id(at) row is_active href /> }
    };
    view! {
        <div
            class="story"
            role="tree"
            tabindex="0"
            id=TREE_ID
            aria-label="Related events"
            aria-activedescendant=move || active.get().map(row_id)
            on:keydown=on_key
        >
            <VirtualList rows row_height=ROW_HEIGHT render in_sight=active />
        </div>
    }
}

#[component]
fn Row(
    id: String,
    row: StoryRow,
    #[prop(into)] is_active: Signal<bool>,
    href: Callback<(StreamKey, EntryId), String>,
) -> impl IntoView {
    let StoryRow { event, copies, depth, cause, offset_ms, is_this } = row;
    let key = row_key(&event.stream, event.id);
    let href = href.run((event.stream.clone(), event.id));
    let indented = depth.min(MAX_INDENTED);
    let guides = (0..indented)
        .map(|level| {
            let class = if level + 1 == indented { "story-guide last" } else { "story-guide" };
            view! { <span class=class style:width=format!("{INDENT}px")></span> }
        })
        .collect_view();
    let cause = match cause {
        Cause::Unnamed | Cause::Shown => None,
        Cause::Missing => Some(("cause not found", event.links.causation.clone())),
        Cause::Circular => Some(("causes in a circle", event.links.causation.clone())),
    };
    let cause = cause.map(|(words, named)| {
        view! { <span class="badge" title=visible(&named.unwrap_or_default()).into_owned()>{words}</span> }
    });
    let copies = (!copies.is_empty()).then(|| {
        let also: Vec<String> = copies.iter().map(StreamKey::to_string).collect();
        let title = format!("Published in {} as well", visible(&also.join(", ")));
        view! { <span class="badge" title=title>{format!("+{}", copies.len())}</span> }
    });
    view! {
        <div
            class="story-row"
            class:active=is_active
            class:this=is_this
            role="treeitem"
            id=id
            attr:aria-level=(depth + 1).to_string()
            aria-selected=move || is_active.get().to_string()
            aria-current=is_this.then_some("true")
            data-testid="story-row"
            data-key=key
            data-depth=depth
        >
            {guides}
            <a class="story-link" data-testid="story-link" href=href tabindex="-1" title=visible(&key).into_owned()>
                <EventType event_type=event.event_type />
                <span class="story-stream">{foreign(&event.stream.to_string())}</span>
            </a>
            {cause}
            {copies}
            <span class="story-offset">{text::offset(offset_ms)}</span>
        </div>
    }
}
