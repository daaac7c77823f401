//! Replaying a dead letter where no script can do it: where the server runs none for this user, and where the letter has more fields than a
//! script passes on at once. The dead letters are watched, so each is replayed once all the same.

use redis::Pipeline;
use rewind_domain::EntryId;

use super::DeadLetters;
use super::bury::unexpected;
use super::replay::{Plan, ReplayTo, Replayable, Replayed};
use crate::consume::release::RELEASED_IDLE_MS;
use crate::{StoreError, WriteError, reply};

/// How often it is tried while others change the dead letters of the group.
const MAX_ATTEMPTS: usize = 50;

/// The field by which an event that is replayed names its origin.
const REPLAY_OF: &str = "replay_of";

pub(super) async fn replay(
    letters: &DeadLetters,
    id: EntryId,
    to: ReplayTo,
) -> Result<Replayed, WriteError> {
    for _ in 0..MAX_ATTEMPTS {
        let mut transaction = letters.group.store.transaction(letters.key.as_bytes()).await?;
        transaction.watch(&[letters.key.as_bytes()]).await?;
        let replayable = match letters.plan(id, to).await? {
            Plan::Replay(replayable) => replayable,
            Plan::Not(why) => return Ok(why),
        };
        let Some(replies) = transaction.commit(&commands(letters, &replayable, to)).await? else {
            continue;
        };
        return match to {
            ReplayTo::Group => Ok(Replayed::Done(replayable.origin)),
            ReplayTo::Stream => {
                let added = replies.first().ok_or(unexpected())?;
                Ok(Replayed::Done(reply::added_id(added)?))
            }
        };
    }
    Err(StoreError::Changed.into())
}

fn commands(letters: &DeadLetters, replayable: &Replayable, to: ReplayTo) -> Pipeline {
    let Replayable { letter, origin, consumer } = replayable;
    let (stream, mut commands) = (letters.group.stream.as_bytes(), redis::pipe());
    match to {
        ReplayTo::Stream => {
            commands.cmd("XADD").arg(stream).arg("*");
            for (name, value) in letter.fields.iter() {
                commands.arg(name).arg(value);
            }
            // An event that is replayed for the second time keeps the link to the very first one.
            if letter.fields.get(REPLAY_OF).is_none() {
                commands.arg(REPLAY_OF).arg(origin.to_string());
            }
        }
        ReplayTo::Group => {
            commands.cmd("XCLAIM").arg(stream).arg(&letters.group.name).arg(consumer).arg(0);
            commands.arg(origin.to_string()).arg("IDLE").arg(RELEASED_IDLE_MS);
            commands.arg("RETRYCOUNT").arg(0).arg("FORCE").arg("JUSTID");
        }
    }
    commands.cmd("XDEL").arg(letters.key.as_bytes()).arg(letter.id.to_string());
    commands
}
