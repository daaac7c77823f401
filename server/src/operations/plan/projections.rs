//! Projections: reset, built again, paused, resumed, and led past an event.

use rewind_domain::operations::{Effect, EffectKind, Thing};
use rewind_domain::{EntryId, StreamKey};
use rewind_store::project::{Controlled, Keys, Status, reset_removes};
use rewind_store::{EventStore, StoreError};

use super::{Found, Work};
use crate::operations::{OperationError, OperationParts};

pub(super) async fn reset(store: &EventStore, name: &str) -> Result<Found, OperationError> {
    let keys = reset_removes(store, name).await.map_err(|error| {
        OperationError::Refused(format!("what `{name}` keeps cannot be told: {error}"))
    })?;
    if keys.is_empty() {
        return Err(OperationError::NoTarget(format!("there is no projection `{name}`")));
    }
    let work = Work::ResetProjection { projection: name.to_owned() };
    let mut found = Found::new(keys.len() as u64, work);
    found.basis = keys.join(" ");
    let mut command: Vec<&[u8]> = vec![b"DEL"];
    command.extend(keys.iter().take(5).map(|key| key.as_bytes()));
    let more = if keys.len() > 5 { "…" } else { "" };
    found = found.sending(&command, more);
    let status = store.reads().projection(name).await.unwrap_or_default();
    if status.and_then(|status| status.runner).is_some() {
        found.warnings.push("whoever runs it begins with the first event again".to_owned());
    }
    Ok(found)
}

pub(super) async fn rebuild(parts: &OperationParts, name: &str) -> Result<Found, OperationError> {
    let Some(folder) = &parts.projections else {
        return Err(OperationError::Refused(
            "this server runs no projections; start it with `--projections DIR`".to_owned(),
        ));
    };
    let script = crate::projections::read_one(folder, name)
        .map_err(|error| OperationError::NoTarget(error.to_string()))?;
    let projection = crate::projections::projection_of(name, &script, &parts.engines)
        .await
        .map_err(|error| OperationError::Refused(error.to_string()))?;
    let mut count = 0;
    for stream in projection.streams() {
        count += match parts.store.reads().info(stream).await {
            Ok(info) => info.extent.length,
            Err(StoreError::NotFound) => 0,
            Err(error) => return Err(OperationError::of(stream)(error)),
        };
    }
    let work = Work::RebuildProjection { projection: name.to_owned() };
    let mut found = Found::new(count, work);
    found.warnings.push("the present state stays until the new one has caught up".to_owned());
    Ok(found)
}

pub(super) async fn control(
    store: &EventStore,
    name: &str,
    wanted: Controlled,
) -> Result<Found, OperationError> {
    let status = known(store, name).await?;
    let now = store.reads().projection_control(name).await?;
    let is_failed = status.error.is_some();
    let work = Work::ControlProjection { projection: name.to_owned(), wanted };
    let mut found = Found::new(1, work);
    found.basis = now.is_paused.to_string();
    found.refusal = match wanted {
        Controlled::Paused if now.is_paused => Some(format!("`{name}` is paused already")),
        Controlled::Runs if !now.is_paused && !is_failed => {
            Some(format!("`{name}` is neither paused nor failed"))
        }
        _ => None,
    };
    if wanted == Controlled::Runs && status.runner.is_none() {
        found.warnings.push("nobody has run it lately as far as its status tells".to_owned());
    }
    if status.streams.is_empty() {
        found.warnings.push(
            "another program keeps it, which need not know of being paused or resumed".to_owned(),
        );
    }
    let key = Keys::of(name).control();
    let flag: &[u8] = if wanted == Controlled::Paused { b"1" } else { b"" };
    Ok(found.sending(&[b"HSET", key.as_bytes(), b"is_paused", flag], "…"))
}

pub(super) async fn skip(
    store: &EventStore,
    name: &str,
    stream: &StreamKey,
    id: EntryId,
) -> Result<Found, OperationError> {
    let status = known(store, name).await?;
    let work = Work::SkipEvent {
        projection: name.to_owned(),
        streams: status.streams.clone(),
        stream: stream.clone(),
        id,
    };
    let mut found = Found::new(1, work).about(&[id]);
    let is_at = status
        .failure
        .as_ref()
        .is_some_and(|failure| failure.stream == *stream && failure.id == id);
    if !is_at {
        found.refusal = Some(format!("`{name}` did not fail at the event `{id}` of `{stream}`"));
    }
    found.effects.push(Effect {
        thing: Thing::Projection(name.to_owned()),
        kind: EffectKind::PassesOver,
        count: 1,
    });
    found.basis = format!("{:?} {is_at}", status.checkpoint);
    let (checkpoint, id) = (Keys::of(name).checkpoint(), id.to_string());
    Ok(found.sending(
        &[b"SET", checkpoint.as_bytes(), id.as_bytes()],
        "(in one step, if it is still there)",
    ))
}

async fn known(store: &EventStore, name: &str) -> Result<Status, OperationError> {
    let status = match name {
        "" => None,
        name => store.reads().projection(name).await?,
    };
    status.ok_or_else(|| OperationError::NoTarget(format!("there is no projection `{name}`")))
}
