//! Going on behind an event that cannot be handled.

use rewind_domain::{EntryId, StreamKey};

use super::commit::{Commit, Committed, checkpoint};
use super::position::{Loaded, Position};
use super::status::{Activity, error_fields};
use super::work::now_ms;
use super::{Keys, ProjectError};
use crate::EventStore;

/// What passing over an event came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// The projection goes on behind it.
    Done,
    /// The projection has moved on meanwhile, and was left alone.
    Moved,
}

/// Has a projection go on behind the next event of one of its streams, which it could not handle: the event is not in the state. Done only while
/// the projection is still before that event.
///
/// # Errors
/// If what is stored cannot be read, or Redis refuses it.
pub async fn skip(
    store: &EventStore,
    name: &str,
    streams: &[StreamKey],
    stream: &StreamKey,
    id: EntryId,
) -> Result<Skipped, ProjectError> {
    let keys = Keys::of(name);
    let loaded = Loaded::read(store, &keys, streams).await?;
    let at = streams.iter().position(|one| one == stream);
    let before = at.and_then(|at| loaded.positions.get(at));
    if before.is_none_or(|position| position.id >= id) {
        return Ok(Skipped::Moved);
    }
    let move_on = |(place, position): (usize, &Position)| match Some(place) == at {
        true => {
            let version = position.version.map(|version| version + 1);
            Position { id, version, ..position.clone() }
        }
        false => position.clone(),
    };
    let positions: Vec<Position> = loaded.positions.iter().enumerate().map(move_on).collect();
    let mut status = vec![
        ("name", name.to_owned()),
        ("activity", Activity::Stopped.name().to_owned()),
        ("checkpoint", checkpoint(&positions).to_string()),
        ("updated", now_ms().to_string()),
        ("generation", loaded.generation.clone()),
    ];
    status.extend(error_fields(None));
    let commit = Commit {
        keys: &keys,
        streams,
        before: &loaded,
        positions: &positions,
        status,
        writes: &[],
    };
    match commit.run(store).await?.0 {
        Committed::Done => Ok(Skipped::Done),
        Committed::Overtaken | Committed::Replaced => Ok(Skipped::Moved),
    }
}
