//! Jumps: pages of events that begin at any version.
//!
//! Versions are counted from a *place*, an entry whose version is known: the first or the last entry of the stream, or either end of
//! a block of its index. A read of ids passes over some entries from there, and another read gives the page.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use crate::event_reader::EventReader;
use rewind_app::api::query::EventsQuery;
use rewind_app::api::{ApiError, ErrorCode, EventsPage, Order};
use rewind_domain::aggregate_pattern::AggregatePatterns;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};
use tokio::time::{Instant, timeout_at};

use super::{check_version, events, index, streams};
use crate::api_errors::api_error;
use crate::index::{IndexView, Indexes, Standing, StreamIndex};
use rewind_store::{EntryPage, EntryRange, PageOrder, Store, StoreError, StreamInfo};

/// How many entries may be passed over on the way from the first or the last one: as many as on the way from the end of a block.
const MOST_PASSED_OVER: u64 = 1_024;
/// How long a jump waits for the index to come to its version: about as long as people wait for a page without wondering. A
/// stream of a million events is indexed in less.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the place of a version is looked up, where it was trimmed or something was deleted meanwhile.
const ATTEMPTS: usize = 5;

/// The events from this version on, in the order of the query.
pub(super) async fn events(
    store: &Store,
    indexes: &Indexes,
    event_reader: &EventReader,
    aggregates: &AggregatePatterns,
    version: u64,
    query: EventsQuery,
) -> Result<EventsPage, ApiError> {
    let EventsQuery { stream, limit, order, .. } = query;
    let limit = limit.get();
    let wanted = Wanted { version, limit, order };
    let deadline = Instant::now() + PATIENCE;
    for _ in 0..ATTEMPTS {
        let (index, place, extent) = wanted.find(indexes, &stream, deadline).await?;
        let mut changes = index.changes();
        let read = wanted.read(store, &stream, place, &extent).await;
        if let Some((page, info)) = read.map_err(|error| api_error(Some(&stream), &error))? {
            return Ok(wanted.page(event_reader, aggregates, &stream, page, &info).await);
        }
        if index.is_building() {
            // It will notice what changed as well. Whoever waited in vain learns below what is wrong.
            let _ = timeout_at(deadline, changes.changed()).await;
        }
    }
    Err(ApiError::new(
        ErrorCode::NotIndexed,
        format!("stream `{stream}` changes faster than version {version} can be found; try again"),
    ))
}

/// The page that is asked for.
struct Wanted {
    version: u64,
    limit: u64,
    order: Order,
}

/// An entry whose version is known, and in which direction to read from it.
#[derive(Clone, Copy)]
struct Place {
    /// Nothing for whichever is the first or the last entry of the stream when it is read.
    id: Option<EntryId>,
    version: u64,
    order: PageOrder,
}

impl Wanted {
    /// Finds the nearest place from which the page can be read, and the stream as it is supposed to be.
    async fn find(
        &self,
        indexes: &Indexes,
        stream: &StreamKey,
        deadline: Instant,
    ) -> Result<(Arc<StreamIndex>, Place, StreamExtent), ApiError> {
        loop {
            let asked = indexes.ask(stream).await;
            let index = asked.map_err(|error| api_error(Some(stream), &error))?;
            let mut changes = index.changes();
            let (place, extent, standing) =
                index.view(|view| (self.place(&view), view.extent.clone(), view.standing));
            check_version(stream, self.version, extent.first_version(), &extent)?;
            match (place, standing) {
                (Some(place), _) => return Ok((index, place, extent)),
                (None, Standing::TooLarge) => {
                    let why = index::no_room(indexes);
                    return Err(ApiError::new(
                        ErrorCode::NotIndexed,
                        format!("version {} cannot be found: {why}", self.version),
                    ));
                }
                (None, _) => {}
            }
            // Whoever built it may have come to an end before changes were listened to.
            let has_changed = if index.is_building() {
                timeout_at(deadline, changes.changed()).await.is_ok()
            } else {
                Instant::now() < deadline
            };
            if !has_changed {
                return Err(self.not_yet(stream, &index));
            }
        }
    }

    fn not_yet(&self, stream: &StreamKey, index: &StreamIndex) -> ApiError {
        let (indexed, length) = index.view(|view| (view.blocks.len(), view.extent.length));
        let message = format!(
            "version {} of stream `{stream}` cannot be found yet: {indexed} of {length} events are counted; try again in a moment",
            self.version
        );
        ApiError::new(ErrorCode::NotIndexed, message)
    }

    /// The place from which the fewest entries are to be passed over.
    fn place(&self, view: &IndexView<'_>) -> Option<Place> {
        let extent = view.extent;
        let forward = |id, version| Place { id, version, order: PageOrder::OldestFirst };
        let backward = |id, version| Place { id, version, order: PageOrder::NewestFirst };
        let block = view.block_of_version(self.version);
        let places = [
            Some(forward(None, extent.first_version())),
            Some(backward(None, extent.latest_version())),
            block.map(|(block, version)| forward(Some(block.first_id), version)),
            block
                .map(|(block, version)| backward(Some(block.last_id), version + (block.count - 1))),
        ];
        let order = events::page_order(self.order);
        // One that need not be passed over in the other direction first.
        let distance = |place: &Place| self.version.abs_diff(place.version);
        let cost = |place: &Place| (distance(place), place.order != order);
        places
            .into_iter()
            .flatten()
            .filter(|place| distance(place) <= MOST_PASSED_OVER)
            .min_by_key(cost)
    }

    /// Reads the page, from the entry of its version on. `None` where the place is no longer what it was.
    async fn read(
        &self,
        store: &Store,
        stream: &StreamKey,
        place: Place,
        expected: &StreamExtent,
    ) -> Result<Option<(EntryPage, StreamInfo)>, StoreError> {
        let order = events::page_order(self.order);
        let is_there = place.version == self.version && place.order == order;
        let begins_at = match place.id {
            id if is_there => id,
            _ => match self.locate(store, stream, place, expected).await? {
                Some(id) => Some(id),
                None => return Ok(None),
            },
        };
        let range = order.range_from(begins_at);
        let range = EntryRange::new(range, order, self.limit.saturating_add(1));
        let (mut pages, info) = store.read(stream, vec![range]).await?;
        let begins_where_it_should = |page: &EntryPage| match begins_at {
            Some(id) => page.first_id() == Some(id),
            None => !page.is_empty() && order.end_of(&info.extent) == self.version,
        };
        let page = pages.pop().filter(begins_where_it_should);
        Ok(page.filter(|_| !is_changed(expected, &info.extent)).map(|page| (page, info)))
    }

    /// The id of the entry of the version. Only ids are read on the way from the place.
    async fn locate(
        &self,
        store: &Store,
        stream: &StreamKey,
        place: Place,
        expected: &StreamExtent,
    ) -> Result<Option<EntryId>, StoreError> {
        let distance = self.version.abs_diff(place.version);
        let order = match self.version.cmp(&place.version) {
            Ordering::Less => PageOrder::NewestFirst,
            Ordering::Equal => place.order,
            Ordering::Greater => PageOrder::OldestFirst,
        };
        let range = EntryRange::new(order.range_from(place.id), order, distance.saturating_add(1));
        let (page, info) = store.read_ids(stream, range).await?;
        if is_changed(expected, &info.extent) {
            return Ok(None);
        }
        let from = match place.id {
            None => order.end_of(&info.extent),
            Some(id) if page.first_id() == Some(id) => place.version,
            Some(_) => return Ok(None),
        };
        let at = usize::try_from(self.version.abs_diff(from)).unwrap_or(usize::MAX);
        Ok(page.ids().nth(at))
    }

    async fn page(
        &self,
        event_reader: &EventReader,
        aggregates: &AggregatePatterns,
        stream: &StreamKey,
        page: EntryPage,
        info: &StreamInfo,
    ) -> EventsPage {
        let count = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let has_next = page.len() > count || !page.is_last();
        let mut events = event_reader.page(stream, page, count).await;
        let order = events::page_order(self.order);
        for (distance, event) in (0u64..).zip(&mut events) {
            event.version = order.onward(self.version, distance);
        }
        let first_id = events.first().map(|event| event.id);
        EventsPage {
            next: events.last().map(|event| event.id).filter(|_| has_next),
            prev: first_id.filter(|_| events::has_prev(first_id, &info.extent, self.order)),
            stream: streams::summary(aggregates, stream, info),
            extent: info.extent.clone(),
            events,
        }
    }
}

/// Whether a stream is no longer the one whose versions are known.
fn is_changed(expected: &StreamExtent, extent: &StreamExtent) -> bool {
    // Where the server does not number entries, versions count from the first one present.
    let is_renumbered = extent.entries_added.is_none() && extent.first_id != expected.first_id;
    is_renumbered || !expected.is_continued_by(extent) || expected.lost_from_middle(extent)
}
