//! Pages: a few entries at a time, with the stream as it is at that moment.
//!
//! Each is read without a transaction, which Redis may refuse, and compared with the stream before and after ([`fit`]).

use rewind_domain::entry_digest::EntryDigest;
use rewind_domain::merge::Direction;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{Entry, EntryId, StreamKey};

use super::resp::Keep;
use super::{EntryPage, EntryRange, Store, StoreError, StreamInfo};

/// The ids that a read is limited to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdRange {
    /// Only after this one.
    pub after: Option<EntryId>,
    /// Only before this one.
    pub before: Option<EntryId>,
}

impl IdRange {
    /// From `first` to `last`, both included.
    pub fn within(first: EntryId, last: EntryId) -> Self {
        // Before the first id that there can be, and after the last one, there is nothing to leave out.
        Self { after: first.prev(), before: last.next() }
    }

    /// Its ends as Redis takes them, both included. Redis refuses what excludes the first id that there can be, or the last one: an
    /// empty range is asked for by the wrong ends.
    pub(super) fn arguments(&self) -> [String; 2] {
        if self.is_empty() {
            return ["+".to_owned(), "-".to_owned()];
        }
        let low = self.after.and_then(EntryId::next);
        let high = self.before.and_then(EntryId::prev);
        let text = |id: EntryId| id.to_string();
        [low.map_or("-".to_owned(), text), high.map_or("+".to_owned(), text)]
    }

    /// Whether no id lies in it.
    pub fn is_empty(&self) -> bool {
        match (self.after, self.before) {
            (Some(after), Some(before)) => after.next().is_none_or(|first| first >= before),
            (Some(after), None) => after == EntryId::MAX,
            (None, Some(before)) => before == EntryId::MIN,
            (None, None) => false,
        }
    }
}

/// From which end of the range a page is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageOrder {
    /// From the oldest entry on.
    OldestFirst,
    /// From the newest entry back.
    NewestFirst,
}

impl From<PageOrder> for Direction {
    fn from(order: PageOrder) -> Self {
        match order {
            PageOrder::OldestFirst => Self::Ascending,
            PageOrder::NewestFirst => Self::Descending,
        }
    }
}

impl From<Direction> for PageOrder {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Ascending => Self::OldestFirst,
            Direction::Descending => Self::NewestFirst,
        }
    }
}

impl PageOrder {
    /// Everything from an entry on in this order, the entry included; from the beginning where there is none.
    pub fn range_from(self, id: Option<EntryId>) -> IdRange {
        match self {
            Self::OldestFirst => IdRange { after: id.and_then(EntryId::prev), before: None },
            Self::NewestFirst => IdRange { after: None, before: id.and_then(EntryId::next) },
        }
    }

    /// The version with which a stream begins in this order.
    pub fn end_of(self, extent: &StreamExtent) -> u64 {
        match self {
            Self::OldestFirst => extent.first_version(),
            Self::NewestFirst => extent.latest_version(),
        }
    }

    /// The version this many entries further on in this order.
    pub fn onward(self, version: u64, distance: u64) -> Option<u64> {
        Direction::from(self).onward(version, distance)
    }
}

/// A part of a stream to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The stream.
    pub key: StreamKey,
    /// Which entries.
    pub range: IdRange,
    /// At most this many.
    pub count: u64,
}

/// Entries, and the stream that they fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries, in the order asked for: fewer than asked for where they are large.
    pub entries: Vec<Entry>,
    /// The stream.
    pub info: StreamInfo,
    /// Whether there is nothing behind them in the range.
    pub is_last: bool,
    /// The fingerprint of the first of the entries.
    pub first_digest: Option<EntryDigest>,
}

impl Store {
    /// Up to `count` entries of a stream, and the stream that they fit.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] and [`StoreError::WrongType`] where the key is no stream, [`StoreError::Changed`] where the stream loses
    /// entries faster than it can be read, and whatever else Redis refuses.
    pub async fn page(
        &self,
        key: &StreamKey,
        range: IdRange,
        order: PageOrder,
        count: u64,
    ) -> Result<Page, StoreError> {
        let range = EntryRange::new(range, order, count);
        let (mut pages, info) = self.read(key, vec![range]).await?;
        let page = pages.pop().ok_or(StoreError::unexpected("no page"))?;
        Ok(Page::of(&page, info))
    }

    /// A page of each of the first of several streams, oldest entries first, in one round trip: of one stream at least, and of more as
    /// far as there is room.
    ///
    /// # Errors
    /// If the whole fails; of each page, as for [`Store::page`].
    pub async fn pages(
        &self,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        self.pages_in_order(wanted, PageOrder::OldestFirst).await
    }

    /// As [`Store::pages`], but the newest entries of each range, the newest first.
    ///
    /// # Errors
    /// As for [`Store::pages`].
    pub async fn newest_pages(
        &self,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        self.pages_in_order(wanted, PageOrder::NewestFirst).await
    }

    /// The newest entries alone.
    ///
    /// # Errors
    /// As for [`Store::pages`].
    pub async fn newest_entries(
        &self,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Vec<Entry>, StoreError>>, StoreError> {
        let pages =
            self.batch_of_entries(&ranges(wanted, PageOrder::NewestFirst), Keep::Whole).await?;
        Ok(pages.into_iter().map(|page| page.map(|page| page.to_entries())).collect())
    }

    /// The stream as a whole.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn info(&self, key: &StreamKey) -> Result<StreamInfo, StoreError> {
        let looked_at = self.look_at(std::slice::from_ref(key)).await?.pop();
        looked_at.map_or(Err(StoreError::NotFound), |found| found.info)
    }

    async fn pages_in_order(
        &self,
        wanted: &[Wanted],
        order: PageOrder,
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        let pages = self.batch(&ranges(wanted, order)).await?;
        let page = |(page, info): (EntryPage, _)| Page::of(&page, info);
        Ok(pages.into_iter().map(|reply| reply.map(page)).collect())
    }
}

impl Page {
    pub(super) fn of(page: &EntryPage, info: StreamInfo) -> Self {
        let (is_last, first_digest) = (page.is_last(), page.first_digest());
        Self { entries: page.to_entries(), info, is_last, first_digest }
    }

    /// That of a stream that has nothing.
    pub(super) fn empty() -> Self {
        Self { is_last: true, ..Self::default() }
    }
}

fn ranges(wanted: &[Wanted], order: PageOrder) -> Vec<(&StreamKey, EntryRange)> {
    let range = |wanted: &Wanted| EntryRange::new(wanted.range, order, wanted.count);
    wanted.iter().map(|wanted| (&wanted.key, range(wanted))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_asked_for_by_the_ends_that_it_has() {
        let ends = |after: Option<EntryId>, before: Option<EntryId>| {
            IdRange { after, before }.arguments().join(" ")
        };
        let id = |ms| Some(EntryId::new(ms, 0));
        assert_eq!(ends(None, None), "- +");
        assert_eq!(ends(id(5), id(7)), "5-1 6-18446744073709551615");
        assert_eq!(
            ends(Some(EntryId::MIN), Some(EntryId::MAX)),
            "0-1 18446744073709551615-18446744073709551614"
        );
        for (after, before) in
            [(Some(EntryId::MAX), None), (None, Some(EntryId::MIN)), (id(7), id(5)), (id(5), id(5))]
        {
            assert_eq!(ends(after, before), "+ -");
        }
        let last = IdRange::within(EntryId::MAX, EntryId::MAX);
        assert_eq!((last.is_empty(), last.after), (false, EntryId::MAX.prev()));
    }
}
