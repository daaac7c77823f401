//! Where a search reads: one stream end to end, or many as one list.

use std::collections::VecDeque;

use rewind_app::api::Order;
use rewind_domain::merge::{Direction, IdSpan, Merge};
use rewind_domain::{Entry, StreamKey};

use super::Position;
use rewind_store::{
    FoundStream, IdRange, PageOrder, RangeEntries, RangeRead, Scan, ScanPage, Store, StoreError,
    entry_bytes,
};

/// How many entries of many streams are looked at in one go.
const BATCH_ENTRIES: usize = 512;
/// From how many streams one round trip reads.
const ROUND_STREAMS: usize = 64;
/// How many entries it reads, about: Redis needs about a millisecond for so many, and does nothing else meanwhile.
const ROUND_ENTRIES: u64 = 2_048;

/// Some entries, in the order of the search.
pub(super) enum Batch {
    /// Of one stream.
    Page(ScanPage),
    /// Of many, each with the place of its stream among those searched.
    Merged(Vec<(usize, Entry)>),
    /// So many that need no look.
    Skipped(u64),
    /// A stream that cannot be read, and why; the others go on.
    Unread(usize, StoreError),
}

impl Batch {
    /// How much memory its entries take, in bytes, about; a scan sees to its own pages.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Merged(entries) => entries.iter().map(|(_, entry)| entry_bytes(entry)).sum(),
            Self::Page(_) | Self::Skipped(_) | Self::Unread(..) => 0,
        }
    }
}

/// What is read, batch by batch.
pub(super) enum Source {
    /// One stream.
    One(Box<OneStream>),
    /// Many.
    Many(ManyStreams),
}

/// A stretch of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// To be looked at.
    Read(IdSpan),
    /// So many entries, none of which can be meant.
    Skip(u64),
}

pub(super) struct OneStream {
    store: Store,
    stream: StreamKey,
    order: Order,
    to_come: VecDeque<Stretch>,
    scan: Option<Scan>,
}

pub(super) struct ManyStreams {
    store: Store,
    streams: Vec<StreamKey>,
    order: Order,
    merge: Merge,
    unread: VecDeque<(usize, StoreError)>,
}

impl Source {
    /// The next batch; nothing at the end. Entries that are added meanwhile are not part of it.
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
    ) -> Self {
        Self { store, stream, order, to_come: stretches.into_iter().collect(), scan: None }
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
                    let order = page_order(self.order);
                    let scan = self.store.scan(&self.stream, exclusive(span), order);
                    self.scan = Some(scan.await?);
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
    ) -> Self {
        let mut unread = VecDeque::new();
        let mut spans = Vec::with_capacity(found.len());
        let mut streams = Vec::with_capacity(found.len());
        for (at, FoundStream { key, info }) in found.into_iter().enumerate() {
            let reach = match info {
                Ok(info) => info.extent.first_id.zip(info.extent.last_id),
                Err(error) => {
                    unread.push_back((at, error));
                    None
                }
            };
            let reach = reach.and_then(|(from, to)| IdSpan { from, to }.and(span));
            spans.push(match position {
                Some(position) => reach.and_then(|span| position.rest(span, &key, order)),
                None => reach,
            });
            streams.push(key);
        }
        let direction = match order {
            Order::Asc => Direction::Ascending,
            Order::Desc => Direction::Descending,
        };
        Self { store, streams, order, merge: Merge::new(direction, spans), unread }
    }

    async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        loop {
            if let Some((stream, error)) = self.unread.pop_front() {
                return Ok(Some(Batch::Unread(stream, error)));
            }
            let mut entries = Vec::new();
            while entries.len() < BATCH_ENTRIES
                && let Some(entry) = self.merge.next_entry()
            {
                entries.push(entry);
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
        let order = page_order(self.order);
        let reads: Vec<RangeRead> = needs
            .iter()
            .map(|need| RangeRead {
                stream: self.streams[need.stream].clone(),
                range: exclusive(need.span),
                order,
                count: need.count,
            })
            .collect();
        let read = self.store.ranges(&reads).await?;
        for (need, entries) in needs.iter().zip(read) {
            match entries {
                Ok(RangeEntries { entries, is_last }) => {
                    self.merge.supply(need, entries, is_last);
                }
                Err(error) => {
                    self.merge.drop_stream(need.stream);
                    self.unread.push_back((need.stream, error));
                }
            }
        }
        Ok(())
    }
}

fn exclusive(span: IdSpan) -> IdRange {
    IdRange { after: span.from.prev(), before: span.to.next() }
}

fn page_order(order: Order) -> PageOrder {
    match order {
        Order::Asc => PageOrder::OldestFirst,
        Order::Desc => PageOrder::NewestFirst,
    }
}
