//! Keeping entries while they are handled, and counting another try as a delivery.

use redis::Value;
use rewind_domain::EntryId;

use crate::consume::Group;
use crate::write::Script;
use crate::{StoreError, WriteError};

static KEEP: Script = Script::new(include_str!("keep.lua"));

/// Whose an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// This consumer's, as before.
    Own,
    /// Another consumer claimed it, or it was acknowledged.
    Lost,
    /// Nobody's: it no longer exists in the stream.
    Gone,
}

/// Makes entries of this consumer seem delivered just now, so that no other consumer claims them; with a count, sets how often they were
/// delivered. Repeating it is harmless.
pub(super) async fn keep(
    group: &Group,
    consumer: &[u8],
    entries: &[(EntryId, Option<u64>)],
) -> Result<Vec<Kept>, StoreError> {
    let mut arguments = vec![group.name.clone(), consumer.to_vec()];
    for (id, deliveries) in entries {
        arguments.push(id.to_string().into_bytes());
        arguments.push(deliveries.map(|count| count.to_string().into_bytes()).unwrap_or_default());
    }
    let keys = [group.stream.as_bytes()];
    let reply = match KEEP.run(&group.store, &keys, arguments).await {
        Err(WriteError::NotDone(StoreError::CommandRefused { command, .. }))
            if command.to_ascii_uppercase().starts_with("EVAL") =>
        {
            return keep_in_steps(group, consumer, entries).await;
        }
        reply => reply.map_err(WriteError::into_cause)?,
    };
    let Value::Array(items) = reply else { return Err(unexpected()) };
    let kept = |item: &Value| match item {
        Value::Int(1) => Ok(Kept::Own),
        Value::Int(0) => Ok(Kept::Lost),
        Value::Int(-1) => Ok(Kept::Gone),
        _ => Err(unexpected()),
    };
    items.iter().map(kept).collect()
}

/// What does the same where the server runs no scripts. Should another consumer claim an entry between the two steps, both handle it.
async fn keep_in_steps(
    group: &Group,
    consumer: &[u8],
    entries: &[(EntryId, Option<u64>)],
) -> Result<Vec<Kept>, StoreError> {
    let mut all = Vec::with_capacity(entries.len());
    for (id, deliveries) in entries {
        let just_before = id.prev().unwrap_or_default();
        let pending = group.pending_page(just_before, 1, Some(consumer)).await?;
        if pending.first().is_none_or(|entry| entry.id != *id) {
            all.push(Kept::Lost);
            continue;
        }
        let mut command = redis::cmd("XCLAIM");
        command.arg(group.stream.as_bytes()).arg(&group.name).arg(consumer).arg(0);
        command.arg(id.to_string());
        if let Some(deliveries) = deliveries {
            command.arg("RETRYCOUNT").arg(deliveries);
        }
        command.arg("JUSTID");
        let reply = group.writes().send(&command).await.map_err(WriteError::into_cause)?;
        let is_there = matches!(reply, Value::Array(ids) if !ids.is_empty());
        all.push(if is_there { Kept::Own } else { Kept::Gone });
    }
    Ok(all)
}

const fn unexpected() -> StoreError {
    StoreError::Unexpected { what: "a reply of another shape" }
}
