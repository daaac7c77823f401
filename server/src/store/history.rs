//! Histories: a stream read from its beginning, with the version that each entry makes.

use redis::aio::MultiplexedConnection;
use rewind_domain::{Entry, EntryId, StreamKey};
use tokio::sync::mpsc;

use super::connection::{connect, run_on};
use super::page::page_pipeline;
use super::{IdRange, PageOrder, Store, StoreError, StreamInfo};

/// How many entries are read at a time: with fewer, round trips cost more; more gain little and hold memory.
const PAGE_ENTRIES: u64 = 1_000;
/// How many pages are read ahead while earlier ones are being folded.
const PAGES_AHEAD: usize = 2;
/// How long Redis may take for a page.
const RESPONSE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

/// A stream's entries from the first one present to a chosen end, a page at a time.
pub struct History {
    info: StreamInfo,
    first: Option<HistoryPage>,
    rest: Option<mpsc::Receiver<Result<HistoryPage, StoreError>>>,
}

/// Some entries that follow each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// The version that the first of them makes; each following one makes the next.
    pub first_version: u64,
    /// The entries.
    pub entries: Vec<Entry>,
}

impl Store {
    /// Begins to read a stream's history up to and with the entry `end`, or to the entry that is the last one right now.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn history(
        &self,
        key: &StreamKey,
        end: Option<EntryId>,
    ) -> Result<History, StoreError> {
        let before = end.and_then(EntryId::next);
        let range = IdRange { after: None, before };
        let (entries, info) = self.page(key, range, PageOrder::OldestFirst, PAGE_ENTRIES).await?;
        // A stream that is being written to would never end otherwise.
        let end = end.or(info.extent.last_id).unwrap_or(EntryId::MIN);
        let is_whole = (entries.len() as u64) < PAGE_ENTRIES;
        let first = HistoryPage { first_version: info.extent.first_version(), entries };
        let rest = match first.entries.last() {
            Some(last) if !is_whole && last.id < end => {
                let version = first.first_version + first.entries.len() as u64 - 1;
                Some(self.read_ahead(key.clone(), Place { id: last.id, version }, end).await?)
            }
            _ => None,
        };
        Ok(History { info, first: Some(first), rest })
    }

    /// Reads the pages after `place` in a task of its own, on a connection of its own: large replies would hold up the short
    /// ones of others.
    async fn read_ahead(
        &self,
        key: StreamKey,
        mut place: Place,
        end: EntryId,
    ) -> Result<mpsc::Receiver<Result<HistoryPage, StoreError>>, StoreError> {
        let connection = connect(&self.shared.url, Some(RESPONSE_TIMEOUT)).await?;
        let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
        let store = self.clone();
        tokio::spawn(async move {
            while place.id < end {
                let page = store.next_page(&connection, &key, &mut place, end).await;
                let is_last = page.as_ref().map_or(true, |page| page.entries.is_empty());
                // Whoever no longer listens wants no more pages.
                if sender.send(page).await.is_err() || is_last {
                    break;
                }
            }
        });
        Ok(receiver)
    }

    async fn next_page(
        &self,
        connection: &MultiplexedConnection,
        key: &StreamKey,
        place: &mut Place,
        end: EntryId,
    ) -> Result<HistoryPage, StoreError> {
        let range = IdRange { after: Some(place.id), before: end.next() };
        let pipeline = page_pipeline(key, range, PageOrder::OldestFirst, PAGE_ENTRIES);
        let replies =
            run_on(connection.clone(), &pipeline).await.map_err(|error| self.error(&error))?;
        let (entries, info) = self.read_page(replies)?;
        let extent = &info.extent;
        // Where trimming overtook the reader, entries between the two are lost to it, and the versions go on behind them.
        let is_overtaken = extent.first_id.is_none_or(|first| first > place.id);
        let before = if is_overtaken { place.version.max(extent.gone()) } else { place.version };
        if let Some(last) = entries.last() {
            *place = Place { id: last.id, version: before + entries.len() as u64 };
        }
        Ok(HistoryPage { first_version: before + 1, entries })
    }
}

/// An entry that was read, and its version.
#[derive(Clone, Copy)]
struct Place {
    id: EntryId,
    version: u64,
}

impl History {
    /// The stream as it was when reading began.
    pub fn info(&self) -> &StreamInfo {
        &self.info
    }

    /// Whether all of it was read already, in one page.
    pub fn is_one_page(&self) -> bool {
        self.rest.is_none()
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
