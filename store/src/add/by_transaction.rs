//! Adding where no script can be run: the stream is watched, looked at, and written to only if nobody else did meanwhile.
//!
//! Redis takes back nothing of a transaction whose second command fails, so whatever could fail is looked at first, and ids are given: whoever
//! watches knows which are free.

use redis::Pipeline;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};

use super::{Add, AddError, Added, Expected, by_script, counted};
use crate::write::Transaction;
use crate::{EventStore, StoreError, StreamInfo, reply};

/// How often it is tried while others write to the same stream. Each time one of them got on.
const MAX_ATTEMPTS: usize = 200;

const SHAPE: StoreError =
    StoreError::Unexpected { what: "an answer of another shape to a transaction" };

pub(super) async fn add(store: &EventStore, add: &Add<'_>) -> Result<Added, AddError> {
    let record = add.key.map(|key| key.record(add.stream));
    let counted = add.stream.beside(counted::COUNTED);
    for _ in 0..MAX_ATTEMPTS {
        if let Some(added) = attempt(store, add, record.as_ref(), &counted).await? {
            return Ok(added);
        }
    }
    let message = "others write to this stream all the time; without scripts it cannot be written to between them";
    Err(StoreError::Server { message: message.to_owned() }.into())
}

/// Tries once; `None` where somebody else wrote meanwhile.
async fn attempt(
    store: &EventStore,
    add: &Add<'_>,
    record: Option<&StreamKey>,
    counted: &StreamKey,
) -> Result<Option<Added>, AddError> {
    let mut transaction = store.transaction(add.stream.as_bytes()).await?;
    let watched: Vec<&[u8]> =
        [Some(add.stream), record].into_iter().flatten().map(StreamKey::as_bytes).collect();
    transaction.watch(&watched).await?;
    if let Some(record) = record {
        let kept = transaction.ask(redis::cmd("GET").arg(record.as_bytes())).await?;
        if let Some(kept) = reply::text(&kept) {
            return Ok(Some(by_script::kept_answer(&kept).ok_or(SHAPE)?));
        }
    }
    let extent = look(&mut transaction, add.stream).await?;
    let mut version = None;
    if let Some(expected) = add.expected {
        version = match extent.entries_added {
            Some(added) => Some(added),
            None => {
                transaction.watch_also(counted.as_bytes()).await?;
                let kept = transaction.ask(redis::cmd("GET").arg(counted.as_bytes())).await?;
                counted::version(&extent, reply::text(&kept).as_deref())
            }
        };
        check(expected, &extent, version)?;
    }
    let now_ms = reply::time_ms(transaction.ask(&redis::cmd("TIME")).await?)?;
    let ids = free_ids(extent.last_generated_id, now_ms, add.events.len()).ok_or_else(exhausted)?;
    let added = Added { version: version.map(|version| version + ids.len() as u64), ids };
    let mut commands = commands(add, record, &added);
    let first = extent.first_id.or(added.ids.first().copied());
    let kept = match (first, added.version, added.ids.last()) {
        (Some(first), Some(version), Some(last)) => Some(format!("{first} {version} {last}")),
        _ => None,
    };
    if let (None, Some(kept)) = (extent.entries_added, &kept) {
        commands.cmd("SET").arg(counted.as_bytes()).arg(kept);
    }
    let done = transaction.commit(&commands).await?;
    let is_new = extent.last_generated_id == EntryId::MIN;
    if let (Some(_), Some(kept), true) = (&done, &kept, is_new) {
        keep_count_of_new(store, add.stream, counted, kept).await;
    }
    Ok(done.map(|_| added))
}

/// Keeps the count of a stream that has just been made, on a server that does not count: whether it does shows only now. Should that fail, the next
/// append does it.
async fn keep_count_of_new(
    store: &EventStore,
    stream: &StreamKey,
    counted: &StreamKey,
    kept: &str,
) {
    if store.counts().is_none()
        && let Ok(info) = store.reads().info(stream).await
    {
        store.note_counts(info.extent.entries_added.is_some());
    }
    if store.counts() == Some(false) {
        let mut command = redis::cmd("SET");
        command.arg(counted.as_bytes()).arg(kept);
        let _ = store.writes(counted.as_bytes()).send(&command).await;
    }
}

/// The stream, or one that never had anything.
async fn look(
    transaction: &mut Transaction<'_>,
    stream: &StreamKey,
) -> Result<StreamExtent, StoreError> {
    let mut command = redis::cmd("XINFO");
    command.arg("STREAM").arg(stream.as_bytes());
    match transaction.ask(&command).await {
        Ok(reply) => {
            let StreamInfo { extent, .. } = reply::stream_info(reply)?;
            Ok(extent)
        }
        Err(StoreError::NotFound) => {
            Ok(StreamExtent { entries_added: Some(0), ..StreamExtent::default() })
        }
        Err(error) => Err(error),
    }
}

/// Whether a stream is as expected.
pub(super) fn check(
    expected: Expected,
    extent: &StreamExtent,
    version: Option<u64>,
) -> Result<(), AddError> {
    let is_new = extent.last_generated_id == EntryId::MIN;
    let is_as_expected = match expected {
        Expected::Any => true,
        Expected::New => is_new,
        Expected::Exists => !is_new,
        Expected::Version(expected) => expected == version.ok_or(AddError::VersionUntold)?,
    };
    match is_as_expected {
        true => Ok(()),
        false => Err(AddError::Conflict { actual: version }),
    }
}

/// This many ids behind the last one, as Redis itself would give them out.
fn free_ids(last: EntryId, now_ms: u64, count: usize) -> Option<Vec<EntryId>> {
    let mut next = if now_ms > last.ms() { EntryId::new(now_ms, 0) } else { last.next()? };
    let mut ids = Vec::with_capacity(count);
    for _ in 0..count {
        ids.push(next);
        // Redis refuses nothing more after the last id of all; neither does it have room for another.
        next = match next.next() {
            Some(following) => following,
            None if ids.len() == count => break,
            None => return None,
        };
    }
    Some(ids)
}

fn exhausted() -> AddError {
    let message = "the stream has given out the last possible id, and takes no more events";
    StoreError::Server { message: message.to_owned() }.into()
}

fn commands(add: &Add<'_>, record: Option<&StreamKey>, added: &Added) -> Pipeline {
    let mut commands = redis::pipe();
    for (at, (event, id)) in (1..).zip(add.events.iter().zip(&added.ids)) {
        commands.cmd("XADD").arg(add.stream.as_bytes());
        if at == add.events.len() {
            commands.arg(add.limit.as_ref().map(super::Limit::words).unwrap_or_default());
        }
        commands.arg(id.to_string());
        for (name, value) in event.fields() {
            commands.arg(name).arg(value);
        }
    }
    if let (Some(record), Some(key)) = (record, add.key) {
        let ids: Vec<String> = added.ids.iter().map(EntryId::to_string).collect();
        let version = added.version.map_or("-1".to_owned(), |version| version.to_string());
        let kept = format!("{version} {}", ids.join(" "));
        commands.cmd("SET").arg(record.as_bytes()).arg(kept).arg("PX").arg(key.kept_ms());
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_on_behind_the_last_one_whatever_the_clock_says() {
        let ids = |last, now_ms, count| free_ids(last, now_ms, count);
        assert_eq!(
            ids(EntryId::new(5, 3), 9, 2).unwrap(),
            [EntryId::new(9, 0), EntryId::new(9, 1)]
        );
        assert_eq!(
            ids(EntryId::new(9, 3), 5, 2).unwrap(),
            [EntryId::new(9, 4), EntryId::new(9, 5)]
        );
        assert_eq!(ids(EntryId::MAX.prev().unwrap(), 5, 1).unwrap(), [EntryId::MAX]);
        assert!(ids(EntryId::MAX.prev().unwrap(), 5, 2).is_none());
        assert!(ids(EntryId::MAX, 5, 1).is_none());
    }
}
