//! Making and removing consumers.

use rewind_domain::StreamKey;
use rewind_domain::operations::{Effect, EffectKind, Name, Thing};
use rewind_store::consume::PendingOf;
use rewind_store::{EventStore, StoreError};

use super::groups::{handle, no_group};
use super::{Found, Work, is_own_stream};
use crate::operations::OperationError;

pub(super) async fn create(
    store: &EventStore,
    stream: &StreamKey,
    group: &Name,
    consumer: &Name,
) -> Result<Found, OperationError> {
    let known = consumers(store, stream, group).await?;
    if consumer.is_empty() {
        return Err(OperationError::invalid("consumer", "is empty; name a consumer"));
    }
    let is_there = known.iter().any(|known| known.name == consumer.as_bytes());
    let work = Work::CreateConsumer {
        stream: stream.clone(),
        group: group.as_bytes().to_vec(),
        consumer: consumer.as_bytes().to_vec(),
    };
    let mut found = Found::new(1, work);
    found.refusal =
        is_there.then(|| format!("the group `{group}` has a consumer `{consumer}` already"));
    Ok(found.sending(
        &[b"XGROUP", b"CREATECONSUMER", stream.as_bytes(), group.as_bytes(), consumer.as_bytes()],
        "",
    ))
}

pub(super) async fn delete(
    store: &EventStore,
    stream: &StreamKey,
    group: &Name,
    consumer: &Name,
    heir: Option<&Name>,
) -> Result<Found, OperationError> {
    let known = consumers(store, stream, group).await?;
    let Some(info) = known.iter().find(|known| known.name == consumer.as_bytes()) else {
        return Err(OperationError::NoTarget(format!(
            "the group `{group}` of `{stream}` has no consumer `{consumer}`"
        )));
    };
    if heir == Some(consumer) {
        return Err(OperationError::invalid(
            "heir",
            "is the consumer that is removed; name another one",
        ));
    }
    let work = Work::DeleteConsumer {
        stream: stream.clone(),
        group: group.as_bytes().to_vec(),
        consumer: consumer.as_bytes().to_vec(),
        pending: match heir {
            Some(heir) => PendingOf::ClaimedBy(heir.as_bytes().to_vec()),
            None => PendingOf::Acknowledged,
        },
    };
    let mut found = Found::new(info.pending, work);
    found.basis = info.pending.to_string();
    match heir {
        Some(heir) => {
            found.effects.push(Effect {
                thing: Thing::Consumer(heir.clone()),
                kind: EffectKind::Gets,
                count: info.pending,
            });
            if !known.iter().any(|known| known.name == heir.as_bytes()) {
                found.warnings.push(format!("there is no consumer `{heir}` yet; it is made"));
            }
        }
        None => found.effects.push(Effect {
            thing: Thing::Group(group.clone()),
            kind: EffectKind::LosesPending,
            count: info.pending,
        }),
    }
    /// A consumer that asked for something this lately may still run.
    const LATELY_MS: u64 = 60_000;
    if info.idle_ms < LATELY_MS {
        found.warnings.push(format!(
            "it asked for entries {} s ago, so it seems to run; it is made again when it asks the next time",
            info.idle_ms / 1_000
        ));
    }
    Ok(found.sending(
        &[b"XGROUP", b"DELCONSUMER", stream.as_bytes(), group.as_bytes(), consumer.as_bytes()],
        "",
    ))
}

async fn consumers(
    store: &EventStore,
    stream: &StreamKey,
    group: &Name,
) -> Result<Vec<rewind_store::consume::ConsumerInfo>, OperationError> {
    is_own_stream(store, stream)?;
    handle(store, stream, group).consumers().await.map_err(|error| match error {
        StoreError::NoGroup => no_group(stream, group),
        error => OperationError::of(stream)(error),
    })
}
