//! Parts of several streams in one round trip.

use rewind_domain::{Entry, StreamKey};

use super::resp::Keep;
use super::{EntryPage, EntryRange, IdRange, Page, PageOrder, Store, StoreError};

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
    /// aggregates inside of topics. A key that does not exist has none.
    ///
    /// # Errors
    /// Where Redis is away. What it refuses for one part is the answer for that part.
    pub async fn ranges(
        &self,
        reads: &[RangeRead],
    ) -> Result<Vec<Result<RangeEntries, StoreError>>, StoreError> {
        let is_part = |read: &RangeRead| self.is_part(&read.stream);
        if let Some(read) = reads.first().filter(|read| is_part(read)) {
            return match self.range_of_part(read).await {
                Err(error) if error.is_passing() => Err(error),
                entries => Ok(vec![entries]),
            };
        }
        let streams = reads.iter().take_while(|read| !is_part(read));
        let asked: Vec<(&StreamKey, EntryRange)> = streams
            .map(|read| (&read.stream, EntryRange::new(read.range, read.order, read.count)))
            .collect();
        let pages = self.batch_of_entries(&asked, Keep::Whole).await?;
        let entries =
            |page: EntryPage| RangeEntries { entries: page.to_entries(), is_last: page.is_last() };
        Ok(pages.into_iter().map(|page| page.map(entries)).collect())
    }

    async fn range_of_part(&self, read: &RangeRead) -> Result<RangeEntries, StoreError> {
        let RangeRead { stream, range, order, count } = read;
        match self.page(stream, *range, *order, *count).await {
            Ok(Page { entries, is_last, .. }) => Ok(RangeEntries { entries, is_last }),
            Err(StoreError::NotFound) => Ok(RangeEntries { entries: Vec::new(), is_last: true }),
            Err(error) => Err(error),
        }
    }
}
