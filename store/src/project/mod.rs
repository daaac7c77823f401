//! Projections: what follows from events, kept in Redis and up to date.
//!
//! A [`Projection`] has a name, one or several streams, and handlers. Its state is stored in the same step as its checkpoint, and
//! only if nobody moved the checkpoint meanwhile. So however many run it, and whenever one of them is killed, each event is in the
//! state exactly once.
//!
//! There are three kinds: a fold has one state ([`Projection::state`]); a table has a row for each key ([`Projection::table`]); and
//! handlers that keep counters change keys of their own ([`Projection::changes`]), as the handlers of `EventProjection` do. What else
//! takes events in, such as scripts, implements [`Reducer`].
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let redis = rewind_dev::TestRedis::start().await;
//! # let url = redis.url();
//! use rewind_store::project::{Changes, Handlers, Projection};
//! use rewind_store::publish::Publisher;
//! use rewind_store::{EventStore, NewEvent};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct OrderCreated {
//!     total: f64,
//! }
//!
//! let store = EventStore::new(url);
//! let orders = Publisher::new(&store, "events:orders");
//! orders.publish(&NewEvent::new("order.created", &serde_json::json!({ "total": 49.99 }))?).await?;
//!
//! let handlers = Handlers::new().on("order.created", |changes: &mut Changes, order: OrderCreated| {
//!     changes.increment("stats:orders", "total_count", 1);
//!     changes.increment_float("stats:orders", "total_value", order.total);
//! });
//! let mut projection = Projection::changes("order-stats", handlers).stream("events:orders");
//! let progress = projection.catch_up(&store).await?;
//! assert_eq!(progress.handled, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod changes;
mod commit;
mod control;
mod error;
mod feed;
mod handlers;
mod keys;
mod lease;
mod native;
mod position;
mod rebuild;
mod reducer;
mod shown;
mod skip;
mod status;
mod work;

use std::sync::Arc;
use std::time::Duration;

use rewind_domain::{Event, StreamKey};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use changes::Changes;
pub use control::{Control, Controlled, control};
pub use error::{Failure, MOST_STREAMS, ProjectError};
pub use handlers::{Handlers, Outcome};
pub use keys::Keys;
pub use position::Position;
pub use reducer::{Batch, Reduced, Reducer, Shape, Stored};
pub use shown::{StoredRows, StoredState};
pub use skip::{Skipped, skip};
pub use status::{Activity, Status};
pub use work::{Progress, note_problem};

use lease::Lease;
use native::{ChangesReducer, StateReducer, TableReducer};
use work::{Work, note_stopped};

use crate::{Backoff, EventStore};

/// How long to wait until it is tried again where Redis is away or takes no writes.
const BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(50), longest: Duration::from_secs(5) };

/// What follows from the events of some streams.
pub struct Projection {
    name: String,
    streams: Vec<StreamKey>,
    reducer: Box<dyn Reducer>,
    runner: String,
}

impl Projection {
    /// A fold: `handlers` change one state, which is `initial()` before the first event, and is kept as JSON in
    /// `projection:{name}:state`.
    #[must_use]
    pub fn state<S: Serialize + DeserializeOwned + Send + 'static>(
        name: &str,
        initial: impl Fn() -> S + Send + Sync + 'static,
        handlers: Handlers<S>,
    ) -> Self {
        Self::with(name, Box::new(StateReducer::new(initial, handlers)))
    }

    /// A table: `handlers` change the row of the event's key, `None` where there is none (yet, or any more). Events without a key
    /// are passed over. Rows are kept as JSON in the hash `projection:{name}:rows`.
    #[must_use]
    pub fn table<R: Serialize + DeserializeOwned + Send + Sync + 'static>(
        name: &str,
        key: impl Fn(&Event) -> Option<String> + Send + Sync + 'static,
        handlers: Handlers<Option<R>>,
    ) -> Self {
        Self::with(name, Box::new(TableReducer::new(key, handlers)))
    }

    /// Counters and the like: `handlers` change keys of their own choice, in the step that moves the checkpoint.
    #[must_use]
    pub fn changes(name: &str, handlers: Handlers<Changes>) -> Self {
        Self::with(name, Box::new(ChangesReducer::new(handlers)))
    }

    /// A projection of whatever takes events in.
    #[must_use]
    pub fn with(name: &str, reducer: Box<dyn Reducer>) -> Self {
        // Where and when it was made: no two processes make the same.
        let runner = work::new_generation();
        Self { name: name.to_owned(), streams: Vec::new(), reducer, runner }
    }

    /// The same with another stream. The events of several streams are handled in the order of their ids, as far as they are there.
    #[must_use]
    pub fn stream(mut self, stream: impl Into<StreamKey>) -> Self {
        let stream = stream.into();
        if !self.streams.contains(&stream) {
            self.streams.push(stream);
        }
        self
    }

    /// The same with this as what the status calls whoever runs it. Two that run at the same time have different ones.
    #[must_use]
    pub fn run_by(mut self, runner: &str) -> Self {
        runner.clone_into(&mut self.runner);
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its streams.
    #[must_use]
    pub fn streams(&self) -> &[StreamKey] {
        &self.streams
    }

    /// Handles the events that are there, and ends.
    ///
    /// # Errors
    /// [`ProjectError::Failed`] at an event that cannot be handled: those before it are in the state. Whatever happens to Redis.
    pub async fn catch_up(&mut self, store: &EventStore) -> Result<Progress, ProjectError> {
        self.catch_up_telling(store, |_| {}).await
    }

    /// As [`Projection::catch_up`], and tells how far it is.
    ///
    /// # Errors
    /// As [`Projection::catch_up`].
    pub async fn catch_up_telling(
        &mut self,
        store: &EventStore,
        mut told: impl FnMut(&Progress) + Send,
    ) -> Result<Progress, ProjectError> {
        let keys = Keys::of(&self.name);
        self.work(store, &keys, None, false, None, &mut told).await
    }

    /// Handles the events that are there, and then those that come, until `stop` resolves. Waits while somebody else runs it, while it
    /// is [paused](control()), and while Redis is away.
    ///
    /// # Errors
    /// [`ProjectError::Failed`] at an event that cannot be handled, and whatever else does not pass by itself.
    pub async fn run(
        &mut self,
        store: &EventStore,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ProjectError> {
        self.run_telling(store, stop, |_| {}).await
    }

    /// As [`Projection::run`], and tells how far it is.
    ///
    /// # Errors
    /// As [`Projection::run`].
    pub async fn run_telling(
        &mut self,
        store: &EventStore,
        stop: impl Future<Output = ()> + Send,
        mut told: impl FnMut(&Progress) + Send,
    ) -> Result<(), ProjectError> {
        tokio::pin!(stop);
        let keys = Keys::of(&self.name);
        let mut lease = Lease::new(store, keys.lease(), &self.runner);
        let mut failures = 0;
        // Where that cannot be read, the work will say so.
        let mut wanted = Control::read(store, &self.name).await.unwrap_or_default();
        let outcome = loop {
            if wanted.is_paused {
                leave(store, &keys, &mut lease).await;
                tokio::select! {
                    () = &mut stop => break Ok(()),
                    now = wanted.changed(store, &self.name) => wanted = now,
                }
                continue;
            }
            let mut has_moved = false;
            let mut tell = |progress: &Progress| {
                has_moved = true;
                told(progress);
            };
            let name = self.name.clone();
            let error = tokio::select! {
                () = &mut stop => break Ok(()),
                now = wanted.changed(store, &name) => {
                    wanted = now;
                    continue;
                }
                worked = self.work(store, &keys, None, true, Some(&mut lease), &mut tell) => match worked {
                    Ok(_) => break Ok(()),
                    Err(error) if error.is_passing() => error,
                    Err(error) => break Err(error),
                },
            };
            tracing::warn!(projection = %self.name, %error, "a projection waits");
            failures = if has_moved { 1 } else { failures + 1 };
            tokio::select! {
                () = &mut stop => break Ok(()),
                () = tokio::time::sleep(BACKOFF.after(failures)) => {}
            }
        };
        match &outcome {
            Ok(()) => leave(store, &keys, &mut lease).await,
            Err(_) => lease.release().await,
        }
        outcome
    }

    /// Makes the projection again from the first event, beside the old one, and puts it in its place in one step once it is as far
    /// as the streams were. Whoever runs the projection goes on from there. Tells how far it is. Dropped, or after
    /// [`cancel_rebuild`], the old one is as it was.
    ///
    /// # Errors
    /// [`ProjectError::Busy`] where somebody else rebuilds it, [`ProjectError::Cancelled`], and as [`Projection::catch_up`]: then the
    /// old one is as it was.
    pub async fn rebuild(
        &mut self,
        store: &EventStore,
        told: impl FnMut(&Progress) + Send,
    ) -> Result<Progress, ProjectError> {
        self.rebuild_until(store, std::future::pending(), told).await
    }

    /// As [`Projection::rebuild`], until `stop` resolves: then what was made so far is removed at once, and somebody else may begin.
    ///
    /// # Errors
    /// As [`Projection::rebuild`]; [`ProjectError::Cancelled`] where it was stopped.
    pub async fn rebuild_until(
        &mut self,
        store: &EventStore,
        stop: impl Future<Output = ()> + Send,
        mut told: impl FnMut(&Progress) + Send,
    ) -> Result<Progress, ProjectError> {
        let name = self.name.clone();
        let keys = Keys::beside(&name);
        let mut lease = Lease::new(store, keys.lease(), &self.runner);
        if let Some(by) = lease.hold().await? {
            return Err(ProjectError::Busy { name, by });
        }
        let generation = rebuild::begin(store, &name).await?;
        let work = self.work(store, &keys, Some(&generation), false, Some(&mut lease), &mut told);
        let (worked, is_stopped) = tokio::select! {
            worked = work => (worked, false),
            () = stop => (Err(ProjectError::Cancelled { name: name.clone() }), true),
        };
        let rebuilt = match worked {
            Ok(progress) => rebuild::swap(store, &name, &generation).await.map(|()| progress),
            Err(error) => Err(error),
        };
        if is_stopped || !matches!(rebuilt, Ok(_) | Err(ProjectError::Cancelled { .. })) {
            // What is left of it counts for nothing, and the next rebuild removes it.
            let _ = rebuild::discard(store, &name).await;
        }
        lease.release().await;
        rebuilt
    }

    async fn work(
        &mut self,
        store: &EventStore,
        keys: &Keys,
        generation: Option<&str>,
        follows: bool,
        lease: Option<&mut Lease>,
        told: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<Progress, ProjectError> {
        if let Err(error) = self.check_streams() {
            if !keys.is_beside() {
                // That it cannot run counts more than that it could not be noted.
                let _ = note_problem(store, &self.name, &error.to_string()).await;
            }
            return Err(error);
        }
        let streams: Arc<[StreamKey]> = self.streams.as_slice().into();
        let mut work = Work {
            store,
            keys,
            streams: &streams,
            reducer: self.reducer.as_mut(),
            runner: &self.runner,
            generation,
            loaded: None,
            progress: Progress::default(),
            told,
        };
        work.go(follows, lease).await?;
        Ok(work.progress)
    }

    fn check_streams(&self) -> Result<(), ProjectError> {
        let (name, count) = (self.name.clone(), self.streams.len());
        match count {
            0 => Err(ProjectError::NoStreams { name }),
            1..=MOST_STREAMS => Ok(()),
            _ => Err(ProjectError::TooManyStreams { name, count }),
        }
    }
}

/// Says that nobody runs a projection any more, if it was run here.
async fn leave(store: &EventStore, keys: &Keys, lease: &mut Lease) {
    if lease.is_held() {
        lease.release().await;
        // Whoever looks sees from the time of the status that nobody runs it.
        let _ = note_stopped(store, keys).await;
    }
}

/// Ends the rebuild of a projection, wherever it runs. The projection is as it was. Whether there was one.
///
/// # Errors
/// If Redis refuses it.
pub async fn cancel_rebuild(store: &EventStore, name: &str) -> Result<bool, ProjectError> {
    Ok(!rebuild::discard(store, name).await?.is_empty())
}

/// The keys that [`reset`] would remove.
///
/// # Errors
/// If Redis cannot be read.
pub async fn reset_removes(store: &EventStore, name: &str) -> Result<Vec<String>, ProjectError> {
    let keys = rebuild::existing(store, &Keys::of(name)).await?;
    Ok(keys.iter().map(|key| String::from_utf8_lossy(key).into_owned()).collect())
}

/// Removes all that is stored of a projection, the keys that its handlers changed among it. Whoever runs it begins with the first
/// event again. Returns the keys.
///
/// # Errors
/// If Redis refuses it.
pub async fn reset(store: &EventStore, name: &str) -> Result<Vec<String>, ProjectError> {
    rebuild::remove(store, &Keys::of(name)).await
}
