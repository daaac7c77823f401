//! A table of streams.

use std::collections::HashMap;
use std::ops::Range;

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::catalog::SortBy;
use rewind_domain::stream_key::StreamKind;

use super::icon::{Glyph, Icon};
use super::moment::Ago;
use super::sparkline::Sparkline;
use super::stream_key::KeyText;
use super::virtual_list::VirtualList;
use crate::api::StreamSummary;
use crate::state::address::{EventsAddress, TravelAddress};
use crate::state::text;

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
    /// Tells which rows are on screen.
    #[prop(into)]
    on_range: Callback<Range<usize>>,
) -> impl IntoView {
    let heading = move |by: SortBy, label: &'static str, class: &'static str| {
        let is_chosen = move || sort.get() == by;
        let direction = if by == SortBy::Key { "ascending" } else { "descending" };
        view! {
            <span
                role="columnheader"
                class=class
                aria-sort=move || is_chosen().then_some(direction)
            >
                <button type="button" class="sort" on:click=move |_| on_sort.run(by)>
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
            role="table"
            aria-label="Streams"
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
            <VirtualList rows=streams offset total row_height=ROW_HEIGHT render=move |index, stream| stream_row(index, stream, rates) on_range />
        </div>
    }
}

fn stream_row(
    index: usize,
    stream: StreamSummary,
    rates: Signal<HashMap<StreamKey, Vec<u64>>>,
) -> impl IntoView {
    let events = EventsAddress::newest(stream.key.clone()).href();
    let is_aggregate = stream.kind == StreamKind::Aggregate;
    let travel = is_aggregate.then(|| {
        let address = TravelAddress::latest(stream.key.clone());
        view! {
            <a class="button quiet" href=address.href()>
                <Icon glyph=Glyph::Travel />
                "Travel"
            </a>
        }
    });
    let numbers = match stream.unavailable.clone() {
        Some(reason) => view! {
            <span role="cell" class="cell-unavailable" title=reason>
                <Icon glyph=Glyph::Warning />
                {reason.clone()}
            </span>
        }
        .into_any(),
        None => numbers(&stream, rates).into_any(),
    };
    view! {
        <div
            class="stream-row"
            role="row"
            aria-rowindex=(index + 2).to_string()
            data-testid="stream-row"
            data-key=stream.key.to_string()
        >
            <span role="cell" class="cell-key">
                <a href=events.clone()>
                    <KeyText stream=stream.key.clone() />
                </a>
            </span>
            {numbers}
            <span role="cell" class="cell-links">
                <a class="button quiet" href=events>
                    <Icon glyph=Glyph::Events />
                    "Events"
                </a>
                {travel}
            </span>
        </div>
    }
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
        <span role="cell" class="cell-length">{text::grouped(stream.length)}</span>
        <span role="cell" class="cell-version">
            {incomplete} {text::grouped(stream.latest_version)}
        </span>
        <span role="cell" class="cell-activity">{activity}</span>
        <span role="cell" class="cell-recent" data-testid="recent">{spark}</span>
        <span role="cell" class="cell-groups">{groups}</span>
    }
}
