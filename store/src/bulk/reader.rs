//! The reader: many streams, from end to end.

use rewind_domain::{Entry, EntryId, ScanCursor, StreamKey};

use super::link::Link;
use crate::discover::{next_cursor, scan};
use crate::{IdRange, StoreError, StoreUrl, StreamInfo, reply};

/// How many keys one `SCAN` looks at: Redis needs about a millisecond for this many, during which it does nothing else.
const SCAN_COUNT: u64 = 1_000;

/// Reads streams from end to end.
pub struct BulkReader {
    link: Link,
}

/// A run of entries to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Of this stream.
    pub stream: StreamKey,
    /// Only after this id.
    pub after: Option<EntryId>,
    /// Up to and with this id.
    pub until: EntryId,
    /// At most this many.
    pub count: u64,
}

impl BulkReader {
    /// Connects.
    ///
    /// # Errors
    /// If Redis cannot be reached.
    pub async fn connect(url: &StoreUrl) -> Result<Self, StoreError> {
        Ok(Self { link: Link::new(url).await? })
    }

    /// Goes on looking for streams whose keys begin with `prefix`: those found in a small part of the keyspace, and where
    /// to go on, if there is more. One may be found twice.
    ///
    /// # Errors
    /// Whatever Redis refuses.
    pub async fn scan(
        &mut self,
        prefix: &StreamKey,
        cursor: ScanCursor,
    ) -> Result<(Vec<StreamKey>, Option<ScanCursor>), StoreError> {
        let nodes = self.link.nodes.all_mut();
        let count = nodes.len();
        let at = usize::try_from(cursor.node()).unwrap_or(usize::MAX);
        let Some(node) = nodes.get_mut(at) else { return Ok((Vec::new(), None)) };
        let mut pipeline = redis::pipe();
        pipeline.add_command(scan(prefix, cursor.position(), SCAN_COUNT));
        let reply = node.run(pipeline).await?.pop();
        let reply = reply.ok_or(StoreError::Unexpected { what: "an empty reply" })?;
        let (position, keys) = reply::scan(self.link.checked(reply)?)?;
        let keys = keys.into_iter().map(StreamKey::from_bytes).collect();
        Ok((keys, next_cursor(cursor, position, count)))
    }

    /// Asks about many streams; [`StoreError::NotFound`] and [`StoreError::WrongType`] for keys that are none.
    ///
    /// # Errors
    /// If Redis goes away.
    pub async fn infos(
        &mut self,
        keys: &[StreamKey],
    ) -> Result<Vec<Result<StreamInfo, StoreError>>, StoreError> {
        self.link.infos(&keys.iter().collect::<Vec<_>>()).await
    }

    /// Reads many spans in one round trip. A stream that is gone by now has no entries.
    ///
    /// # Errors
    /// If Redis goes away.
    pub async fn read(
        &mut self,
        spans: &[Span],
    ) -> Result<Vec<Result<Vec<Entry>, StoreError>>, StoreError> {
        let command = |span: &'_ Span| {
            let range = IdRange { after: span.after, before: span.until.next() };
            let [first, last] = range.arguments();
            let mut command = redis::cmd("XRANGE");
            command.arg(span.stream.as_bytes()).arg(first).arg(last);
            command.arg("COUNT").arg(span.count);
            command
        };
        let commands = spans.iter().map(|span| (&span.stream, command(span))).collect();
        let replies = self.link.run_each(commands).await?.into_iter();
        Ok(replies.map(|reply| reply::entries(self.link.checked(reply)?)).collect())
    }
}
