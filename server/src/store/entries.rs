//! Entries as they stand in a reply: how pages of them are asked for, and read in place.
//!
//! What reads streams end to end shares this: [`History`](super::History) and [`Scan`](super::Scan).

use std::sync::Arc;

use rewind_domain::{Entry, EntryId, FieldSource, RawEvent, StreamKey};

use super::fit::{self, ATTEMPTS, ReadIds};
use super::look::Look;
use super::page::{IdRange, PageOrder};
use super::reader::{Reader, ReaderPool};
use super::resp::{ReplyBuffer, Token};
use super::{Part, Store, StoreError, StoreUrl, StreamInfo};

/// Some entries that follow each other, in the order in which they were asked for.
pub struct EntryPage {
    /// Shared by the pages of one reply.
    buffer: Arc<ReplyBuffer>,
    entries: Vec<EntryPlace>,
    is_last: bool,
}

/// An entry on a page. It borrows the bytes that Redis sent.
pub struct PageEntry<'a> {
    /// Its id.
    pub id: EntryId,
    fields: PageFields<'a>,
}

/// What is asked of Redis in one go: some ranges of a stream, between two looks at it that tell whether versions counted from the stream
/// as a whole fit the entries, while entries are being added and trimmed.
#[derive(Clone)]
pub(super) struct PageRequest<'a> {
    /// How the stream is looked at.
    pub(super) look: Look,
    /// The stream.
    pub(super) key: &'a StreamKey,
    /// Which of its entries, where it is not about all of them.
    pub(super) part: Option<&'a Part>,
    /// What to read of it.
    pub(super) ranges: Vec<EntryRange>,
}

/// Entries that follow each other, as Redis is asked for them.
#[derive(Clone, Copy, Debug)]
pub struct EntryRange {
    range: IdRange,
    order: PageOrder,
    count: u64,
}

/// The reply to a [`PageRequest`].
pub(super) struct PageReply {
    /// A page for each range.
    pub(super) pages: Vec<EntryPage>,
    /// The stream that they fit.
    pub(super) info: StreamInfo,
}

pub(super) struct EntryPlace {
    pub(super) id: EntryId,
    /// The token of the first field's name.
    pub(super) fields: usize,
    /// How many fields there are.
    pub(super) count: usize,
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

impl PageEntry<'_> {
    /// Its fields.
    pub fn fields(&self) -> &dyn FieldSource {
        &self.fields
    }

    /// The entry as folds take it, as the one that makes this version; 0, which no event makes, where that is not known.
    pub fn raw(&self, version: u64) -> RawEvent<'_> {
        RawEvent::new(self.id, version, &self.fields)
    }

    /// The entry with a copy of its fields.
    pub fn to_entry(&self) -> Entry {
        let fields = (0..self.fields.count()).filter_map(|at| self.fields.pair(at)).collect();
        Entry { id: self.id, fields }
    }
}

impl EntryPage {
    /// The entries that stand at these places.
    pub(super) fn of(buffer: ReplyBuffer, entries: Vec<EntryPlace>, is_last: bool) -> Self {
        Self { buffer: Arc::new(buffer), entries, is_last }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes the reply had that they stand in.
    pub(super) fn bytes(&self) -> usize {
        self.buffer.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether there was nothing behind it in its range.
    pub fn is_last(&self) -> bool {
        self.is_last
    }

    /// The id of the first entry.
    pub fn first_id(&self) -> Option<EntryId> {
        self.entries.first().map(|entry| entry.id)
    }

    /// The id of the last entry.
    pub fn last_id(&self) -> Option<EntryId> {
        self.entries.last().map(|entry| entry.id)
    }

    /// The entries.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = PageEntry<'_>> {
        let tokens = self.buffer.tokens();
        self.entries.iter().map(move |entry| {
            let tokens = tokens.get(entry.fields..entry.fields + 2 * entry.count);
            let fields = PageFields { buffer: &self.buffer, tokens: tokens.unwrap_or_default() };
            PageEntry { id: entry.id, fields }
        })
    }

    /// Says whether there is nothing behind it.
    pub(super) fn set_last(&mut self, is_last: bool) {
        self.is_last = is_last;
    }

    /// Leaves the first entry out.
    pub(super) fn remove_first(&mut self) {
        if !self.entries.is_empty() {
            self.entries.remove(0);
        }
    }

    /// Leaves all entries out.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}

impl EntryRange {
    /// The first `count` entries within `range`, in this order.
    pub fn new(range: IdRange, order: PageOrder, count: u64) -> Self {
        Self { range, order, count }
    }

    /// The ranges to ask for, and whether they have all that there is in this one: of a part, a range for each of its entries.
    fn asked(&self, part: Option<&Part>) -> (Vec<Self>, bool) {
        let Some(part) = part else { return (vec![*self], false) };
        let (ids, is_all) = part.ids_within(self.range, self.order, self.count);
        let single = |id| Self { range: IdRange::within(id, id), count: 1, ..*self };
        (ids.into_iter().map(single).collect(), is_all)
    }

    /// The arguments of the command that reads it, but for its name and the key.
    fn arguments(&self) -> [String; 3] {
        let [low, high] = self.range.arguments();
        match self.order {
            PageOrder::OldestFirst => [low, high, self.count.to_string()],
            PageOrder::NewestFirst => [high, low, self.count.to_string()],
        }
    }

    fn command_name(&self) -> &'static [u8] {
        match self.order {
            PageOrder::OldestFirst => b"XRANGE",
            PageOrder::NewestFirst => b"XREVRANGE",
        }
    }
}

impl Store {
    /// Several ranges of a stream, each of at most a few thousand entries, and the stream that they fit.
    /// Entries are left as the bytes that they are: this is for what counts or passes over most of them.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn read(
        &self,
        key: &StreamKey,
        ranges: Vec<EntryRange>,
    ) -> Result<(Vec<EntryPage>, StreamInfo), StoreError> {
        let _under_way = self.shared.pace.short_command();
        let part = self.part(key).await?;
        let request = PageRequest { look: self.look(), key, part: part.as_ref(), ranges };
        let (reader, reply) = self.shared.readers.ask(&request, &self.shared.url).await?;
        self.shared.readers.keep(reader);
        Ok((reply.pages, reply.info))
    }
}

impl PageRequest<'_> {
    /// Asks, and waits for the reply.
    pub(super) async fn ask(
        &self,
        reader: &mut Reader,
        url: &StoreUrl,
    ) -> Result<PageReply, StoreError> {
        self.send(reader).await?;
        self.receive(reader, url).await
    }

    /// Asks.
    pub(super) async fn send(&self, reader: &mut Reader) -> Result<(), StoreError> {
        let key = self.part.map_or(self.key, |part| &part.stream);
        let asked: Vec<EntryRange> =
            self.ranges.iter().flat_map(|range| range.asked(self.part).0).collect();
        let arguments: Vec<[String; 3]> = asked.iter().map(EntryRange::arguments).collect();
        let ranges: Vec<[&[u8]; 6]> = asked
            .iter()
            .zip(&arguments)
            .map(|(range, [from, to, count])| {
                let (from, to, count) = (from.as_bytes(), to.as_bytes(), count.as_bytes());
                [range.command_name(), key.as_bytes(), from, to, b"COUNT", count]
            })
            .collect();
        let look = self.look.commands(key);
        let mut commands: Vec<&[&[u8]]> = look.iter().map(Vec::as_slice).collect();
        commands.extend(ranges.iter().map(<[_; 6]>::as_slice));
        commands.extend(look.iter().map(Vec::as_slice));
        reader.send(&commands).await
    }

    /// Waits for the reply to what was sent, and asks again where it does not fit the stream.
    pub(super) async fn receive(
        &self,
        reader: &mut Reader,
        url: &StoreUrl,
    ) -> Result<PageReply, StoreError> {
        for _ in 1..ATTEMPTS {
            match self.receive_once(reader, url).await {
                Err(StoreError::Changed) => self.send(reader).await?,
                reply => return reply,
            }
        }
        self.receive_once(reader, url).await
    }

    async fn receive_once(
        &self,
        reader: &mut Reader,
        url: &StoreUrl,
    ) -> Result<PageReply, StoreError> {
        let asked: Vec<(usize, bool)> = self
            .ranges
            .iter()
            .map(|range| range.asked(self.part))
            .map(|(ranges, is_all)| (ranges.len(), is_all))
            .collect();
        let ranges = asked.iter().map(|(ranges, _)| ranges).sum();
        // The stream is looked at before and after.
        let buffer = reader.receive(ranges + 2 * self.look.replies()).await?;
        let (before, lists, after) = read(&buffer, self.look, ranges, url)?;
        let buffer = Arc::new(buffer);
        let mut lists = lists.into_iter();
        let mut pages = Vec::with_capacity(self.ranges.len());
        for (range, (ranges, is_all)) in self.ranges.iter().zip(asked) {
            let entries: Vec<EntryPlace> = lists.by_ref().take(ranges).flatten().collect();
            let is_last = match self.part {
                // Nothing says from where to go on.
                Some(_) if entries.is_empty() && !is_all => return Err(StoreError::Changed),
                Some(_) => is_all,
                None => (entries.len() as u64) < range.count,
            };
            pages.push(EntryPage { buffer: Arc::clone(&buffer), entries, is_last });
        }
        let info = match self.part {
            Some(part) => part.info(),
            None => self.info(&pages, &before, after).ok_or(StoreError::Changed)?,
        };
        Ok(PageReply { pages, info })
    }

    /// The stream that all pages fit.
    fn info(
        &self,
        pages: &[EntryPage],
        before: &StreamInfo,
        after: StreamInfo,
    ) -> Option<StreamInfo> {
        if *before == after {
            return Some(after);
        }
        let mut fitting = self.ranges.iter().zip(pages).map(|(range, page)| {
            let ids: Vec<EntryId> = page.entries.iter().map(|entry| entry.id).collect();
            let EntryRange { range, order, count } = *range;
            let read = ReadIds { range, order, count, ids: &ids };
            fit::extent_between(&before.extent, &after.extent, read)
        });
        let extent = fitting.next()??;
        let do_all_fit = fitting.all(|other| other.as_ref() == Some(&extent));
        do_all_fit.then_some(StreamInfo { extent, ..after })
    }
}

impl ReaderPool {
    /// Asks on a connection that was kept, or on a new one. The reader comes back with the reply, for more, or to be kept.
    pub(super) async fn ask(
        &self,
        request: &PageRequest<'_>,
        url: &StoreUrl,
    ) -> Result<(Reader, PageReply), StoreError> {
        match self.ask_once(request, url).await {
            Err(error)
                if request.look == Look::Info && self.refusals.note(&error, "XINFO STREAM") =>
            {
                let request = PageRequest { look: Look::Ends, ..request.clone() };
                self.ask_once(&request, url).await
            }
            reply => reply,
        }
    }

    async fn ask_once(
        &self,
        request: &PageRequest<'_>,
        url: &StoreUrl,
    ) -> Result<(Reader, PageReply), StoreError> {
        if let Some(mut reader) = self.kept() {
            match request.ask(&mut reader, url).await {
                // Redis may have closed it, or been restarted, since it was used last.
                Err(StoreError::Unavailable { .. }) => self.forget(),
                Err(error) => {
                    self.keep(reader);
                    return Err(error);
                }
                Ok(reply) => return Ok((reader, reply)),
            }
        }
        let mut reader = self.connect().await?;
        let reply = request.ask(&mut reader, url).await?;
        Ok((reader, reply))
    }
}

/// What the stream was like before and after, and the entries of each range in between.
fn read(
    buffer: &ReplyBuffer,
    look: Look,
    ranges: usize,
    url: &StoreUrl,
) -> Result<(StreamInfo, Vec<Vec<EntryPlace>>, StreamInfo), StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "a page of another shape" };
    let check = |at: usize| match buffer.tokens().get(at) {
        Some(Token::Error(span)) => {
            Err(StoreError::from_reply(url, &String::from_utf8_lossy(buffer.text(*span))))
        }
        Some(_) => Ok(()),
        None => Err(SHAPE),
    };
    let mut at = 0;
    let info = |at: &mut usize| {
        let mut replies = (0..look.replies()).map(|_| {
            let begin = *at;
            *at = buffer.value_end(begin);
            check(begin).map(|()| buffer.value(begin).0)
        });
        look.read(&mut replies)
    };
    let before = info(&mut at);
    let mut lists = Vec::with_capacity(ranges);
    for _ in 0..ranges {
        check(at)?;
        let (entries, behind) = entries(buffer, at).ok_or(SHAPE)?;
        lists.push(entries);
        at = behind;
    }
    let (before, after) = fit::both(before, info(&mut at))?;
    Ok((before, lists, after))
}

/// The entries of the list at `at`, and the place behind it.
fn entries(buffer: &ReplyBuffer, at: usize) -> Option<(Vec<EntryPlace>, usize)> {
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
    Some((entries, at))
}
