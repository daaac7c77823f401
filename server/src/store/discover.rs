//! Discovery: finding the streams of a keyspace, a part at a time.
//!
//! `SCAN … TYPE stream` walks the keyspace in steps that block Redis for about a millisecond each. What is found is
//! looked at with `XINFO STREAM`, many in one round trip.

use redis::Value;
use rewind_domain::StreamKey;

use super::{Store, StoreError, StreamInfo, reply};

/// How many keys one `SCAN` looks at: Redis needs about a millisecond for so many, during which it does nothing else.
const SCAN_COUNT: u64 = 1_000;
/// How many `SCAN`s one call makes at most, so that each answers soon even where streams are few among many keys.
const MAX_SCANS: u64 = 50;
/// How many streams are asked about in one round trip.
const INFO_BATCH: usize = 100;

/// What a part of the keyspace holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovered {
    /// The streams.
    pub streams: Vec<FoundStream>,
    /// Where to go on; nothing at the end.
    pub next_cursor: Option<u64>,
    /// About how many keys were looked at.
    pub scanned: u64,
    /// How many keys there are in all.
    pub keys_total: u64,
}

/// A stream that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundStream {
    /// Its key.
    pub key: StreamKey,
    /// What Redis tells of it, or why it does not.
    pub info: Result<StreamInfo, StoreError>,
}

impl Store {
    /// Goes on looking for streams whose keys begin with `prefix`, until about `wanted` were found or a bounded part of the
    /// keyspace was walked. A stream that is renamed or comes into being meanwhile may be missed, one may be found twice.
    ///
    /// # Errors
    /// Whatever Redis refuses.
    pub async fn discover(
        &self,
        prefix: &StreamKey,
        mut cursor: u64,
        wanted: u64,
    ) -> Result<Discovered, StoreError> {
        let mut pattern = glob_escaped(prefix.as_bytes());
        pattern.push(b'*');
        let (mut keys, mut scans, mut keys_total) = (Vec::new(), 0, 0);
        loop {
            let mut pipeline = redis::pipe();
            pipeline.cmd("DBSIZE");
            pipeline.cmd("SCAN").arg(cursor).arg("MATCH").arg(&pattern[..]);
            pipeline.arg("COUNT").arg(SCAN_COUNT).arg("TYPE").arg("stream");
            let mut replies = self.run(&pipeline).await?.into_iter();
            let (Some(size), Some(scan)) = (replies.next(), replies.next()) else {
                return Err(StoreError::unexpected("a scan without its parts"));
            };
            // A user may be kept from `DBSIZE`, which only serves to show progress.
            keys_total = size.ok().as_ref().and_then(reply::number).unwrap_or(keys_total);
            let (next, found) = reply::scan(scan.map_err(|error| self.error(&error))?)?;
            keys.extend(found.into_iter().map(StreamKey::from_bytes));
            scans += 1;
            cursor = next;
            if cursor == 0 || keys.len() as u64 >= wanted || scans >= MAX_SCANS {
                break;
            }
        }
        Ok(Discovered {
            streams: self.look_at(keys).await?,
            next_cursor: (cursor != 0).then_some(cursor),
            scanned: scans * SCAN_COUNT,
            keys_total,
        })
    }

    /// Asks about many streams, each once, in the order of their keys. One that is gone by now, or is none, is left out.
    ///
    /// # Errors
    /// Where Redis is away. What it refuses of one stream is told in its place.
    pub async fn look_at(&self, mut keys: Vec<StreamKey>) -> Result<Vec<FoundStream>, StoreError> {
        keys.sort();
        keys.dedup();
        let mut found = Vec::with_capacity(keys.len());
        for batch in keys.chunks(INFO_BATCH) {
            let mut pipeline = redis::pipe();
            for key in batch {
                pipeline.cmd("XINFO").arg("STREAM").arg(key.as_bytes());
            }
            let replies = self.run(&pipeline).await?;
            for (key, reply) in batch.iter().zip(replies) {
                let info = reply
                    .map_err(|error| self.error(&error))
                    .and_then(|reply: Value| reply::stream_info(reply));
                match info {
                    Err(StoreError::NotFound | StoreError::WrongType) => {}
                    info => found.push(FoundStream { key: key.clone(), info }),
                }
            }
        }
        Ok(found)
    }
}

/// A pattern that matches these bytes and nothing else.
pub(super) fn glob_escaped(bytes: &[u8]) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(bytes.len() + 1);
    for &byte in bytes {
        if matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\' | b'^' | b'-') {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_pattern_is_escaped() {
        assert_eq!(glob_escaped(br"a*b?[c]\:d"), br"a\*b\?\[c\]\\:d");
    }
}
