//! Jumps: pages of events that begin at any version.
//!
//! Versions are counted from a *place*, an entry whose version is known: the first or the last entry of the stream, or either end of
//! a block of its index. One read from there passes over some entries and gives the page.

use std::sync::Arc;
use std::time::Duration;

use rewind_app::api::backend::EventsQuery;
use rewind_app::api::{ApiError, ErrorCode, EventsPage, Order};
use rewind_codec::Codecs;
use rewind_domain::cut::CutLimits;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{Entry, EntryId, Event, StreamKey};
use tokio::time::{Instant, timeout_at};

use super::{api_error, check_version, events, index, streams};
use crate::decoding::decode_all;
use crate::index::{IndexView, Indexes, Standing, StreamIndex};
use crate::store::{EntryRange, IdRange, PageOrder, Store, StoreError, StreamInfo};

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
    codecs: &Codecs,
    version: u64,
    query: EventsQuery,
) -> Result<EventsPage, ApiError> {
    let EventsQuery { stream, limit, order, .. } = query;
    let wanted = Wanted { version, limit, order };
    let deadline = Instant::now() + PATIENCE;
    for _ in 0..ATTEMPTS {
        let (index, place, extent) = wanted.find(indexes, &stream, deadline).await?;
        let mut changes = index.changes();
        let read = wanted.read(store, &stream, place, &extent).await;
        if let Some((entries, info)) = read.map_err(|error| api_error(Some(&stream), &error))? {
            return Ok(wanted.page(codecs, &stream, entries, &info).await);
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
    /// The versions of the page, and of one event behind it, which tells whether there is another page.
    fn versions(&self) -> (u64, u64) {
        match self.order {
            Order::Asc => (self.version, self.version.saturating_add(self.limit)),
            Order::Desc => (self.version.saturating_sub(self.limit), self.version),
        }
    }

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
            check_version(stream, self.version, &extent)?;
            if self.version < extent.first_version() {
                return Err(ApiError::new(
                    ErrorCode::VersionNotFound,
                    format!(
                        "stream `{stream}` has no event of version {}; the first is {}",
                        self.version,
                        extent.first_version()
                    ),
                ));
            }
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
        let (low, high) = self.versions();
        let extent = view.extent;
        let (first, latest) = (extent.first_version(), extent.latest_version());
        let (low, high) = (low.max(first), high.min(latest));
        let forward = |id, version| Place { id, version, order: PageOrder::OldestFirst };
        let backward = |id, version| Place { id, version, order: PageOrder::NewestFirst };
        let block_of_low = view.block_of_version(low);
        let block_of_high = view.block_of_version(high);
        let places = [
            Some(forward(None, first)),
            Some(backward(None, latest)),
            block_of_low.map(|(block, version)| forward(Some(block.first_id), version)),
            block_of_high
                .map(|(block, version)| backward(Some(block.last_id), version + (block.count - 1))),
        ];
        let distance = |place: &Place| match place.order {
            PageOrder::OldestFirst => low.abs_diff(place.version),
            PageOrder::NewestFirst => high.abs_diff(place.version),
        };
        places
            .into_iter()
            .flatten()
            .filter(|place| distance(place) <= MOST_PASSED_OVER)
            .min_by_key(distance)
    }

    /// Reads the entries of the page with their versions, and the one behind it. Nothing where the place is no longer what it was.
    async fn read(
        &self,
        store: &Store,
        stream: &StreamKey,
        place: Place,
        expected: &StreamExtent,
    ) -> Result<Option<(Vec<(u64, Entry)>, StreamInfo)>, StoreError> {
        let (low, high) = self.versions();
        let (range, distance) = match place.order {
            PageOrder::OldestFirst => {
                let after = place.id.and_then(EntryId::prev);
                (IdRange { after, before: None }, high.saturating_sub(place.version))
            }
            PageOrder::NewestFirst => {
                let before = place.id.and_then(EntryId::next);
                (IdRange { after: None, before }, place.version.saturating_sub(low))
            }
        };
        let range = EntryRange::new(range, place.order, distance.saturating_add(1));
        let (pages, info) = store.read(stream, vec![range]).await?;
        let Some(page) = pages.first() else { return Ok(None) };
        let extent = &info.extent;
        let from = match (place.id, place.order) {
            (None, PageOrder::OldestFirst) => extent.first_version(),
            (None, PageOrder::NewestFirst) => extent.latest_version(),
            (Some(id), _) if page.first_id() == Some(id) => place.version,
            (Some(_), _) => return Ok(None),
        };
        // Where the server does not number entries, versions count from the first one present.
        let is_renumbered = extent.entries_added.is_none() && extent.first_id != expected.first_id;
        if is_renumbered || expected.lost_from_middle(extent) {
            return Ok(None);
        }
        let numbered = (0u64..).zip(page.entries()).filter_map(|(distance, entry)| {
            let version = place.order.onward(from, distance);
            let version = version.filter(|version| (low..=high).contains(version))?;
            Some((version, entry.to_entry()))
        });
        let mut entries: Vec<(u64, Entry)> = numbered.collect();
        if place.order != events::page_order(self.order) {
            entries.reverse();
        }
        let is_there = entries.first().is_some_and(|(version, _)| *version == self.version);
        Ok(is_there.then_some((entries, info)))
    }

    async fn page(
        &self,
        codecs: &Codecs,
        stream: &StreamKey,
        mut entries: Vec<(u64, Entry)>,
        info: &StreamInfo,
    ) -> EventsPage {
        let has_next = entries.len() as u64 > self.limit;
        entries.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        let (versions, entries): (Vec<u64>, Vec<Entry>) = entries.into_iter().unzip();
        let events = decode_all(codecs, stream, entries).await;
        let numbered = versions.into_iter().zip(events);
        let events: Vec<Event> =
            numbered.map(|(version, event)| Event { version: Some(version), ..event }).collect();
        let first_id = events.first().map(|event| event.id);
        EventsPage {
            next: events.last().map(|event| event.id).filter(|_| has_next),
            prev: first_id.filter(|_| events::has_prev(first_id, &info.extent, self.order)),
            stream: streams::summary(stream, info),
            events: events.into_iter().map(|event| event.cut_to(CutLimits::LIST)).collect(),
        }
    }
}
