//! Reading the replies of Redis.

use redis::Value;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{Entry, EntryId, Fields, StreamKey};

use super::{GroupInfo, StoreError, StreamInfo};

/// The entries of an `XRANGE`, `XREVRANGE` or of one stream in an `XREAD`.
pub(super) fn entries(reply: Value) -> Result<Vec<Entry>, StoreError> {
    match reply {
        Value::Array(items) => items.into_iter().map(entry).collect(),
        Value::Nil => Ok(Vec::new()),
        _ => Err(StoreError::unexpected("entries that are no array")),
    }
}

/// One entry. Taken apart by hand: the crate's own type keeps fields in a hash map, which loses their order and all but
/// one of those that repeat.
fn entry(value: Value) -> Result<Entry, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "an entry of another shape" };
    let Value::Array(parts) = value else { return Err(SHAPE) };
    let Ok([id, fields]) = <[Value; 2]>::try_from(parts) else { return Err(SHAPE) };
    let id = entry_id(&id).ok_or(SHAPE)?;
    let Value::Array(flat) = fields else { return Err(SHAPE) };
    let mut flat = flat.into_iter();
    let mut pairs = Vec::with_capacity(flat.len() / 2);
    while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
        pairs.push((bytes(name).ok_or(SHAPE)?, bytes(value).ok_or(SHAPE)?));
    }
    Ok(Entry { id, fields: Fields::from_iter(pairs) })
}

/// The reply to `XINFO STREAM`.
pub(super) fn stream_info(reply: Value) -> Result<StreamInfo, StoreError> {
    let pairs = pairs(reply).ok_or(StoreError::unexpected("stream information that is no map"))?;
    let mut extent = StreamExtent::default();
    let mut groups = 0;
    for (name, value) in &pairs {
        match as_bytes(name).unwrap_or_default() {
            b"length" => extent.length = number(value).unwrap_or_default(),
            b"groups" => groups = number(value).unwrap_or_default(),
            b"last-generated-id" => extent.last_generated_id = entry_id(value).unwrap_or_default(),
            b"entries-added" => extent.entries_added = number(value),
            b"max-deleted-entry-id" => extent.max_deleted_id = entry_id(value),
            b"first-entry" => extent.first_id = id_of_entry(value),
            b"last-entry" => extent.last_id = id_of_entry(value),
            _ => {}
        }
    }
    Ok(StreamInfo { extent, groups, lineage: 0 })
}

/// The reply to `XINFO GROUPS`.
pub(super) fn groups(reply: Value) -> Result<Vec<GroupInfo>, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "groups of another shape" };
    let Value::Array(items) = reply else { return Err(SHAPE) };
    items.into_iter().map(|item| Ok(group(pairs(item).ok_or(SHAPE)?))).collect()
}

fn group(pairs: Vec<(Value, Value)>) -> GroupInfo {
    let mut group = GroupInfo { is_lag_unsupported: true, ..GroupInfo::default() };
    for (name, value) in pairs {
        match as_bytes(&name).unwrap_or_default() {
            b"name" => group.name = bytes(value).unwrap_or_default(),
            b"consumers" => group.consumers = number(&value).unwrap_or_default(),
            b"pending" => group.pending = number(&value).unwrap_or_default(),
            b"last-delivered-id" => {
                group.last_delivered_id = entry_id(&value).unwrap_or_default();
            }
            b"lag" => {
                group.is_lag_unsupported = false;
                group.lag = number(&value);
            }
            _ => {}
        }
    }
    group
}

/// The ids in a reply to `XPENDING` with a range.
pub(super) fn pending_ids(reply: Value) -> Result<Vec<EntryId>, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "pending entries of another shape" };
    let Value::Array(items) = reply else { return Err(SHAPE) };
    let id = |item| match item {
        Value::Array(parts) => parts.first().and_then(entry_id).ok_or(SHAPE),
        _ => Err(SHAPE),
    };
    items.into_iter().map(id).collect()
}

/// The least `idle` in a reply to `XINFO CONSUMERS`.
pub(super) fn least_idle_ms(reply: Value) -> Option<u64> {
    let Value::Array(consumers) = reply else { return None };
    let idle = |consumer| {
        let pairs = pairs(consumer)?;
        let (_, idle) = pairs.iter().find(|(name, _)| as_bytes(name) == Some(b"idle"))?;
        number(idle)
    };
    consumers.into_iter().filter_map(idle).min()
}

/// A map, which older versions of the protocol send as a flat array.
pub(super) fn pairs(reply: Value) -> Option<Vec<(Value, Value)>> {
    match reply {
        Value::Map(pairs) => Some(pairs),
        Value::Array(flat) => {
            let mut flat = flat.into_iter();
            Some(std::iter::from_fn(|| Some((flat.next()?, flat.next()?))).collect())
        }
        _ => None,
    }
}

/// The fields of a hash, names and values.
pub(super) fn fields(reply: Value) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let pairs = pairs(reply)?;
    pairs.into_iter().map(|(name, value)| Some((bytes(name)?, bytes(value)?))).collect()
}

/// The cursor and keys of a `SCAN`.
pub(super) fn scan(reply: Value) -> Result<(u64, Vec<Vec<u8>>), StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "a scan of another shape" };
    let Value::Array(parts) = reply else { return Err(SHAPE) };
    let Ok([cursor, keys]) = <[Value; 2]>::try_from(parts) else { return Err(SHAPE) };
    let cursor = text(&cursor).and_then(|text| text.parse().ok()).ok_or(SHAPE)?;
    let Value::Array(keys) = keys else { return Err(SHAPE) };
    Ok((cursor, keys.into_iter().filter_map(bytes).collect()))
}

/// The keys that an `XREAD` has entries of; `None` if it came to its time-out.
pub(super) fn read_keys(reply: Value) -> Result<Vec<StreamKey>, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "a read of another shape" };
    let Value::Array(items) = reply else {
        return if reply == Value::Nil { Ok(Vec::new()) } else { Err(SHAPE) };
    };
    let key = |item| match item {
        Value::Array(pair) => {
            let key = pair.into_iter().next().and_then(bytes).ok_or(SHAPE)?;
            Ok(StreamKey::from_bytes(key))
        }
        _ => Err(SHAPE),
    };
    items.into_iter().map(key).collect()
}

/// The id that an added entry got.
pub(super) fn added_id(reply: &Value) -> Result<EntryId, StoreError> {
    entry_id(reply).ok_or(StoreError::unexpected("no id of an added entry"))
}

/// The clock of the server, in Unix milliseconds.
pub(super) fn time_ms(reply: Value) -> Result<u64, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "a time of another shape" };
    let Value::Array(parts) = reply else { return Err(SHAPE) };
    let [seconds, micros] = &parts[..] else { return Err(SHAPE) };
    let (seconds, micros) = (number(seconds).ok_or(SHAPE)?, number(micros).ok_or(SHAPE)?);
    Ok(seconds.saturating_mul(1_000).saturating_add(micros / 1_000))
}

/// A whole number that is not negative.
pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Int(number) => u64::try_from(*number).ok(),
        other => text(other)?.parse().ok(),
    }
}

/// A reply as text.
pub(super) fn text(value: &Value) -> Option<String> {
    as_bytes(value).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

fn id_of_entry(value: &Value) -> Option<EntryId> {
    match value {
        Value::Array(parts) => entry_id(parts.first()?),
        _ => None,
    }
}

pub(super) fn entry_id(value: &Value) -> Option<EntryId> {
    EntryId::from_bytes(as_bytes(value)?).ok()
}

pub(super) fn as_bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text.as_bytes()),
        _ => None,
    }
}

/// The bytes of a text, or of a number.
pub(super) fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        // Redis keeps small integers as such, but sends them as strings; a module may not.
        Value::Int(number) => Some(number.to_string().into_bytes()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn an_entry_keeps_the_order_and_repetition_of_its_fields() {
        let fields = ["b", "1", "a", "2", "b", "3"].map(bulk).to_vec();
        let reply = Value::Array(vec![Value::Array(vec![bulk("5-1"), Value::Array(fields)])]);
        let entries = entries(reply).unwrap();
        assert_eq!(entries[0].id, EntryId::new(5, 1));
        let pairs: Vec<_> = entries[0].fields.iter().collect();
        assert_eq!(pairs, [(&b"b"[..], &b"1"[..]), (b"a", b"2"), (b"b", b"3")]);
    }

    #[test]
    fn a_reply_of_another_shape_is_an_error() {
        for reply in [
            Value::Int(1),
            Value::Array(vec![Value::Int(1)]),
            Value::Array(vec![Value::Array(vec![bulk("x"), Value::Int(1)])]),
        ] {
            assert!(entries(reply.clone()).is_err());
            assert!(scan(reply.clone()).is_err());
            assert!(time_ms(reply.clone()).is_err());
        }
        for reply in [Value::Int(1), Value::Array(vec![Value::Int(1)])] {
            assert!(read_keys(reply).is_err());
        }
    }

    #[test]
    fn stream_information_is_read_from_servers_old_and_new() {
        let old = ["length", "2", "groups", "1", "last-generated-id", "9-0"].map(bulk).to_vec();
        let info = stream_info(Value::Array(old)).unwrap();
        assert_eq!((info.extent.length, info.groups, info.extent.entries_added), (2, 1, None));

        let new = vec![
            (bulk("length"), Value::Int(2)),
            (bulk("entries-added"), Value::Int(7)),
            (bulk("first-entry"), Value::Nil),
        ];
        let info = stream_info(Value::Map(new)).unwrap();
        assert_eq!(
            (info.extent.length, info.extent.entries_added, info.extent.first_id),
            (2, Some(7), None)
        );
    }

    #[test]
    fn the_clock_is_read_in_milliseconds() {
        let reply = Value::Array(vec![bulk("1706185200"), bulk("123999")]);
        assert_eq!(time_ms(reply), Ok(1_706_185_200_123));
    }
}
