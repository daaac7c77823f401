//! The hub: one blocking reader for all that is watched.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rewind_app::api::live::RedisStatus;
use rewind_codec::Codecs;
use rewind_domain::{Entry, EntryId, StreamKey};
use tokio::sync::{Notify, broadcast, watch};

use super::frame;
use crate::store::{Store, StoreError, Watcher};

/// How many entries of one stream wait for its slowest viewer before that one has to read them from Redis again. Enough
/// for a burst of half a second at 1,000 events per second.
const QUEUED_ENTRIES: usize = 512;
/// How long to wait before Redis is tried again, at first and at most.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(2);

/// Hands out subscriptions. Clones are the same hub; its reader ends when the last of them is dropped.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
    _reader: Arc<AbortOnDrop>,
}

/// What is sent to the subscribers of a stream.
#[derive(Clone)]
pub(super) enum Delivery {
    /// An entry was added.
    Entry {
        id: EntryId,
        /// The frame's JSON.
        json: Bytes,
    },
    /// The stream cannot be read any more, for this reason. Nothing follows.
    Failed(Arc<StoreError>),
}

/// A place among the viewers of a stream.
pub(super) struct Subscription {
    /// Everything after [`Subscription::start`].
    pub(super) deliveries: broadcast::Receiver<Delivery>,
    /// The last entry that the hub had seen.
    pub(super) start: Position,
}

/// A place in a stream, right after an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The entry.
    pub(super) id: EntryId,
    /// The version that it made, where that is known: it tells whether anything is missing before the next one.
    pub(super) version: Option<u64>,
}

impl Position {
    /// The place after the next entry.
    pub(super) fn followed_by(self, id: EntryId) -> Self {
        Self { id, version: self.version.map(|version| version + 1) }
    }
}

struct Shared {
    store: Store,
    codecs: Codecs,
    /// Locked for moments only, never while waiting for anything.
    topics: Mutex<HashMap<StreamKey, Topic>>,
    /// Tells the reader that a stream came to be watched.
    changed: Notify,
    redis: watch::Sender<RedisStatus>,
}

/// A watched stream.
struct Topic {
    sender: broadcast::Sender<Delivery>,
    /// The last entry that was sent. Changed together with sending, under the lock, so that a new subscriber knows exactly
    /// which entries its receiver will see.
    position: Position,
}

impl Hub {
    /// A hub that reads from `store`, and unpacks payloads by `codecs`.
    pub fn new(store: Store, codecs: Codecs) -> Self {
        let shared = Arc::new(Shared {
            store,
            codecs,
            topics: Mutex::default(),
            changed: Notify::new(),
            redis: watch::Sender::new(RedisStatus::Up),
        });
        let reader = tokio::spawn(read(Arc::clone(&shared)));
        Self { shared, _reader: Arc::new(AbortOnDrop(reader)) }
    }

    /// Joins those who watch `stream`, which need not exist yet.
    pub(super) async fn subscribe(&self, stream: &StreamKey) -> Result<Subscription, StoreError> {
        if let Some(subscription) = self.shared.join(stream) {
            return Ok(subscription);
        }
        let position = match self.shared.store.info(stream).await {
            Ok(info) => Position {
                id: info.extent.last_generated_id,
                version: Some(info.extent.latest_version()),
            },
            Err(StoreError::NotFound) => Position { id: EntryId::MIN, version: Some(0) },
            Err(error) => return Err(error),
        };
        Ok(self.shared.join_or_open(stream, position))
    }

    /// Whether Redis is there, as far as the reader knows.
    pub(super) fn redis(&self) -> watch::Receiver<RedisStatus> {
        self.shared.redis.subscribe()
    }

    /// The store that it reads from.
    pub(super) fn store(&self) -> &Store {
        &self.shared.store
    }

    /// What payloads are.
    pub(super) fn codecs(&self) -> &Codecs {
        &self.shared.codecs
    }
}

impl Shared {
    fn topics(&self) -> MutexGuard<'_, HashMap<StreamKey, Topic>> {
        // Nothing panics while it is locked; and if, the map would still be whole.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join(&self, stream: &StreamKey) -> Option<Subscription> {
        self.topics().get(stream).map(Topic::subscribe)
    }

    fn join_or_open(&self, stream: &StreamKey, position: Position) -> Subscription {
        let mut topics = self.topics();
        if let Some(topic) = topics.get(stream) {
            return topic.subscribe();
        }
        let topic = Topic { sender: broadcast::Sender::new(QUEUED_ENTRIES), position };
        let subscription = topic.subscribe();
        topics.insert(stream.clone(), topic);
        self.changed.notify_one();
        subscription
    }

    /// What is being watched, after dropping what no longer is.
    fn watched(&self) -> Vec<(StreamKey, EntryId)> {
        let mut topics = self.topics();
        topics.retain(|_, topic| topic.sender.receiver_count() > 0);
        topics.iter().map(|(stream, topic)| (stream.clone(), topic.position.id)).collect()
    }

    async fn publish(&self, stream: &StreamKey, entries: Vec<Entry>) {
        // Decoding takes its time, and is done before the lock is taken.
        let ready = frame::entries_json(&self.codecs, stream, entries).await;
        if let Some(topic) = self.topics().get_mut(stream) {
            for (id, json) in ready {
                topic.position = topic.position.followed_by(id);
                // Fails where nobody listens any more, which is nobody's loss.
                let _ = topic.sender.send(Delivery::Entry { id, json });
            }
        }
    }

    fn fail(&self, stream: &StreamKey, error: StoreError) {
        if let Some(topic) = self.topics().remove(stream) {
            let _ = topic.sender.send(Delivery::Failed(Arc::new(error)));
        }
    }

    fn set_redis(&self, status: RedisStatus) {
        self.redis.send_if_modified(|current| std::mem::replace(current, status) != status);
    }
}

impl Topic {
    fn subscribe(&self) -> Subscription {
        Subscription { deliveries: self.sender.subscribe(), start: self.position }
    }
}

/// Reads whatever is watched, for as long as the hub lives.
async fn read(shared: Arc<Shared>) {
    let mut backoff = FIRST_BACKOFF;
    loop {
        if shared.watched().is_empty() {
            shared.changed.notified().await;
            continue;
        }
        match shared.store.watcher().await {
            Ok(mut watcher) => {
                let ControlFlow::Break(error) = read_on(&shared, &mut watcher, &mut backoff).await
                else {
                    // The set of streams changed. What blocks on the old set is dropped with its connection.
                    continue;
                };
                tracing::warn!(%error, "live reading was interrupted");
            }
            Err(error) => tracing::debug!(%error, "live reading cannot go on yet"),
        }
        shared.set_redis(RedisStatus::Down);
        tokio::time::sleep(backoff).await;
        backoff = (backoff * 2).min(MAX_BACKOFF);
    }
}

/// Reads on one connection until a stream is added, or until it fails.
async fn read_on(
    shared: &Shared,
    watcher: &mut Watcher,
    backoff: &mut Duration,
) -> ControlFlow<StoreError> {
    loop {
        let watched = shared.watched();
        if watched.is_empty() {
            return ControlFlow::Continue(());
        }
        // Connecting may succeed while Redis still loads its data, and a blocking read tells nothing until it ends.
        if *shared.redis.borrow() == RedisStatus::Down {
            match watcher.check(&watched[0].0).await {
                Err(error) if error.is_passing() => return ControlFlow::Break(error),
                _ => shared.set_redis(RedisStatus::Up),
            }
        }
        *backoff = FIRST_BACKOFF;
        let outcome = tokio::select! {
            outcome = watcher.wait(&watched) => outcome,
            () = shared.changed.notified() => return ControlFlow::Continue(()),
        };
        match outcome {
            Ok(streams) => {
                for (stream, entries) in streams {
                    shared.publish(&stream, entries).await;
                }
            }
            Err(error) if error.is_passing() => return ControlFlow::Break(error),
            Err(error) => drop_unreadable(shared, watcher, &watched, error).await?,
        }
    }
}

/// One stream that cannot be read fails the read of all: finds it, and goes on without it.
async fn drop_unreadable<C: Default>(
    shared: &Shared,
    watcher: &mut Watcher,
    watched: &[(StreamKey, EntryId)],
    error: StoreError,
) -> ControlFlow<StoreError, C> {
    let mut found = false;
    for (stream, _) in watched {
        match watcher.check(stream).await {
            Ok(()) => {}
            Err(error) if error.is_passing() => return ControlFlow::Break(error),
            Err(error) => {
                found = true;
                tracing::warn!(%stream, %error, "a stream cannot be watched any more");
                shared.fail(stream, error);
            }
        }
    }
    // Without a culprit, trying again at once would spin.
    if found { ControlFlow::Continue(C::default()) } else { ControlFlow::Break(error) }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
