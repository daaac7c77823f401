//! Pages of events.

use rewind_app::api::backend::EventsQuery;
use rewind_app::api::{ApiError, EventsPage, Order};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{Event, layout};

use super::{api_error, streams};
use crate::store::{IdRange, PageOrder, Store};

pub(super) async fn events(store: &Store, query: EventsQuery) -> Result<EventsPage, ApiError> {
    let EventsQuery { stream, after, before, limit, order } = query;
    let page_order = match order {
        Order::Asc => PageOrder::OldestFirst,
        Order::Desc => PageOrder::NewestFirst,
    };
    // One more than asked for tells whether there is a next page.
    let (mut entries, info) = store
        .page(&stream, IdRange { after, before }, page_order, limit + 1)
        .await
        .map_err(|error| api_error(Some(&stream), &error))?;
    let has_next = entries.len() as u64 > limit;
    entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));

    let mut events: Vec<Event> = entries.into_iter().map(layout::decode).collect();
    number(&mut events, &info.extent, order);
    let first_id = events.first().map(|event| event.id);
    let has_prev = match order {
        Order::Asc => first_id > info.extent.first_id,
        Order::Desc => first_id.is_some() && first_id < info.extent.last_id,
    };
    Ok(EventsPage {
        next: events.last().map(|event| event.id).filter(|_| has_next),
        prev: first_id.filter(|_| has_prev),
        stream: streams::summary(&stream, &info),
        events,
    })
}

/// Gives the events their versions, where these can be told.
fn number(events: &mut [Event], extent: &StreamExtent, order: Order) {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return };
    let (oldest, newest) = match order {
        Order::Asc => (first.id, last.id),
        Order::Desc => (last.id, first.id),
    };
    let count = events.len() as u64;
    let Some(version) = extent.first_version_of_run(oldest, newest, count) else { return };
    for (i, event) in (0..count).zip(events) {
        event.version = Some(match order {
            Order::Asc => version + i,
            Order::Desc => version + (count - 1 - i),
        });
    }
}
