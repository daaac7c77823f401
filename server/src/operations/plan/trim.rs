//! Trimming.

use std::time::Duration;

use rewind_domain::operations::{Effect, EffectKind, Name, Thing, TrimTo};
use rewind_domain::stream_key::StreamKind;
use rewind_domain::{EntryId, StreamKey};
use rewind_store::trim::{TrimBy, TrimError, preview};
use rewind_store::{StoreError, WriteError};

use super::delete::readers;
use super::{Found, Work, is_own_stream};
use crate::operations::{OperationError, OperationParts};

pub(super) async fn plan(
    parts: &OperationParts,
    stream: &StreamKey,
    to: TrimTo,
    about: bool,
) -> Result<Found, OperationError> {
    let store = &parts.store;
    is_own_stream(store, stream)?;
    let by = match to {
        TrimTo::Length(length) => TrimBy::Length(length),
        TrimTo::OlderThanMs(ms) => TrimBy::Age(Duration::from_millis(ms)),
        TrimTo::Before(id) => TrimBy::From(id),
        TrimTo::Acknowledged => TrimBy::Acknowledged,
    };
    let seen = preview(store.reads(), stream, by).await.map_err(|error| match error {
        TrimError::NoGroups => OperationError::Refused(error.to_string()),
        TrimError::Write(WriteError::NotDone(error)) => OperationError::of(stream)(error),
        TrimError::Write(error) => OperationError::of(stream)(error.into_cause()),
    })?;
    let keep_from = seen.keep_from;
    let work = Work::Trim { stream: stream.clone(), keep_from, about };
    let mut found = Found::new(seen.removed, work);
    // By age the first id that stays goes on with the clock, and means the same entries as long as there are this many.
    let by_id = if let TrimTo::OlderThanMs(_) = to { EntryId::MIN } else { keep_from };
    found.basis = format!("{} {by_id} {:?}", seen.removed, seen.losses);
    for loss in &seen.losses {
        let thing = || Thing::Group(Name::from_bytes(&loss.group));
        let (unread, pending) = (loss.undelivered, loss.pending);
        found.effects.push(Effect { thing: thing(), kind: EffectKind::LosesUnread, count: unread });
        found.effects.push(Effect {
            thing: thing(),
            kind: EffectKind::LosesPending,
            count: pending,
        });
    }
    let (effects, doubt) = projections(parts, stream, keep_from).await?;
    found.effects.extend(effects);
    found.warnings.extend(doubt);
    if parts.aggregates.kind(stream) == StreamKind::Aggregate && seen.removed > 0 {
        found.effects.push(Effect {
            thing: Thing::Aggregate(stream.clone()),
            kind: EffectKind::LosesBeginning,
            count: seen.removed,
        });
        found.warnings.push(
            "this is the history of an aggregate: its states are built from what is left only"
                .to_owned(),
        );
    }
    if about {
        found.warnings.push(
            "Redis removes whole blocks of entries only, and keeps more than asked for".to_owned(),
        );
    }
    if seen.removed == 0 {
        found.refusal = Some(format!("`{stream}` has nothing that would go"));
    }
    let all = seen.removed + seen.kept;
    let memory = store.reads().memory_of(stream).await;
    // Entries of a stream take about the same.
    found.bytes = memory.filter(|_| all > 0).map(|bytes| bytes / all * seen.removed);
    let from = keep_from.to_string();
    let precision: &[u8] = if about { b"~" } else { b"=" };
    Ok(found.sending(&[b"XTRIM", stream.as_bytes(), b"MINID", precision, from.as_bytes()], ""))
}

/// The projections that have not handled all that goes.
async fn projections(
    parts: &OperationParts,
    stream: &StreamKey,
    keep_from: EntryId,
) -> Result<(Vec<Effect>, Option<String>), StoreError> {
    let (readers, doubt) = readers(parts, stream).await?;
    let mut effects = Vec::new();
    for status in readers {
        let at = status.checkpoint.unwrap_or_default();
        if at.next().is_none_or(|next| next >= keep_from) {
            continue;
        }
        let from = at.next().unwrap_or(EntryId::MAX);
        let store = parts.store.reads();
        let (first, last) = (
            store.version_at(stream, from, None).await?,
            store.version_at(stream, keep_from, None).await?,
        );
        let count = last.zip(first).map_or(0, |(last, first)| last.saturating_sub(first));
        effects.push(Effect {
            thing: Thing::Projection(status.name),
            kind: EffectKind::LosesUnread,
            count,
        });
    }
    Ok((effects, doubt))
}

/// The first id of a stream that a group or a projection still needs: a group that was not given it or has it pending, a projection that has
/// not handled it. [`EntryId::MAX`] where nobody reads the stream.
pub(in crate::operations) async fn first_needed(
    parts: &OperationParts,
    stream: &StreamKey,
) -> Result<EntryId, OperationError> {
    let by_groups = preview(parts.store.reads(), stream, TrimBy::Acknowledged).await;
    let by_groups = match by_groups {
        Ok(seen) => seen.keep_from,
        Err(TrimError::NoGroups) => EntryId::MAX,
        Err(TrimError::Write(error)) => return Err(OperationError::of(stream)(error.into_cause())),
    };
    let (readers, _) = readers(parts, stream).await?;
    let needed = readers.iter().map(|status| {
        let at = status.checkpoint.unwrap_or_default();
        at.next().unwrap_or(EntryId::MAX)
    });
    Ok(needed.fold(by_groups, EntryId::min))
}
