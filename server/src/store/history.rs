//! Histories: a stream's entries in the order of their versions, read as quickly as Redis sends them.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rewind_domain::{EntryId, FieldSource, PayloadDecoder, RawEvent, StreamKey};
use tokio::sync::mpsc;

use super::reader::{Reader, ReaderPool};
use super::resp::{ReplyBuffer, Token};
use super::{Store, StoreError, StoreUrl, StreamInfo, reply};

/// How many entries are read at a time: with fewer, round trips cost more; more gain little and hold memory.
const PAGE_ENTRIES: u64 = 1_000;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// An entry.
    pub id: EntryId,
    /// The version that it made.
    pub version: u64,
    /// The [`digest`] of its fields. Should the entry turn out to be another one by now, or gone, the history is none that goes on
    /// from it; see [`History::is_continued`].
    pub digest: u64,
}

/// A fingerprint of an entry's fields.
pub fn digest(event: &RawEvent<'_>) -> u64 {
    // The same in each run, as far as one process is concerned.
    let mut hasher = DefaultHasher::new();
    let fields = event.fields();
    for at in 0..fields.count() {
        fields.pair(at).hash(&mut hasher);
    }
    hasher.finish()
}

/// Where a history ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryEnd {
    /// With the entry that is the last one right now.
    Now,
    /// With this entry, or the last one before it.
    Id(EntryId),
    /// After so many entries.
    Count(u64),
}

/// Some entries that follow each other.
pub struct HistoryPage {
    /// The version that the first of them makes; each following one makes the next.
    pub first_version: u64,
    /// Whether nothing comes behind it.
    pub is_last: bool,
    buffer: ReplyBuffer,
    entries: Vec<EntryPlace>,
}

/// An entry on a page.
pub struct PageEvent<'a> {
    /// Its id.
    pub id: EntryId,
    /// The version that it makes.
    pub version: u64,
    fields: PageFields<'a>,
}

struct EntryPlace {
    id: EntryId,
    /// The token of the first field's name.
    fields: usize,
    /// How many fields there are.
    count: usize,
}

struct PageFields<'a> {
    buffer: &'a ReplyBuffer,
    tokens: &'a [Token],
}

impl FieldSource for PageFields<'_> {
    fn count(&self) -> usize {
        self.tokens.len() / 2
    }

    fn pair(&self, at: usize) -> Option<(&[u8], &[u8])> {
        let name = self.tokens.get(2 * at)?;
        let value = self.tokens.get(2 * at + 1)?;
        Some((self.buffer.bulk(*name)?, self.buffer.bulk(*value)?))
    }
}

impl PageEvent<'_> {
    /// The entry as folds take it.
    pub fn raw(&self) -> RawEvent<'_> {
        RawEvent::new(self.id, self.version, &self.fields)
    }
}

impl HistoryPage {
    /// Whether there is nothing on it.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries.
    pub fn events(&self) -> impl Iterator<Item = PageEvent<'_>> {
        let tokens = self.buffer.tokens();
        (self.first_version..).zip(&self.entries).map(move |(version, entry)| {
            let tokens = tokens.get(entry.fields..entry.fields + 2 * entry.count);
            let tokens = tokens.unwrap_or_default();
            let fields = PageFields { buffer: &self.buffer, tokens };
            PageEvent { id: entry.id, version, fields }
        })
    }

    /// The last entry, and its version.
    fn last(&self) -> Option<(EntryId, u64)> {
        let last = self.entries.last()?;
        Some((last.id, self.first_version + self.entries.len() as u64 - 1))
    }

    /// Leaves out the entry that a history goes on from; whether it is the one.
    fn take_off(&mut self, place: &Place) -> bool {
        let is_same = self
            .events()
            .next()
            .is_some_and(|event| event.id == place.id && digest(&event.raw()) == place.digest);
        if is_same {
            self.entries.remove(0);
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
        let mut reading =
            Reading { key: key.clone(), begins_at, goes_on: after, end, last_id: None };
        let (mut reader, mut page, info) = self.first_page(&reading).await?;
        let is_continued = after.is_none_or(|place| page.take_off(&place));
        reading.goes_on = None;
        // A stream that is being written to would never end otherwise.
        reading.last_id = info.extent.last_id;
        if !is_continued {
            page.entries.clear();
        }
        page.is_last = !is_continued || reading.is_last(&page);
        if page.is_last {
            self.shared.readers.keep(reader);
            return Ok(History { info, is_continued, first: Some(page), rest: None });
        }
        reading.go_behind(&page);
        reading.request(&mut reader).await?;
        let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
        let (url, pool) = (self.shared.url.clone(), self.shared.readers.clone());
        tokio::spawn(reading.read_on(reader, sender, url, pool));
        Ok(History { info, is_continued, first: Some(page), rest: Some(receiver) })
    }

    async fn first_page(
        &self,
        reading: &Reading,
    ) -> Result<(Reader, HistoryPage, StreamInfo), StoreError> {
        let pool = &self.shared.readers;
        if let Some(mut reader) = pool.kept() {
            match reading.ask(&mut reader, &self.shared.url).await {
                // Redis may have closed it, or been restarted, since it was used last.
                Err(StoreError::Unavailable { .. }) => pool.forget(),
                Err(error) => {
                    pool.keep(reader);
                    return Err(error);
                }
                Ok((page, info)) => return Ok((reader, page, info)),
            }
        }
        let mut reader = pool.connect().await?;
        let (page, info) = reading.ask(&mut reader, &self.shared.url).await?;
        Ok((reader, page, info))
    }
}

/// How far the reading of a history is.
struct Reading {
    key: StreamKey,
    /// The entry, and its version, behind which to read.
    begins_at: Option<(EntryId, u64)>,
    /// The same entry, where it is to be read once more to see that it is still there.
    goes_on: Option<Place>,
    end: HistoryEnd,
    /// The entry that was the last one when reading began.
    last_id: Option<EntryId>,
}

impl Reading {
    /// Asks for the next page and waits for it.
    async fn ask(
        &self,
        reader: &mut Reader,
        url: &StoreUrl,
    ) -> Result<(HistoryPage, StreamInfo), StoreError> {
        self.request(reader).await?;
        self.page(reader.receive(REPLIES).await?, url)
    }

    /// Reads page after page, each being asked for before the one before it is handed over.
    async fn read_on(
        mut self,
        mut reader: Reader,
        sender: mpsc::Sender<Result<HistoryPage, StoreError>>,
        url: StoreUrl,
        pool: ReaderPool,
    ) {
        loop {
            let page = match reader.receive(REPLIES).await {
                Ok(buffer) => self.page(buffer, &url),
                Err(error) => Err(error),
            };
            let mut page = match page {
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
            let asked = if is_last { Ok(()) } else { self.request(&mut reader).await };
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

    /// The entries and the stream as a whole in one transaction: only then do versions counted from the one fit the other while
    /// entries are being added and trimmed.
    async fn request(&self, reader: &mut Reader) -> Result<(), StoreError> {
        let low = match (self.begins_at, self.goes_on) {
            (_, Some(place)) => place.id.to_string(),
            (Some((id, _)), None) => format!("({id}"),
            (None, None) => "-".to_owned(),
        };
        let high = match (self.end, self.last_id) {
            (HistoryEnd::Id(id), _) | (HistoryEnd::Now, Some(id)) => id.to_string(),
            _ => "+".to_owned(),
        };
        let count = (self.page_entries() + u64::from(self.goes_on.is_some())).to_string();
        let key = self.key.as_bytes();
        let range =
            [&b"XRANGE"[..], key, low.as_bytes(), high.as_bytes(), b"COUNT", count.as_bytes()];
        reader.send(&[&[b"MULTI"], &range, &[b"XINFO", b"STREAM", key], &[b"EXEC"]]).await
    }

    fn page_entries(&self) -> u64 {
        match self.end {
            HistoryEnd::Count(count) => count.clamp(1, PAGE_ENTRIES),
            HistoryEnd::Now | HistoryEnd::Id(_) => PAGE_ENTRIES,
        }
    }

    /// Whether nothing is wanted behind this page.
    fn is_last(&self, page: &HistoryPage) -> bool {
        let count = page.entries.len() as u64;
        let last = page.entries.last().map(|entry| entry.id);
        let is_at_end = match self.end {
            HistoryEnd::Now => last >= self.last_id,
            HistoryEnd::Id(id) => last >= Some(id),
            HistoryEnd::Count(wanted) => count >= wanted,
        };
        is_at_end || count < self.page_entries()
    }

    fn go_behind(&mut self, page: &HistoryPage) {
        self.begins_at = page.last().or(self.begins_at);
        if let HistoryEnd::Count(count) = &mut self.end {
            *count = count.saturating_sub(page.entries.len() as u64);
        }
    }

    fn page(
        &self,
        buffer: ReplyBuffer,
        url: &StoreUrl,
    ) -> Result<(HistoryPage, StreamInfo), StoreError> {
        const SHAPE: StoreError = StoreError::Unexpected { what: "a page of another shape" };
        let failed = |token: &Token| match token {
            Token::Error(span) => {
                Some(StoreError::from_reply(url, &String::from_utf8_lossy(buffer.text(*span))))
            }
            _ => None,
        };
        let tokens = buffer.tokens();
        // A transaction that was refused says so at its end; why, says the answer to the command that was.
        if let Some(error) = tokens.iter().take(REPLIES).find_map(failed) {
            return Err(error);
        }
        let entries_at = REPLIES;
        let info_at = buffer.skip(entries_at);
        let (Some(list), Some(about)) = (tokens.get(entries_at), tokens.get(info_at)) else {
            return Err(SHAPE);
        };
        if let Some(error) = failed(list).or_else(|| failed(about)) {
            return Err(error);
        }
        let info = reply::stream_info(buffer.value(info_at).0)?;
        let entries = entries(&buffer, entries_at).ok_or(SHAPE)?;
        let first_version = match self.begins_at {
            None => info.extent.first_version(),
            // Where trimming overtook the reader, entries between the two are lost to it, and the versions go on behind them.
            Some((id, version)) if info.extent.first_id.is_none_or(|first| first > id) => {
                version.max(info.extent.gone()) + 1
            }
            Some((_, version)) => version + 1,
        };
        Ok((HistoryPage { first_version, is_last: false, buffer, entries }, info))
    }
}

/// How many replies the commands for one page have.
const REPLIES: usize = 4;

fn entries(buffer: &ReplyBuffer, at: usize) -> Option<Vec<EntryPlace>> {
    let tokens = buffer.tokens();
    let Token::Array(count) = tokens.get(at)? else { return None };
    let mut entries = Vec::with_capacity(*count as usize);
    let mut at = at + 1;
    for _ in 0..*count {
        let [Token::Array(2), id, Token::Array(length), ..] = tokens.get(at..)? else {
            return None;
        };
        let id = EntryId::from_bytes(buffer.bulk(*id)?).ok()?;
        let fields = at + 3;
        let length = *length as usize;
        entries.push(EntryPlace { id, fields, count: length / 2 });
        at = fields + length;
    }
    Some(entries)
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
