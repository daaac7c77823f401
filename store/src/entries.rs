//! How entries are asked for: several ranges of a stream at once, and less where a reply has no room.
//!
//! What reads streams end to end shares this: [`History`](super::History) and [`Scan`](super::Scan).

use std::sync::Arc;

use rewind_domain::{EntryId, StreamKey};

use super::entry_page::{EntryPage, EntryPlace, entries, whole_entries};
use super::entry_range::EntryRange;
use super::fit::{self, ATTEMPTS};
use super::look::Look;
use super::reader::{Reader, ReaderPool};
use super::resp::{Arrived, Keep, ReplyBuffer, Token};
use super::{Part, Store, StoreError, StoreUrl, StreamInfo};

/// How much memory the reply to one question may take, in bytes, where it is a single entry: less than half of what any one answer may
/// take, since the rest is for what is made of it. Of an entry that is larger, only the beginnings of its values are read.
const ROOM: usize = 12 << 20;
/// The same for several entries: a thousand that are some times larger than usual.
pub(super) const SMALL_ROOM: usize = 4 << 20;
/// How much is kept of each value of an entry that has no room as a whole: as much as is shown of a value.
const BEGINNING_BYTES: usize = 1 << 20;
/// How many times less is kept of each where even that has no room, since there are many.
const LESS: usize = 64;
/// How much is kept of each value of what is said about a stream, which has its first and its last entry in it: more than an id or
/// the name of a field has.
pub(super) const LOOK_BYTES: usize = 256;
/// How much is kept of each value where only ids count: more than an id has.
pub(super) const ID_BYTES: usize = 64;
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
/// The reply to a [`PageRequest`].
pub(super) struct PageReply {
    /// A page for each range.
    pub(super) pages: Vec<EntryPage>,
    /// The stream that they fit.
    pub(super) info: StreamInfo,
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
        let readers = self.readers_of(key, part.as_ref());
        let _turn = readers.turn().await;
        let request = PageRequest { look: self.look(), key, part: part.as_ref(), ranges, keep };
        let (reader, reply) = readers.ask(&request).await?;
        readers.keep(reader);
        Ok((reply.pages, reply.info))
    }

    /// The readers of the node that has a stream, or the stream that this is a part of.
    pub(super) fn readers_of(&self, key: &StreamKey, part: Option<&Part>) -> &ReaderPool {
        let stream = part.map_or(key, |part| &part.stream);
        &self.shared.nodes.route(stream.as_bytes()).readers
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
    pub(super) async fn ask(&self, reader: &mut Reader) -> Result<PageReply, StoreError> {
        self.send(reader).await?;
        self.receive(reader).await
    }

    /// Asks.
    pub(super) async fn send(&self, reader: &mut Reader) -> Result<(), StoreError> {
        self.send_asked(reader, &self.asked()).await
    }

    /// Waits for the reply to what was sent, and asks again where it does not fit the stream, or has no room: then for less.
    pub(super) async fn receive(&self, reader: &mut Reader) -> Result<PageReply, StoreError> {
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
            match self.reply(buffer, &asked, reader.url()) {
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
            .map(|_| EntryPage::of(Arc::clone(&buffer), Vec::new(), false))
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
        let mut is_least = entries == 0;
        is_least |= self.ranges.len() == last + 1
            && self.ranges.last().is_some_and(|(_, range)| range.count <= 1);
        self.ranges.truncate(last + 1);
        if let Some((_, range)) = self.ranges.last_mut() {
            // What stands behind the entries needs some room too.
            range.count = range.count.min((entries - entries / 8).max(1) as u64);
        }
        // Where not even one entry has room, or that leaves none for what stands behind it.
        if is_least && self.room < ROOM {
            self.room = ROOM;
        } else if is_least {
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
                other.first_id == extent.first_id && other.trimmed_count() == extent.trimmed_count()
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
    ) -> Result<(Reader, PageReply), StoreError> {
        match self.ask_once(request).await {
            Err(error)
                if request.look == Look::Info && self.refusals.note(&error, "XINFO STREAM") =>
            {
                let request = PageRequest { look: Look::Ends, ..request.clone() };
                self.ask_once(&request).await
            }
            reply => reply,
        }
    }

    async fn ask_once(&self, request: &PageRequest<'_>) -> Result<(Reader, PageReply), StoreError> {
        if let Some(mut reader) = self.kept() {
            match request.ask(&mut reader).await {
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
        let reply = request.ask(&mut reader).await?;
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
