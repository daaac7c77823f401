//! What is watched: the streams and categories that have viewers, shared by the hub, its viewers and those who read for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::event_reader::EventReader;
use rewind_app::api::live::RedisStatus;
use rewind_domain::{EntryId, StreamKey};
use rewind_store::{Store, StoreError};
use tokio::sync::{Notify, Semaphore, watch};

use super::LiveError;
use super::category::Category;
use super::channel::{Channel, Delivery, Taken, share_of};
use super::counters::Counters;
use super::followed::Followed;
use super::position::Position;
use super::viewer_slots::ViewerSlots;
use crate::discovery::Discovery;
use crate::index::Indexes;
use crate::topics::Topics;

/// How many different streams can be watched by name. One blocking read waits for all of them, and Redis needs about a
/// microsecond for each whenever it begins to wait.
const MAX_STREAMS: usize = 5_000;
/// How long it takes to wake a viewer and write to its line. Reading for the next time earlier than all of them are done with
/// the last would only fill their channels; a thousand viewers get what comes in 20 ms at once.
const PACE_PER_VIEWER: Duration = Duration::from_micros(20);

/// All that is watched, and what it takes to read it.
pub(super) struct Watches {
    pub(super) store: Store,
    /// Where entries are.
    pub(super) indexes: Indexes,
    /// Which streams there are.
    pub(super) discovery: Discovery,
    pub(super) event_reader: EventReader,
    /// The aggregates in shared streams.
    pub(super) parts: Topics,
    /// Locked for moments only, never while waiting for anything, and before any topic.
    pub(super) topics: Mutex<HashMap<StreamKey, Arc<WatchedStream>>>,
    /// As the topics.
    pub(super) categories: Mutex<HashMap<StreamKey, Arc<Category>>>,
    /// Tells the reader that a stream came to be watched.
    pub(super) changed: Notify,
    pub(super) redis: watch::Sender<RedisStatus>,
    pub(super) seats: Arc<ViewerSlots>,
    pub(super) counters: Counters,
    pub(super) catching_up: Arc<Semaphore>,
}

/// A stream that is watched by name.
pub(super) struct WatchedStream {
    /// The channel, and the stream up to the last entry that was put into it: together, so that a new viewer knows exactly which entries
    /// it will see.
    pub(super) state: Mutex<(Channel, Followed)>,
    /// How often the stream was made again since it came to be watched.
    pub(super) remade: AtomicU64,
}

/// A place among the viewers of a stream.
pub(super) struct Subscription {
    topic: Arc<WatchedStream>,
    viewer: Arc<Notify>,
    cursor: u64,
    /// The last entry before what this subscription gives.
    pub(super) start: Position,
    /// How often the stream had been made again.
    remade: u64,
}

impl Watches {
    pub(super) fn topics(&self) -> MutexGuard<'_, HashMap<StreamKey, Arc<WatchedStream>>> {
        // Nothing panics while it is locked; and if, the map would still be whole.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn categories(&self) -> MutexGuard<'_, HashMap<StreamKey, Arc<Category>>> {
        self.categories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn join_or_open(
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
        let topic = Arc::new(WatchedStream { state, remade: AtomicU64::new(0) });
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
    pub(super) fn topic(&self, stream: &StreamKey) -> Option<Arc<WatchedStream>> {
        self.topics().get(stream).cloned()
    }

    /// Has a stream read from its beginning, unless it was read on since it was `seen` like this.
    pub(super) fn begin_again(&self, stream: &StreamKey, seen: &Followed) {
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

impl WatchedStream {
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

    pub(super) fn subscribe(self: &Arc<Self>, viewer: &Arc<Notify>) -> Subscription {
        let (channel, start) = &mut *self.state();
        let cursor = channel.join(viewer);
        let remade = self.remade.load(Ordering::Relaxed);
        let (topic, viewer) = (Arc::clone(self), Arc::clone(viewer));
        Subscription { topic, viewer, cursor, start: start.position, remade }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, (Channel, Followed)> {
        // Nothing panics while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// What has come.
    pub(super) fn take(&mut self) -> Taken {
        self.topic.state().0.take(&mut self.cursor)
    }

    /// Whether the stream was made again since this was asked last.
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
