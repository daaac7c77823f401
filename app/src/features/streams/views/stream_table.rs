//! A table of streams.

use std::collections::HashMap;
use std::ops::Range;

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::catalog::SortBy;
use rewind_domain::foreign_text::visible;
use rewind_domain::stream_key::StreamKind;
use web_sys::KeyboardEvent;

use crate::address::{EventsAddress, TravelAddress};
use crate::api::StreamSummary;
use crate::platform::keyboard;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::moment::Ago;
use crate::ui::sparkline::Sparkline;
use crate::ui::state::row_keys;
use crate::ui::stream_key::KeyText;
use crate::ui::text;
use crate::ui::virtual_list::VirtualList;

/// The id of the table, for whoever brings the keyboard to it.
pub(crate) const STREAMS_ID: &str = "streams";

/// The id of the head that sorts by something.
pub(crate) const fn sort_id(by: SortBy) -> &'static str {
    match by {
        SortBy::Key => "sort-key",
        SortBy::Length => "sort-length",
        SortBy::Activity => "sort-activity",
    }
}

/// As high as `.stream-row`.
const ROW_HEIGHT: u32 = 32;

/// Streams, a row each, of which there may be very many.
#[component]
pub(crate) fn StreamTable(
    /// The rows at hand.
    #[prop(into)]
    streams: Signal<Vec<StreamSummary>>,
    /// Which row the first of them is.
    #[prop(into)]
    offset: Signal<usize>,
    /// How many rows there are.
    #[prop(into)]
    total: Signal<usize>,
    /// How many events each of them had lately, where it had any.
    #[prop(into)]
    rates: Signal<HashMap<StreamKey, Vec<u64>>>,
    /// By what they are sorted.
    #[prop(into)]
    sort: Signal<SortBy>,
    /// Sorts them by something else.
    #[prop(into)]
    on_sort: Callback<SortBy>,
    /// The name under which its place is kept for whoever comes back.
    place: String,
    /// Tells which rows are on screen.
    #[prop(into)]
    on_range: Callback<Range<usize>>,
    /// Leads to an address.
    #[prop(into)]
    on_go: Callback<String>,
) -> impl IntoView {
    let row_of = move |index: usize| {
        let at = index.checked_sub(offset.get_untracked())?;
        streams.with_untracked(|streams| streams.get(at).cloned())
    };
    let active = RwSignal::new(None::<usize>);
    // Which stream that is, wherever it stands while others are found.
    let meant = StoredValue::new(None::<StreamKey>);
    let in_sight = RwSignal::new(None::<usize>);
    let mean = move |index: usize| {
        meant.set_value(row_of(index).map(|stream| stream.key));
        active.set(Some(index));
    };
    Effect::new(move || {
        let (offset, meant_now) = (offset.get(), meant.get_value());
        let at = streams
            .with(|streams| streams.iter().position(|row| Some(&row.key) == meant_now.as_ref()));
        match (at, active.get_untracked()) {
            (Some(at), Some(before)) if before != offset + at => active.set(Some(offset + at)),
            (None, Some(index)) if meant_now.is_none() => {
                meant.set_value(row_of(index).map(|stream| stream.key));
            }
            _ => {}
        }
    });
    let on_key = move |event: KeyboardEvent| {
        // Its heads are buttons, which have keys of their own.
        if !keyboard::is_focused(STREAMS_ID) {
            return;
        }
        let Some(key) = keyboard::shortcut(&event) else { return };
        let at = active.get_untracked();
        let row = at.and_then(row_of).filter(|row| meant.get_value().as_ref() == Some(&row.key));
        match (key.as_str(), row) {
            ("Enter", Some(row)) => on_go.run(EventsAddress::newest(row.key).href()),
            ("t", Some(row)) if row.kind == StreamKind::Aggregate => {
                on_go.run(TravelAddress::latest(row.key).href());
            }
            (key, _) => {
                let rows = total.get_untracked() as u64;
                let Some(target) = row_keys::target(key, at.map(|at| at as u64), rows) else {
                    return;
                };
                let target = usize::try_from(target).unwrap_or(usize::MAX);
                mean(target);
                in_sight.set(Some(target));
            }
        }
        event.prevent_default();
    };
    let on_focus = move |_| {
        if active.get_untracked().is_none() && keyboard::is_focused(STREAMS_ID) {
            mean(offset.get_untracked());
        }
    };
    let heading = move |by: SortBy, label: &'static str, class: &'static str| {
        let is_chosen = move || sort.get() == by;
        let direction = if by == SortBy::Key { "ascending" } else { "descending" };
        view! {
            <span
                role="columnheader"
                class=class
                aria-sort=move || is_chosen().then_some(direction)
            >
                <button type="button" class="sort" id=sort_id(by) data-testid="sort" on:click=move |_| on_sort.run(by)>
                    {label}
                    <span aria-hidden="true" class="sort-mark">
                        {move || if is_chosen() { if by == SortBy::Key { "↑" } else { "↓" } } else { "" }}
                    </span>
                </button>
            </span>
        }
    };
    view! {
        <div
            class="stream-table"
            id=STREAMS_ID
            role="grid"
            tabindex="0"
            aria-label="Streams"
            aria-activedescendant=move || active.get().map(row_id)
            on:keydown=on_key
            on:focus=on_focus
            aria-rowcount=move || (total.get() + 1).to_string()
        >
            <div class="stream-head" role="row">
                {heading(SortBy::Key, "Stream", "cell-key")}
                {heading(SortBy::Length, "Events", "cell-length")}
                <span role="columnheader" class="cell-version">"Version"</span>
                {heading(SortBy::Activity, "Last activity", "cell-activity")}
                <span role="columnheader" class="cell-recent" title="Events in the last 5 minutes">"5 min"</span>
                <span role="columnheader" class="cell-groups">"Groups"</span>
                <span role="columnheader" class="cell-links">
                    <span class="sr-only">"Open as"</span>
                </span>
            </div>
            <VirtualList role="rowgroup" rows=streams offset total row_height=ROW_HEIGHT render=move |index, stream| {
                    let is_active = Memo::new(move |_| active.get() == Some(index));
                    stream_row(index, stream, rates, is_active, move || mean(index))
                } in_sight on_range place />
        </div>
    }
}

fn stream_row(
    index: usize,
    stream: StreamSummary,
    rates: Signal<HashMap<StreamKey, Vec<u64>>>,
    is_active: Memo<bool>,
    mean: impl Fn() + 'static,
) -> impl IntoView {
    let events = EventsAddress::newest(stream.key.clone()).href();
    let is_aggregate = stream.kind == StreamKind::Aggregate;
    let travel = is_aggregate.then(|| {
        let address = TravelAddress::latest(stream.key.clone());
        view! {
            <a class="button quiet" tabindex="-1" href=address.href() data-testid="stream-travel">
                <Icon glyph=Glyph::Travel />
                "Travel"
            </a>
        }
    });
    let numbers = match stream.unavailable.clone() {
        Some(reason) => view! {
            <span role="gridcell" class="cell-unavailable" title=visible(&reason).into_owned()>
                <Icon glyph=Glyph::Warning />
                {foreign(&reason)}
            </span>
        }
        .into_any(),
        None => numbers(&stream, rates).into_any(),
    };
    view! {
        <div
            class="stream-row"
            class:row-active=is_active
            role="row"
            id=row_id(index)
            on:click=move |_| mean()
            aria-rowindex=(index + 2).to_string()
            data-testid="stream-row"
            data-key=stream.key.to_string()
        >
            <span role="gridcell" class="cell-key">
                <a tabindex="-1" href=events.clone() data-testid="stream-link">
                    <KeyText stream=stream.key.clone() />
                </a>
            </span>
            {numbers}
            <span role="gridcell" class="cell-links">
                <a class="button quiet" tabindex="-1" href=events data-testid="stream-events">
                    <Icon glyph=Glyph::Events />
                    "Events"
                </a>
                {travel}
            </span>
        </div>
    }
}

fn row_id(index: usize) -> String {
    format!("stream-{index}")
}

fn numbers(
    stream: &StreamSummary,
    rates: Signal<HashMap<StreamKey, Vec<u64>>>,
) -> impl IntoView + use<> {
    let key = stream.key.clone();
    let recent = Memo::new(move |_| rates.with(|rates| rates.get(&key).cloned()));
    let has_recent = Memo::new(move |_| recent.with(Option::is_some));
    let spark = move || {
        has_recent.get().then(|| {
            let counts = Signal::derive(move || recent.get().unwrap_or_default());
            let label = Signal::derive(move || {
                let total = counts.with(|counts| counts.iter().sum());
                format!("{} in the last 5 minutes", text::counted(total, "event", "events"))
            });
            view! { <Sparkline counts label /> }
        })
    };
    let activity = match stream.last_id {
        None => view! { <span class="faint">"never"</span> }.into_any(),
        Some(id) => match text::id_time_ms(id) {
            Some(ms) => view! { <Ago ms /> }.into_any(),
            None => {
                view! { <span class="mono" title="Its ids are no times">{id.to_string()}</span> }
                    .into_any()
            }
        },
    };
    let incomplete = stream.incomplete.as_ref().map(|incomplete| {
        view! {
            <span class="incomplete-mark" title=incomplete.explanation()>
                <Icon glyph=Glyph::Warning />
                <span class="sr-only">{incomplete.explanation()}</span>
            </span>
        }
    });
    let groups = if stream.groups == 0 { "–".to_owned() } else { text::grouped(stream.groups) };
    view! {
        <span role="gridcell" class="cell-length">{text::grouped(stream.length)}</span>
        <span role="gridcell" class="cell-version">
            {incomplete} {text::grouped(stream.latest_version)}
        </span>
        <span role="gridcell" class="cell-activity">{activity}</span>
        <span role="gridcell" class="cell-recent" data-testid="recent">{spark}</span>
        <span role="gridcell" class="cell-groups">{groups}</span>
    }
}
