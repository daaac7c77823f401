//! Where a search reads: one stream end to end, or many as one list.

use std::collections::VecDeque;

use futures::StreamExt as _;
use rewind_app::api::Order;
use rewind_domain::merge::{Direction, IdSpan, Merge, Need};
use rewind_domain::numbering::{Numbering, PageEnds};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{Entry, EntryId, StreamKey};

use super::Position;
use super::versions::Versions;
use rewind_store::{
    FoundStream, IdRange, Page, RangeEntries, RangeRead, Scan, ScanPage, Store, StoreError,
    entry_bytes,
};

/// How many entries of many streams are looked at in one go.
const BATCH_ENTRIES: usize = 512;
/// From how many streams one round trip reads.
const ROUND_STREAMS: usize = 64;
/// How many entries it reads, about: Redis needs about a millisecond for this many, and does nothing else meanwhile.
const ROUND_ENTRIES: u64 = 2_048;
/// Of how many streams it is found out at the same time which versions they go on with.
const NUMBERED_AT_ONCE: usize = 8;

/// Some entries, in the order of the search.
pub(super) enum Batch {
    /// Of one stream.
    Page(ScanPage),
    /// Of many.
    Merged(Vec<MergedEntry>),
    /// This many that need no look.
    Skipped(u64),
    /// A stream that cannot be read, and why; the others go on.
    Unread(usize, StoreError),
}

/// An entry of one of many streams.
pub(super) struct MergedEntry {
    /// The place of its stream among those searched.
    pub(super) stream: usize,
    /// It.
    pub(super) entry: Entry,
    /// Its version, where that is known.
    pub(super) version: Option<u64>,
}

impl Batch {
    /// How much memory its entries take, in bytes, about; a scan sees to its own pages.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Merged(entries) => entries.iter().map(|merged| entry_bytes(&merged.entry)).sum(),
            Self::Page(_) | Self::Skipped(_) | Self::Unread(..) => 0,
        }
    }
}

/// What is read, batch by batch.
pub(super) enum Source {
    /// One stream.
    One(Box<OneStream>),
    /// Many.
    Many(Box<ManyStreams>),
}

/// A stretch of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// To be looked at.
    Read(IdSpan),
    /// This many entries, none of which can be meant.
    Skip(u64),
}

pub(super) struct OneStream {
    store: Store,
    stream: StreamKey,
    direction: Direction,
    versions: Versions,
    to_come: VecDeque<Stretch>,
    scan: Option<Scan>,
}

pub(super) struct ManyStreams {
    store: Store,
    streams: Vec<StreamKey>,
    direction: Direction,
    versions: Versions,
    numbered: Vec<Numbered>,
    merge: Merge,
    unread: VecDeque<(usize, StoreError)>,
}

/// How far a stream was numbered.
struct Numbered {
    numbering: Numbering,
    /// The version of the entry that comes next, where that is known.
    next: Option<u64>,
    /// Whether it has to be found out with which version it begins.
    is_to_be_found: bool,
}

impl Source {
    /// The next batch; `None` at the end. Entries that are added meanwhile are not part of it.
    ///
    /// # Errors
    /// Whatever happens to Redis, or to the one stream.
    pub(super) async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        match self {
            Self::One(one) => one.next().await,
            Self::Many(many) => many.next().await,
        }
    }
}

impl OneStream {
    /// Reads these stretches, which follow each other in the order of the search.
    pub(super) fn new(
        store: Store,
        stream: StreamKey,
        order: Order,
        stretches: impl IntoIterator<Item = Stretch>,
        versions: Versions,
    ) -> Self {
        let (direction, to_come) = (direction_of(order), stretches.into_iter().collect());
        Self { store, stream, direction, versions, to_come, scan: None }
    }

    async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        loop {
            if let Some(scan) = &mut self.scan {
                match scan.next_page().await? {
                    Some(page) => return Ok(Some(Batch::Page(page))),
                    None => self.scan = None,
                }
            }
            match self.to_come.pop_front() {
                None => return Ok(None),
                Some(Stretch::Skip(entries)) => return Ok(Some(Batch::Skipped(entries))),
                Some(Stretch::Read(span)) => {
                    let begin = begin_of(span, self.direction);
                    let numbering =
                        self.versions.numbering(&self.stream, self.direction, begin).await?;
                    let range = exclusive(span);
                    self.scan =
                        Some(self.store.scan_numbered(&self.stream, range, numbering).await?);
                }
            }
        }
    }
}

impl ManyStreams {
    /// Reads these streams, as far as they reach now, behind `position` and within `span`. They must be in the order of their keys.
    pub(super) fn new(
        store: Store,
        found: Vec<FoundStream>,
        order: Order,
        span: IdSpan,
        position: Option<&Position>,
        versions: Versions,
    ) -> Self {
        let direction = direction_of(order);
        let mut unread = VecDeque::new();
        let mut spans = Vec::with_capacity(found.len());
        let mut streams = Vec::with_capacity(found.len());
        let mut numbered = Vec::with_capacity(found.len());
        for (at, FoundStream { key, info }) in found.into_iter().enumerate() {
            let extent = info.map_err(|error| unread.push_back((at, error))).ok();
            let extent = extent.map(|info| info.extent).unwrap_or_default();
            let reach = extent.first_id.zip(extent.last_id);
            let reach = reach.and_then(|(from, to)| IdSpan { from, to }.and(span));
            let rest = match position {
                Some(position) => reach.and_then(|span| position.rest(span, &key, order)),
                None => reach,
            };
            numbered.push(Numbered::of(&extent, rest, direction, versions.is_asked()));
            spans.push(rest);
            streams.push(key);
        }
        let merge = Merge::new(direction, spans);
        Self { store, streams, direction, versions, numbered, merge, unread }
    }

    async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        loop {
            if let Some((stream, error)) = self.unread.pop_front() {
                return Ok(Some(Batch::Unread(stream, error)));
            }
            let mut entries = Vec::new();
            while entries.len() < BATCH_ENTRIES
                && let Some((stream, entry)) = self.merge.next_entry()
            {
                let version = self.numbered.get_mut(stream).and_then(|at| at.take(self.direction));
                entries.push(MergedEntry { stream, entry, version });
            }
            if !entries.is_empty() {
                return Ok(Some(Batch::Merged(entries)));
            }
            if self.merge.is_done() {
                return Ok(None);
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> Result<(), StoreError> {
        let needs = self.merge.needs(ROUND_STREAMS, ROUND_ENTRIES);
        self.find_versions(&needs).await?;
        let reads: Vec<RangeRead> = needs.iter().map(|need| self.read_of(need)).collect();
        let read = self.store.ranges_with_streams(&reads).await?;
        for ((need, read), page) in needs.iter().zip(&reads).zip(read) {
            let page = match page {
                Err(StoreError::Changed) => self.unnumbered(read).await?,
                page => page,
            };
            match page {
                Ok(page) => {
                    let (ends, extent) = (ends_of(&page.entries), page.info.extent);
                    let is_kept = self.merge.supply(need, page.entries, page.is_last);
                    if let Some(numbered) = self.numbered.get_mut(need.stream).filter(|_| is_kept) {
                        numbered.note(ends, &extent);
                    }
                }
                Err(error) => {
                    self.merge.drop_stream(need.stream);
                    self.unread.push_back((need.stream, error));
                }
            }
        }
        Ok(())
    }

    fn read_of(&self, need: &Need) -> RangeRead {
        RangeRead {
            stream: self.streams[need.stream].clone(),
            range: exclusive(need.span),
            order: self.direction.into(),
            count: need.count,
        }
    }

    /// The entries of a stream that loses some faster than it can be looked at: their versions are not known.
    async fn unnumbered(&self, read: &RangeRead) -> Result<Result<Page, StoreError>, StoreError> {
        let mut read = self.store.ranges(std::slice::from_ref(read)).await?;
        let entries = read.pop().unwrap_or(Err(StoreError::Changed));
        let page = |RangeEntries { entries, is_last }| Page { entries, is_last, ..Page::default() };
        Ok(entries.map(page))
    }

    /// Finds out with which versions these streams begin, where that is asked and not known.
    async fn find_versions(&mut self, needs: &[Need]) -> Result<(), StoreError> {
        let is_open = |need: &&Need| {
            self.numbered.get(need.stream).is_some_and(|numbered| numbered.is_to_be_found)
        };
        let (streams, versions, direction) = (&self.streams, &self.versions, self.direction);
        let ask = |need: &Need| {
            let (stream, begin) = (need.stream, begin_of(need.span, direction));
            async move { (stream, versions.numbering(&streams[stream], direction, begin).await) }
        };
        let asked: Vec<_> = needs.iter().filter(is_open).map(ask).collect();
        let mut found = futures::stream::iter(asked).buffer_unordered(NUMBERED_AT_ONCE);
        let mut numberings = Vec::new();
        while let Some((stream, numbering)) = found.next().await {
            match numbering {
                Ok(numbering) => numberings.push((stream, numbering)),
                Err(error) if error.is_passing() => return Err(error),
                // Reading it says so.
                Err(_) => numberings.push((stream, Numbering::new(direction))),
            }
        }
        drop(found);
        for (stream, numbering) in numberings {
            if let Some(numbered) = self.numbered.get_mut(stream) {
                (numbered.numbering, numbered.is_to_be_found) = (numbering, false);
            }
        }
        Ok(())
    }
}

impl Numbered {
    /// A stream that reaches this far, of which `rest` is read.
    fn of(
        extent: &StreamExtent,
        rest: Option<IdSpan>,
        direction: Direction,
        is_asked: bool,
    ) -> Self {
        let (end, version) = match direction {
            Direction::Ascending => (extent.first_id, extent.first_version()),
            Direction::Descending => (extent.last_id, extent.latest_version()),
        };
        let begin = rest.map(|rest| begin_of(rest, direction));
        let numbering = match begin.filter(|begin| end == Some(*begin)) {
            Some(end) => Numbering::begin(direction, end, version),
            None => Numbering::new(direction),
        };
        let is_to_be_found = is_asked && begin.is_some() && !numbering.is_known();
        Self { numbering, next: None, is_to_be_found }
    }

    /// Takes note of the next page.
    fn note(&mut self, ends: Option<PageEnds>, extent: &StreamExtent) {
        self.next = ends.and_then(|ends| self.numbering.number(ends, extent));
    }

    /// The version of the next entry, which is handed out.
    fn take(&mut self, direction: Direction) -> Option<u64> {
        let version = self.next?;
        self.next = direction.onward(version, 1);
        Some(version)
    }
}

/// The ends of a page.
fn ends_of(entries: &[Entry]) -> Option<PageEnds> {
    let (first, last) = (entries.first()?.id, entries.last()?.id);
    Some(PageEnds { first, last, count: entries.len() as u64 })
}

/// Where reading a span begins.
fn begin_of(span: IdSpan, direction: Direction) -> EntryId {
    match direction {
        Direction::Ascending => span.from,
        Direction::Descending => span.to,
    }
}

fn exclusive(span: IdSpan) -> IdRange {
    IdRange { after: span.from.prev(), before: span.to.next() }
}

fn direction_of(order: Order) -> Direction {
    match order {
        Order::Asc => Direction::Ascending,
        Order::Desc => Direction::Descending,
    }
}
