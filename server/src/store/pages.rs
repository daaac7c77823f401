//! Pages of many streams in one round trip.

use redis::{Pipeline, Value};
use rewind_domain::{Entry, EntryId, StreamKey};

use super::{PageOrder, Store, StoreError, reply};

/// Some entries of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The stream.
    pub stream: StreamKey,
    /// The first entry that may be among them.
    pub from: EntryId,
    /// The last entry that may be among them.
    pub to: EntryId,
    /// How many at most.
    pub count: u64,
}

impl Store {
    /// Reads pages of several streams at once. The caller bounds how many entries that are in all, since Redis does nothing
    /// else meanwhile.
    ///
    /// # Errors
    /// Where Redis is away. What it refuses of one stream is told in its place.
    pub async fn pages(
        &self,
        requests: &[PageRequest],
        order: PageOrder,
    ) -> Result<Vec<Result<Vec<Entry>, StoreError>>, StoreError> {
        let mut pipeline = redis::pipe();
        for request in requests {
            add(&mut pipeline, request, order);
        }
        let replies = self.shared.quick.run(&pipeline).await?;
        let read = |reply: redis::RedisResult<Value>| {
            reply.map_err(|error| self.error(&error)).and_then(reply::entries)
        };
        Ok(replies.into_iter().map(read).collect())
    }
}

fn add(pipeline: &mut Pipeline, request: &PageRequest, order: PageOrder) {
    let PageRequest { stream, from, to, count } = request;
    let (command, first, second) = match order {
        PageOrder::OldestFirst => ("XRANGE", from, to),
        PageOrder::NewestFirst => ("XREVRANGE", to, from),
    };
    pipeline.cmd(command).arg(stream.as_bytes()).arg(first.to_string()).arg(second.to_string());
    pipeline.arg("COUNT").arg(*count);
}
