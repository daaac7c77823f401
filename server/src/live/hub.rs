//! The hub: who watches what.

use std::sync::{Arc, Mutex};

use crate::event_reader::EventReader;
use rewind_app::api::live::RedisStatus;
use rewind_domain::StreamKey;
use tokio::sync::{Notify, Semaphore, watch};

use super::category::Category;
use super::counters::{Counters, LiveFigures};
use super::followed::Followed;
use super::viewer_slots::{LiveLimits, ViewerSlot, ViewerSlots};
use super::watches::{Subscription, WatchedStream, Watches};
use super::{LiveError, follower, reader, remade};
use crate::discovery::Discovery;
use crate::index::Indexes;
use crate::topics::Topics;
use rewind_store::{Store, StoreError};

/// How many different categories can be watched. Each takes a connection and remembers the position of each of its streams.
const MAX_CATEGORIES: usize = 32;
/// How many viewers may hold pages that they read from Redis to catch up: at about 256 KiB each, 64 MiB.
const MAX_CATCHING_UP: usize = 256;
/// Hands out subscriptions. Clones are the same hub; its reader ends when the last of them is dropped.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Watches>,
    _tasks: Arc<[AbortOnDrop; 2]>,
}

impl Hub {
    /// A hub that reads from `store`, where aggregates in shared streams are `parts` of them; `event_reader` makes events of entries.
    pub fn new(
        store: Store,
        indexes: Indexes,
        discovery: Discovery,
        parts: Topics,
        event_reader: EventReader,
        limits: LiveLimits,
    ) -> Self {
        let shared = Arc::new(Watches {
            store,
            indexes,
            discovery,
            event_reader,
            parts,
            topics: Mutex::default(),
            categories: Mutex::default(),
            changed: Notify::new(),
            redis: watch::Sender::new(RedisStatus::Up),
            seats: Arc::new(ViewerSlots::new(limits)),
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
    /// If all are taken.
    pub fn seat(&self, address: std::net::IpAddr) -> Result<ViewerSlot, LiveError> {
        self.shared.seats.take(address).inspect_err(|_| self.shared.counters.refused.count())
    }

    /// What goes on.
    pub fn figures(&self) -> LiveFigures {
        let Watches { counters, seats, .. } = &*self.shared;
        let topics: Vec<Arc<WatchedStream>> = self.shared.topics().values().cloned().collect();
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
    pub(super) fn shared(&self) -> &Watches {
        &self.shared
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
