//! Pages of events.

use crate::event_reader::EventReader;
use rewind_app::api::query::EventsQuery;
use rewind_app::api::{ApiError, EventsPage, Order};
use rewind_domain::aggregate_pattern::AggregatePatterns;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, Event, StreamKey};

use super::streams;
use crate::api_errors::api_error;
use crate::index::Indexes;
use rewind_store::{EntryRange, IdRange, PageOrder, Store, StoreError};

pub(super) async fn events(
    store: &Store,
    indexes: &Indexes,
    event_reader: &EventReader,
    aggregates: &AggregatePatterns,
    query: EventsQuery,
) -> Result<EventsPage, ApiError> {
    let EventsQuery { stream, after, before, limit, order, .. } = query;
    let limit = limit.get();
    // One more than asked for tells whether there is a next page. A page of large events ends before that.
    let range = EntryRange::new(IdRange { after, before }, page_order(order), limit + 1);
    let (pages, info) =
        store.read(&stream, vec![range]).await.map_err(|error| api_error(Some(&stream), &error))?;
    let count = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_next = pages.first().is_some_and(|page| page.len() > count || !page.is_last());
    let mut events = match pages.into_iter().next() {
        Some(page) => event_reader.page(&stream, page, count).await,
        None => Vec::new(),
    };
    if let Some(version) = oldest_version(store, indexes, &stream, &events, &info.extent, order)
        .await
        .map_err(|error| api_error(Some(&stream), &error))?
    {
        number(&mut events, version, order);
    }
    let first_id = events.first().map(|event| event.id);
    Ok(EventsPage {
        next: events.last().map(|event| event.id).filter(|_| has_next),
        prev: first_id.filter(|_| has_prev(first_id, &info.extent, order)),
        stream: streams::summary(aggregates, &stream, &info),
        extent: info.extent,
        events,
    })
}

/// From which end of a stream the events of a page are taken.
pub(super) fn page_order(order: Order) -> PageOrder {
    match order {
        Order::Asc => PageOrder::OldestFirst,
        Order::Desc => PageOrder::NewestFirst,
    }
}

/// Whether there are events before a page whose first one this is.
pub(super) fn has_prev(first_id: Option<EntryId>, extent: &StreamExtent, order: Order) -> bool {
    match order {
        Order::Asc => first_id > extent.first_id,
        Order::Desc => first_id.is_some() && first_id < extent.last_id,
    }
}

/// The version of the oldest of some events that follow each other, where it can be told.
pub(super) async fn oldest_version(
    store: &Store,
    indexes: &Indexes,
    stream: &StreamKey,
    events: &[Event],
    extent: &StreamExtent,
    order: Order,
) -> Result<Option<u64>, StoreError> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(None) };
    let (oldest, newest) = match order {
        Order::Asc => (first.id, last.id),
        Order::Desc => (last.id, first.id),
    };
    let known = extent.first_version_of_run(oldest, newest, events.len() as u64);
    if known.is_some() {
        return Ok(known);
    }
    let Some(index) = indexes.known(stream).await? else { return Ok(None) };
    let found = index.view(|view| {
        // The events were read before the index was brought up to date.
        view.block_of_id(oldest).filter(|_| extent.is_continued_by(view.extent))
    });
    let Some((block, version)) = found else { return Ok(None) };
    if block.first_id == oldest {
        return Ok(Some(version));
    }
    // How many entries of its block come before it.
    let range = IdRange::within(block.first_id, oldest);
    let range = EntryRange::new(range, PageOrder::OldestFirst, block.count);
    let (page, _) = store.read_ids(stream, range).await?;
    // Either is gone where trimming came that far meanwhile; and what is not indexed yet is in no block.
    let is_counted = page.first_id() == Some(block.first_id) && page.last_id() == Some(oldest);
    Ok(is_counted.then(|| version + page.len() as u64 - 1))
}

/// Gives the events their versions, given that of the oldest.
fn number(events: &mut [Event], oldest: u64, order: Order) {
    let count = events.len() as u64;
    for (i, event) in (0..count).zip(events) {
        event.version = Some(match order {
            Order::Asc => oldest + i,
            Order::Desc => oldest + (count - 1 - i),
        });
    }
}
