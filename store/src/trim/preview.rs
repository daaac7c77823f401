//! What trimming would do.

use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};

use super::{TrimBy, TrimError};
use crate::{GroupInfo, Store, StoreError};

/// How many pending entries are looked at by one command.
const PENDING_AT_ONCE: u64 = 1_000;

/// What trimming exactly would do to a stream as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrimPreview {
    /// The stream.
    pub stream: StreamKey,
    /// How many entries would go.
    pub removed: u64,
    /// How many would stay.
    pub kept: u64,
    /// The first entry that would stay, or the first id that there can be behind those that would go. Trimming
    /// [to this id](super::TrimBy::From) does what was previewed, whatever was added since.
    pub keep_from: EntryId,
    /// The groups that would lose entries.
    pub losses: Vec<GroupLoss>,
}

/// What a group would lose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupLoss {
    /// Its name.
    pub group: Vec<u8>,
    /// How many entries that it was not given.
    pub undelivered: u64,
    /// How many entries that it was given and has not acknowledged.
    pub pending: u64,
}

/// What trimming exactly would do. Reads ids only, from the nearer end of the stream.
///
/// # Errors
/// [`TrimError::NoGroups`] for [`TrimBy::Acknowledged`] where the stream has none, and whatever Redis refuses.
pub async fn preview(
    store: &Store,
    stream: &StreamKey,
    by: TrimBy,
) -> Result<TrimPreview, TrimError> {
    let (groups, extent) = match store.groups(std::slice::from_ref(stream)).await?.pop() {
        Some(found) => found?,
        None => return Err(StoreError::NotFound.into()),
    };
    let (removed, keep_from) = match by {
        TrimBy::Length(length) => {
            let removed = extent.length.saturating_sub(length);
            (removed, end_of(store, stream, &extent, removed).await?)
        }
        _ => {
            let from = from(store, stream, by, &groups).await?;
            (position(store, stream, &extent, from).await?, from)
        }
    };
    let mut losses = Vec::new();
    for group in &groups {
        let loss = loss(store, stream, &extent, group, removed, keep_from).await?;
        if loss.undelivered + loss.pending > 0 {
            losses.push(loss);
        }
    }
    let kept = extent.length - removed;
    Ok(TrimPreview { stream: stream.clone(), removed, kept, keep_from, losses })
}

/// The first id that is kept, where it does not depend on the length.
pub(super) async fn from(
    store: &Store,
    stream: &StreamKey,
    by: TrimBy,
    groups: &[GroupInfo],
) -> Result<EntryId, TrimError> {
    match by {
        TrimBy::Length(_) => Ok(EntryId::MIN),
        TrimBy::From(id) => Ok(id),
        TrimBy::Age(age) => {
            let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
            Ok(EntryId::new(store.clock_ms(stream).await?.saturating_sub(age_ms), 0))
        }
        TrimBy::Acknowledged => {
            let mut needed = None;
            for group in groups {
                let first = first_needed(store, stream, group).await?;
                needed = Some(needed.map_or(first, |needed: EntryId| needed.min(first)));
            }
            needed.ok_or(TrimError::NoGroups)
        }
    }
}

/// The first id that a group still needs.
async fn first_needed(
    store: &Store,
    stream: &StreamKey,
    group: &GroupInfo,
) -> Result<EntryId, StoreError> {
    let behind = group.last_delivered_id.next().unwrap_or(EntryId::MAX);
    if group.pending == 0 {
        return Ok(behind);
    }
    let asked = [(stream.clone(), group.name.clone())];
    let first = store.pending_ids(&asked, 1).await?.pop().transpose()?.unwrap_or_default();
    Ok(first.first().map_or(behind, |pending| behind.min(*pending)))
}

/// The id of the first entry behind the first `count`.
async fn end_of(
    store: &Store,
    stream: &StreamKey,
    extent: &StreamExtent,
    count: u64,
) -> Result<EntryId, StoreError> {
    let behind_all = extent.last_generated_id.next().unwrap_or(EntryId::MAX);
    match count {
        0 => Ok(extent.first_id.unwrap_or(behind_all)),
        count if count >= extent.length => Ok(behind_all),
        count => store.id_at(stream, extent, count).await?.ok_or(StoreError::Changed),
    }
}

/// How many entries come before an id.
async fn position(
    store: &Store,
    stream: &StreamKey,
    extent: &StreamExtent,
    id: EntryId,
) -> Result<u64, StoreError> {
    let version = store.version_at(stream, id, None).await?.ok_or(StoreError::Changed)?;
    Ok(version.saturating_sub(extent.first_version()).min(extent.length))
}

async fn loss(
    store: &Store,
    stream: &StreamKey,
    extent: &StreamExtent,
    group: &GroupInfo,
    removed: u64,
    keep_from: EntryId,
) -> Result<GroupLoss, StoreError> {
    let behind = group.last_delivered_id.next().unwrap_or(EntryId::MAX);
    let undelivered = match behind < keep_from {
        true => removed.saturating_sub(position(store, stream, extent, behind).await?),
        false => 0,
    };
    let pending = match extent.first_id {
        // What is pending of entries that went before is lost already.
        Some(first) if group.pending > 0 && removed > 0 => {
            pending_within(store, stream, group, first, keep_from).await?
        }
        _ => 0,
    };
    Ok(GroupLoss { group: group.name.clone(), undelivered, pending })
}

/// How many entries from an id on and before another one a group was given and has not acknowledged.
async fn pending_within(
    store: &Store,
    stream: &StreamKey,
    group: &GroupInfo,
    first: EntryId,
    before: EntryId,
) -> Result<u64, StoreError> {
    let Some(last) = before.prev() else { return Ok(0) };
    let (mut count, mut from) = (0, first);
    loop {
        let mut command = redis::pipe();
        command.cmd("XPENDING").arg(stream.as_bytes()).arg(&group.name);
        command.arg(from.to_string()).arg(last.to_string()).arg(PENDING_AT_ONCE);
        let ids = crate::reply::pending_ids(store.single(stream.as_bytes(), &command).await?)?;
        count += ids.len() as u64;
        match ids.last().and_then(|id| id.next()) {
            Some(next) if ids.len() as u64 == PENDING_AT_ONCE => from = next,
            _ => return Ok(count),
        }
    }
}
