//! Adding by a Lua script.

use redis::Value;
use rewind_domain::{EntryId, StreamKey};

use super::{Add, AddError, Added, Expected, counted};
use crate::write::Script;
use crate::{EventStore, StoreError, WriteError, reply};

static ADD: Script =
    Script::needing("+xadd +type +xinfo|stream +get +set", include_str!("add.lua"));

const SHAPE: StoreError =
    StoreError::Unexpected { what: "an answer of another shape to events that were added" };

pub(super) async fn add(store: &EventStore, add: &Add<'_>) -> Result<Added, AddError> {
    let counting = match (add.expected, store.counts()) {
        (None, _) | (_, Some(true)) => return run(store, add, false).await,
        (Some(_), counting) => counting,
    };
    match run(store, add, true).await {
        // Nobody knows yet whether the server needs the count, and the user may not have access to its key.
        Err(AddError::Write(WriteError::NotDone(StoreError::KeyRefused))) if counting.is_none() => {
            run(store, add, false).await
        }
        outcome => outcome,
    }
}

/// Runs the script, which is told where the count of a server is kept that does not count, or not.
async fn run(store: &EventStore, add: &Add<'_>, is_counted: bool) -> Result<Added, AddError> {
    let counted = is_counted.then(|| add.stream.beside(counted::COUNTED));
    let record = add.key.map(|key| key.record(add.stream));
    let keys = [Some(add.stream), counted.as_ref(), record.as_ref()];
    let keys: Vec<&[u8]> = keys.into_iter().flatten().map(StreamKey::as_bytes).collect();
    match ADD.run(store, &keys, arguments(add, is_counted)).await? {
        Value::Array(parts) => answer(store, parts),
        _ => Err(SHAPE.into()),
    }
}

fn arguments(add: &Add<'_>, is_counted: bool) -> Vec<Vec<u8>> {
    let expected = match add.expected {
        None | Some(Expected::Any) => "any".to_owned(),
        Some(Expected::New) => "new".to_owned(),
        Some(Expected::Exists) => "exists".to_owned(),
        Some(Expected::Version(version)) => version.to_string(),
    };
    let asks_version = if add.expected.is_some() { "1" } else { "0" };
    let kept_ms = add.key.map_or(0, super::IdempotencyKey::kept_ms);
    let trimming = add.limit.as_ref().map(super::Limit::words).unwrap_or_default();
    let mut words: Vec<Vec<u8>> = vec![
        expected.into(),
        asks_version.into(),
        kept_ms.to_string().into(),
        if is_counted { "1" } else { "0" }.into(),
        trimming.len().to_string().into(),
    ];
    words.extend(trimming.into_iter().map(String::into_bytes));
    for event in add.events {
        words.push((event.fields().len() * 2).to_string().into_bytes());
        words.extend(event.fields().flat_map(|(name, value)| [name.to_vec(), value.to_vec()]));
    }
    words
}

fn answer(store: &EventStore, parts: Vec<Value>) -> Result<Added, AddError> {
    let mut parts = parts.into_iter();
    let kind = parts.next().as_ref().and_then(reply::text).ok_or(SHAPE)?;
    let version = |value: Option<Value>| match value {
        Some(Value::Int(version)) => u64::try_from(version).ok(),
        _ => None,
    };
    match kind.as_str() {
        "added" => {
            let version = version(parts.next());
            let Some(Value::Array(ids)) = parts.next() else { return Err(SHAPE.into()) };
            let ids = ids.iter().map(reply::added_id).collect::<Result<_, _>>()?;
            if let Some(Value::Int(counts @ (0 | 1))) = parts.next() {
                store.note_counts(counts == 1);
            }
            Ok(Added { ids, version })
        }
        "again" => {
            let kept = parts.next().as_ref().and_then(reply::text).ok_or(SHAPE)?;
            Ok(kept_answer(&kept).ok_or(SHAPE)?)
        }
        "conflict" => Err(AddError::Conflict { actual: version(parts.next()) }),
        "untold" => Err(AddError::VersionUntold),
        _ => Err(SHAPE.into()),
    }
}

/// What was answered to the first of writes with the same key: the version, or -1, and the ids.
pub(super) fn kept_answer(text: &str) -> Option<Added> {
    let mut words = text.split(' ');
    let version = words.next()?.parse::<i64>().ok()?;
    let ids: Option<Vec<EntryId>> = words.map(|id| id.parse().ok()).collect();
    Some(Added { ids: ids?, version: u64::try_from(version).ok() })
}
