//! Which indexes are kept.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::event_reader::EventReader;
use rewind_domain::StreamKey;
use rewind_domain::filter::EventPath;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::StreamIndex;
use super::typed_page::Reading;
use crate::cache_figures::CacheFigures;
use rewind_store::{Store, StoreError};

/// How many indexes are built at the same moment. One reads as quickly as Redis sends; the second is there so that a short stream
/// need not wait for a long one.
const BUILDS_AT_ONCE: usize = 2;
/// How many indexes are kept at most. Those of usual streams take some kilobytes, so the budget of memory is reached first.
const MAX_INDEXES: usize = 10_000;
/// How long an index is built on when nobody asks for it any more. Pages ask every second or two.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// The indexes of all streams that someone looked into lately. Clones are the same.
#[derive(Clone)]
pub struct Indexes {
    store: Store,
    event_reader: EventReader,
    /// Of which streams it is noted what entries are about, and where they name it.
    members: Arc<HashMap<StreamKey, Arc<[EventPath]>>>,
    cache: Arc<IndexCache>,
}

/// What indexes may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexLimits {
    /// Their memory, all together, in bytes.
    pub bytes: usize,
    /// How long one is built on after it was last asked for.
    pub forgotten_after: Duration,
}

impl IndexLimits {
    /// This many bytes, and otherwise as usual.
    pub fn of_bytes(bytes: usize) -> Self {
        Self { bytes, forgotten_after: FORGOTTEN_AFTER }
    }
}

/// Whether an index fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Enough,
    TooLittle,
}

/// Where indexes are kept.
pub(super) struct IndexCache {
    limits: IndexLimits,
    slots: Mutex<Slots>,
    builds: Semaphore,
    /// How often an index was begun again.
    restarts: AtomicU64,
}

#[derive(Default)]
struct Slots {
    by_key: HashMap<StreamKey, Slot>,
    /// The bytes of all slots.
    bytes: usize,
}

struct Slot {
    index: Arc<StreamIndex>,
    asked_at: Instant,
    /// What it took when that was last noted.
    bytes: usize,
}

impl Indexes {
    /// Indexes of the streams of `store`, that `event_reader` reads, within these limits.
    pub fn new(store: Store, event_reader: EventReader, limits: IndexLimits) -> Self {
        let builds = Semaphore::new(BUILDS_AT_ONCE);
        let cache =
            IndexCache { limits, slots: Mutex::default(), builds, restarts: AtomicU64::new(0) };
        Self { store, event_reader, members: Arc::default(), cache: Arc::new(cache) }
    }

    /// The same, which also note of these streams what their entries are about, as they name it at these paths.
    pub fn with_members(self, paths: HashMap<StreamKey, Arc<[EventPath]>>) -> Self {
        Self { members: Arc::new(paths), ..self }
    }

    /// Where the streams are.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// What indexes may take.
    pub fn limits(&self) -> IndexLimits {
        self.cache.limits
    }

    /// How much memory they take, and how much they may.
    pub fn figures(&self) -> CacheFigures {
        let bytes = self.cache.slots().bytes;
        let dropped = self.cache.restarts.load(Ordering::Relaxed);
        CacheFigures { name: "index", bytes, budget: self.cache.limits.bytes, dropped }
    }

    /// The index of a stream as it is now. Where it lacks more than can be read in a moment, building it begins or goes on; ask
    /// again to see how far it is, and to have it go on.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn ask(&self, key: &StreamKey) -> Result<Arc<StreamIndex>, StoreError> {
        let make = || {
            let codec = Arc::new(self.event_reader.of(key));
            let members = self.members.get(key).cloned().unwrap_or_default();
            StreamIndex::new(self.store.clone(), key.clone(), Reading { codec, members })
        };
        let index = self.cache.take(key, make);
        self.refresh(index).await
    }

    /// The same, but nothing where nobody asked for the index before.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn known(&self, key: &StreamKey) -> Result<Option<Arc<StreamIndex>>, StoreError> {
        match self.cache.known(key) {
            Some(index) => self.refresh(index).await.map(Some),
            None => Ok(None),
        }
    }

    async fn refresh(&self, index: Arc<StreamIndex>) -> Result<Arc<StreamIndex>, StoreError> {
        match index.bring_up_to_date(&self.cache).await {
            Ok(()) => Ok(index),
            Err(error) => {
                if matches!(error, StoreError::NotFound | StoreError::WrongType) {
                    self.cache.remove(&index);
                }
                Err(error)
            }
        }
    }
}

impl IndexCache {
    /// The index of this key, which is made where there is none.
    fn take(&self, key: &StreamKey, make: impl FnOnce() -> StreamIndex) -> Arc<StreamIndex> {
        let mut slots = self.slots();
        if let Some(slot) = slots.by_key.get_mut(key) {
            slot.asked_at = Instant::now();
            return Arc::clone(&slot.index);
        }
        // Those that never come to be read, since Redis is away or refuses, must not pile up either.
        if slots.by_key.len() >= MAX_INDEXES {
            slots.remove_oldest(None);
        }
        let index = Arc::new(make());
        let slot = Slot { index: Arc::clone(&index), asked_at: Instant::now(), bytes: 0 };
        slots.by_key.insert(key.clone(), slot);
        index
    }

    fn known(&self, key: &StreamKey) -> Option<Arc<StreamIndex>> {
        let mut slots = self.slots();
        let slot = slots.by_key.get_mut(key)?;
        slot.asked_at = Instant::now();
        Some(Arc::clone(&slot.index))
    }

    fn remove(&self, index: &Arc<StreamIndex>) {
        let mut slots = self.slots();
        if slots.slot(index).is_some() {
            slots.remove(index.key());
        }
    }

    /// Takes note that an index was begun again.
    pub(super) fn note_restart(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until one more index may be built.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Closed never, since nothing closes it.
        self.builds.acquire().await.ok()
    }

    /// Whether someone asked for this index lately.
    pub(super) fn is_wanted(&self, index: &Arc<StreamIndex>) -> bool {
        let mut slots = self.slots();
        let forgotten_after = self.limits.forgotten_after;
        slots.slot(index).is_some_and(|slot| slot.asked_at.elapsed() < forgotten_after)
    }

    /// Notes how much memory an index takes, and makes room for it by dropping those that were not asked for the longest.
    pub(super) fn fit(&self, index: &Arc<StreamIndex>) -> Room {
        let bytes = index.byte_size();
        let mut slots = self.slots();
        let Some(slot) = slots.slot(index) else { return Room::Enough };
        let before = std::mem::replace(&mut slot.bytes, bytes);
        slots.bytes = slots.bytes - before + bytes;
        while slots.bytes > self.limits.bytes {
            if !slots.remove_oldest(Some(index)) {
                return Room::TooLittle;
            }
        }
        Room::Enough
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        // Nothing panics while it is locked; and if, the map would still be whole.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    /// The slot of an index, unless it was dropped, or replaced by another one.
    fn slot(&mut self, index: &Arc<StreamIndex>) -> Option<&mut Slot> {
        self.by_key.get_mut(index.key()).filter(|slot| Arc::ptr_eq(&slot.index, index))
    }

    /// Drops the one that was not asked for the longest, but for this one. Returns whether there was one.
    fn remove_oldest(&mut self, but: Option<&Arc<StreamIndex>>) -> bool {
        let is_other = |slot: &Slot| but.is_none_or(|but| !Arc::ptr_eq(&slot.index, but));
        let others = self.by_key.iter().filter(|(_, slot)| is_other(slot));
        let oldest = others.min_by_key(|(_, slot)| slot.asked_at).map(|(key, _)| key.clone());
        oldest.inspect(|key| self.remove(key)).is_some()
    }

    fn remove(&mut self, key: &StreamKey) {
        if let Some(slot) = self.by_key.remove(key) {
            self.bytes -= slot.bytes;
        }
    }
}
