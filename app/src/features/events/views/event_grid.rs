//! A list of events of any length, in columns.

use std::ops::Range;
use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use rewind_domain::event::DecodeErrorCode;
use rewind_domain::filter::EventPath;
use rewind_domain::foreign_text::visible;
use rewind_domain::time::duration_text;
use rewind_domain::{EntryId, Event, StreamKey};
use web_sys::KeyboardEvent;

use crate::address::columns::{Columns, cell_text};
use crate::features::events::views::long_list::{LongList, Place, index_of, place_of};
use crate::platform::keyboard::{self, focus};
use crate::platform::stillness::Stillness;
use crate::platform::viewport::narrow;
use crate::platform::zone::ChosenZone;
use crate::ui::event_type::EventType;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::moment::Moment;
use crate::ui::state::row_keys;
use crate::ui::stream_key::KeyText;
use crate::ui::text;

/// How much of an event's data shows in its row; more than the widest screens have room for.
const PREVIEW_CHARS: usize = 300;
/// As high as `.event-row`, and on narrow screens.
const ROW_HEIGHT: u32 = 46;
const NARROW_ROW_HEIGHT: u32 = 58;

const GRID_ID: &str = "events";

/// Gives the keyboard back to the list.
pub(crate) fn focus_grid() {
    focus(GRID_ID);
}

/// An event, wherever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventPlace {
    /// Its stream.
    pub(crate) stream: StreamKey,
    /// Its id.
    pub(crate) id: EntryId,
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum EventRow {
    /// An event.
    Event {
        /// The event.
        event: Arc<Event>,
        /// Its stream.
        stream: StreamKey,
        /// Whether it arrived while someone looked.
        is_fresh: bool,
        /// How long after the event before it came, in milliseconds, where that is known.
        since_ms: Option<i64>,
    },
    /// It is on its way.
    Coming,
    /// Something is missing here, as this says.
    Missing(String),
}

impl EventRow {
    /// Where the event is, where there is one.
    pub(crate) fn place(&self) -> Option<EventPlace> {
        match self {
            Self::Event { event, stream, .. } => {
                Some(EventPlace { stream: stream.clone(), id: event.id })
            }
            Self::Coming | Self::Missing(_) => None,
        }
    }
}

/// Events, a row each. One can be chosen by a click, or by the arrow keys and Enter.
#[component]
pub(crate) fn EventGrid(
    /// How many rows there are.
    #[prop(into)]
    rows: Signal<u64>,
    /// What a row shows. Is called in a reactive place.
    #[prop(into)]
    row: Callback<u64, EventRow>,
    /// The row at the upper edge.
    top: RwSignal<f64>,
    /// How many rows were added above the first one since the list began.
    #[prop(into)]
    above: Signal<u64>,
    /// The row where the keys are.
    active: RwSignal<Option<u64>>,
    /// Is told whether the list has to hold still.
    #[prop(into)]
    on_still: Callback<bool>,
    /// Is told which rows are drawn.
    #[prop(into)]
    on_drawn: Callback<Range<u64>>,
    /// The columns beside the usual ones.
    #[prop(into)]
    columns: Signal<Columns>,
    /// Whether the events are of several streams.
    has_streams: bool,
    /// The event that is open.
    #[prop(into)]
    selected: Signal<Option<EventPlace>>,
    /// Opens an event, or closes the one that is open.
    #[prop(into)]
    on_select: Callback<Option<EventPlace>>,
    /// Compares the open event with another one.
    #[prop(into)]
    on_compare: Callback<EventPlace>,
    /// The link that opens an event.
    #[prop(into)]
    href: Callback<EventPlace, String>,
) -> impl IntoView {
    // The row to open as soon as its event is here.
    let awaited = RwSignal::new(None::<Place>);
    let move_to = move |target: u64| {
        active.set(Some(target));
        awaited.set(None);
        if selected.get_untracked().is_some() {
            match untrack(|| row.run(target)).place() {
                Some(place) => on_select.run(Some(place)),
                None => awaited.set(Some(place_of(target, above.get_untracked()))),
            }
        }
    };
    Effect::new(move || {
        let Some(awaited_at) = awaited.get() else { return };
        let at = index_of(awaited_at, above.get());
        if let Some(place) = row.run(at).place() {
            awaited.set(None);
            on_select.run(Some(place));
        }
    });
    let on_key = move |event: KeyboardEvent| {
        let Some(key) = keyboard::shortcut(&event) else { return };
        let at = active.get_untracked();
        let key = match key.as_str() {
            "j" => "ArrowDown",
            "k" => "ArrowUp",
            key => key,
        };
        match key {
            "Enter" | " " => {
                if let Some(place) = at.and_then(|at| untrack(|| row.run(at)).place()) {
                    match event.shift_key() {
                        true => on_compare.run(place),
                        false => on_select.run(Some(place)),
                    }
                }
            }
            "Escape" if selected.get_untracked().is_some() => on_select.run(None),
            key => match row_keys::target(key, at, rows.get_untracked()) {
                Some(target) => move_to(target),
                None => return,
            },
        }
        event.prevent_default();
        event.stop_propagation();
    };

    let template = move || {
        let stream = if has_streams { " minmax(100px, 220px)" } else { "" };
        let own = " minmax(72px, 160px)".repeat(columns.with(|columns| columns.paths().len()));
        format!("176px 64px 76px{stream} minmax(110px, 220px){own} minmax(0, 1fr)")
    };
    let head = move || {
        let own = columns.get();
        own.paths()
            .iter()
            .map(|path| view! { <span role="columnheader" class="cell-own">{foreign(&path.to_string())}</span> })
            .collect_view()
    };
    let frame = NodeRef::<html::Div>::new();
    let is_still = Stillness::of(frame).is_used();
    Effect::new(move || on_still.run(is_still.get()));
    let active_id = move || active.get().map(|at| row_id(place_of(at, above.get())));
    let render = move |place: Place, at: Signal<u64>| {
        let shown = Memo::new(move |_| row.run(at.get()));
        let is_active = Memo::new(move |_| active.get() == Some(at.get()));
        let handle = RowHandle { place, at };
        move || {
            let pick = move |is_compare: bool, place: EventPlace| {
                active.set(Some(at.get_untracked()));
                if is_compare {
                    on_compare.run(place);
                } else {
                    on_select.run(Some(place));
                }
            };
            row_view(handle, &shown.get(), columns, has_streams, selected, is_active, href, pick)
        }
    };
    let is_narrow = narrow();
    let row_height =
        Signal::derive(move || if is_narrow.get() { NARROW_ROW_HEIGHT } else { ROW_HEIGHT });
    view! {
        <div
            class="event-grid"
            id=GRID_ID
            role="grid"
            aria-label="Events"
            aria-rowcount=move || rows.get().to_string()
            tabindex="0"
            aria-activedescendant=active_id
            node_ref=frame
            style=("--event-columns", template)
            on:keydown=on_key
        >
            <div class="event-head" role="row">
                <span role="columnheader" class="cell-time" title=move || format!("Times are in {}", ChosenZone::get().full_name())>
                    "Time and id · " {move || ChosenZone::get().label()}
                </span>
                <span role="columnheader" class="cell-version">"Version"</span>
                <span role="columnheader" class="cell-since" title="Time since the event before">"Since"</span>
                {has_streams.then(|| view! { <span role="columnheader" class="cell-stream">"Stream"</span> })}
                <span role="columnheader" class="cell-type">"Type"</span>
                {head}
                <span role="columnheader" class="cell-data">"Data"</span>
            </div>
            <LongList
                rows
                row_height
                top
                above
                render
                on_drawn
                in_sight=active
            />
        </div>
    }
}

/// Where a row is.
#[derive(Clone, Copy)]
struct RowHandle {
    place: Place,
    at: Signal<u64>,
}

#[expect(clippy::too_many_arguments, reason = "all that a row is made of")]
fn row_view(
    handle: RowHandle,
    row: &EventRow,
    columns: Signal<Columns>,
    has_streams: bool,
    selected: Signal<Option<EventPlace>>,
    is_active: Memo<bool>,
    href: Callback<EventPlace, String>,
    pick: impl Fn(bool, EventPlace) + Copy + 'static,
) -> AnyView {
    let RowHandle { place: row_place, at } = handle;
    let index = move || (at.get() + 1).to_string();
    match row {
        EventRow::Coming => view! {
            <div class="event-row coming" role="row" id=row_id(row_place) aria-rowindex=index aria-busy="true">
                <span role="gridcell" class="cell-time"><span class="skeleton-line"></span></span>
            </div>
        }
        .into_any(),
        EventRow::Missing(what) => view! {
            <div class="event-row gap-row" role="row" id=row_id(row_place) aria-rowindex=index>
                <span role="gridcell"><Icon glyph=Glyph::Warning /> {foreign(what)}</span>
            </div>
        }
        .into_any(),
        EventRow::Event { event, stream, is_fresh, since_ms } => {
            let place = EventPlace { stream: stream.clone(), id: event.id };
            let link = href.run(place.clone());
            let here = place.clone();
            let is_selected = move || selected.with(|selected| selected.as_ref() == Some(&here));
            let id = event.id.to_string();
            let shown_id = id.clone();
            let on_click = move |click: web_sys::MouseEvent| {
                // On a link too: it is for opening elsewhere, here the row is enough.
                if !(click.ctrl_key() || click.meta_key()) {
                    click.prevent_default();
                    pick(click.shift_key(), place.clone());
                }
            };
            view! {
                <div
                    class="event-row"
                    class:fresh=*is_fresh
                    class:active=is_active
                    role="row"
                    id=row_id(row_place)
                    aria-rowindex=index
                    aria-selected=move || is_selected().to_string()
                    data-testid="event-row"
                    data-id=id
                    on:click=on_click
                >
                    <span role="gridcell" class="cell-time">
                        <Moment ms=event.timestamp_ms />
                        <a class="id" href=link tabindex="-1" data-testid="event-link">{shown_id}</a>
                    </span>
                    <span role="gridcell" class="cell-version">{event.version.map(text::grouped)}</span>
                    <span role="gridcell" class="cell-since">{since_ms.map(since_text)}</span>
                    {has_streams.then(|| view! {
                        <span role="gridcell" class="cell-stream"><KeyText stream=stream.clone() /></span>
                    })}
                    <span role="gridcell" class="cell-type">
                        <EventType event_type=event.event_type.clone() />
                    </span>
                    {own_cells(event, columns)}
                    {data_cell(event)}
                </div>
            }
            .into_any()
        }
    }
}

fn own_cells(event: &Arc<Event>, columns: Signal<Columns>) -> impl IntoView + use<> {
    let event = Arc::clone(event);
    move || {
        let cell = |path: &EventPath| {
            let text = cell_text(&event, path);
            let title = text.as_deref().map(|text| visible(text).into_owned());
            let shown = text.as_deref().map(foreign);
            view! { <span role="gridcell" class="cell-own" title=title>{shown}</span> }
        };
        columns.with(|columns| columns.paths().iter().map(cell).collect_view())
    }
}

fn data_cell(event: &Event) -> impl IntoView + use<> {
    let error = event.decode_error.as_ref().map(|error| {
        view! {
            <span class="badge warning" title=visible(&error.to_string()).into_owned()>
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
    view! { <span role="gridcell" class="cell-data">{error} <code>{preview.as_deref().map(foreign)}</code></span> }
}

/// A distance in time; events of a list need not be in the order of the times that they tell.
fn since_text(ms: i64) -> String {
    let text = duration_text(ms.unsigned_abs());
    if ms < 0 { format!("−{text}") } else { format!("+{text}") }
}

fn row_id(row: Place) -> String {
    format!("event-{row}")
}
