//! Parts of several streams in one round trip.

use rewind_domain::{Entry, EntryId, StreamKey};

use super::resp::Keep;
use super::{EntryPage, EntryRange, IdRange, Page, PageOrder, Store, StoreError, StreamInfo};

/// How many entries are looked for in one round trip.
const LOOKED_FOR_AT_ONCE: usize = 100;

/// A part of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeRead {
    /// The stream.
    pub stream: StreamKey,
    /// The ids to stay within.
    pub range: IdRange,
    /// From which end.
    pub order: PageOrder,
    /// How many entries at most.
    pub count: u64,
}

/// Some entries of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeEntries {
    /// The entries: fewer than asked for where they are large.
    pub entries: Vec<Entry>,
    /// Whether there is nothing behind them in the part.
    pub is_last: bool,
}

impl Store {
    /// The entries of the first of these parts, of one at least and of more as far as there is room: in one round trip but for
    /// aggregates in topics. A key that does not exist has none.
    ///
    /// # Errors
    /// If Redis is away. What it refuses for one part is the answer for that part.
    pub async fn ranges(
        &self,
        reads: &[RangeRead],
    ) -> Result<Vec<Result<RangeEntries, StoreError>>, StoreError> {
        if let Some(page) = self.first_of_part(reads).await {
            let entries =
                |page: Page| RangeEntries { entries: page.entries, is_last: page.is_last };
            return Ok(vec![page?.map(entries)]);
        }
        let pages = self.batch_of_entries(&self.before_parts(reads), Keep::Whole).await?;
        let entries =
            |page: EntryPage| RangeEntries { entries: page.to_entries(), is_last: page.is_last() };
        Ok(pages.into_iter().map(|page| page.map(entries)).collect())
    }

    /// Those of these ids that a stream has an entry of.
    ///
    /// # Errors
    /// As for [`Store::ranges`], and what Redis refuses.
    pub async fn existing(
        &self,
        stream: &StreamKey,
        ids: &[EntryId],
    ) -> Result<Vec<EntryId>, StoreError> {
        let read = |id: &EntryId| RangeRead {
            stream: stream.clone(),
            range: IdRange::within(*id, *id),
            order: PageOrder::OldestFirst,
            count: 1,
        };
        let mut existing = Vec::new();
        for ids in ids.chunks(LOOKED_FOR_AT_ONCE) {
            let reads: Vec<RangeRead> = ids.iter().map(read).collect();
            let mut rest = &reads[..];
            while !rest.is_empty() {
                let answers = self.ranges(rest).await?;
                // As many of them as there was room for.
                rest = rest.get(answers.len().max(1)..).unwrap_or_default();
                for answer in answers {
                    existing.extend(answer?.entries.into_iter().map(|entry| entry.id));
                }
            }
        }
        Ok(existing)
    }

    /// The same with the streams that they fit, so that they can be numbered. A key that does not exist is an empty stream.
    ///
    /// # Errors
    /// As for [`Store::ranges`].
    pub async fn ranges_with_streams(
        &self,
        reads: &[RangeRead],
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        if let Some(page) = self.first_of_part(reads).await {
            return Ok(vec![page?]);
        }
        let pages = self.batch(&self.before_parts(reads)).await?;
        let page = |page: Result<(EntryPage, StreamInfo), StoreError>| match page {
            Ok((page, info)) => Ok(Page::of(&page, info)),
            Err(StoreError::NotFound) => Ok(Page::empty()),
            Err(error) => Err(error),
        };
        Ok(pages.into_iter().map(page).collect())
    }

    /// The first of them, where it is of an aggregate in a topic.
    async fn first_of_part(
        &self,
        reads: &[RangeRead],
    ) -> Option<Result<Result<Page, StoreError>, StoreError>> {
        let first = reads.first().filter(|read| self.is_part(&read.stream))?;
        let RangeRead { stream, range, order, count } = first;
        Some(match self.page(stream, *range, *order, *count).await {
            Err(error) if error.is_passing() => Err(error),
            Err(StoreError::NotFound) => Ok(Ok(Page::empty())),
            page => Ok(page),
        })
    }

    /// Those before the first that is of an aggregate in a topic.
    fn before_parts<'r>(&self, reads: &'r [RangeRead]) -> Vec<(&'r StreamKey, EntryRange)> {
        reads
            .iter()
            .take_while(|read| !self.is_part(&read.stream))
            .map(|read| (&read.stream, EntryRange::new(read.range, read.order, read.count)))
            .collect()
    }
}
