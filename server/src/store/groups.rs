//! Consumer groups: how far each is.

use redis::Value;
use rewind_domain::{EntryId, StreamKey};

use super::{Store, StoreError, reply};

/// A consumer group as `XINFO GROUPS` tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupInfo {
    /// Its name.
    pub name: Vec<u8>,
    /// How many consumers it has.
    pub consumers: u64,
    /// How many entries were given and not acknowledged.
    pub pending: u64,
    /// The last entry that it was given.
    pub last_delivered_id: EntryId,
    /// How many entries it was not given yet; nothing where Redis cannot tell, or is too old to.
    pub lag: Option<u64>,
    /// Whether Redis is too old to tell.
    pub is_lag_unsupported: bool,
}

impl Store {
    /// The consumer groups of each of these streams, in one round trip.
    ///
    /// # Errors
    /// Where Redis does not answer; what it refuses to tell about one of them stands with that one.
    pub async fn groups(
        &self,
        keys: &[StreamKey],
    ) -> Result<Vec<Result<Vec<GroupInfo>, StoreError>>, StoreError> {
        let mut pipeline = redis::pipe();
        for key in keys {
            pipeline.cmd("XINFO").arg("GROUPS").arg(key.as_bytes());
        }
        let read = |reply: redis::RedisResult<Value>| {
            reply.map_err(|error| self.error(&error)).and_then(reply::groups)
        };
        Ok(self.run(&pipeline).await?.into_iter().map(read).collect())
    }

    /// How long ago any consumer of each of these groups did anything, in milliseconds; nothing where there is none, or Redis
    /// does not tell.
    ///
    /// # Errors
    /// Where Redis does not answer.
    pub async fn group_idle_ms(
        &self,
        groups: &[(StreamKey, Vec<u8>)],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let mut pipeline = redis::pipe();
        for (key, group) in groups {
            pipeline.cmd("XINFO").arg("CONSUMERS").arg(key.as_bytes()).arg(&group[..]);
        }
        let replies = self.run(&pipeline).await?;
        Ok(replies.into_iter().map(|reply| reply::least_idle_ms(reply.ok()?)).collect())
    }
}
