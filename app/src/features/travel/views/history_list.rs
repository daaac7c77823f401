//! The events that changed a value, each with what it was and what it became.

use leptos::prelude::*;
use rewind_domain::foreign_text::visible;
use web_sys::KeyboardEvent;

use crate::api::HistoryEntry;
use crate::ui::event_type::EventType;
use crate::ui::foreign_text::foreign;
use crate::ui::moment::Moment;
use crate::ui::row_cursor::RowCursor;
use crate::ui::text;
use crate::ui::virtual_list::VirtualList;

/// As high as `.history-row`.
const ROW_HEIGHT: u32 = 44;
/// How much of a value a row shows.
const VALUE_CHARS: usize = 200;

/// Events, each a row that leads to the version that it made.
#[component]
pub(crate) fn HistoryList(
    /// The events, newest first.
    #[prop(into)]
    entries: Signal<Vec<HistoryEntry>>,
    /// The version that is shown.
    #[prop(into)]
    shown: Signal<u64>,
    /// Leads to a version.
    #[prop(into)]
    on_go: Callback<u64>,
) -> impl IntoView {
    // The value at a version is the one that the last event at or before it set.
    let current_index = Memo::new(move |_| {
        let shown = shown.get();
        entries.with(|entries| entries.iter().position(|entry| entry.version <= shown))
    });
    let current = Memo::new(move |_| {
        let at = current_index.get()?;
        entries.with(|entries| entries.get(at).map(|entry| entry.version))
    });
    let cursor = RowCursor::new("history-row", entries, version_of);
    let in_sight = Memo::new(move |_| cursor.at.get().or_else(|| current_index.get()));
    let render = move |index: usize, entry: HistoryEntry| {
        let version = entry.version;
        let is_active = cursor.is_at(index);
        let is_current = move || current.get() == Some(version);
        let value = |value: &Option<rewind_domain::Json>| {
            value.as_ref().map(|value| value.preview(VALUE_CHARS))
        };
        let became = match (&entry.new, entry.is_cut) {
            (Some(_), _) => {
                let text = value(&entry.new).unwrap_or_default();
                view! { <span class="history-new" title=visible(&text).into_owned()>{foreign(&text)}</span> }.into_any()
            }
            (None, true) => view! { <span class="faint">"a large value"</span> }.into_any(),
            (None, false) => view! { <span class="faint">"removed"</span> }.into_any(),
        };
        view! {
            <div
                class="history-row"
                class:row-active=is_active
                role="option"
                id=cursor.row_id(index)
                aria-selected=move || is_current().to_string()
                aria-current=move || is_current().then_some("true")
                data-testid="history-row"
                data-version=version.to_string()
                on:click=move |_| {
                    cursor.mean(version);
                    on_go.run(version);
                }
            >
                <span class="history-version">{text::grouped(version)}</span>
                <span class="history-value">{became}</span>
                <span class="history-event">
                    <EventType event_type=entry.event_type.clone() />
                    <span class="faint">
                        <Moment ms=entry.timestamp_ms />
                    </span>
                </span>
            </div>
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let start = current_index.get_untracked();
        entries.with_untracked(|entries| {
            cursor.on_key(&event, entries, version_of, start, |entry| on_go.run(entry.version));
        });
    };
    view! {
        <div
            class="history-list"
            role="listbox"
            tabindex="0"
            aria-label="Events that changed it"
            aria-activedescendant=move || cursor.active_id()
            on:keydown=on_key
        >
            <VirtualList rows=entries row_height=ROW_HEIGHT render in_sight />
        </div>
    }
}

const fn version_of(entry: &HistoryEntry) -> u64 {
    entry.version
}
