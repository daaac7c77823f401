//! Entries as they stand in a reply, read in place.

use std::sync::Arc;

use rewind_domain::cut::CutField;
use rewind_domain::entry_digest::EntryDigest;
use rewind_domain::{Entry, EntryId, FieldSource, RawEvent};
use tokio::sync::OwnedSemaphorePermit;

use super::entry_range::EntryRange;
use super::page::PageOrder;
use super::resp::{ReplyBuffer, Token};
use super::{StoreError, StoreUrl};

/// Some entries that follow each other, in the order in which they were asked for.
pub struct EntryPage {
    /// Shared by the pages of one reply.
    buffer: Arc<ReplyBuffer>,
    pub(super) entries: Vec<EntryPlace>,
    pub(super) is_last: bool,
    /// Its share of what may be read ahead, until it was looked at.
    share: Option<OwnedSemaphorePermit>,
}
/// An entry on a page. It borrows the bytes that Redis sent.
pub struct PageEntry<'a> {
    /// Its id.
    pub id: EntryId,
    fields: PageFields<'a>,
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
    pub(super) fn of(buffer: Arc<ReplyBuffer>, entries: Vec<EntryPlace>, is_last: bool) -> Self {
        Self { buffer, entries, is_last, share: None }
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
        self.entries.iter().map(|entry| self.at(entry))
    }

    /// The entry at this place, counted from 0.
    pub fn entry(&self, at: usize) -> Option<PageEntry<'_>> {
        self.entries.get(at).map(|entry| self.at(entry))
    }

    /// The id of the entry at this place, counted from 0.
    pub fn id_at(&self, at: usize) -> Option<EntryId> {
        self.entries.get(at).map(|entry| entry.id)
    }

    fn at(&self, entry: &EntryPlace) -> PageEntry<'_> {
        let tokens = self.buffer.tokens().get(entry.fields..entry.fields + 2 * entry.count);
        let (buffer, first_token) = (&*self.buffer, entry.fields);
        let fields = PageFields { buffer, first_token, tokens: tokens.unwrap_or_default() };
        PageEntry { id: entry.id, fields }
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

    /// The first entry of which only the beginnings are there, since it is too large to be read as a whole.
    pub(super) fn first_cut(&self) -> Option<EntryId> {
        if !self.buffer.is_cut() {
            return None;
        }
        self.entries().find(|entry| !entry.cut_fields().is_empty()).map(|entry| entry.id)
    }

    /// The entries, with copies of their fields.
    pub fn to_entries(&self) -> Vec<Entry> {
        self.entries().map(|entry| entry.to_entry()).collect()
    }

    /// Holds its share of what may be read ahead.
    pub(super) fn hold(&mut self, share: Option<OwnedSemaphorePermit>) {
        self.share = share;
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
    Ok(EntryPage::of(Arc::clone(buffer), entries, is_last))
}

/// How many whole entries arrived of each range, where not all of the reply did.
pub(super) fn whole_entries(buffer: &ReplyBuffer, looks: usize, ranges: usize) -> Vec<usize> {
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
pub(super) fn entries(buffer: &ReplyBuffer, at: usize) -> Option<(Vec<EntryPlace>, usize)> {
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
