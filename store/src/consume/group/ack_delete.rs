//! Acknowledging entries that are deleted as soon as no group needs them.

use redis::Value;
use rewind_domain::EntryId;

use super::{AT_ONCE, Group};
use crate::write::Script;
use crate::{StoreError, WriteError};

/// What `XACKDEL … ACKED` does, for servers without it.
static ACK_DELETE: Script = Script::new(include_str!("ack_delete.lua"));

/// What acknowledging with deletion came to, in numbers of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AckDeleted {
    /// Acknowledged and deleted.
    pub deleted: u64,
    /// Acknowledged and left in the stream, because another group was not given it or has it pending.
    pub kept: u64,
    /// Not pending in this group, and left alone.
    pub not_pending: u64,
}

impl Group {
    /// Acknowledges entries, and deletes each of them that every group of the stream was given and has acknowledged, in one step:
    /// for streams that are queues rather than histories. By `XACKDEL` where the server has it (Redis 8.2 and newer), else by a script.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such stream, and what else Redis refuses; [`WriteError::Unknown`] if a reply was lost.
    /// Repeating it is harmless.
    pub async fn ack_and_delete(&self, ids: &[EntryId]) -> Result<AckDeleted, WriteError> {
        let mut all = AckDeleted::default();
        for ids in ids.chunks(AT_ONCE) {
            let mut command = redis::cmd("XACKDEL");
            command.arg(self.stream.as_bytes()).arg(&self.name).arg("ACKED");
            command.arg("IDS").arg(ids.len());
            for id in ids {
                command.arg(id.to_string());
            }
            let writes = self.writes();
            let reply = match writes.send(&command).await {
                Err(WriteError::NotDone(StoreError::CommandRefused {
                    is_unknown: true, ..
                })) => {
                    let mut arguments = vec![self.name.clone()];
                    arguments.extend(ids.iter().map(|id| id.to_string().into_bytes()));
                    ACK_DELETE.run(&self.store, &[self.stream.as_bytes()], arguments).await?
                }
                reply => reply?,
            };
            let unexpected = StoreError::Unexpected { what: "outcomes of another shape" };
            let Value::Array(outcomes) = reply else { return Err(unexpected.into()) };
            for outcome in outcomes {
                match outcome {
                    Value::Int(1) => all.deleted += 1,
                    Value::Int(2) => all.kept += 1,
                    Value::Int(-1) => all.not_pending += 1,
                    _ => return Err(unexpected.into()),
                }
            }
        }
        Ok(all)
    }
}
