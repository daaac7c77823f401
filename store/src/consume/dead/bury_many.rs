//! Moving many pending entries to the dead letters, whoever has them.

use redis::Value;
use rewind_domain::EntryId;

use super::DeadLetters;
use super::bury::{cut, unexpected};
use crate::write::Script;
use crate::{StoreError, WriteError, reply};

static BURY_MANY: Script = Script::needing(
    "+evalsha +eval +xpending +xrange +xadd +xack +time",
    include_str!("bury_many.lua"),
);

/// How many entries are moved in one step: a few milliseconds of Redis's time where they are small.
pub const BURIED_AT_ONCE: usize = 100;

/// What moving entries to the dead letters came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BuriedMany {
    /// How many became dead letters.
    pub moved: u64,
    /// How many were not pending any more.
    pub settled: u64,
    /// How many are pending and no longer in the stream. They stay pending.
    pub gone: u64,
}

impl DeadLetters {
    /// Moves up to [`BURIED_AT_ONCE`] pending entries to the dead letters in one step, whichever consumers have them. What is no longer pending
    /// is left alone, and so is what is no longer in the stream.
    ///
    /// # Errors
    /// What Redis refuses; nothing is done then. [`WriteError::Unknown`] if the reply was lost: repeating it is harmless.
    pub async fn bury_many(&self, ids: &[EntryId], reason: &str) -> Result<BuriedMany, WriteError> {
        let mut all = BuriedMany::default();
        let mut rest = &ids[..ids.len().min(BURIED_AT_ONCE)];
        while !rest.is_empty() {
            let keys = [self.group.stream.as_bytes(), self.key.as_bytes()];
            let mut arguments = vec![self.group.name.clone(), cut(reason).as_bytes().to_vec()];
            arguments.extend(rest.iter().map(|id| id.to_string().into_bytes()));
            let reply = BURY_MANY.run(&self.group.store, &keys, arguments).await?;
            let Value::Array(parts) = reply else { return Err(unexpected().into()) };
            let count = |at: usize| parts.get(at).and_then(reply::number).ok_or(unexpected());
            let (moved, settled, gone) = (count(0)?, count(1)?, count(2)?);
            all.moved += moved;
            all.settled += settled;
            all.gone += gone;
            let Some(stuck) = parts.get(3).and_then(reply::entry_id) else { break };
            // An entry of very many fields, which goes by itself.
            self.bury_large(stuck, reason).await?;
            all.moved += 1;
            let at = rest.iter().position(|id| *id == stuck).ok_or(unexpected())?;
            rest = &rest[at + 1..];
        }
        Ok(all)
    }

    async fn bury_large(&self, id: EntryId, reason: &str) -> Result<(), WriteError> {
        let found = self.group.pending_page(id.prev().unwrap_or_default(), 1, None).await?;
        let read = crate::RangeRead {
            stream: self.group.stream.clone(),
            range: crate::IdRange::within(id, id),
            order: crate::PageOrder::OldestFirst,
            count: 1,
        };
        let entries = self.group.store.reads().ranges(&[read]).await?.pop();
        let entries = entries.unwrap_or(Err(StoreError::NotFound))?.entries;
        let (Some(pending), Some(entry)) = (found.first(), entries.first()) else { return Ok(()) };
        let burial = super::Burial {
            id,
            reason,
            deliveries: pending.deliveries,
            consumer: &pending.consumer,
            fields: &entry.fields,
        };
        self.bury(&burial).await.map(drop)
    }
}
