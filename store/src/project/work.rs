//! The work on a projection: read, handle, store, and again.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rewind_domain::{EntryId, StreamKey};

use super::commit::{Commit, Committed};
use super::feed::{FIRST_EVENTS, Fed, Feed, MOST_EVENTS};
use super::lease::{LEASE, Lease};
use super::position::{Loaded, Position, lag};
use super::reducer::{Batch, Reduced, Reducer, Shape, Stored};
use super::status::{Activity, error_fields, note};
use super::{Keys, ProjectError};
use crate::{EventStore, WriteError};

/// A batch that is done sooner than this may be larger next time.
const QUICK: Duration = Duration::from_millis(150);
/// One that takes longer has to be smaller.
const SLOW: Duration = Duration::from_secs(1);
/// How few events a batch has where they take long.
const LEAST_EVENTS: usize = 50;
/// How long to wait where others were first, and at most after several times.
const YIELD: Duration = Duration::from_millis(5);
const MOST_YIELDS: u32 = 20;

/// How far work on a projection is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// How many events were handled by this work.
    pub handled: u64,
    /// How many were handled since the projection began.
    pub events: u64,
    /// How many are behind the checkpoint, where that is known.
    pub lag: Option<u64>,
    /// The last event that is in the state. Of several streams the lowest.
    pub checkpoint: EntryId,
    /// How many were gone before they could be read.
    pub missed: u64,
    /// Whether there may be more of them, since Redis before version 7 does not tell.
    pub may_have_missed: bool,
    /// Events per second lately.
    pub rate: f64,
}

/// Work on a projection.
pub(crate) struct Work<'a> {
    pub(crate) store: &'a EventStore,
    pub(crate) keys: &'a Keys,
    pub(crate) streams: &'a Arc<[StreamKey]>,
    pub(crate) reducer: &'a mut dyn Reducer,
    pub(crate) runner: &'a str,
    /// What has to be the generation, where a rebuild may be cancelled.
    pub(crate) generation: Option<&'a str>,
    /// The generation of what was loaded last; `None` if that could not be.
    pub(crate) loaded: Option<String>,
    pub(crate) progress: Progress,
    pub(crate) told: &'a mut (dyn FnMut(&Progress) + Send),
}

/// Where the loop goes on.
enum Next {
    /// With what comes.
    On,
    /// With what is stored: others changed it.
    Again,
}

impl Work<'_> {
    /// Handles what there is, and goes on with what comes where it `follows`. What ends it is in the status.
    pub(crate) async fn go(
        &mut self,
        follows: bool,
        lease: Option<&mut Lease>,
    ) -> Result<(), ProjectError> {
        let ended = self.go_on(follows, lease).await;
        if let Err(error) = &ended
            && !error.is_passing()
        {
            self.note_failure(error).await;
        }
        ended
    }

    async fn go_on(
        &mut self,
        follows: bool,
        mut lease: Option<&mut Lease>,
    ) -> Result<(), ProjectError> {
        let mut yields = 0;
        loop {
            if let Some(lease) = &mut lease {
                while lease.hold().await?.is_some() {
                    tokio::time::sleep(LEASE / 5).await;
                }
            }
            self.loaded = None;
            let loaded = self.load().await?;
            self.reducer.forget();
            self.loaded = Some(loaded.generation.clone());
            let before = self.progress.handled;
            if self.go_on_from(loaded, follows, lease.as_deref_mut()).await? {
                return Ok(());
            }
            yields = if self.progress.handled > before { 1 } else { yields + 1 };
            tokio::time::sleep(YIELD * yields.min(MOST_YIELDS)).await;
        }
    }

    /// Says in the status why it stopped. That it stopped counts more than that it could not be noted.
    async fn note_failure(&mut self, error: &ProjectError) {
        match &self.loaded {
            Some(generation) => {
                let mut fields = self.fields(Activity::Failed, None);
                fields.extend(error_fields(Some(error)));
                let _ = note(self.store, self.keys, generation, &fields).await;
            }
            // How far it was is not known.
            None if !self.keys.is_beside() => {
                let _ = note_problem(self.store, self.keys.name(), &error.to_string()).await;
            }
            None => {}
        }
    }

    /// Goes on from what is stored. Whether that came to its end, or has to begin again with what others stored.
    async fn go_on_from(
        &mut self,
        mut loaded: Loaded,
        follows: bool,
        mut lease: Option<&mut Lease>,
    ) -> Result<bool, ProjectError> {
        let mut feed = Feed::start(self.store.reads(), self.streams, &loaded.positions, follows);
        let mut pace = Pace::new();
        loop {
            let Some(fed) = feed.next().await else { return Ok(true) };
            match fed? {
                Fed::Batch(batch, positions) => {
                    let started = Instant::now();
                    match self.handle(&mut loaded, &batch, &positions, &mut pace).await? {
                        Next::On => {}
                        Next::Again => return Ok(false),
                    }
                    feed.want(pace.events(started.elapsed()));
                }
                Fed::End(positions) => {
                    self.see(&loaded, &positions);
                    self.progress.rate = pace.rate(0);
                    (self.told)(&self.progress);
                    let activity = if follows { Activity::Following } else { Activity::Stopped };
                    let mut fields = self.fields(activity, loaded.notice.as_deref());
                    fields.extend(error_fields(None));
                    if !note(self.store, self.keys, &loaded.generation, &fields).await? {
                        return self.replaced().map(|()| false);
                    }
                }
            }
            if let Some(lease) = &mut lease
                && lease.hold().await?.is_some()
            {
                return Ok(false);
            }
        }
    }

    /// Handles a batch, and stores what it comes to.
    async fn handle(
        &mut self,
        loaded: &mut Loaded,
        batch: &Arc<Batch>,
        positions: &[Position],
        pace: &mut Pace,
    ) -> Result<Next, ProjectError> {
        let stored =
            Stored { store: self.store, keys: self.keys, is_from_start: loaded.is_from_start };
        let Reduced { taken, writes, failure } = self.reducer.reduce(batch, &stored).await?;
        if taken > 0 {
            let reached = batch.reached(taken);
            let positions: Vec<Position> = positions
                .iter()
                .zip(&loaded.positions)
                .zip(reached)
                .map(|((fed, before), reached)| match reached {
                    Some((id, version)) => Position { id, version, ..fed.clone() },
                    None => Position { id: before.id, version: before.version, ..fed.clone() },
                })
                .collect();
            self.progress.rate = pace.rate(taken);
            let events = loaded.events + taken as u64;
            self.progress.events = events;
            self.see_positions(&positions);
            let error = failure.clone().map(ProjectError::from);
            let activity = if error.is_some() { Activity::Failed } else { Activity::CatchingUp };
            let mut status = self.fields(activity, loaded.notice.as_deref());
            status.push(("generation", loaded.generation.clone()));
            status.extend(error_fields(error.as_ref()));
            let commit = Commit {
                keys: self.keys,
                streams: self.streams,
                before: loaded,
                positions: &positions,
                status,
                writes: &writes,
            };
            let (committed, checkpoint, texts) = match commit.run(self.store).await {
                // What is stored tells whether it was.
                Err(ProjectError::Write(error)) if error.is_unknown() => return Ok(Next::Again),
                stored => stored?,
            };
            match committed {
                Committed::Done => {
                    *loaded = Loaded {
                        generation: std::mem::take(&mut loaded.generation),
                        notice: loaded.notice.take(),
                        checkpoint,
                        texts,
                        positions,
                        is_from_start: false,
                        events,
                    };
                    self.progress.handled += taken as u64;
                    (self.told)(&self.progress);
                }
                Committed::Overtaken => return Ok(Next::Again),
                Committed::Replaced => return self.replaced().map(|()| Next::Again),
            }
        }
        match failure {
            Some(failure) => Err(failure.into()),
            // What it did not take is read again.
            None if taken < batch.len() => Ok(Next::Again),
            None => Ok(Next::On),
        }
    }

    /// Reads what is stored, and gives it a generation where it has none.
    async fn load(&mut self) -> Result<Loaded, ProjectError> {
        let mut loaded = Loaded::read(self.store, self.keys, self.streams).await?;
        match self.generation {
            Some(expected) if loaded.generation != expected => return Err(self.cancelled()),
            _ => {}
        }
        if loaded.generation.is_empty() {
            let mut command = redis::cmd("HSETNX");
            command.arg(self.keys.status()).arg("generation").arg(new_generation());
            self.store.writes(self.keys.status()).send(&command).await?;
            loaded = Loaded::read(self.store, self.keys, self.streams).await?;
        }
        for (position, stream) in loaded.positions.iter_mut().zip(self.streams.iter()) {
            // Where another program wrote the checkpoint, nobody counted up to there yet.
            if let (None, Some(next)) = (position.version, position.id.next())
                && position.id != EntryId::MIN
            {
                let version = self.store.reads().version_at(stream, next, None).await;
                position.version = version.ok().flatten().and_then(|next| next.checked_sub(1));
            }
        }
        self.see(&loaded, &loaded.positions);
        Ok(loaded)
    }

    fn see(&mut self, loaded: &Loaded, positions: &[Position]) {
        self.progress.events = loaded.events;
        self.see_positions(positions);
    }

    fn see_positions(&mut self, positions: &[Position]) {
        self.progress.lag = lag(positions);
        self.progress.checkpoint = super::commit::checkpoint(positions);
        self.progress.missed = positions.iter().map(|position| position.missed).sum();
        self.progress.may_have_missed = positions.iter().any(|position| position.may_have_missed);
    }

    fn fields(&self, activity: Activity, notice: Option<&str>) -> Vec<(&'static str, String)> {
        let Progress { events, lag, checkpoint, missed, rate, .. } = &self.progress;
        let streams: Vec<&StreamKey> = self.streams.iter().collect();
        let kind = match self.reducer.shape() {
            Shape::State => "state",
            Shape::Table => "table",
            Shape::Changes => "changes",
        };
        vec![
            ("name", self.keys.name().to_owned()),
            // A list of texts is always JSON.
            ("streams", serde_json::to_string(&streams).unwrap_or_default()),
            ("kind", kind.to_owned()),
            ("activity", activity.name().to_owned()),
            ("checkpoint", checkpoint.to_string()),
            ("lag", lag.map(|lag| lag.to_string()).unwrap_or_default()),
            ("rate", format!("{rate:.1}")),
            ("events", events.to_string()),
            ("missed", missed.to_string()),
            ("notice", self.notice(notice)),
            ("runner", self.runner.to_owned()),
            ("updated", now_ms().to_string()),
        ]
    }

    /// What is odd, in words.
    fn notice(&self, notice: Option<&str>) -> String {
        let missed = match (self.progress.missed, self.progress.may_have_missed) {
            (0, false) => None,
            (0, true) => Some("events may have been trimmed before they could be read, which Redis before version 7 does not tell".to_owned()),
            (missed, _) => Some(format!("{missed} events were trimmed or deleted before they could be read, and are not in the state")),
        };
        let all: Vec<String> = notice.map(str::to_owned).into_iter().chain(missed).collect();
        all.join("; ")
    }

    /// What to do where others reset or rebuilt the projection: go on from that, unless this is a rebuild itself.
    fn replaced(&self) -> Result<(), ProjectError> {
        if self.generation.is_some() { Err(self.cancelled()) } else { Ok(()) }
    }

    fn cancelled(&self) -> ProjectError {
        ProjectError::Cancelled { name: self.keys.name().to_owned() }
    }
}

/// Says in the status that nobody runs it any more.
pub(crate) async fn note_stopped(store: &EventStore, keys: &Keys) -> Result<(), WriteError> {
    let mut command = redis::cmd("HGET");
    command.arg(keys.status()).arg("generation");
    let generation =
        crate::reply::text(&store.writes(keys.status()).send(&command).await?).unwrap_or_default();
    if generation.is_empty() {
        return Ok(());
    }
    let fields = [
        ("activity", Activity::Stopped.name().to_owned()),
        ("rate", "0.0".to_owned()),
        ("updated", now_ms().to_string()),
    ];
    note(store, keys, &generation, &fields).await.map(drop)
}

/// Says in the status of a projection why it cannot be run at all, such as that its file is none.
///
/// # Errors
/// If that cannot be written.
pub async fn note_problem(store: &EventStore, name: &str, problem: &str) -> Result<(), WriteError> {
    let mut command = redis::cmd("HSET");
    command.arg(Keys::of(name).status());
    command.arg("name").arg(name).arg("activity").arg(Activity::Failed.name());
    command.arg("error").arg(problem).arg("failure").arg("").arg("updated").arg(now_ms());
    store.writes(Keys::of(name).status()).send(&command).await.map(drop)
}

/// A text that no other life of a projection has.
pub(crate) fn new_generation() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{count:x}", since.as_nanos(), std::process::id())
}

pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// How quick it is, and how large batches are to be.
struct Pace {
    events: usize,
    since: Instant,
    counted: usize,
    rate: f64,
}

/// Over how long events are counted for the rate.
const RATE_WINDOW: Duration = Duration::from_secs(2);

impl Pace {
    fn new() -> Self {
        Self { events: FIRST_EVENTS, since: Instant::now(), counted: 0, rate: 0.0 }
    }

    /// How many events the next batch may have, after one that took this long.
    fn events(&mut self, taken: Duration) -> usize {
        if taken < QUICK {
            self.events = (self.events * 2).min(MOST_EVENTS);
        } else if taken > SLOW {
            self.events = (self.events / 2).max(LEAST_EVENTS);
        }
        self.events
    }

    /// Events per second, with these.
    fn rate(&mut self, more: usize) -> f64 {
        self.counted += more;
        let elapsed = self.since.elapsed();
        // Until the first window is over its part says the most.
        if elapsed >= RATE_WINDOW || self.rate == 0.0 {
            #[expect(clippy::cast_precision_loss, reason = "nobody handles 2⁵³ events in a window")]
            let counted = self.counted as f64;
            self.rate = counted / elapsed.as_secs_f64().max(0.001);
        }
        if elapsed >= RATE_WINDOW {
            self.since = Instant::now();
            self.counted = 0;
        }
        self.rate
    }
}
