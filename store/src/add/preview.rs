//! What adding events would come to, without adding any.

use rewind_domain::EntryId;
use rewind_domain::versions::StreamExtent;

use super::{Add, AddError, Added, by_script, by_transaction, check, counted};
use crate::{EventStore, StoreError, WriteError, reply};

/// Looks whether these events could be added now, and what came of them if they were before, under the same key. Nothing is added, so there
/// are no ids otherwise; the version is the one that the stream would have.
pub(crate) async fn preview(
    store: &EventStore,
    add: &Add<'_>,
    is_batch: bool,
) -> Result<Added, AddError> {
    check(add.events, is_batch, store.writes(add.stream.as_bytes())).await?;
    if let Some(key) = add.key {
        let record = key.record(add.stream);
        let mut command = redis::pipe();
        command.cmd("GET").arg(record.as_bytes());
        let kept = reply::text(&store.reads().single(record.as_bytes(), &command).await?);
        if let Some(added) = kept.as_deref().and_then(by_script::kept_answer) {
            return Ok(added);
        }
    }
    let extent = match store.reads().info(add.stream).await {
        Ok(info) => Some(info.extent),
        Err(StoreError::NotFound) => {
            Some(StreamExtent { entries_added: Some(0), ..StreamExtent::default() })
        }
        // Who may only add cannot look, and need not where nothing is expected.
        Err(StoreError::CommandRefused { .. } | StoreError::KeyRefused)
            if add.expected.is_none() =>
        {
            None
        }
        Err(error) => return Err(error.into()),
    };
    let mut version = None;
    if let (Some(expected), Some(extent)) = (add.expected, extent) {
        version = match extent.entries_added {
            Some(added) => Some(added),
            None => {
                let beside = add.stream.beside(counted::COUNTED);
                let mut command = redis::pipe();
                command.cmd("GET").arg(beside.as_bytes());
                let kept = reply::text(&store.reads().single(beside.as_bytes(), &command).await?);
                counted::version(&extent, kept.as_deref())
            }
        };
        by_transaction::check(expected, &extent, version)?;
    }
    probe(store, add).await?;
    let version = version.map(|version| version + add.events.len() as u64);
    Ok(Added { ids: Vec::new(), version })
}

/// Has Redis refuse an entry that no stream takes, which it does only after it looked at memory, permissions, and whether it takes writes.
async fn probe(store: &EventStore, add: &Add<'_>) -> Result<(), AddError> {
    let mut command = redis::cmd("XADD");
    command.arg(add.stream.as_bytes()).arg(EntryId::MIN.to_string()).arg("a").arg("b");
    match store.writes(add.stream.as_bytes()).send(&command).await {
        Err(WriteError::NotDone(StoreError::Server { message })) if message.contains("0-0") => {
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(StoreError::unexpected("an id for an entry that no stream takes").into()),
    }
}
