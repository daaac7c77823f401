//! Entries as they stand in a reply: how pages of them are asked for, and read in place.
//!
//! What reads streams end to end shares this: [`History`](super::History) and [`Scan`](super::Scan).

use std::sync::Arc;

use rewind_domain::cut::CutField;
use rewind_domain::identity::EntryDigest;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{Entry, EntryId, FieldSource, RawEvent, StreamKey};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::fit::{self, ATTEMPTS, ReadIds};
use super::look::Look;
use super::page::{IdRange, PageOrder};
use super::reader::{Reader, ReaderPool};
use super::resp::{Arrived, Keep, ReplyBuffer, Token};
use super::{Part, Store, StoreError, StoreUrl, StreamInfo};

/// How much memory the reply to one question may take, in bytes, where it is a single entry: less than half of what any one answer may
/// take, since the rest is for what is made of it. Of an entry that is larger, only the beginnings of its values are read.
const ROOM: usize = 12 << 20;
/// The same for several entries: a thousand that are some times larger than usual.
pub(super) const SMALL_ROOM: usize = 4 << 20;
/// How much of what was read ahead waits to be looked at, in bytes.
const AHEAD_BYTES: usize = 8 << 20;
/// Behind a page of more than this many bytes nothing is read ahead.
const LARGE_PAGE_BYTES: usize = 1 << 20;
/// How much is kept of each value of an entry that has no room as a whole: as much as is shown of a value.
const BEGINNING_BYTES: usize = 1 << 20;
/// How many times less is kept of each where even that has no room, since there are many.
const LESS: usize = 64;
/// How much is kept of each value of what is said about a stream, which has its first and its last entry in it: more than an id or
/// the name of a field has.
pub(super) const LOOK_BYTES: usize = 256;
/// How much is kept of each value where only ids count: more than an id has.
pub(super) const ID_BYTES: usize = 64;

/// Some entries that follow each other, in the order in which they were asked for.
pub struct EntryPage {
    /// Shared by the pages of one reply.
    buffer: Arc<ReplyBuffer>,
    entries: Vec<EntryPlace>,
    is_last: bool,
    /// Its share of what may be read ahead, until it was looked at.
    share: Option<OwnedSemaphorePermit>,
}

/// Bounds how much is read ahead of whoever looks at it.
#[derive(Clone)]
pub(super) struct ReadAhead(Arc<Semaphore>);

impl ReadAhead {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AHEAD_BYTES)))
    }

    /// Waits until what was read before was looked at, where the last page was large: of such there is one at a time.
    pub(super) async fn wait_after(&self, last_bytes: usize) {
        if last_bytes > LARGE_PAGE_BYTES {
            let all = u32::try_from(AHEAD_BYTES).unwrap_or(u32::MAX);
            drop(self.0.acquire_many(all).await);
        }
    }

    /// Waits until there is room for a page. One that is larger than that has room alone.
    pub(super) async fn admit(&self, page: &mut EntryPage) {
        let bytes = page.bytes().min(AHEAD_BYTES);
        let share = Arc::clone(&self.0).acquire_many_owned(u32::try_from(bytes).unwrap_or(0));
        // Closed never, since nothing closes it.
        page.share = share.await.ok();
    }
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
    /// What is kept of the values, where there is room for all.
    pub(super) keep: Keep,
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
    /// The place of the first one in the buffer.
    first_token: usize,
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

    /// Its fingerprint: that of the whole entry, also where only the beginnings of its values are there.
    pub fn digest(&self) -> EntryDigest {
        self.fields.buffer.entry_digest(self.fields.first_token, self.fields.count())
    }

    /// How many bytes its names and values have, as far as they are there.
    pub fn bytes(&self) -> usize {
        let pairs = (0..self.fields.count()).filter_map(|at| self.fields.pair(at));
        pairs.map(|(name, value)| name.len() + value.len()).sum()
    }

    /// The values of which only the beginnings are there, since the entry is too large to be read as a whole.
    pub fn cut_fields(&self) -> Vec<CutField> {
        if !self.fields.buffer.is_cut() {
            return Vec::new();
        }
        let cut = |at: usize| {
            let length = self.fields.buffer.cut_length(self.fields.first_token + 2 * at + 1)?;
            Some(CutField { at: at as u64, bytes: length as u64 })
        };
        (0..self.fields.count()).filter_map(cut).collect()
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
        Self { buffer: Arc::new(buffer), entries, is_last, share: None }
    }

    /// One without entries, behind which there are none.
    pub(super) fn empty() -> Self {
        let buffer = Arc::new(ReplyBuffer::expecting(Vec::new(), 0, 0));
        Self { buffer, entries: Vec::new(), is_last: true, share: None }
    }

    /// The ids of the entries.
    pub fn ids(&self) -> impl Iterator<Item = EntryId> {
        self.entries.iter().map(|entry| entry.id)
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes the reply had that they stand in.
    pub fn bytes(&self) -> usize {
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
            let (buffer, first_token) = (&*self.buffer, entry.fields);
            let fields = PageFields { buffer, first_token, tokens: tokens.unwrap_or_default() };
            PageEntry { id: entry.id, fields }
        })
    }

    /// The fingerprint of the first entry.
    pub fn first_digest(&self) -> Option<EntryDigest> {
        self.entries.first().map(|entry| self.buffer.entry_digest(entry.fields, entry.count))
    }

    /// The fingerprint of the newest entry, where this is the page of `range`.
    pub(super) fn newest_digest(&self, range: EntryRange) -> Option<EntryDigest> {
        let newest = match range.order {
            PageOrder::OldestFirst => self.entries.last(),
            PageOrder::NewestFirst => self.entries.first(),
        };
        newest.map(|entry| self.buffer.entry_digest(entry.fields, entry.count))
    }

    /// Says whether there is nothing behind it.
    pub(super) fn set_last(&mut self, is_last: bool) {
        self.is_last = is_last;
    }

    /// The entries, with copies of their fields.
    pub fn to_entries(&self) -> Vec<Entry> {
        self.entries().map(|entry| entry.to_entry()).collect()
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
    pub(super) fn arguments(&self) -> [String; 3] {
        let [low, high] = self.range.arguments();
        match self.order {
            PageOrder::OldestFirst => [low, high, self.count.to_string()],
            PageOrder::NewestFirst => [high, low, self.count.to_string()],
        }
    }

    /// The command that reads it.
    pub(super) fn command<'a>(
        &self,
        key: &'a StreamKey,
        [from, to, count]: &'a [String; 3],
    ) -> [&'a [u8]; 6] {
        let (from, to, count) = (from.as_bytes(), to.as_bytes(), count.as_bytes());
        [self.command_name(), key.as_bytes(), from, to, b"COUNT", count]
    }

    /// What was asked for, with the ids of what came, and the fingerprint of the newest of it.
    pub(super) fn read_ids<'a>(
        &self,
        ids: &'a [EntryId],
        newest_digest: Option<EntryDigest>,
    ) -> ReadIds<'a> {
        let Self { range, order, count } = *self;
        ReadIds { range, order, count, ids, newest_digest }
    }

    /// Whether nothing of the stream comes behind this entry in the range.
    fn ends_with(&self, id: EntryId, extent: &StreamExtent) -> bool {
        let IdRange { after, before } = self.range;
        match self.order {
            PageOrder::OldestFirst => {
                Some(id) >= extent.last_id || before.is_some_and(|before| id.next() >= Some(before))
            }
            PageOrder::NewestFirst => {
                extent.first_id.is_none_or(|first| id <= first)
                    || after.is_some_and(|after| id.prev() <= Some(after))
            }
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
    /// Several ranges of a stream, each of at most a few thousand entries, and the stream that they fit. Where that is more than
    /// [`SMALL_ROOM`], the last ones are shorter than they could be, or empty, which [`EntryPage::is_last`] tells.
    /// Entries are left as the bytes that they are: this is for what counts or passes over most of them.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn read(
        &self,
        key: &StreamKey,
        ranges: Vec<EntryRange>,
    ) -> Result<(Vec<EntryPage>, StreamInfo), StoreError> {
        self.read_keeping(key, ranges, Keep::Whole).await
    }

    /// The same for whoever only looks at the ids.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn read_ids(
        &self,
        key: &StreamKey,
        range: EntryRange,
    ) -> Result<(EntryPage, StreamInfo), StoreError> {
        let (mut pages, info) =
            self.read_keeping(key, vec![range], Keep::Beginnings(ID_BYTES)).await?;
        Ok((pages.pop().ok_or(StoreError::unexpected("no page"))?, info))
    }

    async fn read_keeping(
        &self,
        key: &StreamKey,
        ranges: Vec<EntryRange>,
        keep: Keep,
    ) -> Result<(Vec<EntryPage>, StreamInfo), StoreError> {
        let _under_way = self.shared.pace.short_command();
        let part = self.part(key).await?;
        let _turn = self.shared.readers.turn().await;
        let request = PageRequest { look: self.look(), key, part: part.as_ref(), ranges, keep };
        let (reader, reply) = self.shared.readers.ask(&request, &self.shared.url).await?;
        self.shared.readers.keep(reader);
        Ok((reply.pages, reply.info))
    }
}

/// What is really asked for: of a part, a range for each of its entries; where there is no room for all, only the first of them.
struct Asked {
    /// The ranges, each with the place of the one that it serves.
    ranges: Vec<(usize, EntryRange)>,
    /// Which of those that were wanted are asked for as a whole, and whether that is all that there is in them.
    whole: Vec<Option<bool>>,
    /// What is kept of the values.
    keep: Keep,
    /// How much memory the reply may take, in bytes.
    room: usize,
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
        self.send_asked(reader, &self.asked()).await
    }

    /// Waits for the reply to what was sent, and asks again where it does not fit the stream, or has no room: then for less.
    pub(super) async fn receive(
        &self,
        reader: &mut Reader,
        url: &StoreUrl,
    ) -> Result<PageReply, StoreError> {
        let mut asked = self.asked();
        for _ in 0..ATTEMPTS {
            let look = self.look.replies();
            let keep_look = std::iter::repeat_n(Keep::Beginnings(LOOK_BYTES), look);
            let keep_ranges = std::iter::repeat_n(asked.keep, asked.ranges.len());
            let keep = keep_look.clone().chain(keep_ranges).chain(keep_look).collect();
            let (buffer, arrived) = reader.receive(keep, asked.room).await?;
            if arrived == Arrived::Full {
                let arrived = whole_entries(&buffer, look, asked.ranges.len());
                asked = asked.less(&arrived);
                reader.renew().await?;
                self.send_asked(reader, &asked).await?;
                continue;
            }
            match self.reply(buffer, &asked, url) {
                Err(StoreError::Changed) => self.send_asked(reader, &asked).await?,
                reply => return reply,
            }
        }
        // What was sent last is still to be answered.
        reader.renew().await?;
        Err(StoreError::Changed)
    }

    fn asked(&self) -> Asked {
        let mut asked =
            Asked { ranges: Vec::new(), whole: Vec::new(), keep: self.keep, room: SMALL_ROOM };
        for (at, range) in self.ranges.iter().enumerate() {
            let (ranges, is_all) = range.asked(self.part);
            asked.ranges.extend(ranges.into_iter().map(|range| (at, range)));
            asked.whole.push(Some(is_all));
        }
        asked
    }

    async fn send_asked(&self, reader: &mut Reader, asked: &Asked) -> Result<(), StoreError> {
        let key = self.part.map_or(self.key, |part| &part.stream);
        let arguments: Vec<[String; 3]> =
            asked.ranges.iter().map(|(_, range)| range.arguments()).collect();
        let ranges: Vec<[&[u8]; 6]> = asked
            .ranges
            .iter()
            .zip(&arguments)
            .map(|((_, range), arguments)| range.command(key, arguments))
            .collect();
        let look = self.look.commands(key);
        let mut commands: Vec<&[&[u8]]> = look.iter().map(Vec::as_slice).collect();
        commands.extend(ranges.iter().map(<[_; 6]>::as_slice));
        commands.extend(look.iter().map(Vec::as_slice));
        reader.send(&commands).await
    }

    /// What these bytes say.
    fn reply(
        &self,
        buffer: ReplyBuffer,
        asked: &Asked,
        url: &StoreUrl,
    ) -> Result<PageReply, StoreError> {
        let (before, lists, after) = read(&buffer, self.look, asked.ranges.len(), url)?;
        let buffer = Arc::new(buffer);
        let mut pages: Vec<EntryPage> = (0..self.ranges.len())
            .map(|_| EntryPage {
                buffer: Arc::clone(&buffer),
                entries: Vec::new(),
                is_last: false,
                share: None,
            })
            .collect();
        for ((at, _), list) in asked.ranges.iter().zip(lists) {
            if let Some(page) = pages.get_mut(*at) {
                page.entries.extend(list);
            }
        }
        for ((page, range), whole) in pages.iter_mut().zip(&self.ranges).zip(&asked.whole) {
            page.is_last = match (whole, self.part) {
                // Nothing says from where to go on.
                (Some(false), Some(_)) if page.entries.is_empty() => {
                    return Err(StoreError::Changed);
                }
                (Some(is_all), Some(_)) => *is_all,
                (Some(_), None) => (page.entries.len() as u64) < range.count,
                (None, _) => false,
            };
        }
        let info = match self.part {
            Some(part) => part.info(),
            None => asked.info(&pages, &before, after).ok_or(StoreError::Changed)?,
        };
        for ((page, range), whole) in pages.iter_mut().zip(&self.ranges).zip(&asked.whole) {
            if whole.is_none() && self.part.is_none() {
                page.is_last = page.last_id().is_some_and(|id| range.ends_with(id, &info.extent));
            }
        }
        Ok(PageReply { pages, info })
    }
}

impl Asked {
    /// As much of it as there is room for, given how many entries arrived of each range before there was no more: one at least, and
    /// of that only the beginnings where it has no room itself.
    fn less(mut self, arrived: &[usize]) -> Self {
        let last = arrived.iter().rposition(|entries| *entries > 0).unwrap_or(0);
        let entries = arrived.get(last).copied().unwrap_or(0);
        self.ranges.truncate(last + 1);
        if let Some((_, range)) = self.ranges.last_mut() {
            // What stands behind the entries needs some room too.
            range.count = range.count.min((entries - entries / 8).max(1) as u64);
        }
        if entries == 0 && self.room < ROOM {
            self.room = ROOM;
        } else if entries == 0 {
            self.keep = match self.keep {
                Keep::Whole => Keep::Beginnings(BEGINNING_BYTES),
                Keep::Beginnings(bytes) => Keep::Beginnings((bytes / LESS).max(ID_BYTES)),
            };
        }
        let first_cut = self.ranges.last().map_or(0, |(at, _)| *at);
        self.whole.iter_mut().skip(first_cut).for_each(|whole| *whole = None);
        self
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
        let mut fitting = self.ranges.iter().filter_map(|(at, range)| {
            let page = pages.get(*at)?;
            let ids: Vec<EntryId> = page.ids().collect();
            let read = range.read_ids(&ids, page.newest_digest(*range));
            let is_inner = read.is_within(before.extent.last_generated_id);
            Some((fit::extent_between(&before.extent, &after.extent, read), is_inner))
        });
        let extent = fitting.next()?.0?;
        let do_all_fit = fitting.all(|(other, is_inner)| match other {
            // What was added behind it does not matter to it.
            Some(other) if is_inner => {
                other.first_id == extent.first_id && other.gone() == extent.gone()
            }
            other => other.as_ref() == Some(&extent),
        });
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
    let mut at = 0;
    let info = |at: &mut usize| look.read(buffer, at, url);
    let before = info(&mut at);
    let mut lists = Vec::with_capacity(ranges);
    for _ in 0..ranges {
        if let Some(Token::Error(_)) | None = buffer.tokens().get(at) {
            buffer.reply(at, url)?;
        }
        let (entries, behind) = entries(buffer, at).ok_or(SHAPE)?;
        lists.push(entries);
        at = behind;
    }
    let (before, after) = fit::both(before, info(&mut at))?;
    Ok((before, lists, after))
}

/// The entries that the reply at `at` has of a range.
pub(super) fn piece(
    buffer: &Arc<ReplyBuffer>,
    at: usize,
    range: &EntryRange,
    url: &StoreUrl,
) -> Result<EntryPage, StoreError> {
    if let Some(Token::Error(_)) | None = buffer.tokens().get(at) {
        buffer.reply(at, url)?;
    }
    let (entries, _) =
        entries(buffer, at).ok_or(StoreError::unexpected("a page of another shape"))?;
    let is_last = (entries.len() as u64) < range.count;
    Ok(EntryPage { buffer: Arc::clone(buffer), entries, is_last, share: None })
}

/// How many whole entries arrived of each range, where not all of the reply did.
fn whole_entries(buffer: &ReplyBuffer, looks: usize, ranges: usize) -> Vec<usize> {
    let mut at = (0..looks).fold(0, |at, _| buffer.value_end(at));
    let mut arrived = Vec::with_capacity(ranges);
    for _ in 0..ranges {
        let Some(Token::Array(count)) = buffer.tokens().get(at) else { break };
        let mut next = at + 1;
        let whole = (0..*count).take_while(|_| {
            let behind = buffer.whole_value_end(next);
            next = behind.unwrap_or(next);
            behind.is_some()
        });
        let whole = whole.count();
        arrived.push(whole);
        if whole < *count as usize {
            // What stands there is the beginning of an entry, not the next range.
            break;
        }
        at = next;
    }
    arrived
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
