//! Parts of several streams in one round trip.

use rewind_domain::{Entry, StreamKey};

use super::page::range_command;
use super::{IdRange, PageOrder, Store, StoreError, reply};

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

impl Store {
    /// The entries of each part, in one round trip but for aggregates inside of topics. A key that does not exist has none.
    ///
    /// # Errors
    /// Where Redis is away. What it refuses for one part is the answer for that part.
    pub async fn ranges(
        &self,
        reads: &[RangeRead],
    ) -> Result<Vec<Result<Vec<Entry>, StoreError>>, StoreError> {
        let mut pipeline = redis::pipe();
        let is_part = |read: &RangeRead| self.is_part(&read.stream);
        for RangeRead { stream, range, order, count } in reads.iter().filter(|read| !is_part(read))
        {
            range_command(&mut pipeline, stream, *range, *order, *count);
        }
        let mut replies = match reads.iter().all(is_part) {
            true => Vec::new(),
            false => self.shared.quick.run(&pipeline).await?,
        }
        .into_iter();
        let mut all = Vec::with_capacity(reads.len());
        for read in reads {
            all.push(match is_part(read) {
                true => match self.range_of_part(read).await {
                    Err(error) if error.is_passing() => return Err(error),
                    entries => entries,
                },
                false => match replies.next() {
                    Some(Ok(reply)) => reply::entries(reply),
                    Some(Err(error)) => Err(self.error(&error)),
                    None => Err(StoreError::unexpected("fewer replies than commands")),
                },
            });
        }
        Ok(all)
    }

    async fn range_of_part(&self, read: &RangeRead) -> Result<Vec<Entry>, StoreError> {
        let RangeRead { stream, range, order, count } = read;
        match self.page(stream, *range, *order, *count).await {
            Ok((entries, _)) => Ok(entries),
            Err(StoreError::NotFound) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
