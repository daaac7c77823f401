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
    /// The entries of each part, in one round trip. A key that does not exist has none.
    ///
    /// # Errors
    /// Where Redis is away. What it refuses for one part is the answer for that part.
    pub async fn ranges(
        &self,
        reads: &[RangeRead],
    ) -> Result<Vec<Result<Vec<Entry>, StoreError>>, StoreError> {
        let mut pipeline = redis::pipe();
        for RangeRead { stream, range, order, count } in reads {
            range_command(&mut pipeline, stream, *range, *order, *count);
        }
        let replies = self.shared.quick.run(&pipeline).await?;
        let entries = |reply: redis::RedisResult<redis::Value>| {
            reply.map_err(|error| self.error(&error)).and_then(reply::entries)
        };
        Ok(replies.into_iter().map(entries).collect())
    }
}
