//! Followed streams: how far one was read, and what it looked like then, so that another one under its key is noticed.

use rewind_domain::entry_digest::EntryDigest;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{Entry, EntryId, RawEvent};

use super::position::Position;
use rewind_store::{IdRange, Page, StreamInfo, digest, entry_bytes};

/// Entries of more bytes than this are not read again: it would be done with each entry that comes behind them.
const MOST_READ_AGAIN: usize = 16 * 1024;

/// A stream that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Followed {
    /// How far it was read.
    pub(super) position: Position,
    /// The stream when it was seen last.
    pub(super) extent: StreamExtent,
    /// The fingerprint of the entry at the position, where it is to be there unchanged when it is read on.
    digest: Option<EntryDigest>,
}

/// The stream is not the one that was followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Another;

impl Followed {
    /// A stream of which nothing is known, from its beginning on.
    pub(super) fn from_its_beginning() -> Self {
        Self::at(Position::START)
    }

    /// A stream of which nothing but this position is known.
    pub(super) fn at(position: Position) -> Self {
        Self { position, extent: StreamExtent::default(), digest: None }
    }

    /// A stream from its end on.
    pub(super) fn from_its_end(info: &StreamInfo) -> Self {
        let (extent, position) = (info.extent.clone(), Position::end_of(info));
        let digest = extent.last_digest.filter(|_| extent.last_id == Some(position.id));
        Self { position, extent, digest }
    }

    /// The same, whose last entry is not read again.
    pub(super) fn unmarked(self) -> Self {
        Self { digest: None, ..self }
    }

    /// What to read next: what comes behind the position, and the entry at it, where it is known.
    pub(super) fn next_range(&self) -> IdRange {
        let after = match self.digest {
            Some(_) => self.position.id.prev(),
            None => Some(self.position.id),
        };
        IdRange { after, before: None }
    }

    /// Whether the stream that looks like this by now can be this one.
    pub(super) fn is_continued_by(&self, extent: &StreamExtent) -> bool {
        self.extent.is_continued_by(extent)
    }

    /// Takes note of how the stream looks that a page of [`Followed::next_range`] was read of, and leaves out what was read before.
    pub(super) fn look_at(&mut self, page: &mut Page) -> Result<(), Another> {
        let extent = &page.info.extent;
        if !self.is_continued_by(extent) {
            return Err(Another);
        }
        if let Some(digest) = self.digest {
            let at = page.entries.first().filter(|entry| entry.id == self.position.id);
            let found = at.and(page.first_digest);
            if !extent.accounts_for(self.position.id, digest, found) {
                return Err(Another);
            }
            if at.is_some() {
                page.entries.remove(0);
            }
            if page.entries.is_empty() && !page.is_last {
                // It took all the room that there was, and must not do so again.
                self.digest = None;
            }
        }
        self.extent.clone_from(extent);
        Ok(())
    }

    /// Goes on behind this entry.
    pub(super) fn pass(&mut self, position: Position, entry: &Entry) {
        let is_small = entry_bytes(entry) <= MOST_READ_AGAIN;
        let digest = || digest(&RawEvent::new(entry.id, 0, &entry.fields));
        self.position = position;
        self.digest = is_small.then(digest);
    }

    /// Goes on behind entries that are missing.
    pub(super) fn pass_gap(&mut self, position: Position) {
        self.position = position;
        self.digest = None;
    }

    /// The last entry that was passed.
    pub(super) fn id(&self) -> EntryId {
        self.position.id
    }
}

#[cfg(test)]
mod tests {
    use rewind_domain::Fields;

    use super::*;

    fn entry(ms: u64, says: &str) -> Entry {
        Entry { id: EntryId::new(ms, 0), fields: Fields::from_iter([("data", says)]) }
    }

    /// A stream that never lost anything, read from its first entry or from the one at `from` on.
    fn page(entries: &[Entry], from: u64) -> Page {
        let digest = |entry: &Entry| digest(&RawEvent::new(entry.id, 0, &entry.fields));
        let (first, last) = (entries.first(), entries.last());
        let extent = StreamExtent {
            length: entries.len() as u64,
            entries_added: Some(entries.len() as u64),
            first_id: first.map(|entry| entry.id),
            last_id: last.map(|entry| entry.id),
            first_digest: first.map(digest),
            last_digest: last.map(digest),
            last_generated_id: last.map_or(EntryId::MIN, |entry| entry.id),
            max_deleted_id: Some(EntryId::MIN),
        };
        let entries: Vec<Entry> =
            entries.iter().filter(|entry| entry.id >= EntryId::new(from, 0)).cloned().collect();
        let first_digest = entries.first().map(digest);
        let info = StreamInfo { extent, ..StreamInfo::default() };
        Page { entries, info, is_last: true, first_digest }
    }

    fn ids(page: &Page) -> Vec<u64> {
        page.entries.iter().map(|entry| entry.id.ms()).collect()
    }

    #[test]
    fn what_was_passed_is_left_out_where_it_is_unchanged() {
        let one = [entry(1, "a"), entry(2, "b")];
        let mut followed = Followed::from_its_end(&page(&one, 1).info);
        assert_eq!(followed.next_range().after, EntryId::new(2, 0).prev());
        let two = [entry(1, "a"), entry(2, "b"), entry(3, "c")];
        let mut read = page(&two, 2);
        assert_eq!(followed.look_at(&mut read), Ok(()));
        assert_eq!(ids(&read), [3]);
        followed.pass(Position { id: EntryId::new(3, 0), version: Some(3) }, &two[2]);
        assert_eq!(followed.look_at(&mut page(&two, 3)), Ok(()));
    }

    #[test]
    fn a_longer_stream_with_another_entry_at_the_place_is_another_one() {
        let one = [entry(1, "a"), entry(2, "b")];
        let mut followed = Followed::from_its_end(&page(&one, 1).info);
        let other = [entry(1, "a"), entry(2, "x"), entry(3, "c")];
        assert_eq!(followed.look_at(&mut page(&other, 2)), Err(Another));
        let without = [entry(1, "a"), entry(3, "c"), entry(4, "d")];
        assert_eq!(followed.look_at(&mut page(&without, 2)), Err(Another));
    }

    #[test]
    fn an_entry_that_leaves_no_room_is_not_read_again() {
        let one = [entry(1, "a")];
        let mut followed = Followed::from_its_end(&page(&one, 1).info);
        let mut read = Page { is_last: false, ..page(&one, 1) };
        assert_eq!(followed.look_at(&mut read), Ok(()));
        assert_eq!((ids(&read), followed.next_range().after), (vec![], Some(EntryId::new(1, 0))));
    }
}
