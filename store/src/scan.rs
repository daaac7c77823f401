//! Scans: a stream's entries in either direction, read end to end in the background of everything else.
//!
//! What looks at many entries and folds nothing reads by a scan: the index, filters, searches, exports. A scan has a connection
//! of its own, reads a page ahead, leaves the bytes of replies where they are, lets short commands go first, and obeys the
//! store's rate ([`Store::with_read_rate`]). It ends when it is dropped.

use std::sync::Arc;

use rewind_domain::numbering::{Numbering, PageEnds};
use rewind_domain::{EntryId, StreamKey};
use tokio::sync::mpsc;

use super::entries::{PageReply, PageRequest};
use super::entry_page::{EntryPage, PageEntry};
use super::entry_range::EntryRange;
use super::page_size::PageSize;
use super::read_ahead::ReadAhead;
use super::reader::{Reader, ReaderPool};
use super::resp::Keep;
use super::{IdRange, PageOrder, Part, Store, StoreError, StreamInfo};

/// How many pages are read ahead while earlier ones are being looked at.
const PAGES_AHEAD: usize = 2;

/// A stream's entries, a page at a time.
pub struct Scan {
    info: StreamInfo,
    first: Option<ScanPage>,
    rest: Option<mpsc::Receiver<Result<ScanPage, StoreError>>>,
}

/// Some entries that follow each other, in the order of the scan, and the stream at the very moment when they were read.
pub struct ScanPage {
    /// The entries.
    pub entries: EntryPage,
    /// The stream: from page to page, this tells what was added and trimmed meanwhile.
    pub info: StreamInfo,
    /// Whether nothing comes behind it.
    pub is_last: bool,
    /// The version of the first entry.
    first_version: Option<u64>,
    order: PageOrder,
}

impl Store {
    /// Begins to read the entries of a stream within `range`. Entries that are added after that are not part of it, so that a
    /// scan of a stream that is being written to comes to its end.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn scan(
        &self,
        key: &StreamKey,
        range: IdRange,
        order: PageOrder,
    ) -> Result<Scan, StoreError> {
        self.scan_numbered(key, range, Numbering::new(order.into())).await
    }

    /// The same in the direction of `numbering`, which may know the version of the first entry in the range.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn scan_numbered(
        &self,
        key: &StreamKey,
        range: IdRange,
        numbering: Numbering,
    ) -> Result<Scan, StoreError> {
        self.begin_scan(key, range, numbering, Keep::Whole).await
    }

    pub(super) async fn begin_scan(
        &self,
        key: &StreamKey,
        range: IdRange,
        numbering: Numbering,
        keep: Keep,
    ) -> Result<Scan, StoreError> {
        let part = self.part(key).await?;
        let size = PageSize::of_scan();
        let (store, key, order) = (self.clone(), key.clone(), numbering.direction().into());
        let mut reading = Reading { store, key, part, range, order, numbering, keep, size };
        self.shared.pace.turn(0).await;
        let pool = self.readers_of(&reading.key, reading.part.as_ref()).clone();
        let (reader, reply) = pool.ask(&reading.request()).await?;
        let info = reply.info.clone();
        reading.end_at(info.extent.last_id);
        let mut first = reading.page(reply)?;
        if first.is_last {
            pool.keep(reader);
            return Ok(Scan { info, first: Some(first), rest: None });
        }
        let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
        let ahead = ReadAhead::new();
        ahead.admit(&mut first.entries).await;
        let last = (first.entries.len(), first.entries.bytes());
        tokio::spawn(reading.read_on(reader, pool, last, sender, ahead));
        Ok(Scan { info, first: Some(first), rest: Some(receiver) })
    }
}

impl Scan {
    /// The stream as it was when the scan began.
    pub fn info(&self) -> &StreamInfo {
        &self.info
    }

    /// The next page; `None` behind the last one. The first page may be empty. May be dropped while it waits, and called again.
    ///
    /// # Errors
    /// Whatever happens to Redis meanwhile. Nothing follows.
    pub async fn next_page(&mut self) -> Result<Option<ScanPage>, StoreError> {
        match (self.first.take(), &mut self.rest) {
            (Some(first), _) => Ok(Some(first)),
            (None, Some(rest)) => rest.recv().await.transpose(),
            (None, None) => Ok(None),
        }
    }
}

impl ScanPage {
    /// The entries with their versions, where these are known: in scans that came from either end of the stream, or were told.
    pub fn events(&self) -> impl Iterator<Item = (PageEntry<'_>, Option<u64>)> {
        let (first, order) = (self.first_version, self.order);
        (0..).zip(self.entries.entries()).map(move |(distance, entry)| {
            (entry, first.and_then(|first| order.onward(first, distance)))
        })
    }
}

/// How far a scan is.
struct Reading {
    store: Store,
    key: StreamKey,
    /// Which entries of a stream it is about, where not about all of one.
    part: Option<Part>,
    /// What is still to be read.
    range: IdRange,
    order: PageOrder,
    numbering: Numbering,
    /// What of the entries is kept.
    keep: Keep,
    size: PageSize,
}

impl Reading {
    /// Reads page after page.
    async fn read_on(
        mut self,
        mut reader: Reader,
        pool: ReaderPool,
        (mut entries, mut bytes): (usize, usize),
        sender: mpsc::Sender<Result<ScanPage, StoreError>>,
        ahead: ReadAhead,
    ) {
        loop {
            tokio::select! {
                () = ahead.wait_after(bytes) => {}
                () = sender.closed() => return,
            }
            let mut page = tokio::select! {
                page = self.next(&mut reader, entries) => page,
                () = sender.closed() => return,
            };
            if let Ok(page) = &mut page {
                tokio::select! {
                    () = ahead.admit(&mut page.entries) => {}
                    () = sender.closed() => return,
                }
            }
            let is_over = match &page {
                Ok(page) => page.is_last,
                Err(_) => true,
            };
            if is_over {
                if page.is_ok() {
                    pool.keep(reader);
                }
                // Whoever no longer listens wants to know nothing more.
                let _ = sender.send(page).await;
                return;
            }
            (entries, bytes) =
                page.as_ref().map_or((0, 0), |page| (page.entries.len(), page.entries.bytes()));
            if sender.send(page).await.is_err() {
                return;
            }
        }
    }

    /// Reads the page behind one of this many entries.
    async fn next(&mut self, reader: &mut Reader, entries: usize) -> Result<ScanPage, StoreError> {
        let shared = Arc::clone(&self.store.shared);
        shared.pace.turn(entries).await;
        let reply = self.request().ask(reader).await?;
        self.page(reply)
    }

    fn request(&self) -> PageRequest<'_> {
        let ranges = vec![EntryRange::new(self.range, self.order, self.size.entries(1))];
        let look = self.store.look();
        PageRequest { look, key: &self.key, part: self.part.as_ref(), ranges, keep: self.keep }
    }

    /// Leaves out what is added from now on.
    fn end_at(&mut self, last_id: Option<EntryId>) {
        if let Some(end) = last_id.and_then(EntryId::next)
            && self.range.before.is_none_or(|before| before > end)
        {
            self.range.before = Some(end);
        }
    }

    /// The page that a reply is, and what is to be read behind it.
    fn page(&mut self, reply: PageReply) -> Result<ScanPage, StoreError> {
        let PageReply { mut pages, info } = reply;
        let entries = pages.pop().ok_or(StoreError::unexpected("a scan without a page"))?;
        self.size.learn_bytes(entries.len(), entries.bytes());
        let order = self.order;
        let mut first_version = None;
        if let (Some(first), Some(last)) = (entries.first_id(), entries.last_id()) {
            let ends = PageEnds { first, last, count: entries.len() as u64 };
            first_version = self.numbering.number(ends, &info.extent);
            match order {
                PageOrder::OldestFirst => self.range.after = Some(last),
                PageOrder::NewestFirst => self.range.before = Some(last),
            }
        }
        let mut page = ScanPage { entries, info, is_last: false, first_version, order };
        page.is_last = page.entries.is_last() || self.range.is_empty();
        Ok(page)
    }
}
