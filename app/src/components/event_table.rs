//! A table of events.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::event::DecodeErrorCode;
use rewind_domain::{EntryId, Event};
use web_sys::KeyboardEvent;

use super::event_type::EventType;
use super::icon::{Glyph, Icon};
use super::moment::Moment;
use crate::api::live::LiveGap;
use crate::browser::keyboard::focus;
use crate::state::tail::TailRow;
use crate::state::text;

/// How much of an event's data shows in its row; more than the widest screens have room for.
const PREVIEW_CHARS: usize = 300;

const TABLE_ID: &str = "events";

/// Gives the keyboard back to the table.
pub(crate) fn focus_table() {
    focus(TABLE_ID);
}

/// Events, a row each. One can be chosen by a click, or by the arrow keys and Enter.
#[component]
pub(crate) fn EventTable(
    /// The rows, in their order.
    #[prop(into)]
    rows: Signal<Vec<TailRow>>,
    /// The event that is open.
    #[prop(into)]
    selected: Signal<Option<EntryId>>,
    /// Opens an event, or closes the one that is open.
    #[prop(into)]
    on_select: Callback<Option<EntryId>>,
    /// Compares an event with the one that is open.
    #[prop(into)]
    on_compare: Callback<EntryId>,
    /// The link that opens an event.
    #[prop(into)]
    href: Callback<EntryId, String>,
) -> impl IntoView {
    // Where the keys are: the open event, or else where they went.
    let moved_to = RwSignal::new(None::<EntryId>);
    let active = Memo::new(move |_| selected.get().or_else(|| moved_to.get()));
    let ids = move || {
        rows.with_untracked(|rows| {
            rows.iter().filter_map(|row| Some(row.event()?.id)).collect::<Vec<_>>()
        })
    };
    let move_to = move |id: EntryId| {
        moved_to.set(Some(id));
        if selected.get_untracked().is_some() {
            on_select.run(Some(id));
        }
        show(id);
    };
    let on_key = move |event: KeyboardEvent| {
        if event.ctrl_key() || event.alt_key() || event.meta_key() {
            return;
        }
        let ids = ids();
        let at = active.get_untracked().and_then(|active| ids.iter().position(|id| *id == active));
        let target = match event.key().as_str() {
            "ArrowDown" => Some(at.map_or(0, |at| at + 1)),
            "ArrowUp" => Some(at.map_or(0, |at| at.saturating_sub(1))),
            "PageDown" => Some(at.map_or(0, |at| at + 10).min(ids.len().saturating_sub(1))),
            "PageUp" => Some(at.map_or(0, |at| at.saturating_sub(10))),
            "Home" => Some(0),
            "End" => Some(ids.len().saturating_sub(1)),
            "Enter" | " " => {
                if let Some(id) = at.and_then(|at| ids.get(at)) {
                    on_select.run(Some(*id));
                }
                event.prevent_default();
                None
            }
            "Escape" => {
                moved_to.set(active.get_untracked());
                on_select.run(None);
                None
            }
            _ => None,
        };
        if let Some(target) = target {
            event.prevent_default();
            if let Some(id) = ids.get(target) {
                move_to(*id);
            }
        }
    };
    view! {
        <div
            class="event-table"
            id=TABLE_ID
            role="grid"
            aria-label="Events"
            tabindex="0"
            aria-activedescendant=move || active.get().map(row_id)
            on:keydown=on_key
        >
            <div class="event-head" role="row">
                <span role="columnheader" class="cell-time">"Time (UTC) and id"</span>
                <span role="columnheader" class="cell-version">"Version"</span>
                <span role="columnheader" class="cell-type">"Type"</span>
                <span role="columnheader" class="cell-data">"Data"</span>
            </div>
            <For
                each=move || rows.get()
                key=TailRow::key
                children=move |row| match row {
                    TailRow::Gap(gap) => view! { <GapRow gap /> }.into_any(),
                    TailRow::Event { event, is_fresh } => {
                        let id = event.id;
                        let is_selected = Memo::new(move |_| selected.get() == Some(id));
                        let is_active = Memo::new(move |_| active.get() == Some(id));
                        view! {
                            <EventRow
                                href=href.run(id)
                                event
                                is_fresh
                                is_selected
                                is_active
                                on_select=move |is_compared| {
                                    moved_to.set(Some(id));
                                    match is_compared {
                                        true => on_compare.run(id),
                                        false => on_select.run(Some(id)),
                                    }
                                }
                            />
                        }
                            .into_any()
                    }
                }
            />
        </div>
    }
}

#[component]
fn EventRow(
    event: Arc<Event>,
    is_fresh: bool,
    #[prop(into)] is_selected: Signal<bool>,
    #[prop(into)] is_active: Signal<bool>,
    href: String,
    /// Whether it is to be compared with the one that is open.
    on_select: impl Fn(bool) + 'static,
) -> impl IntoView {
    let id = event.id.to_string();
    let error = event.decode_error.as_ref().map(|error| {
        view! {
            <span class="badge warning" title=error.to_string()>
                <Icon glyph=Glyph::Warning />
                {match error.code {
                    DecodeErrorCode::NotATime => "time not read",
                    DecodeErrorCode::TooLarge => "too large",
                    DecodeErrorCode::NotUtf8
                    | DecodeErrorCode::NotJson
                    | DecodeErrorCode::NotDecodable => "not decoded",
                }}
            </span>
        }
    });
    let preview = event.has_data().then(|| event.data.preview(PREVIEW_CHARS));
    let version = event.version.map(text::grouped);
    view! {
        <div
            class="event-row"
            class:fresh=is_fresh
            class:active=is_active
            role="row"
            id=row_id(event.id)
            aria-selected=move || is_selected.get().to_string()
            data-testid="event-row"
            data-id=id
            on:click=move |click| {
                // On a link too: it is for opening elsewhere, here the row is enough.
                if !(click.ctrl_key() || click.meta_key()) {
                    click.prevent_default();
                    on_select(click.shift_key());
                }
            }
        >
            <span role="gridcell" class="cell-time">
                <Moment ms=event.timestamp_ms />
                <a class="id" href=href tabindex="-1">{id.clone()}</a>
            </span>
            <span role="gridcell" class="cell-version">{version}</span>
            <span role="gridcell" class="cell-type">
                <EventType event_type=event.event_type.clone() />
            </span>
            <span role="gridcell" class="cell-data">{error} <code>{preview}</code></span>
        </div>
    }
}

#[component]
fn GapRow(gap: Arc<LiveGap>) -> impl IntoView {
    let what = match gap.missing {
        Some(missing) => text::counted(missing, "event is", "events are"),
        None => "Events are".to_owned(),
    };
    view! {
        <div class="gap-row" role="row">
            <span role="gridcell">
                <Icon glyph=Glyph::Warning />
                {format!(
                    "{what} missing here: trimmed or deleted after {} before they could be read",
                    gap.after,
                )}
            </span>
        </div>
    }
}

fn row_id(id: EntryId) -> String {
    format!("event-{id}")
}

/// Scrolls the row of an event into sight.
pub(crate) fn show(id: EntryId) {
    if let Some(row) = document().get_element_by_id(&row_id(id)) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        row.scroll_into_view_with_scroll_into_view_options(&options);
    }
}
