//! Operations on one consumer group.

mod ack_delete;
mod consumers;

use redis::Value;
use rewind_domain::{EntryId, StreamKey};

use super::replies::{self, ConsumerInfo, PendingEntry};
use super::start::{Position, Start};
use crate::write::WriteConnection;
use crate::{EventStore, GroupInfo, StoreError, WriteError};

pub use ack_delete::AckDeleted;
pub use consumers::{ConsumerRemoved, PendingOf};

/// How many entries are acknowledged, claimed or listed by one command: a few milliseconds of Redis's time.
pub(super) const AT_ONCE: usize = 1_000;

/// One consumer group of one stream, which need not exist.
#[derive(Clone)]
pub struct Group {
    pub(super) store: EventStore,
    pub(super) stream: StreamKey,
    pub(super) name: Vec<u8>,
}

/// Whether a group was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupMade {
    /// It was made.
    Made,
    /// It existed, and was left as it is.
    Existed,
}

/// Which pending entries are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PendingQuery {
    /// Only entries behind this one.
    pub after: Option<EntryId>,
    /// Only those of this consumer.
    pub consumer: Option<Vec<u8>>,
    /// Only those that were delivered at least this long ago, in milliseconds. Released entries count as idle for ever.
    pub min_idle_ms: u64,
}

impl Group {
    /// The group of this name of this stream.
    #[must_use]
    pub fn new(store: &EventStore, stream: impl Into<StreamKey>, name: impl Into<Vec<u8>>) -> Self {
        Self { store: store.clone(), stream: stream.into(), name: name.into() }
    }

    /// How far it is.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] if the stream has no such group, and whatever Redis refuses.
    pub async fn info(&self) -> Result<GroupInfo, StoreError> {
        let keys = std::slice::from_ref(&self.stream);
        let found = self.store.reads().groups(keys).await?.pop();
        let (groups, _) = match found.unwrap_or(Err(StoreError::NotFound)) {
            Err(StoreError::NotFound) => return Err(StoreError::NoGroup),
            found => found?,
        };
        groups.into_iter().find(|group| group.name == self.name).ok_or(StoreError::NoGroup)
    }

    /// Makes the group, and an empty stream if there is none. A group that exists is left as it is.
    ///
    /// The group's lag is known from the start, because Redis is told how many entries lie before its position; servers before Redis 7
    /// do not count them.
    ///
    /// # Errors
    /// What Redis refuses; [`WriteError::Unknown`] if the reply was lost.
    pub async fn create(&self, start: Start) -> Result<GroupMade, WriteError> {
        let position = Position::find(self.store.reads(), &self.stream, start).await?;
        match self.place("CREATE", position, &["MKSTREAM"]).await {
            Ok(()) => Ok(GroupMade::Made),
            Err(WriteError::NotDone(StoreError::Server { message }))
                if message.starts_with("BUSYGROUP") =>
            {
                Ok(GroupMade::Existed)
            }
            Err(error) => Err(error),
        }
    }

    /// Has the group begin again from another place. Entries that are pending stay pending.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] if there is no such group, what else Redis refuses; [`WriteError::Unknown`] if the reply was lost.
    pub async fn reset(&self, start: Start) -> Result<(), WriteError> {
        let position = Position::find(self.store.reads(), &self.stream, start).await?;
        self.place("SETID", position, &[]).await.map_err(without_stream)
    }

    /// Makes a consumer that has nothing pending. Returns whether there was none of this name. A consumer that reads is made by itself.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] if there is no such group, what else Redis refuses; [`WriteError::Unknown`] if the reply was lost.
    pub async fn create_consumer(&self, name: &[u8]) -> Result<bool, WriteError> {
        let mut command = redis::cmd("XGROUP");
        command.arg("CREATECONSUMER").arg(self.stream.as_bytes()).arg(&self.name).arg(name);
        let reply = self.writes().send(&command).await.map_err(without_stream)?;
        Ok(replies::count(&reply)? > 0)
    }

    /// Deletes the group with its pending list. Returns whether there was one.
    ///
    /// # Errors
    /// What Redis refuses; [`WriteError::Unknown`] if the reply was lost.
    pub async fn delete(&self) -> Result<bool, WriteError> {
        let mut command = redis::cmd("XGROUP");
        command.arg("DESTROY").arg(self.stream.as_bytes()).arg(&self.name);
        match self.writes().send(&command).await {
            Ok(reply) => Ok(replies::count(&reply)? > 0),
            Err(error) if is_without_stream(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The connection for writes to its stream.
    pub(super) fn writes(&self) -> &WriteConnection {
        self.store.writes(self.stream.as_bytes())
    }

    /// The group's consumers.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] if there is no such group, and whatever Redis refuses.
    pub async fn consumers(&self) -> Result<Vec<ConsumerInfo>, StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("XINFO").arg("CONSUMERS").arg(self.stream.as_bytes()).arg(&self.name);
        match self.store.reads().single(self.stream.as_bytes(), &pipeline).await {
            Err(StoreError::NotFound) => Err(StoreError::NoGroup),
            reply => replies::consumers(reply?),
        }
    }

    /// Entries that were delivered and not acknowledged, in the order of their ids, `most` at most. Fewer are returned only at the end
    /// of the list.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] if there is no such group, and whatever Redis refuses.
    pub async fn pending(
        &self,
        query: &PendingQuery,
        most: usize,
    ) -> Result<Vec<PendingEntry>, StoreError> {
        let mut found = Vec::new();
        let mut after = query.after.unwrap_or_default();
        // Redis looks for idle ones much faster, and leaves out those that `XNACK` gave back, which have no idle time.
        let min_idle_ms = match query.min_idle_ms {
            0 => None,
            _ if self.store.may_give_back().await => None,
            least => Some(least),
        };
        while found.len() < most {
            let count = match query.min_idle_ms {
                0 => AT_ONCE.min(most - found.len()),
                _ => AT_ONCE,
            };
            let consumer = query.consumer.as_deref();
            let page = self.pending_idle(after, count, consumer, min_idle_ms).await?;
            let (Some(last), is_last) = (page.last(), page.len() < count) else { break };
            after = last.id;
            let is_idle = |entry: &PendingEntry| {
                entry.idle_ms.is_none_or(|idle_ms| idle_ms >= query.min_idle_ms)
            };
            found.extend(page.into_iter().filter(is_idle).take(most - found.len()));
            if is_last {
                break;
            }
        }
        Ok(found)
    }

    /// Of each of these ids how it is pending; `None` if it is not.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] if there is no such group, and whatever Redis refuses.
    pub async fn pending_of(
        &self,
        ids: &[EntryId],
    ) -> Result<Vec<Option<PendingEntry>>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(AT_ONCE) {
            let mut pipeline = redis::pipe();
            for id in ids {
                let id = id.to_string();
                pipeline.cmd("XPENDING").arg(self.stream.as_bytes()).arg(&self.name);
                pipeline.arg(&id).arg(&id).arg(1);
            }
            let reads = self.store.reads();
            for reply in reads.run(self.stream.as_bytes(), &pipeline).await? {
                let reply = reply.map_err(|error| reads.error(&error))?;
                found.push(replies::pending(reply)?.pop());
            }
        }
        Ok(found)
    }

    /// The first pending entries behind an id.
    pub(super) async fn pending_page(
        &self,
        after: EntryId,
        count: usize,
        consumer: Option<&[u8]>,
    ) -> Result<Vec<PendingEntry>, StoreError> {
        self.pending_idle(after, count, consumer, None).await
    }

    /// The same of those that were delivered this long ago.
    async fn pending_idle(
        &self,
        after: EntryId,
        count: usize,
        consumer: Option<&[u8]>,
        min_idle_ms: Option<u64>,
    ) -> Result<Vec<PendingEntry>, StoreError> {
        let Some(from) = after.next() else { return Ok(Vec::new()) };
        let mut pipeline = redis::pipe();
        pipeline.cmd("XPENDING").arg(self.stream.as_bytes()).arg(&self.name);
        if let Some(least) = min_idle_ms {
            pipeline.arg("IDLE").arg(least);
        }
        pipeline.arg(from.to_string()).arg("+").arg(count).arg(consumer);
        replies::pending(self.store.reads().single(self.stream.as_bytes(), &pipeline).await?)
    }

    /// Acknowledges entries. Returns how many of them were pending.
    ///
    /// # Errors
    /// What Redis refuses. That a reply was lost is no error of its own: acknowledging twice is harmless, so it is repeated once.
    pub async fn ack(&self, ids: &[EntryId]) -> Result<u64, StoreError> {
        let mut acknowledged = 0;
        for ids in ids.chunks(AT_ONCE) {
            let mut command = redis::cmd("XACK");
            command.arg(self.stream.as_bytes()).arg(&self.name);
            for id in ids {
                command.arg(id.to_string());
            }
            let writes = self.writes();
            let reply = match writes.send(&command).await {
                Err(WriteError::Unknown { .. }) => writes.send(&command).await,
                reply => reply,
            };
            acknowledged += replies::count(&reply.map_err(WriteError::into_cause)?)?;
        }
        Ok(acknowledged)
    }

    /// Gives pending entries to a consumer, if they were delivered at least this long ago; their count of deliveries stays. Returns the
    /// ids of those that it got. Entries that no longer exist are taken out of the pending list by servers from Redis 7 on.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] if there is no such group, what else Redis refuses; [`WriteError::Unknown`] if a reply was lost.
    pub async fn claim(
        &self,
        to: &[u8],
        min_idle_ms: u64,
        ids: &[EntryId],
    ) -> Result<Vec<EntryId>, WriteError> {
        let mut claimed = Vec::new();
        for ids in ids.chunks(AT_ONCE) {
            let mut command = redis::cmd("XCLAIM");
            command.arg(self.stream.as_bytes()).arg(&self.name).arg(to).arg(min_idle_ms);
            for id in ids {
                command.arg(id.to_string());
            }
            command.arg("JUSTID");
            claimed.extend(replies::ids(self.writes().send(&command).await?)?);
        }
        Ok(claimed)
    }

    /// Sends `XGROUP CREATE` or `XGROUP SETID`.
    async fn place(
        &self,
        subcommand: &str,
        position: Position,
        options: &[&str],
    ) -> Result<(), WriteError> {
        let command = |entries_read: Option<u64>| {
            let mut command = redis::cmd("XGROUP");
            command.arg(subcommand).arg(self.stream.as_bytes()).arg(&self.name);
            command.arg(position.id.to_string()).arg(options);
            if let Some(entries_read) = entries_read {
                command.arg("ENTRIESREAD").arg(entries_read);
            }
            command
        };
        let writes = self.writes();
        match writes.send(&command(position.entries_read)).await {
            // Redis 6.2 does not know `ENTRIESREAD`, and a stream that does not exist does not tell how old its server is.
            Err(WriteError::NotDone(error))
                if position.entries_read.is_some() && is_not_understood(&error) =>
            {
                writes.send(&command(None)).await
            }
            outcome => outcome,
        }
        .map(|_: Value| ())
    }
}

/// Whether a server refuses an option that it does not know. Redis 6.2 takes `MKSTREAM` for unknown too where more follows.
fn is_not_understood(error: &StoreError) -> bool {
    let StoreError::Server { message } = error else { return false };
    let message = message.to_ascii_lowercase();
    let texts = ["syntax error", "unknown subcommand", "wrong number", "requires the key to exist"];
    texts.iter().any(|text| message.contains(text))
}

/// Whether there is no such stream, which `XGROUP` says in words of its own.
fn is_without_stream(error: &WriteError) -> bool {
    match error.cause() {
        StoreError::NotFound | StoreError::NoGroup => true,
        StoreError::Server { message } => message.contains("requires the key to exist"),
        _ => false,
    }
}

fn without_stream(error: WriteError) -> WriteError {
    if is_without_stream(&error) { StoreError::NoGroup.into() } else { error }
}
