//! Parts of many streams in one round trip.

use redis::{Pipeline, RedisResult, Value};
use rewind_domain::merge::IdSpan;
use rewind_domain::{Entry, StreamKey};

use super::{PageOrder, Store, StoreError, reply};

/// Some entries of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamPart {
    /// The stream.
    pub stream: StreamKey,
    /// Between which ids.
    pub span: IdSpan,
    /// How many at most.
    pub count: u64,
}

impl Store {
    /// Reads parts of several streams at once. The caller bounds how many entries that are in all, since Redis does nothing
    /// else meanwhile.
    ///
    /// # Errors
    /// Where Redis is away. What it refuses of one stream is told in its place.
    pub async fn parts(
        &self,
        parts: &[StreamPart],
        order: PageOrder,
    ) -> Result<Vec<Result<Vec<Entry>, StoreError>>, StoreError> {
        let mut pipeline = redis::pipe();
        for part in parts {
            add(&mut pipeline, part, order);
        }
        let replies = self.shared.quick.run(&pipeline).await?;
        let read = |reply: RedisResult<Value>| {
            reply.map_err(|error| self.error(&error)).and_then(reply::entries)
        };
        Ok(replies.into_iter().map(read).collect())
    }
}

fn add(pipeline: &mut Pipeline, part: &StreamPart, order: PageOrder) {
    let StreamPart { stream, span, count } = part;
    let (command, first, second) = match order {
        PageOrder::OldestFirst => ("XRANGE", span.from, span.to),
        PageOrder::NewestFirst => ("XREVRANGE", span.to, span.from),
    };
    pipeline.cmd(command).arg(stream.as_bytes()).arg(first.to_string()).arg(second.to_string());
    pipeline.arg("COUNT").arg(*count);
}
