//! Consumer groups: how far each is.

use redis::Value;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};

use super::{
    EntryRange, IdRange, PageOrder, PageSize, RangeEntries, RangeRead, Store, StoreError,
    entry_bytes, reply,
};

/// About how many bytes are read at a time to count entries or to see whether they are there.
const COUNTED_BYTES: usize = 256 * 1024;
/// Of how many pending entries it is found out in one round trip whether they are there.
const PENDING_AT_ONCE: usize = 10;

/// A consumer group as `XINFO GROUPS` describes it.
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
    /// How many entries it was not given yet by Redis's own count, which may be wrong; `None` if Redis cannot tell, or is too
    /// old to. [`rewind_domain::lag`] makes an answer of it.
    pub lag: Option<u64>,
    /// Whether Redis is too old to tell.
    pub is_lag_unsupported: bool,
}

impl Store {
    /// The consumer groups of each of these streams, and how far the stream reaches, in one round trip.
    ///
    /// # Errors
    /// If Redis does not answer; what it refuses to tell about one of them stands with that one.
    pub async fn groups(
        &self,
        keys: &[StreamKey],
    ) -> Result<Vec<Result<(Vec<GroupInfo>, StreamExtent), StoreError>>, StoreError> {
        let info = |about: &str, key: &StreamKey| {
            redis::cmd("XINFO").arg(about).arg(key.as_bytes()).take()
        };
        let commands: Vec<_> = keys
            .iter()
            .flat_map(|key| ["GROUPS", "STREAM"].map(|about| (key.as_bytes(), info(about, key))))
            .collect();
        let mut replies = self.run_each(&commands).await?.into_iter();
        let mut next = || match replies.next() {
            Some(reply) => reply.map_err(|error| self.error(&error)),
            None => Err(StoreError::unexpected("fewer replies than commands")),
        };
        let mut read = |_| {
            let (groups, stream) = (next(), next());
            let groups = groups.inspect_err(|error| {
                self.shared.refusals.note(error, "XINFO GROUPS");
            });
            let groups = groups.and_then(reply::groups)?;
            Ok((groups, stream.and_then(reply::stream_info)?.extent))
        };
        Ok(keys.iter().map(&mut read).collect())
    }

    /// How many entries a stream has after this one; `None` if that is more than `most`, or more than a few hundred KiB.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn count_after(
        &self,
        key: &StreamKey,
        mut after: EntryId,
        most: u64,
    ) -> Result<Option<u64>, StoreError> {
        let mut size = PageSize::careful(COUNTED_BYTES);
        let (mut count, mut bytes) = (0, 0);
        while count <= most && bytes <= COUNTED_BYTES {
            let range = IdRange { after: Some(after), before: None };
            let entries = size.entries(1).min(most + 1 - count);
            let range = EntryRange::new(range, PageOrder::OldestFirst, entries);
            let (pages, _) = self.read(key, vec![range]).await?;
            let Some(page) = pages.first() else { return Ok(None) };
            count += page.len() as u64;
            bytes += page.bytes();
            match page.last_id().filter(|_| !page.is_last()) {
                Some(last) => after = last,
                None => return Ok((count <= most).then_some(count)),
            }
            size.learn_bytes(page.len(), page.bytes());
        }
        Ok(None)
    }

    /// The first entries that each of these groups was given and has not acknowledged, `most` at most.
    ///
    /// # Errors
    /// If Redis does not answer; what it refuses to tell about one of them stands with that one.
    pub async fn pending_ids(
        &self,
        groups: &[(StreamKey, Vec<u8>)],
        most: u64,
    ) -> Result<Vec<Result<Vec<EntryId>, StoreError>>, StoreError> {
        let pending = |key: &StreamKey, group: &[u8]| {
            let mut command = redis::cmd("XPENDING");
            command.arg(key.as_bytes()).arg(group).arg("-").arg("+").arg(most);
            command
        };
        let commands: Vec<_> =
            groups.iter().map(|(key, group)| (key.as_bytes(), pending(key, group))).collect();
        let read = |reply: redis::RedisResult<Value>| {
            reply.map_err(|error| self.error(&error)).and_then(reply::pending_ids)
        };
        Ok(self.run_each(&commands).await?.into_iter().map(read).collect())
    }

    /// How many of these entries are gone, and how many were looked for: fewer than asked for where they are large.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn count_gone(
        &self,
        key: &StreamKey,
        ids: &[EntryId],
    ) -> Result<(u64, u64), StoreError> {
        let (mut gone, mut looked_for, mut bytes) = (0, 0, 0);
        for ids in ids.chunks(PENDING_AT_ONCE) {
            let read = |id: &EntryId| RangeRead {
                stream: key.clone(),
                range: IdRange::within(*id, *id),
                order: PageOrder::OldestFirst,
                count: 1,
            };
            let reads: Vec<RangeRead> = ids.iter().map(read).collect();
            let mut rest = &reads[..];
            while !rest.is_empty() && bytes <= COUNTED_BYTES {
                let answers = self.ranges(rest).await?;
                // As many of them as there was room for.
                rest = rest.get(answers.len().max(1)..).unwrap_or_default();
                for answer in answers {
                    let RangeEntries { entries, .. } = answer?;
                    looked_for += 1;
                    gone += u64::from(entries.is_empty());
                    bytes += entries.iter().map(entry_bytes).sum::<usize>();
                }
            }
            if bytes > COUNTED_BYTES {
                break;
            }
        }
        Ok((gone, looked_for))
    }

    /// How long ago any consumer of each of these groups did anything, in milliseconds; `None` if there is none, or Redis
    /// does not tell.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn group_idle_ms(
        &self,
        groups: &[(StreamKey, Vec<u8>)],
    ) -> Result<Vec<Option<u64>>, StoreError> {
        let consumers = |key: &StreamKey, group: &[u8]| {
            redis::cmd("XINFO").arg("CONSUMERS").arg(key.as_bytes()).arg(group).take()
        };
        let commands: Vec<_> =
            groups.iter().map(|(key, group)| (key.as_bytes(), consumers(key, group))).collect();
        let replies = self.run_each(&commands).await?;
        Ok(replies.into_iter().map(|reply| reply::least_idle_ms(reply.ok()?)).collect())
    }
}
