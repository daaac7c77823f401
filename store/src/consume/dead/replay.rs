//! Replaying a dead letter.

use redis::Value;
use rewind_domain::EntryId;

use super::bury::{cannot_run, unexpected};
use super::{DeadLetter, DeadLetters, replay_in_steps};
use crate::consume::release::RELEASED_IDLE_MS;
use crate::write::Script;
use crate::{StoreError, WriteError, reply};

static REPLAY: Script = Script::new(include_str!("replay.lua"));

/// Where a dead letter is replayed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReplayTo {
    /// To its stream, as a new entry with all fields of the old one and `replay_of`, the id of the old one. All groups get it, and so do
    /// projections: their handlers tell by `replay_of` that it is a repetition.
    #[default]
    Stream,
    /// To its group alone: the entry that is still in the stream becomes pending again, under its own id and with no deliveries counted,
    /// and consumers that claim idle entries get it. The stream does not change.
    Group,
}

/// What replaying a dead letter came to. Nothing was changed unless it was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// It was replayed, is no dead letter any more, and has this id in its stream.
    Done(EntryId),
    /// There is no such dead letter: it was replayed or dropped before.
    Absent,
    /// It was not made by a consumer group of this crate, so its origin is not known.
    Foreign,
    /// Its entry is no longer in the stream, so it cannot be given to the group alone.
    OriginGone,
    /// Its entry is pending in the group already.
    Pending,
}

/// What replaying a dead letter would come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// It can be replayed.
    Replay(Box<Replayable>),
    /// Something is in the way.
    Not(Replayed),
}

/// A dead letter that can be replayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replayable {
    pub(super) letter: DeadLetter,
    pub(super) origin: EntryId,
    pub(super) consumer: Vec<u8>,
}

impl DeadLetters {
    /// Replays a dead letter, and takes it off the dead letters in the same step, so that it is replayed once.
    ///
    /// # Errors
    /// What Redis refuses; [`WriteError::Unknown`] if the reply was lost. Repeating it is harmless.
    pub async fn replay(&self, id: EntryId, to: ReplayTo) -> Result<Replayed, WriteError> {
        let keys = [self.group.stream.as_bytes(), self.key.as_bytes()];
        let mut arguments = vec![id.to_string().into_bytes()];
        if to == ReplayTo::Group {
            arguments.push(self.group.name.clone());
            arguments.push(RELEASED_IDLE_MS.to_string().into_bytes());
        }
        let reply = match REPLAY.run(&self.group.store, &keys, arguments).await {
            Err(WriteError::NotDone(error)) if cannot_run(&error) => {
                return replay_in_steps::replay(self, id, to).await;
            }
            reply => reply?,
        };
        let Value::Array(parts) = reply else { return Err(unexpected().into()) };
        let word = parts.first().and_then(reply::as_bytes).ok_or(unexpected())?;
        Ok(match word {
            b"done" => Replayed::Done(reply::added_id(parts.get(1).ok_or(unexpected())?)?),
            b"absent" => Replayed::Absent,
            b"foreign" => Replayed::Foreign,
            b"gone" => Replayed::OriginGone,
            b"pending" => Replayed::Pending,
            _ => return Err(unexpected().into()),
        })
    }

    /// What replaying a dead letter would come to now. For one that can be replayed it is [`Replayed::Done`] with the id of its origin.
    ///
    /// # Errors
    /// Whatever Redis refuses to read.
    pub async fn preview_replay(&self, id: EntryId, to: ReplayTo) -> Result<Replayed, StoreError> {
        Ok(match self.plan(id, to).await? {
            Plan::Replay(replayable) => Replayed::Done(replayable.origin),
            Plan::Not(why) => why,
        })
    }

    /// Looks whether a dead letter can be replayed.
    pub(super) async fn plan(&self, id: EntryId, to: ReplayTo) -> Result<Plan, StoreError> {
        let Some(letter) = self.letter(id).await? else { return Ok(Plan::Not(Replayed::Absent)) };
        let Some(cause) = &letter.cause else { return Ok(Plan::Not(Replayed::Foreign)) };
        let (origin, consumer) = (cause.origin, cause.consumer.clone());
        if to == ReplayTo::Group {
            if !self.is_in_stream(origin).await? {
                return Ok(Plan::Not(Replayed::OriginGone));
            }
            let just_before = origin.prev().unwrap_or_default();
            let pending = self.group.pending_page(just_before, 1, None).await?;
            if pending.first().is_some_and(|entry| entry.id == origin) {
                return Ok(Plan::Not(Replayed::Pending));
            }
        }
        Ok(Plan::Replay(Box::new(Replayable { letter, origin, consumer })))
    }
}
