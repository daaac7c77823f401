//! The events that changed a value, each with what it was and what it became.

use leptos::prelude::*;

use super::event_type::EventType;
use super::moment::Moment;
use super::virtual_list::VirtualList;
use crate::api::HistoryEntry;
use crate::state::text;

/// As high as `.history-row`.
const ROW_HEIGHT: u32 = 44;
/// How much of a value a row shows.
const VALUE_CHARS: usize = 200;

/// Events, each a button that leads to the version that it made.
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
    let render = move |_: usize, entry: HistoryEntry| {
        let version = entry.version;
        let is_current = move || current.get() == Some(version);
        let value = |value: &Option<rewind_domain::Json>| {
            value.as_ref().map(|value| value.preview(VALUE_CHARS))
        };
        let became = match (&entry.new, entry.is_cut) {
            (Some(_), _) => {
                let text = value(&entry.new).unwrap_or_default();
                view! { <span class="history-new" title=text>{text.clone()}</span> }.into_any()
            }
            (None, true) => view! { <span class="faint">"a large value"</span> }.into_any(),
            (None, false) => view! { <span class="faint">"removed"</span> }.into_any(),
        };
        view! {
            <button
                type="button"
                class="history-row"
                aria-current=move || is_current().then_some("true")
                data-testid="history-row"
                data-version=version.to_string()
                on:click=move |_| on_go.run(version)
            >
                <span class="history-version">{text::grouped(version)}</span>
                <span class="history-value">{became}</span>
                <span class="history-event">
                    <EventType event_type=entry.event_type.clone() />
                    <span class="faint">
                        <Moment ms=entry.timestamp_ms />
                    </span>
                </span>
            </button>
        }
    };
    view! {
        <div class="history-list" role="group" aria-label="Events that changed it">
            <VirtualList rows=entries row_height=ROW_HEIGHT render in_sight=current_index />
        </div>
    }
}
