//! Reading the replies of the commands for consumer groups.

use redis::Value;
use rewind_domain::{EntryId, Fields};

use crate::StoreError;
use crate::reply::{as_bytes, bytes, entry_id, number, pairs};

/// An entry of a pending list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingEntry {
    /// Its id.
    pub id: EntryId,
    /// The consumer that it was last delivered to; empty if that consumer released it.
    pub consumer: Vec<u8>,
    /// How long ago that was, in milliseconds; `None` if the consumer released it.
    pub idle_ms: Option<u64>,
    /// How often it was delivered.
    pub deliveries: u64,
}

/// A consumer of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerInfo {
    /// Its name.
    pub name: Vec<u8>,
    /// How many entries it has pending.
    pub pending: u64,
    /// How long ago it last asked for anything, in milliseconds.
    pub idle_ms: u64,
    /// How long ago it last got anything, in milliseconds; `None` if never, or if the server does not tell.
    pub inactive_ms: Option<u64>,
}

/// What `XAUTOCLAIM … JUSTID` claimed.
pub(super) struct AutoClaimed {
    /// Where the next claim goes on; [`EntryId::MIN`] at the end of the pending list.
    pub(super) cursor: EntryId,
    pub(super) ids: Vec<EntryId>,
    /// Entries that no longer exist, and were taken out of the pending list. Not told before Redis 7.
    pub(super) deleted: Vec<EntryId>,
}

/// The entries of an `XREADGROUP` of one stream. One that no longer exists has no fields.
pub(super) fn group_read(reply: Value) -> Result<Vec<(EntryId, Option<Fields>)>, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "a read of another shape" };
    let entries = match reply {
        Value::Nil => return Ok(Vec::new()),
        Value::Array(mut streams) => match streams.pop() {
            None => return Ok(Vec::new()),
            Some(Value::Array(mut pair)) => pair.pop().ok_or(SHAPE)?,
            Some(_) => return Err(SHAPE),
        },
        Value::Map(mut streams) => streams.pop().ok_or(SHAPE)?.1,
        _ => return Err(SHAPE),
    };
    given(entries)
}

/// A list of entries, of which those that no longer exist have no fields. Redis 6.2 names no id for such an entry in the reply to
/// `XCLAIM`; it is left out then.
pub(super) fn given(reply: Value) -> Result<Vec<(EntryId, Option<Fields>)>, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "entries of another shape" };
    let Value::Array(items) = reply else { return Err(SHAPE) };
    let mut entries = Vec::with_capacity(items.len());
    for item in items {
        let Value::Array(parts) = item else { continue };
        let mut parts = parts.into_iter();
        let id = parts.next().and_then(|id| entry_id(&id)).ok_or(SHAPE)?;
        entries.push((id, parts.next().map(fields).transpose()?.flatten()));
    }
    Ok(entries)
}

fn fields(value: Value) -> Result<Option<Fields>, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "fields of another shape" };
    let flat = match value {
        Value::Nil => return Ok(None),
        Value::Array(flat) => flat,
        _ => return Err(SHAPE),
    };
    let mut flat = flat.into_iter();
    let mut pairs = Vec::with_capacity(flat.len() / 2);
    while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
        pairs.push((bytes(name).ok_or(SHAPE)?, bytes(value).ok_or(SHAPE)?));
    }
    Ok(Some(pairs.into_iter().collect()))
}

/// The reply to `XPENDING` with a range.
pub(super) fn pending(reply: Value) -> Result<Vec<PendingEntry>, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "pending entries of another shape" };
    let Value::Array(items) = reply else { return Err(SHAPE) };
    let entry = |item| {
        let Value::Array(parts) = item else { return Err(SHAPE) };
        let [id, consumer, idle, deliveries] = <[Value; 4]>::try_from(parts).map_err(|_| SHAPE)?;
        Ok(PendingEntry {
            id: entry_id(&id).ok_or(SHAPE)?,
            consumer: bytes(consumer).unwrap_or_default(),
            // -1 after `XNACK`.
            idle_ms: number(&idle),
            deliveries: number(&deliveries).ok_or(SHAPE)?,
        })
    };
    items.into_iter().map(entry).collect()
}

/// The reply to `XAUTOCLAIM … JUSTID`.
pub(super) fn auto_claimed(reply: Value) -> Result<AutoClaimed, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "a claim of another shape" };
    let Value::Array(parts) = reply else { return Err(SHAPE) };
    let mut parts = parts.into_iter();
    let cursor = parts.next().and_then(|cursor| entry_id(&cursor)).ok_or(SHAPE)?;
    let claimed = ids(parts.next().ok_or(SHAPE)?)?;
    let deleted = parts.next().map(ids).transpose()?.unwrap_or_default();
    Ok(AutoClaimed { cursor, ids: claimed, deleted })
}

/// A list of ids.
pub(super) fn ids(reply: Value) -> Result<Vec<EntryId>, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "ids of another shape" };
    let Value::Array(items) = reply else { return Err(SHAPE) };
    items.iter().map(|id| entry_id(id).ok_or(SHAPE)).collect()
}

/// The reply to `XINFO CONSUMERS`.
pub(crate) fn consumers(reply: Value) -> Result<Vec<ConsumerInfo>, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "consumers of another shape" };
    let Value::Array(items) = reply else { return Err(SHAPE) };
    let consumer = |item| {
        let mut consumer = ConsumerInfo::default();
        for (name, value) in pairs(item).ok_or(SHAPE)? {
            match as_bytes(&name).unwrap_or_default() {
                b"name" => consumer.name = bytes(value).unwrap_or_default(),
                b"pending" => consumer.pending = number(&value).unwrap_or_default(),
                b"idle" => consumer.idle_ms = number(&value).unwrap_or_default(),
                b"inactive" => consumer.inactive_ms = number(&value),
                _ => {}
            }
        }
        Ok(consumer)
    };
    items.into_iter().map(consumer).collect()
}

/// A whole number.
pub(crate) fn count(reply: &Value) -> Result<u64, StoreError> {
    number(reply).ok_or(StoreError::unexpected("a number of another shape"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn an_entry_that_no_longer_exists_has_no_fields() {
        let gone = Value::Array(vec![bulk("1-0"), Value::Nil]);
        let there = Value::Array(vec![bulk("2-0"), Value::Array(vec![bulk("a"), bulk("b")])]);
        // With `CLAIM`, Redis adds how long the entry was idle and how often it was delivered.
        let claimed = vec![bulk("3-0"), Value::Array(vec![]), Value::Int(5), Value::Int(1)];
        let entries = Value::Array(vec![gone, Value::Nil, there, Value::Array(claimed)]);
        let reply = Value::Array(vec![Value::Array(vec![bulk("s"), entries])]);
        let read = group_read(reply).unwrap();
        let found: Vec<_> = read.iter().map(|(id, fields)| (id.ms(), fields.is_some())).collect();
        assert_eq!(found, [(1, false), (2, true), (3, true)]);
    }

    #[test]
    fn a_released_entry_has_no_consumer_and_no_idle_time() {
        let reply = vec![bulk("1-0"), bulk(""), Value::Int(-1), Value::Int(0)];
        let read = pending(Value::Array(vec![Value::Array(reply)])).unwrap();
        assert_eq!((read[0].consumer.as_slice(), read[0].idle_ms), (&b""[..], None));
    }

    #[test]
    fn a_claim_is_read_from_servers_old_and_new() {
        let old = vec![bulk("0-0"), Value::Array(vec![bulk("1-0")])];
        let claimed = auto_claimed(Value::Array(old.clone())).unwrap();
        assert_eq!((claimed.ids.len(), claimed.deleted.len()), (1, 0));
        let new = [old, vec![Value::Array(vec![bulk("2-0")])]].concat();
        assert_eq!(auto_claimed(Value::Array(new)).unwrap().deleted, [EntryId::new(2, 0)]);
    }
}
