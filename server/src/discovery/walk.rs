//! The task that walks the keyspace.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::MissedTickBehavior;

use super::Shared;
use super::hearing::Ear;
use super::state::Step;
use crate::topics::Listed;
use rewind_store::StoreError;

/// How long it waits for something to do before it looks whether anybody still looks.
const IDLE: Duration = Duration::from_secs(1);
/// How often it is asked which aggregates there are in topics, for which each topic is read on.
const LIST_AGAIN: Duration = Duration::from_secs(2);
/// How long it waits before it tries again, at first: a server that restarts is often back within a second.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// How long at most.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Makes steps, one at a time and at the pace that was set, until nobody looks any more.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(shared.pace.interval());
    // A step that took long is not made up for by a burst.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut wait = FIRST_WAIT;
    let mut listed = Listed::default();
    let mut list_at = Instant::now();
    let mut ear = Ear::default();
    loop {
        ear.hear(&shared).await;
        if Instant::now() >= list_at && !shared.topics.is_empty() {
            let found = shared.topics.list(&mut listed).await;
            shared.state().listed(found);
            list_at = Instant::now() + LIST_AGAIN;
        }
        let step = shared.state().next_step(shared.pace, Instant::now());
        match step {
            Step::End => return,
            Step::Rest => {
                // Either way it looks again.
                let _ = tokio::time::timeout(IDLE, shared.wake.notified()).await;
                continue;
            }
            Step::Settle => {
                ear.settle(&shared).await;
                shared.steps.send_modify(|steps| *steps += 1);
                continue;
            }
            _ => drop(ticks.tick().await),
        }
        let failure = make(&shared, step).await.err();
        let is_passing = failure.as_ref().is_some_and(StoreError::is_passing);
        if let Some(error) = failure.as_ref().filter(|error| !error.is_passing()) {
            tracing::warn!(%error, "the search for streams cannot go on");
        }
        shared.state().made_step(failure, Instant::now());
        // Whoever waits for the first step reads then what came of it.
        shared.steps.send_modify(|steps| *steps += 1);
        if is_passing {
            // Whoever comes to ask has it tried again.
            let _ = tokio::time::timeout(wait, shared.wake.notified()).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        } else {
            wait = FIRST_WAIT;
        }
    }
}

async fn make(shared: &Shared, step: Step) -> Result<(), StoreError> {
    match step {
        Step::Walk { cursor, count } => {
            if cursor.is_start() {
                let cluster = shared.store.cluster().await?;
                shared.state().cluster = cluster;
            }
            let mut found = shared.store.scan_streams(&"".into(), cursor, count).await?;
            if found.next_cursor.is_none() {
                // The walk does not come across them, and keeps only what it came across.
                found.keys.extend(shared.topics.list(&mut Listed::default()).await);
            }
            shared.state().walked(cursor, count, found, Instant::now());
        }
        Step::Ahead { prefix, cursor, count } => {
            let found = shared.store.scan_streams(&prefix, cursor, count).await?;
            shared.state().looked_ahead(&prefix, found);
        }
        Step::Look(keys) => drop(shared.look(&keys).await?),
        Step::Check(keys) => {
            let found = shared.ask(&keys).await.inspect_err(|_| {
                // Which of these are streams is not known any more; a walk finds out.
                shared.state().heard.begin(Instant::now());
            })?;
            shared.state().checked(&found);
        }
        Step::Rest | Step::End | Step::Settle => {}
    }
    Ok(())
}
