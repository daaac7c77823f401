//! Deleting entries, and whole streams.

use rewind_domain::numbers::counted;
use rewind_domain::operations::{Effect, EffectKind, MAX_CHOSEN_IDS, Name, Thing};
use rewind_domain::{EntryId, StreamKey};
use rewind_store::consume::DeadLetters;
use rewind_store::project::Status;
use rewind_store::{EventStore, StoreError};

use super::groups::{handle, known};
use super::{Found, Work, is_own_stream, words};
use crate::operations::{OperationError, OperationParts};

pub(super) async fn entries(
    store: &EventStore,
    stream: &StreamKey,
    ids: &[EntryId],
) -> Result<Found, OperationError> {
    if ids.is_empty() || ids.len() > MAX_CHOSEN_IDS {
        return Err(OperationError::invalid("ids", format!("give 1 to {MAX_CHOSEN_IDS} ids")));
    }
    let (groups, extent) = known(store, stream).await?;
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let existing =
        store.reads().existing(stream, &ids).await.map_err(OperationError::of(stream))?;
    let shown = words::ids(&existing);
    let work = Work::DeleteEntries { stream: stream.clone(), ids: existing.clone() };
    let mut found = Found::new(existing.len() as u64, work).about(&existing);
    for group in &groups {
        let unread = existing.iter().filter(|id| **id > group.last_delivered_id).count() as u64;
        let handle = handle(store, stream, &Name::from_bytes(&group.name));
        let pending = match group.pending {
            0 => 0,
            _ => {
                let of = handle.pending_of(&existing).await.map_err(OperationError::of(stream))?;
                of.iter().flatten().count() as u64
            }
        };
        let thing = || Thing::Group(Name::from_bytes(&group.name));
        found.effects.push(Effect { thing: thing(), kind: EffectKind::LosesUnread, count: unread });
        found.effects.push(Effect {
            thing: thing(),
            kind: EffectKind::LosesPending,
            count: pending,
        });
    }
    if existing.len() < ids.len() {
        found.warnings.push(format!(
            "{} of those that were named are not in the stream",
            ids.len() - existing.len()
        ));
    }
    if existing.is_empty() {
        found.refusal = Some(format!("none of these entries is in `{stream}`"));
    }
    if extent.is_exact() && existing.iter().any(|id| Some(*id) != extent.first_id) {
        found.warnings.push(
            "versions in this stream are no longer exact then: Redis does not tell where entries are missing".to_owned(),
        );
    }
    found.basis = existing.iter().map(|id| format!("{id} ")).collect();
    let probe_id = b"0-0".to_vec();
    let mut found = found.sending(&[b"XDEL", stream.as_bytes()], &shown);
    if let Some(probe) = found.probes.last_mut() {
        probe.push(probe_id);
    }
    Ok(found)
}

pub(super) async fn stream(
    parts: &OperationParts,
    stream: &StreamKey,
) -> Result<Found, OperationError> {
    let store = &parts.store;
    is_own_stream(store, stream)?;
    let (groups, extent) = known(store, stream).await?;
    let work = Work::DeleteStream { stream: stream.clone() };
    let mut found = Found::new(extent.length, work);
    found.bytes = store.reads().memory_of(stream).await;
    for group in &groups {
        let name = Name::from_bytes(&group.name);
        let dead = DeadLetters::of(handle(store, stream, &name)).count().await;
        if let Ok(dead @ 1..) = dead {
            found.warnings.push(format!(
                "the {dead} dead letters of the group `{name}` stay, in a stream of their own"
            ));
        }
        found.effects.push(Effect {
            thing: Thing::Group(name),
            kind: EffectKind::LosesPending,
            count: group.pending,
        });
    }
    if !groups.is_empty() {
        found.warnings.push(format!("its {} groups are deleted with it", groups.len()));
    }
    let (readers, doubt) = readers(parts, stream).await?;
    found.warnings.extend(doubt);
    let readers: Vec<String> = readers.into_iter().map(|status| status.name).collect();
    if !readers.is_empty() {
        found.warnings.push(format!(
            "projections read it: {}; they stop, or go on with a stream that is made again",
            readers.join(", ")
        ));
    }
    found.basis = format!("{} {} {}", extent.length, extent.last_generated_id, groups.len());
    Ok(found.sending(&[b"UNLINK", stream.as_bytes()], ""))
}

/// The projections that read a stream, as far as their status tells, and what is in doubt about that.
pub(super) async fn readers(
    parts: &OperationParts,
    stream: &StreamKey,
) -> Result<(Vec<Status>, Option<String>), StoreError> {
    let known = parts.known_projections.names().await?;
    let (mut readers, mut unread) = (Vec::new(), 0_u64);
    for name in &known.names {
        match parts.store.reads().projection(name).await {
            Ok(Some(status)) if status.streams.contains(stream) => readers.push(status),
            Ok(_) => {}
            Err(error) if error.is_passing() => return Err(error),
            // What is named like a projection and is none, or may not be read.
            Err(_) => unread += 1,
        }
    }
    let doubt = match (known.is_complete, unread) {
        (false, _) => Some(
            "not all projections are known yet, since the keyspace is large: others may read it too"
                .to_owned(),
        ),
        (true, 0) => None,
        (true, unread) => Some(format!(
            "{} cannot be read, and may read it too",
            counted(unread, "projection", "projections")
        )),
    };
    Ok((readers, doubt))
}
