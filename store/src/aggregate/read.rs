//! Reading an aggregate: its version, and its events behind a version, without those before it.

use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, Event, StreamKey, layout};

use super::{Aggregate, AggregateStore, Missing, ReadError};
use crate::add::counted;
use crate::{EntryRange, IdRange, PageOrder, StoreError, WholeEntries, reply};

/// How many events a page has at most, however many are asked for.
pub const MAX_PAGE_EVENTS: usize = 1_000;

/// How often a page is read again while others append.
const MAX_READS: usize = 5;

/// An event of an aggregate, as a place to read on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its id.
    pub id: EntryId,
    /// Its version.
    pub version: u64,
}

/// Events of an aggregate that follow each other.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPage {
    /// The events, oldest first, each with its version.
    pub events: Vec<Event>,
    /// The version of the aggregate when they were read.
    pub version: u64,
    /// Whether no more follow.
    pub is_last: bool,
}

impl EventPage {
    /// The last of the events, behind which the next page begins.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        let last = self.events.last()?;
        Some(Position { id: last.id, version: last.version? })
    }
}

impl AggregateStore {
    /// The version of an aggregate: how many events it ever had. 0 for one that does not exist.
    ///
    /// # Errors
    /// [`Missing::NotCounted`] where that cannot be told.
    pub async fn version(&self, aggregate: &Aggregate) -> Result<u64, ReadError> {
        let stream = self.stream(aggregate);
        let extent = self.extent(&stream).await?;
        self.version_of(&stream, &extent).await
    }

    /// Up to `count` events behind a version, and at most [`MAX_PAGE_EVENTS`]; fewer where they are large. None for an aggregate that does
    /// not exist.
    ///
    /// The events before that version are not read, unless it is nearer to the first event than to the last one: Redis finds an event by its
    /// id, not by its version, so those between it and the nearer end are counted. [`events_behind`](Self::events_behind) knows the id.
    ///
    /// # Errors
    /// [`ReadError::Missing`] where these events are gone or their versions cannot be told.
    pub async fn events_after(
        &self,
        aggregate: &Aggregate,
        version: u64,
        count: usize,
    ) -> Result<EventPage, ReadError> {
        self.read_after(&self.stream(aggregate), version, count).await
    }

    /// Up to `count` events behind an event that was read or appended before. Reads no other.
    ///
    /// # Errors
    /// As [`AggregateStore::events_after`].
    pub async fn events_behind(
        &self,
        aggregate: &Aggregate,
        position: Position,
        count: usize,
    ) -> Result<EventPage, ReadError> {
        self.read_behind(&self.stream(aggregate), position, count).await
    }

    pub(super) async fn read_after(
        &self,
        stream: &StreamKey,
        version: u64,
        count: usize,
    ) -> Result<EventPage, ReadError> {
        let (count, reads) = (count.clamp(1, MAX_PAGE_EVENTS) as u64, self.store.reads());
        for _ in 0..MAX_READS {
            let extent = self.extent(stream).await?;
            let latest = self.checked_version(stream, &extent, version).await?;
            if version >= latest {
                return Ok(EventPage { events: Vec::new(), version: latest, is_last: true });
            }
            let behind = latest - version;
            // The usual case: somebody has seen all but the last few.
            if behind <= count
                && let Some(page) = self.tail(stream, latest, behind).await?
            {
                return Ok(page);
            }
            // Where they are large, one reply does not hold even a few.
            if let Some(id) = reads.id_at(stream, &extent, version + extent.length - latest).await?
            {
                let range = PageOrder::OldestFirst.range_from(Some(id));
                let page = self.page(stream, range, PageOrder::OldestFirst, count).await?;
                // Unless it was trimmed meanwhile.
                if page.entries.first().is_some_and(|entry| entry.id == id) {
                    let latest = self.version_of(stream, &page.info.extent).await?;
                    return Ok(numbered(page, version + 1, latest));
                }
            }
        }
        Err(StoreError::Changed.into())
    }

    async fn read_behind(
        &self,
        stream: &StreamKey,
        position: Position,
        count: usize,
    ) -> Result<EventPage, ReadError> {
        let count = count.clamp(1, MAX_PAGE_EVENTS) as u64;
        let range = IdRange { after: Some(position.id), before: None };
        let page = match self.page(stream, range, PageOrder::OldestFirst, count).await {
            Err(ReadError::Store(StoreError::NotFound)) => {
                WholeEntries { is_last: true, ..WholeEntries::default() }
            }
            page => page?,
        };
        let latest = self.checked_version(stream, &page.info.extent, position.version).await?;
        Ok(numbered(page, position.version + 1, latest))
    }

    /// The last `count` events of a stream at this version; `None` where it is at another one by now, or they are too large to be read at
    /// once.
    async fn tail(
        &self,
        stream: &StreamKey,
        latest: u64,
        count: u64,
    ) -> Result<Option<EventPage>, ReadError> {
        let range = IdRange::default();
        let mut page = self.page(stream, range, PageOrder::NewestFirst, count).await?;
        let is_whole = page.entries.len() as u64 == count;
        if !is_whole || self.version_of(stream, &page.info.extent).await? != latest {
            return Ok(None);
        }
        page.entries.reverse();
        page.is_last = true;
        Ok(Some(numbered(page, latest + 1 - count, latest)))
    }

    async fn page(
        &self,
        stream: &StreamKey,
        range: IdRange,
        order: PageOrder,
        count: u64,
    ) -> Result<WholeEntries, ReadError> {
        let range = EntryRange::new(range, order, count);
        Ok(self.store.reads().whole_entries(stream, range).await?)
    }

    /// The stream of an aggregate; one without events where there is none.
    async fn extent(&self, stream: &StreamKey) -> Result<StreamExtent, StoreError> {
        match self.store.reads().info(stream).await {
            Ok(info) => Ok(info.extent),
            Err(StoreError::NotFound) => {
                Ok(StreamExtent { entries_added: Some(0), ..StreamExtent::default() })
            }
            Err(error) => Err(error),
        }
    }

    /// The version of a stream whose events behind `after` are all there, with certain versions.
    async fn checked_version(
        &self,
        stream: &StreamKey,
        extent: &StreamExtent,
        after: u64,
    ) -> Result<u64, ReadError> {
        let latest = self.version_of(stream, extent).await?;
        if extent.entries_added.is_some() && !extent.is_exact() {
            return Err(Missing::Deleted { count: latest.saturating_sub(extent.length) }.into());
        }
        let first = latest.saturating_add(1).saturating_sub(extent.length);
        match after.saturating_add(1) < first {
            true => Err(Missing::Trimmed { first }.into()),
            false => Ok(latest),
        }
    }

    async fn version_of(
        &self,
        stream: &StreamKey,
        extent: &StreamExtent,
    ) -> Result<u64, ReadError> {
        if let Some(added) = extent.entries_added {
            return Ok(added);
        }
        let mut command = redis::pipe();
        let beside = stream.beside(counted::COUNTED);
        command.cmd("GET").arg(beside.as_bytes());
        let kept = reply::text(&self.store.reads().single(beside.as_bytes(), &command).await?);
        if let Some(version) = counted::version(extent, kept.as_deref()) {
            return Ok(version);
        }
        // What was kept may be of a later append. Where it fits the stream as it is now, nothing was taken away until then.
        let now = self.extent(stream).await?;
        match counted::version(&now, kept.as_deref()) {
            Some(_) => Ok(extent.length),
            None => Err(Missing::NotCounted.into()),
        }
    }
}

/// A page whose first event has this version.
fn numbered(page: WholeEntries, first: u64, latest: u64) -> EventPage {
    let events = (first..).zip(page.entries).map(|(version, entry)| {
        let mut event = layout::decode(entry);
        event.version = Some(version);
        event
    });
    EventPage { events: events.collect(), version: latest, is_last: page.is_last }
}
