//! The reads of a consumer: new entries, its own pending ones, and those that others left.

use std::time::{Duration, Instant};

use redis::Cmd;
use rewind_domain::{Entry, EntryId, Fields};

use super::{BLOCK, Batch, Consumer, Delivery, GRACE, replies};
use crate::write::WriteConnection;
use crate::{StoreError, WriteError};

impl Consumer {
    /// One step of reading: a part of what is pending for this consumer and unknown here, else new entries. Blocks for a few seconds at
    /// most, and not beyond `end`.
    pub(super) async fn read_once(
        &mut self,
        count: usize,
        end: Option<Instant>,
    ) -> Result<Batch, StoreError> {
        match self.unread_after {
            Some(after) => self.read_own_pending(after, count).await,
            None => self.read_new(count, end).await,
        }
    }

    async fn read_new(&mut self, count: usize, end: Option<Instant>) -> Result<Batch, StoreError> {
        let mut command = self.group_read(count);
        let rest = end.map(|end| end.saturating_duration_since(Instant::now()).min(BLOCK));
        if let Some(rest) = rest.filter(|rest| rest.as_millis() > 0) {
            command.arg("BLOCK").arg(rest.as_millis().to_string());
        }
        command.arg("STREAMS").arg(self.group.stream.as_bytes()).arg(">");
        // Until the reply is here, entries may be pending for this consumer that it does not know.
        self.unread_after = Some(EntryId::MIN);
        let reply = self.send_read(&command).await;
        if !matches!(reply, Err(WriteError::Unknown { .. })) {
            self.unread_after = None;
        }
        let entries = replies::group_read(reply.map_err(WriteError::into_cause)?)?;
        self.has_seen_group = true;
        self.last_given = self.last_given.max(entries.last().map(|(id, _)| *id));
        let mut batch = Batch::default();
        for (id, fields) in entries {
            let fields = fields.ok_or(StoreError::unexpected("a new entry without fields"))?;
            batch.deliveries.push(Delivery::new(Entry { id, fields }, 1, &self.decoder));
        }
        self.held.ids().extend(batch.ids());
        Ok(batch)
    }

    /// Reads what is pending for this consumer, from an id on.
    async fn read_own_pending(
        &mut self,
        after: EntryId,
        count: usize,
    ) -> Result<Batch, StoreError> {
        let mut command = self.group_read(count);
        command.arg("STREAMS").arg(self.group.stream.as_bytes()).arg(after.to_string());
        let reply = self.send_read(&command).await.map_err(WriteError::into_cause)?;
        let entries = replies::group_read(reply)?;
        self.has_seen_group = true;
        let next = entries.last().map(|(id, _)| *id).filter(|_| entries.len() >= count);
        let batch = self.hand_out(entries).await?;
        self.unread_after = next;
        Ok(batch)
    }

    /// Claims what others left, from where the claim before ended.
    pub(super) async fn claim_once(
        &mut self,
        min_idle: Duration,
        count: usize,
    ) -> Result<Batch, StoreError> {
        let (stream, group) = (self.group.stream.as_bytes().to_vec(), self.group.name.clone());
        let mut command = redis::cmd("XAUTOCLAIM");
        command.arg(&stream).arg(&group).arg(&self.name).arg(min_idle.as_millis().to_string());
        command.arg(self.claim_cursor.to_string()).arg("COUNT").arg(count).arg("JUSTID");
        // What was claimed is unknown here until its entries are read.
        let unread_before = self.unread_after.replace(EntryId::MIN);
        let reply = self.group.writes().send(&command).await;
        let claimed = match reply {
            Ok(reply) => replies::auto_claimed(reply)?,
            Err(error) => {
                if !error.is_unknown() {
                    self.unread_after = unread_before;
                }
                return Err(error.into_cause());
            }
        };
        self.has_seen_group = true;
        self.claim_cursor = claimed.cursor;
        let is_held = |id: &EntryId| self.held.ids().contains(id);
        let ids: Vec<EntryId> = claimed.ids.into_iter().filter(|id| !is_held(id)).collect();
        let mut batch = Batch::default();
        if !ids.is_empty() {
            // Only this command counts as a delivery, and Redis 6.2 names no ids of entries that no longer exist in a claim with entries.
            let mut command = redis::cmd("XCLAIM");
            command.arg(&stream).arg(&group).arg(&self.name).arg(0);
            for id in &ids {
                command.arg(id.to_string());
            }
            let reply = self.group.writes().send(&command).await;
            let entries = replies::given(reply.map_err(WriteError::into_cause)?)?;
            let there = |id: &EntryId| {
                entries.iter().any(|(other, fields)| other == id && fields.is_some())
            };
            let missing: Vec<_> =
                ids.into_iter().filter(|id| !there(id)).map(|id| (id, None)).collect();
            batch = self.hand_out(entries.into_iter().chain(missing).collect()).await?;
        }
        batch.deleted.extend(claimed.deleted);
        batch.deleted.sort_unstable();
        batch.deleted.dedup();
        self.unread_after = unread_before;
        Ok(batch)
    }

    /// Makes a batch of entries that are pending for this consumer: those that it handed out already are left out, and those that no
    /// longer exist are acknowledged.
    async fn hand_out(
        &mut self,
        entries: Vec<(EntryId, Option<Fields>)>,
    ) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        let mut found = Vec::new();
        for (id, fields) in entries {
            match fields {
                None => batch.deleted.push(id),
                Some(_) if self.held.ids().contains(&id) => {}
                Some(fields) => found.push(Entry { id, fields }),
            }
        }
        found.sort_by_key(|entry| entry.id);
        if !batch.deleted.is_empty() {
            self.group.ack(&batch.deleted).await?;
            self.held.remove(&batch.deleted);
        }
        // What was acknowledged while it was being read is not pending any more, and not handed out again.
        let deliveries = self.count_deliveries(&found).await?;
        let counted = found.into_iter().zip(deliveries);
        batch.deliveries = counted
            .filter_map(|(entry, count)| {
                count.map(|count| Delivery::new(entry, count, &self.decoder))
            })
            .collect();
        self.held.ids().extend(batch.ids());
        Ok(batch)
    }

    /// How often each of these entries was delivered; `None` if it is not pending for this consumer.
    async fn count_deliveries(&self, entries: &[Entry]) -> Result<Vec<Option<u64>>, StoreError> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for Entry { id, .. } in entries {
            let id = id.to_string();
            pipeline.cmd("XPENDING").arg(self.group.stream.as_bytes()).arg(&self.group.name);
            pipeline.arg(&id).arg(&id).arg(1);
        }
        let reads = self.group.store.reads();
        let mut counts = Vec::with_capacity(entries.len());
        for reply in reads.run(self.group.stream.as_bytes(), &pipeline).await? {
            let found = replies::pending(reply.map_err(|error| reads.error(&error))?)?;
            let own = found.first().filter(|entry| entry.consumer == self.name);
            counts.push(own.map(|entry| entry.deliveries.max(1)));
        }
        Ok(counts)
    }

    fn group_read(&self, count: usize) -> Cmd {
        let mut command = redis::cmd("XREADGROUP");
        command.arg("GROUP").arg(&self.group.name).arg(&self.name).arg("COUNT").arg(count);
        command
    }

    /// Sends a read on this consumer's own connection, which goes with the future if that is dropped: it still blocks then.
    async fn send_read(&mut self, command: &Cmd) -> Result<redis::Value, WriteError> {
        let url = || self.group.store.reads().url_of(self.group.stream.as_bytes()).clone();
        let reads = self
            .reads
            .take()
            .unwrap_or_else(|| WriteConnection::with_patience(url(), BLOCK + GRACE));
        let reply = reads.send(command).await;
        self.reads = Some(reads);
        reply
    }
}
