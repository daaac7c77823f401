//! Projections: reset, and built again.

use rewind_store::project::reset_removes;
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
