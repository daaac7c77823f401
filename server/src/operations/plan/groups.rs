//! Making, moving and deleting groups.

use rewind_domain::operations::{Effect, EffectKind, Name, Place, Thing};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};
use rewind_store::consume::{Group, Start};
use rewind_store::{EventStore, GroupInfo, StoreError};

use super::{Found, Work, is_own_stream};
use crate::operations::OperationError;

pub(super) async fn create(
    store: &EventStore,
    stream: &StreamKey,
    group: &Name,
    from: &Place,
) -> Result<Found, OperationError> {
    is_own_stream(store, stream)?;
    let found = store.reads().groups(std::slice::from_ref(stream)).await?.pop();
    let (groups, extent, is_missing) = match found {
        Some(Ok((groups, extent))) => (groups, extent, false),
        None | Some(Err(StoreError::NotFound)) => (Vec::new(), StreamExtent::default(), true),
        Some(Err(error)) => return Err(OperationError::of(stream)(error)),
    };
    let existing = groups.iter().find(|known| known.name == group.as_bytes());
    let id = match is_missing {
        true => EntryId::MIN,
        false => resolve(store, stream, &extent, &groups, existing, from).await?,
    };
    let to_come = extent.latest_version() + 1 - versions_up_to(store, stream, &extent, id).await?;
    let work = Work::CreateGroup {
        stream: stream.clone(),
        group: group.as_bytes().to_vec(),
        start: Start::After(id),
    };
    let gets =
        Effect { thing: Thing::Group(group.clone()), kind: EffectKind::Gets, count: to_come - 1 };
    let mut found = Found::new(to_come - 1, work);
    found.effects.push(gets);
    found.basis = format!("{id} {}", existing.is_some());
    found.refusal =
        existing.map(|_| format!("`{stream}` has a group `{group}` already; reset it instead"));
    if is_missing {
        found.warnings.push(format!("there is no stream `{stream}` yet; an empty one is made"));
    }
    let id = id.to_string();
    Ok(found.sending(
        &[b"XGROUP", b"CREATE", stream.as_bytes(), group.as_bytes(), id.as_bytes(), b"MKSTREAM"],
        "ENTRIESREAD …",
    ))
}

pub(super) async fn reset(
    store: &EventStore,
    stream: &StreamKey,
    group: &Name,
    to: &Place,
) -> Result<Found, OperationError> {
    let (groups, extent) = known(store, stream).await?;
    let existing = one(&groups, stream, group)?;
    let now = existing.last_delivered_id;
    let id = resolve(store, stream, &extent, &groups, Some(existing), to).await?;
    let (from, target) = (
        versions_up_to(store, stream, &extent, now).await?,
        versions_up_to(store, stream, &extent, id).await?,
    );
    let to_come = (extent.latest_version() + 1).saturating_sub(target) - 1;
    let work = Work::ResetGroup {
        stream: stream.clone(),
        group: group.as_bytes().to_vec(),
        start: Start::After(id),
    };
    let mut found = Found::new(to_come, work);
    let (kind, count) = match target < from {
        true => (EffectKind::GetsAgain, from - target),
        false => (EffectKind::PassesOver, target - from),
    };
    found.effects.push(Effect { thing: Thing::Group(group.clone()), kind, count });
    // Whoever reads goes on meanwhile; where the group is set to stays, and so does whether that is back or ahead.
    found.basis = format!("{id} {}", target < from);
    if existing.pending > 0 {
        found.warnings.push(format!(
            "{} entries stay pending for their consumers, whatever is given to the group again",
            existing.pending
        ));
    }
    if target > from {
        found.warnings.push(format!(
            "{} entries are passed over: the group will never get them unless it is set back",
            target - from
        ));
    }
    let id = id.to_string();
    Ok(found.sending(
        &[b"XGROUP", b"SETID", stream.as_bytes(), group.as_bytes(), id.as_bytes()],
        "ENTRIESREAD …",
    ))
}

pub(super) async fn delete(
    store: &EventStore,
    stream: &StreamKey,
    group: &Name,
) -> Result<Found, OperationError> {
    let (groups, _) = known(store, stream).await?;
    let existing = one(&groups, stream, group)?;
    let work = Work::DeleteGroup { stream: stream.clone(), group: group.as_bytes().to_vec() };
    let mut found = Found::new(existing.pending, work);
    found.basis = format!("{} {}", existing.pending, existing.consumers);
    found.effects.push(Effect {
        thing: Thing::Group(group.clone()),
        kind: EffectKind::LosesPending,
        count: existing.pending,
    });
    if existing.consumers > 0 {
        found.warnings.push(format!(
            "its {} consumers are removed with it; one that still reads fails, or makes the group again",
            existing.consumers
        ));
    }
    Ok(found.sending(&[b"XGROUP", b"DESTROY", stream.as_bytes(), group.as_bytes()], ""))
}

/// The groups of a stream that exists.
pub(super) async fn known(
    store: &EventStore,
    stream: &StreamKey,
) -> Result<(Vec<GroupInfo>, StreamExtent), OperationError> {
    is_own_stream(store, stream)?;
    let found = store.reads().groups(std::slice::from_ref(stream)).await?.pop();
    found.unwrap_or(Err(StoreError::NotFound)).map_err(OperationError::of(stream))
}

/// One of them.
pub(super) fn one<'g>(
    groups: &'g [GroupInfo],
    stream: &StreamKey,
    group: &Name,
) -> Result<&'g GroupInfo, OperationError> {
    groups
        .iter()
        .find(|known| known.name == group.as_bytes())
        .ok_or_else(|| no_group(stream, group))
}

/// That a stream has no such group.
pub(super) fn no_group(stream: &StreamKey, group: &Name) -> OperationError {
    OperationError::NoTarget(format!("stream `{stream}` has no group `{group}`"))
}

/// A group as it is.
pub(super) fn handle(store: &EventStore, stream: &StreamKey, group: &Name) -> Group {
    Group::new(store, stream.clone(), group.as_bytes())
}

/// The id of the last entry before a place.
async fn resolve(
    store: &EventStore,
    stream: &StreamKey,
    extent: &StreamExtent,
    groups: &[GroupInfo],
    group: Option<&GroupInfo>,
    place: &Place,
) -> Result<EntryId, OperationError> {
    match place {
        Place::Start => Ok(EntryId::MIN),
        Place::End => Ok(extent.last_generated_id),
        Place::After(id) => Ok(*id),
        Place::Time(ms) => Ok(EntryId::new(*ms, 0).prev().unwrap_or_default()),
        Place::Version(version) => behind(store, stream, extent, *version).await,
        Place::Like(name) => Ok(one(groups, stream, name)?.last_delivered_id),
        Place::Shift(by) => {
            let Some(group) = group else {
                return Err(OperationError::invalid(
                    "from",
                    "cannot be a shift: there is no group yet",
                ));
            };
            let now = versions_up_to(store, stream, extent, group.last_delivered_id).await?;
            let target = match by {
                by if *by < 0 => now.saturating_sub(by.unsigned_abs()),
                by => now.saturating_add(by.unsigned_abs()),
            };
            behind(store, stream, extent, target).await
        }
    }
}

/// The id of the entry that made a version.
async fn behind(
    store: &EventStore,
    stream: &StreamKey,
    extent: &StreamExtent,
    version: u64,
) -> Result<EntryId, OperationError> {
    if version < extent.first_version() {
        return Ok(EntryId::MIN);
    }
    if version >= extent.latest_version() {
        return Ok(extent.last_generated_id);
    }
    let before = version - extent.first_version();
    let found = store.reads().id_at(stream, extent, before).await;
    let found = found.map_err(OperationError::of(stream))?;
    found.ok_or(OperationError::Store { stream: Some(stream.clone()), error: StoreError::Changed })
}

/// How many versions there are up to an id, those that were trimmed among them.
async fn versions_up_to(
    store: &EventStore,
    stream: &StreamKey,
    extent: &StreamExtent,
    id: EntryId,
) -> Result<u64, OperationError> {
    let (Some(next), true) = (id.next(), extent.first_id.is_some()) else {
        return Ok(extent.latest_version());
    };
    let found = store.reads().version_at(stream, next, None).await;
    let found = found.map_err(OperationError::of(stream))?;
    let version = found.ok_or(OperationError::Store {
        stream: Some(stream.clone()),
        error: StoreError::Changed,
    })?;
    Ok(version - 1)
}
