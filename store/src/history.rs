//! Histories: a stream's entries in the order of their versions, read as quickly as Redis sends them.

use rewind_domain::entry_digest::EntryDigest;
use rewind_domain::{EntryId, PayloadDecoder, RawEvent, StreamKey};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::digest::digest;
use super::entries::{PageReply, PageRequest};
use super::entry_page::{EntryPage, PageEntry};
use super::entry_range::EntryRange;
use super::look::Look;
use super::page_size::PageSize;
use super::read_ahead::ReadAhead;
use super::reader::{Reader, ReaderPool};
use super::resp::Keep;
use super::{IdRange, PageOrder, Part, Store, StoreError, StreamInfo};

/// How many pages are read ahead while earlier ones are being folded.
const PAGES_AHEAD: usize = 2;

/// A stream's entries from a place on to a chosen end, a page at a time.
pub struct History {
    info: StreamInfo,
    is_continued: bool,
    first: Option<HistoryPage>,
    rest: Option<mpsc::Receiver<Result<HistoryPage, StoreError>>>,
}

/// Where a history begins: behind this entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// An entry.
    pub id: EntryId,
    /// The version that it made.
    pub version: u64,
    /// The [`digest`] of its fields. Should the entry turn out to be another one by now, or gone, the history is none that goes on
    /// from it; see [`History::is_continued`].
    pub digest: EntryDigest,
}

/// Where a history ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryEnd {
    /// With the entry that is the last one right now.
    Now,
    /// With this entry, or the last one before it.
    Id(EntryId),
    /// After this many entries.
    Count(u64),
}

/// Some entries that follow each other.
pub struct HistoryPage {
    /// The version that the first of them makes; each following one makes the next.
    pub first_version: u64,
    /// Whether nothing comes behind it.
    pub is_last: bool,
    entries: EntryPage,
}

/// An entry on a page.
pub struct PageEvent<'a> {
    /// Its id.
    pub id: EntryId,
    /// The version that it makes.
    pub version: u64,
    entry: PageEntry<'a>,
}

impl PageEvent<'_> {
    /// The entry as folds take it.
    pub fn raw(&self) -> RawEvent<'_> {
        self.entry.raw(self.version)
    }
}

impl HistoryPage {
    /// The page of these entries, the first of which makes this version.
    pub(super) fn of(first_version: u64, entries: EntryPage) -> Self {
        Self { first_version, is_last: entries.is_last(), entries }
    }

    /// Whether there is nothing on it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries.
    pub fn events(&self) -> impl Iterator<Item = PageEvent<'_>> {
        (self.first_version..).zip(self.entries.entries()).map(|(version, entry)| PageEvent {
            id: entry.id,
            version,
            entry,
        })
    }

    /// The last entry, and its version.
    fn last(&self) -> Option<(EntryId, u64)> {
        Some((self.entries.last_id()?, self.first_version + self.entries.len() as u64 - 1))
    }

    /// Leaves out the entry that a history goes on from; whether it is the one.
    fn take_off(&mut self, place: &Place) -> bool {
        let is_same = self.events().next().is_some_and(|event| {
            // Of an entry that is too large to be read as a whole, whoever made the place saw the beginnings.
            let digests = [event.entry.digest(), digest(&event.raw())];
            event.id == place.id && digests.contains(&place.digest)
        });
        if is_same {
            self.entries.remove_first();
        }
        is_same
    }
}

impl Store {
    /// Begins to read a stream's history behind `after`, or from the first entry present on.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn history(
        &self,
        key: &StreamKey,
        after: Option<Place>,
        end: HistoryEnd,
    ) -> Result<History, StoreError> {
        let begins_at = after.as_ref().map(|place| (place.id, place.version));
        let part = self.part(key).await?;
        let size = PageSize::of_scan();
        let look = self.look();
        let key = key.clone();
        let mut reading =
            Reading { look, key, part, begins_at, goes_on: after, end, last_id: None, size };
        let pool = self.readers_of(&reading.key, reading.part.as_ref()).clone();
        let (mut reader, reply) = pool.ask(&reading.request()).await?;
        let (mut page, info) = reading.page(reply)?;
        let is_continued = after.is_none_or(|place| page.take_off(&place));
        reading.goes_on = None;
        reading.look = self.look();
        // A stream that is being written to would never end otherwise.
        reading.last_id = info.extent.last_id;
        if !is_continued {
            page.entries.clear();
        }
        page.is_last = !is_continued || reading.is_last(&page);
        if page.is_last {
            pool.keep(reader);
            return Ok(History { info, is_continued, first: Some(page), rest: None });
        }
        reading.go_behind(&page);
        reading.request().send(&mut reader).await?;
        let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
        let ahead = ReadAhead::new();
        ahead.admit(&mut page.entries).await;
        let first_bytes = page.entries.bytes();
        tokio::spawn(reading.read_on(reader, sender, pool, (ahead, first_bytes)));
        Ok(History { info, is_continued, first: Some(page), rest: Some(receiver) })
    }
}

/// How far the reading of a history is.
struct Reading {
    look: Look,
    key: StreamKey,
    /// Which entries of a stream it is about, where not about all of one.
    part: Option<Part>,
    /// The entry, and its version, behind which to read.
    begins_at: Option<(EntryId, u64)>,
    /// The same entry, where it is to be read once more to see that it is still there.
    goes_on: Option<Place>,
    end: HistoryEnd,
    /// The entry that was the last one when reading began.
    last_id: Option<EntryId>,
    /// How much to read next. Learns between a reply and the next request, which are not told apart otherwise.
    size: PageSize,
}

impl Reading {
    /// Reads page after page, each being asked for before the one before it is handed over.
    async fn read_on(
        mut self,
        mut reader: Reader,
        sender: mpsc::Sender<Result<HistoryPage, StoreError>>,
        pool: ReaderPool,
        (ahead, mut bytes): (ReadAhead, usize),
    ) {
        loop {
            tokio::select! {
                () = ahead.wait_after(bytes) => {}
                () = sender.closed() => return,
            }
            let reply = self.request().receive(&mut reader).await;
            let mut page = match reply.and_then(|reply| self.page(reply)) {
                Ok((page, _)) => page,
                Err(error) => {
                    // Whoever no longer listens wants to know nothing more.
                    let _ = sender.send(Err(error)).await;
                    return;
                }
            };
            let is_last = self.is_last(&page);
            page.is_last = is_last;
            self.go_behind(&page);
            bytes = page.entries.bytes();
            let asked = if is_last { Ok(()) } else { self.request().send(&mut reader).await };
            tokio::select! {
                () = ahead.admit(&mut page.entries) => {}
                () = sender.closed() => return,
            }
            if sender.send(Ok(page)).await.is_err() {
                return;
            }
            if let Err(error) = asked {
                let _ = sender.send(Err(error)).await;
                return;
            }
            if is_last {
                pool.keep(reader);
                return;
            }
        }
    }

    fn request(&self) -> PageRequest<'_> {
        let after = match (self.begins_at, self.goes_on) {
            (_, Some(place)) => place.id.prev(),
            (begins_at, None) => begins_at.map(|(id, _)| id),
        };
        let last = match self.end {
            HistoryEnd::Id(id) => Some(id),
            HistoryEnd::Now => self.last_id,
            HistoryEnd::Count(_) => None,
        };
        let range = IdRange { after, before: last.and_then(EntryId::next) };
        let count = self.page_entries() + u64::from(self.goes_on.is_some());
        let ranges = vec![EntryRange::new(range, PageOrder::OldestFirst, count)];
        PageRequest {
            look: self.look,
            key: &self.key,
            part: self.part.as_ref(),
            ranges,
            keep: Keep::Whole,
        }
    }

    fn page_entries(&self) -> u64 {
        match self.end {
            HistoryEnd::Count(count) => count.clamp(1, self.size.entries(1)),
            HistoryEnd::Now | HistoryEnd::Id(_) => self.size.entries(1),
        }
    }

    /// Whether nothing is wanted behind this page.
    fn is_last(&self, page: &HistoryPage) -> bool {
        let count = page.entries.len() as u64;
        let last = page.entries.last_id();
        let is_at_end = match self.end {
            HistoryEnd::Now => last >= self.last_id,
            HistoryEnd::Id(id) => last >= Some(id),
            HistoryEnd::Count(wanted) => count >= wanted,
        };
        is_at_end || page.entries.is_last()
    }

    fn go_behind(&mut self, page: &HistoryPage) {
        self.begins_at = page.last().or(self.begins_at);
        if let HistoryEnd::Count(count) = &mut self.end {
            *count = count.saturating_sub(page.entries.len() as u64);
        }
    }

    fn page(&mut self, reply: PageReply) -> Result<(HistoryPage, StreamInfo), StoreError> {
        let PageReply { mut pages, info } = reply;
        let entries = pages.pop().ok_or(StoreError::unexpected("a history without a page"))?;
        self.size.learn_bytes(entries.len(), entries.bytes());
        let first_version = match self.begins_at {
            None => info.extent.first_version(),
            // Where trimming overtook the reader, entries between the two are lost to it, and the versions go on behind them.
            Some((id, version)) if info.extent.first_id.is_none_or(|first| first > id) => {
                version.max(info.extent.trimmed_count()) + 1
            }
            Some((_, version)) => version + 1,
        };
        Ok((HistoryPage { first_version, is_last: false, entries }, info))
    }
}

impl History {
    /// The stream as it was when reading began.
    pub fn info(&self) -> &StreamInfo {
        &self.info
    }

    /// Whether the entry that it is to go on from is there, unchanged. Otherwise there is nothing in it.
    pub fn is_continued(&self) -> bool {
        self.is_continued
    }

    /// Whether all of it was read already, in one page.
    pub fn is_one_page(&self) -> bool {
        self.rest.is_none()
    }

    /// Whether payloads of the first page have to be shown to this decoder, which may take long.
    pub fn needs_decoder(&self, decoder: &dyn PayloadDecoder) -> bool {
        let needs = |event: PageEvent<'_>| event.raw().with_decoder(decoder).needs_decoder();
        self.first.as_ref().is_some_and(|page| page.events().any(needs))
    }

    /// The next page.
    ///
    /// # Errors
    /// Whatever happens to Redis meanwhile.
    pub async fn page(&mut self) -> Result<Option<HistoryPage>, StoreError> {
        match (self.first.take(), &mut self.rest) {
            (Some(first), _) => Ok(Some(first)),
            (None, Some(rest)) => rest.recv().await.transpose(),
            (None, None) => Ok(None),
        }
    }

    /// The next page. Blocks the thread until it is there: only for threads that may be blocked, unless
    /// [`History::is_one_page`].
    ///
    /// # Errors
    /// Whatever happens to Redis meanwhile.
    pub fn next_page(&mut self) -> Result<Option<HistoryPage>, StoreError> {
        match (self.first.take(), &mut self.rest) {
            (Some(first), _) => Ok(Some(first)),
            (None, Some(rest)) => rest.blocking_recv().transpose(),
            (None, None) => Ok(None),
        }
    }
}
