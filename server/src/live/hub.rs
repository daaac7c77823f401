//! The hub: who watches what.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rewind_app::api::live::RedisStatus;
use rewind_codec::Codecs;
use rewind_domain::{EntryId, StreamKey};
use tokio::sync::{Notify, Semaphore, watch};

use super::category::Category;
use super::channel::{Channel, Delivery, Taken, share_of};
use super::counters::{Counters, LiveFigures};
use super::followed::Followed;
use super::position::Position;
use super::seats::{LiveLimits, Seat, Seats};
use super::{LiveError, follower, reader, remade};
use crate::discovery::Discovery;
use crate::index::Indexes;
use crate::topics::Topics;
use rewind_store::{Store, StoreError};

/// How many different streams can be watched by name. One blocking read waits for all of them, and Redis needs about a
/// microsecond for each whenever it begins to wait.
const MAX_STREAMS: usize = 5_000;
/// How many different categories can be watched. Each takes a connection and remembers the position of each of its streams.
const MAX_CATEGORIES: usize = 32;
/// How many viewers may hold pages that they read from Redis to catch up: at about 256 KiB each, 64 MiB.
const MAX_CATCHING_UP: usize = 256;
/// How long it takes to wake a viewer and write to its line. Reading for the next time earlier than all of them are done with
/// the last would only fill their channels; a thousand viewers get what comes in 20 ms at once.
const PACE_PER_VIEWER: Duration = Duration::from_micros(20);

/// Hands out subscriptions. Clones are the same hub; its reader ends when the last of them is dropped.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
    _tasks: Arc<[AbortOnDrop; 2]>,
}

pub(super) struct Shared {
    pub(super) store: Store,
    /// Where entries are.
    pub(super) indexes: Indexes,
    /// Which streams there are.
    pub(super) discovery: Discovery,
    pub(super) codecs: Codecs,
    /// The aggregates inside of shared streams.
    pub(super) parts: Topics,
    /// Locked for moments only, never while waiting for anything, and before any topic.
    topics: Mutex<HashMap<StreamKey, Arc<Topic>>>,
    /// As the topics.
    categories: Mutex<HashMap<StreamKey, Arc<Category>>>,
    /// Tells the reader that a stream came to be watched.
    pub(super) changed: Notify,
    pub(super) redis: watch::Sender<RedisStatus>,
    seats: Arc<Seats>,
    pub(super) counters: Counters,
    pub(super) catching_up: Arc<Semaphore>,
}

/// A stream that is watched by name.
pub(super) struct Topic {
    /// The channel, and the stream up to the last entry that was put into it: together, so that a new viewer knows exactly which entries
    /// it will see.
    state: Mutex<(Channel, Followed)>,
    /// How often the stream was made anew since it came to be watched.
    remade: AtomicU64,
}

/// A place among the viewers of a stream.
pub(super) struct Subscription {
    topic: Arc<Topic>,
    viewer: Arc<Notify>,
    cursor: u64,
    /// The last entry before what this subscription gives.
    pub(super) start: Position,
    /// How often the stream had been made anew.
    remade: u64,
}

impl Hub {
    /// A hub that reads from `store`, where aggregates inside of shared streams are `parts` of them, and unpacks payloads by `codecs`.
    pub fn new(
        store: Store,
        indexes: Indexes,
        discovery: Discovery,
        parts: Topics,
        codecs: Codecs,
        limits: LiveLimits,
    ) -> Self {
        let shared = Arc::new(Shared {
            store,
            indexes,
            discovery,
            codecs,
            parts,
            topics: Mutex::default(),
            categories: Mutex::default(),
            changed: Notify::new(),
            redis: watch::Sender::new(RedisStatus::Up),
            seats: Arc::new(Seats::new(limits)),
            counters: Counters::default(),
            catching_up: Arc::new(Semaphore::new(MAX_CATCHING_UP)),
        });
        let reader = tokio::spawn(reader::read(Arc::clone(&shared)));
        let remade = tokio::spawn(remade::look(Arc::clone(&shared)));
        Self { shared, _tasks: Arc::new([reader, remade].map(AbortOnDrop)) }
    }

    /// A seat for a viewer at this address.
    ///
    /// # Errors
    /// Where all are taken.
    pub fn seat(&self, address: std::net::IpAddr) -> Result<Seat, LiveError> {
        self.shared.seats.take(address).inspect_err(|_| self.shared.counters.refused.count())
    }

    /// What goes on.
    pub fn figures(&self) -> LiveFigures {
        let Shared { counters, seats, .. } = &*self.shared;
        let topics: Vec<Arc<Topic>> = self.shared.topics().values().cloned().collect();
        let categories: Vec<Arc<Category>> = self.shared.categories().values().cloned().collect();
        let queued = topics.iter().map(|topic| topic.state().0.bytes()).sum::<usize>()
            + categories.iter().map(|category| category.queued_bytes()).sum::<usize>();
        LiveFigures {
            viewers: seats.taken_in_all() as u64,
            streams: topics.len() as u64,
            categories: categories.len() as u64,
            queued_bytes: queued as u64,
            frames: counters.frames.get(),
            lags: counters.lags.get(),
            gaps: counters.gaps.get(),
            refused: counters.refused.get(),
        }
    }

    /// Joins those who watch `stream`, which need not exist yet. `viewer` is told when there is something.
    pub(super) async fn subscribe(
        &self,
        stream: &StreamKey,
        viewer: &Arc<Notify>,
    ) -> Result<Subscription, LiveError> {
        if let Some(topic) = self.shared.topics().get(stream) {
            return Ok(topic.subscribe(viewer));
        }
        let followed = match self.shared.store.info(stream).await {
            Ok(info) => Followed::from_its_end(&info),
            Err(StoreError::NotFound) => Followed::from_its_beginning(),
            Err(error) => return Err(LiveError::Store { key: stream.clone(), error }),
        };
        self.shared.join_or_open(stream, followed, viewer)
    }

    /// The followed category of the streams whose keys begin with `prefix`, with `viewer` among those who watch it.
    pub(super) fn category(
        &self,
        prefix: &StreamKey,
        viewer: &Arc<Notify>,
    ) -> Result<Arc<Category>, LiveError> {
        if let Some(topic) = self.shared.parts.within(prefix) {
            let (prefix, topic) = (prefix.clone(), topic.stream.clone());
            return Err(LiveError::InsideTopic { prefix, topic });
        }
        let mut categories = self.shared.categories();
        if let Some(category) = categories.get(prefix) {
            category.join(viewer);
            return Ok(Arc::clone(category));
        }
        if categories.len() >= MAX_CATEGORIES {
            return Err(LiveError::Categories { limit: MAX_CATEGORIES });
        }
        let category = Arc::new(Category::new(prefix.clone()));
        category.join(viewer);
        categories.insert(prefix.clone(), Arc::clone(&category));
        // Ends by itself once nobody watches.
        tokio::spawn(follower::follow(Arc::clone(&self.shared), Arc::clone(&category)));
        Ok(category)
    }

    /// What the viewers share with the reader.
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Shared {
    fn topics(&self) -> MutexGuard<'_, HashMap<StreamKey, Arc<Topic>>> {
        // Nothing panics while it is locked; and if, the map would still be whole.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn categories(&self) -> MutexGuard<'_, HashMap<StreamKey, Arc<Category>>> {
        self.categories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn join_or_open(
        &self,
        stream: &StreamKey,
        followed: Followed,
        viewer: &Arc<Notify>,
    ) -> Result<Subscription, LiveError> {
        let mut topics = self.topics();
        if let Some(topic) = topics.get(stream) {
            return Ok(topic.subscribe(viewer));
        }
        if topics.len() >= MAX_STREAMS {
            return Err(LiveError::Streams { limit: MAX_STREAMS });
        }
        let state = Mutex::new((Channel::default(), followed));
        let topic = Arc::new(Topic { state, remade: AtomicU64::new(0) });
        let subscription = topic.subscribe(viewer);
        topics.insert(stream.clone(), topic);
        self.changed.notify_one();
        Ok(subscription)
    }

    /// What is being watched by name, after dropping what no longer is.
    pub(super) fn watched(&self) -> Vec<(StreamKey, EntryId)> {
        let mut topics = self.topics();
        topics.retain(|_, topic| topic.state().0.viewers() > 0);
        topics.iter().map(|(stream, topic)| (stream.clone(), topic.state().1.id())).collect()
    }

    /// The same, with what they looked like when they were read last.
    pub(super) fn followed(&self) -> Vec<(StreamKey, Followed)> {
        let topics = self.topics();
        topics.iter().map(|(stream, topic)| (stream.clone(), topic.followed())).collect()
    }

    /// A stream that is watched by name, if it still is.
    pub(super) fn topic(&self, stream: &StreamKey) -> Option<Arc<Topic>> {
        self.topics().get(stream).cloned()
    }

    /// Has a stream read from its beginning, unless it was read on since it was `seen` like this.
    pub(super) fn begin_anew(&self, stream: &StreamKey, seen: &Followed) {
        let Some(topic) = self.topic(stream) else { return };
        {
            let (channel, followed) = &mut *topic.state();
            if followed != seen {
                return;
            }
            *followed = Followed::from_its_beginning();
            topic.remade.fetch_add(1, Ordering::Relaxed);
            let stream = stream.clone();
            channel.push(Delivery::Remade { stream, reached: None }, usize::MAX);
            channel.wake();
        }
        // What blocks after the old position has to begin again.
        self.changed.notify_one();
    }

    /// Tells those who watch a stream that nothing follows.
    pub(super) fn fail(&self, stream: &StreamKey, error: StoreError) {
        if let Some(topic) = self.topics().remove(stream) {
            let error = LiveError::Store { key: stream.clone(), error };
            let (channel, _) = &mut *topic.state();
            channel.push(Delivery::Failed(Arc::new(error)), usize::MAX);
            channel.wake();
        }
    }

    /// Takes a category off, if nobody watches it or whoever does is told why.
    pub(super) fn close(&self, category: &Arc<Category>, error: Option<LiveError>) -> bool {
        let mut categories = self.categories();
        match error {
            None if category.is_watched() => return false,
            None => {}
            Some(error) => category.fail(error),
        }
        categories.remove(category.prefix());
        true
    }

    /// How many bytes each channel may keep.
    pub(super) fn channel_bytes(&self) -> usize {
        share_of(self.topics().len() + self.categories().len())
    }

    /// How long to wait between two reads.
    pub(super) fn pace(&self) -> Duration {
        let viewers = u32::try_from(self.seats.taken_in_all()).unwrap_or(u32::MAX);
        PACE_PER_VIEWER.saturating_mul(viewers)
    }
}

impl Topic {
    pub(super) fn followed(&self) -> Followed {
        self.state().1.clone()
    }

    /// Puts deliveries into the channel, after which the stream was read up to where `followed` says, unless it was begun again since it was
    /// `seen`.
    pub(super) fn publish(
        &self,
        deliveries: Vec<Delivery>,
        seen: &Followed,
        followed: Followed,
        most_bytes: usize,
    ) {
        let (channel, current) = &mut *self.state();
        if current != seen {
            return;
        }
        *current = followed;
        for delivery in deliveries {
            channel.push(delivery, most_bytes);
        }
        channel.wake();
    }

    fn subscribe(self: &Arc<Self>, viewer: &Arc<Notify>) -> Subscription {
        let (channel, start) = &mut *self.state();
        let cursor = channel.join(viewer);
        let remade = self.remade.load(Ordering::Relaxed);
        let (topic, viewer) = (Arc::clone(self), Arc::clone(viewer));
        Subscription { topic, viewer, cursor, start: start.position, remade }
    }

    fn state(&self) -> MutexGuard<'_, (Channel, Followed)> {
        // Nothing panics while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// What has come.
    pub(super) fn take(&mut self) -> Taken {
        self.topic.state().0.take(&mut self.cursor)
    }

    /// Whether the stream was made anew since this was asked last.
    pub(super) fn is_remade(&mut self) -> bool {
        let remade = self.topic.remade.load(Ordering::Relaxed);
        std::mem::replace(&mut self.remade, remade) != remade
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.topic.state().0.leave(&self.viewer);
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
