//! Doing what was planned, a bounded step at a time, so that others get their turn and it can be ended between two steps.

use std::future::Future;
use std::time::Duration;

use rewind_domain::EntryId;
use rewind_domain::numbers::{counted, grouped};
use rewind_domain::operations::{Outcome, OutcomeStatus};
use rewind_store::aggregate::{AggregateStore, AppendError, Expected};
use rewind_store::consume::{
    BURIED_AT_ONCE, ConsumerRemoved, DeadLetters, Group, GroupMade, ReplayTo, Replayed,
};
use rewind_store::delete::{delete_entries, delete_stream};
use rewind_store::project::{self, Controlled, ProjectError, Skipped};
use rewind_store::publish::{Precision, PublishError, Publisher};
use rewind_store::trim::{TrimBy, TrimError, trim};
use rewind_store::{Backoff, EventStore, IdempotencyKey, StoreError, WriteError};
use tokio::time::{Instant, sleep, sleep_until};

use super::OperationParts;
use super::plan::Work;
use super::running::Entry;

/// How many entries are acknowledged or claimed in one step.
const STEP: usize = 1_000;
/// How many ids of new entries an outcome has.
const TOLD_IDS: usize = 100;
/// How often a step is tried whose repetition is harmless, while Redis is away: with the waits between, about half a minute.
const MAX_TRIES: u64 = 20;
/// How long is waited between.
const BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(2) };

/// What became of the work, before it is counted.
struct Done {
    message: String,
    ids: Vec<EntryId>,
    version: Option<u64>,
}

/// Why the work did not come to its end.
enum Stopped {
    Cancelled,
    Failed(String),
    Unknown(String),
}

/// Why a step was not done.
enum Refused {
    /// By Redis, or on the way there.
    Write(WriteError),
    /// By something else, which the next try would find again.
    Other(String),
}

impl From<WriteError> for Stopped {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NotDone(error) => Self::Failed(error.to_string()),
            error @ WriteError::Unknown { .. } => Self::Unknown(error.to_string()),
        }
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Does the work, and says what it came to.
pub(super) async fn run(parts: &OperationParts, work: Work, entry: &Entry) -> Outcome {
    let run = Run { store: &parts.store, parts, entry };
    let result = run.work(work).await;
    let (done, passed_over) = entry.counts();
    let (total, left) = (entry.total(), entry.total().saturating_sub(done + passed_over));
    let so_far = match (done, left) {
        (_, 0) => String::new(),
        (done, left) => {
            format!(" {} were done before, and {} were not.", grouped(done), grouped(left))
        }
    };
    let (status, message, ids, version) = match result {
        Ok(Done { message, ids, version }) => (OutcomeStatus::Done, message, ids, version),
        Err(Stopped::Cancelled) => {
            let why = match *parts.stopping.borrow() {
                true => "The server was stopped before it was through.",
                false => "It was ended.",
            };
            (OutcomeStatus::Cancelled, format!("{why}{so_far}"), Vec::new(), None)
        }
        Err(Stopped::Failed(why)) => {
            (OutcomeStatus::Failed, format!("It stopped: {why}.{so_far}"), Vec::new(), None)
        }
        Err(Stopped::Unknown(why)) => {
            (OutcomeStatus::Unknown, format!("It stopped: {why}.{so_far}"), Vec::new(), None)
        }
    };
    Outcome { status, message, done, passed_over, total, ids, version }
}

struct Run<'a> {
    store: &'a EventStore,
    parts: &'a OperationParts,
    entry: &'a Entry,
}

impl Run<'_> {
    async fn work(&self, work: Work) -> Result<Done, Stopped> {
        let store = self.store;
        match work {
            Work::Publish { stream, events, limit } => {
                let publisher = Publisher::new(store, stream);
                let publisher = match limit {
                    Some(limit) => publisher.with_limit(limit),
                    None => publisher,
                };
                let key = IdempotencyKey::new(self.entry.id());
                let ids = self
                    .repeated(|| async {
                        publisher.publish_once(&key, &events).await.map_err(|error| match error {
                            PublishError::Events(error) => Refused::Other(error.to_string()),
                            PublishError::Write(error) => Refused::Write(error),
                        })
                    })
                    .await?;
                self.entry.count(ids.len() as u64, 0);
                let message = match ids.as_slice() {
                    [id] => format!("Published as `{id}`."),
                    ids => format!("Published {}.", counted(ids.len() as u64, "event", "events")),
                };
                Ok(Done { message, ids: told(ids), version: None })
            }
            Work::Append { stream, events, expected } => {
                self.append(&stream, &events, expected).await
            }
            Work::CreateGroup { stream, group, start } => {
                match Group::new(store, stream, group).create(start).await? {
                    GroupMade::Made => self.all("The group was made."),
                    GroupMade::Existed => {
                        Err(Stopped::Failed("somebody else made the group meanwhile".to_owned()))
                    }
                }
            }
            Work::ResetGroup { stream, group, start } => {
                Group::new(store, stream, group).reset(start).await?;
                self.all("The group goes on from there.")
            }
            Work::DeleteGroup { stream, group } => {
                match Group::new(store, stream, group).delete().await? {
                    true => self.all("The group was deleted."),
                    false => {
                        Err(Stopped::Failed("somebody else deleted the group meanwhile".to_owned()))
                    }
                }
            }
            Work::CreateConsumer { stream, group, consumer } => {
                match Group::new(store, stream, group).create_consumer(&consumer).await? {
                    true => self.all("The consumer was made."),
                    false => self.all("The consumer was there already."),
                }
            }
            Work::DeleteConsumer { stream, group, consumer, pending } => {
                let group = Group::new(store, stream, group);
                let ConsumerRemoved { settled, gone } =
                    group.delete_consumer(&consumer, &pending).await?;
                self.entry.count(settled, gone);
                Ok(done(format!(
                    "The consumer was removed, after {} were settled.",
                    counted(settled + gone, "pending entry", "pending entries")
                )))
            }
            Work::Ack { stream, group, ids } => {
                let group = Group::new(store, stream, group);
                for ids in ids.chunks(STEP) {
                    let acked = self.harmless(|| async { Ok(group.ack(ids).await?) }).await?;
                    self.entry.count(acked, (ids.len() as u64).saturating_sub(acked));
                }
                Ok(done(self.counted(
                    "Acknowledged",
                    "entry",
                    "entries",
                    "were not pending any more",
                )))
            }
            Work::Claim { stream, group, ids, to } => {
                let group = Group::new(store, stream, group);
                for ids in ids.chunks(STEP) {
                    let claimed = self.harmless(|| group.claim(&to, 0, ids)).await?.len();
                    self.entry.count(claimed as u64, (ids.len() - claimed) as u64);
                }
                Ok(done(self.counted(
                    "Gave away",
                    "entry",
                    "entries",
                    "were not pending any more, or are gone",
                )))
            }
            Work::Bury { stream, group, ids, reason } => {
                let letters = DeadLetters::new(store, stream, group);
                for ids in ids.chunks(BURIED_AT_ONCE) {
                    let buried = self.harmless(|| letters.bury_many(ids, &reason)).await?;
                    self.entry.count(buried.moved, buried.settled + buried.gone);
                }
                Ok(done(self.counted(
                    "Moved",
                    "entry",
                    "entries",
                    "were not pending any more, or are gone from the stream",
                )))
            }
            Work::Replay { stream, group, ids, to_group, per_second } => {
                let letters = DeadLetters::new(store, stream, group);
                self.replay(&letters, &ids, to_group, per_second).await
            }
            Work::Drop { stream, group, ids } => {
                let letters = DeadLetters::new(store, stream, group);
                for ids in ids.chunks(STEP) {
                    let dropped = self.harmless(|| letters.drop_letters(ids)).await?;
                    self.entry.count(dropped, (ids.len() as u64).saturating_sub(dropped));
                }
                Ok(done(self.counted(
                    "Deleted",
                    "dead letter",
                    "dead letters",
                    "were not there any more",
                )))
            }
            Work::DeleteEntries { stream, ids } => {
                for ids in ids.chunks(STEP) {
                    let deleted = self.harmless(|| delete_entries(store, &stream, ids)).await?;
                    self.entry.count(deleted, (ids.len() as u64).saturating_sub(deleted));
                }
                Ok(done(self.counted("Deleted", "entry", "entries", "were not there any more")))
            }
            Work::Trim { stream, keep_from, about } => {
                let precision = if about { Precision::AtLeast } else { Precision::Exact };
                let removed = trim(store, &stream, TrimBy::From(keep_from), precision).await;
                let removed = removed.map_err(|error| match error {
                    TrimError::Write(error) => error.into(),
                    error @ TrimError::NoGroups => Stopped::Failed(error.to_string()),
                })?;
                self.entry.count(removed, 0);
                Ok(done(format!("Removed {}.", counted(removed, "entry", "entries"))))
            }
            Work::DeleteStream { stream } => match delete_stream(store, &stream).await? {
                true => self.all("The stream was deleted."),
                false => {
                    Err(Stopped::Failed("somebody else deleted the stream meanwhile".to_owned()))
                }
            },
            Work::ResetProjection { projection } => {
                let removed = project::reset(store, &projection).await.map_err(of_projection)?;
                self.entry.count(removed.len() as u64, 0);
                Ok(done(format!("Removed {}.", counted(removed.len() as u64, "key", "keys"))))
            }
            Work::RebuildProjection { projection } => self.rebuild(&projection).await,
            Work::ControlProjection { projection, wanted } => {
                let who = self.entry.who();
                self.harmless(|| project::control(store, &projection, wanted, who)).await?;
                self.all(match wanted {
                    Controlled::Paused => "Nobody runs the projection until it is resumed.",
                    Controlled::Runs => "The projection goes on.",
                })
            }
            Work::SkipEvent { projection, streams, stream, id } => {
                let skipped = project::skip(store, &projection, &streams, &stream, id).await;
                match skipped.map_err(of_projection)? {
                    Skipped::Done => {}
                    Skipped::Moved => {
                        let why = "the projection is no longer before that event".to_owned();
                        return Err(Stopped::Failed(why));
                    }
                }
                // Whoever runs it need not wait until it tries again by itself.
                let who = self.entry.who();
                self.harmless(|| project::control(store, &projection, Controlled::Runs, who))
                    .await?;
                self.all("The projection goes on behind the event.")
            }
        }
    }

    async fn append(
        &self,
        stream: &rewind_domain::StreamKey,
        events: &[rewind_store::NewEvent],
        expected: u64,
    ) -> Result<Done, Stopped> {
        let pattern = self.parts.aggregates.iter().find(|one| one.read(stream).is_some());
        let Some((pattern, aggregate)) =
            pattern.and_then(|pattern| Some((pattern, pattern.read(stream)?)))
        else {
            return Err(Stopped::Failed(format!("`{stream}` is not the stream of an aggregate")));
        };
        let aggregates = AggregateStore::new(self.store).with_keys(pattern.clone());
        let key = IdempotencyKey::new(self.entry.id());
        let expected = if expected == 0 { Expected::New } else { Expected::Version(expected) };
        let appended = self
            .repeated(|| async {
                let appended = aggregates.append_once(&key, &aggregate, events, expected).await;
                appended.map_err(|error| match error {
                    AppendError::Write(error) => Refused::Write(error),
                    error => Refused::Other(error.to_string()),
                })
            })
            .await?;
        self.entry.count(appended.ids.len() as u64, 0);
        let message = match appended.version {
            Some(version) => format!("Appended. The aggregate is at version {version} now."),
            None => "Appended.".to_owned(),
        };
        Ok(Done { message, ids: told(appended.ids), version: appended.version })
    }

    async fn replay(
        &self,
        letters: &DeadLetters,
        ids: &[EntryId],
        to_group: bool,
        per_second: Option<u32>,
    ) -> Result<Done, Stopped> {
        let to = if to_group { ReplayTo::Group } else { ReplayTo::Stream };
        let pause = per_second.map(|rate| Duration::from_secs(1) / rate.max(1));
        let (mut new, mut next) = (Vec::new(), Instant::now());
        for id in ids {
            if let Some(pause) = pause {
                tokio::select! {
                    () = sleep_until(next) => {}
                    () = self.asked_to_end() => {}
                }
                next += pause;
            }
            match self.harmless(|| letters.replay(*id, to)).await? {
                Replayed::Done(id) => {
                    self.entry.count(1, 0);
                    new.push(id);
                }
                Replayed::Absent | Replayed::Foreign | Replayed::OriginGone | Replayed::Pending => {
                    self.entry.count(0, 1);
                }
            }
        }
        let message = self.counted(
            "Replayed",
            "dead letter",
            "dead letters",
            "were left: not there any more, not made by Rewind, pending already, or gone from the stream",
        );
        Ok(Done { message, ids: told(new), version: None })
    }

    async fn rebuild(&self, name: &str) -> Result<Done, Stopped> {
        let Some(folder) = &self.parts.projections else {
            return Err(Stopped::Failed("this server runs no projections".to_owned()));
        };
        let script = crate::projections::read_one(folder, name)
            .map_err(|error| Stopped::Failed(error.to_string()))?;
        let mut projection = crate::projections::projection_of(name, &script, &self.parts.engines)
            .await
            .map_err(|error| Stopped::Failed(error.to_string()))?;
        let told = |progress: &project::Progress| {
            let before = self.entry.counts().0;
            self.entry.count(progress.handled.saturating_sub(before), 0);
        };
        let rebuilt = tokio::select! {
            rebuilt = projection.rebuild(self.store, told) => rebuilt.map_err(of_projection),
            () = self.asked_to_end() => Err(Stopped::Cancelled),
        };
        if rebuilt.is_err() {
            // What was made so far goes. Where even that fails, the next rebuild removes it.
            let _ = project::cancel_rebuild(self.store, name).await;
        }
        let progress = rebuilt?;
        Ok(done(format!(
            "Built again from {}, and put in place.",
            counted(progress.events, "event", "events")
        )))
    }

    /// Resolves when somebody ends the operation, or the server is about to stop.
    async fn asked_to_end(&self) {
        /// How often it is looked.
        const LOOK: Duration = Duration::from_millis(100);
        while !self.is_to_end() {
            sleep(LOOK).await;
        }
    }

    fn is_to_end(&self) -> bool {
        self.entry.is_cancelled() || *self.parts.stopping.borrow()
    }

    /// Takes a step whose repetition is harmless: while Redis is away it is taken again.
    async fn harmless<T, F: Future<Output = Result<T, WriteError>>>(
        &self,
        step: impl Fn() -> F,
    ) -> Result<T, Stopped> {
        self.repeated(|| async { step().await.map_err(Refused::Write) }).await
    }

    /// The same of a step that can be refused by something else than Redis.
    async fn repeated<T, F: Future<Output = Result<T, Refused>>>(
        &self,
        step: impl Fn() -> F,
    ) -> Result<T, Stopped> {
        let mut tries = 0;
        loop {
            if self.is_to_end() {
                return Err(Stopped::Cancelled);
            }
            match step().await {
                Ok(done) => return Ok(done),
                Err(Refused::Write(error))
                    if tries < MAX_TRIES && (error.is_unknown() || error.cause().is_passing()) =>
                {
                    tries += 1;
                    tokio::select! {
                        () = sleep(BACKOFF.after(tries)) => {}
                        () = self.asked_to_end() => {}
                    }
                }
                Err(Refused::Write(error)) => return Err(error.into()),
                Err(Refused::Other(why)) => return Err(Stopped::Failed(why)),
            }
        }
    }

    /// That the one thing was done that the operation is.
    fn all(&self, message: &str) -> Result<Done, Stopped> {
        self.entry.count(self.entry.total(), 0);
        Ok(done(message.to_owned()))
    }

    fn counted(&self, verb: &str, one: &str, many: &str, left: &str) -> String {
        let (done, passed_over) = self.entry.counts();
        let done = counted(done, one, many);
        match passed_over {
            0 => format!("{verb} {done}."),
            passed_over => format!("{verb} {done}; {} {left}.", grouped(passed_over)),
        }
    }
}

fn done(message: String) -> Done {
    Done { message, ids: Vec::new(), version: None }
}

fn told(mut ids: Vec<EntryId>) -> Vec<EntryId> {
    ids.truncate(TOLD_IDS);
    ids
}

fn of_projection(error: ProjectError) -> Stopped {
    match error {
        ProjectError::Cancelled { .. } => Stopped::Cancelled,
        ProjectError::Write(error) => error.into(),
        error => Stopped::Failed(error.to_string()),
    }
}
