//! Moving an entry to the dead letters.

use redis::Value;
use rewind_domain::{EntryId, Fields};

use super::{DeadLetters, MARKS};
use crate::write::Script;
use crate::{IdRange, PageOrder, RangeRead, StoreError, WriteError, reply};

static BURY: Script = Script::new(include_str!("bury.lua"));

/// The longest reason that is kept, in bytes; a message of an error is shorter, and a stack trace is told by its first lines.
const REASON_BYTES: usize = 4_096;

/// An entry that a group gives up on.
pub(in crate::consume) struct Burial<'a> {
    pub(in crate::consume) id: EntryId,
    pub(in crate::consume) reason: &'a str,
    /// How often it was delivered, as far as its consumer knows. Redis's own count is used where the entry is pending.
    pub(in crate::consume) deliveries: u64,
    pub(in crate::consume) consumer: &'a [u8],
    pub(in crate::consume) fields: &'a Fields,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::consume) enum Buried {
    /// It is a dead letter of this id.
    Letter(EntryId),
    /// It was acknowledged or buried by another consumer.
    Settled,
}

impl DeadLetters {
    /// Moves an entry to the dead letters in one step, with its fields as they were delivered: it may be gone from the stream.
    ///
    /// Where the server runs no scripts, it is added and then acknowledged. If the second step fails it may become a dead letter
    /// twice, and is never lost.
    pub(in crate::consume) async fn bury(&self, burial: &Burial<'_>) -> Result<Buried, WriteError> {
        let keys = [self.group.stream.as_bytes(), self.key.as_bytes()];
        let Burial { id, deliveries, consumer, .. } = burial;
        let mut arguments = vec![
            self.group.name.clone(),
            id.to_string().into_bytes(),
            cut(burial.reason).as_bytes().to_vec(),
            deliveries.to_string().into_bytes(),
            consumer.to_vec(),
        ];
        arguments
            .extend(burial.fields.iter().flat_map(|(name, value)| [name.to_vec(), value.to_vec()]));
        match BURY.run(&self.group.store, &keys, arguments).await {
            Ok(Value::BulkString(text)) if text == b"settled" => Ok(Buried::Settled),
            Ok(reply) => Ok(Buried::Letter(reply::added_id(&reply)?)),
            Err(WriteError::NotDone(error)) if cannot_run(&error) => {
                self.bury_in_steps(burial).await
            }
            Err(error) => Err(error),
        }
    }

    async fn bury_in_steps(&self, burial: &Burial<'_>) -> Result<Buried, WriteError> {
        let Some(just_before) = burial.id.prev() else { return Ok(Buried::Settled) };
        let store = &self.group.store;
        let pending = self.group.pending_page(just_before, 1, None).await?;
        let pending = pending.first().filter(|entry| entry.id == burial.id);
        let (deliveries, consumer) = pending
            .map_or((burial.deliveries, burial.consumer), |entry| {
                (entry.deliveries, &entry.consumer)
            });
        if pending.is_none() && self.is_in_stream(burial.id).await? {
            return Ok(Buried::Settled);
        }
        let (id, deliveries) = (burial.id.to_string(), deliveries.to_string());
        let at_ms = store.reads().clock_ms(&self.group.stream).await?.to_string();
        let values = [
            id.as_bytes(),
            cut(burial.reason).as_bytes(),
            deliveries.as_bytes(),
            consumer,
            at_ms.as_bytes(),
        ];
        let mut command = redis::cmd("XADD");
        command.arg(self.key.as_bytes()).arg("*");
        for (name, value) in burial.fields.iter() {
            command.arg(name).arg(value);
        }
        for (name, value) in MARKS.iter().zip(values) {
            command.arg(*name).arg(value);
        }
        let letter = reply::added_id(&store.writes(self.key.as_bytes()).send(&command).await?)?;
        self.group.ack(&[burial.id]).await?;
        Ok(Buried::Letter(letter))
    }

    pub(super) async fn is_in_stream(&self, id: EntryId) -> Result<bool, StoreError> {
        let read = RangeRead {
            stream: self.group.stream.clone(),
            range: IdRange::within(id, id),
            order: PageOrder::OldestFirst,
            count: 1,
        };
        let found = self.group.store.reads().ranges(&[read]).await?.pop();
        Ok(!found.unwrap_or(Err(unexpected()))?.entries.is_empty())
    }
}

/// Whether a script did not run because the server has none for this user, or because Lua passes no list this long to a command.
pub(super) fn cannot_run(error: &StoreError) -> bool {
    match error {
        StoreError::CommandRefused { command, .. } => {
            matches!(command.to_ascii_uppercase().as_str(), "EVAL" | "EVALSHA")
        }
        StoreError::Server { message } => message.contains("too many results to unpack"),
        _ => false,
    }
}

/// The beginning of a reason that is too long.
pub(super) fn cut(reason: &str) -> &str {
    let mut end = reason.len().min(REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    &reason[..end]
}

/// A reply of one of the scripts of another shape.
pub(super) const fn unexpected() -> StoreError {
    StoreError::Unexpected { what: "a reply of another shape" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_two_characters() {
        let long = "é".repeat(REASON_BYTES);
        assert_eq!(cut(&long).len(), REASON_BYTES);
        let shifted = format!("x{long}");
        assert_eq!(cut(&shifted).len(), REASON_BYTES - 1);
        assert_eq!(cut("short"), "short");
    }
}
