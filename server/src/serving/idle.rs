//! Which connections are idle: those that have no request under way. When all connections are taken, the one that has been idle the
//! longest makes room, so that nobody keeps others out by opening connections and saying nothing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// All connections that are idle, and how many are not.
#[derive(Default)]
pub(super) struct Registry {
    next: AtomicU64,
    busy: AtomicUsize,
    idle: Mutex<BTreeMap<(Instant, u64), Arc<Notify>>>,
}

/// A connection in the registry until this is dropped.
pub(super) struct Entry {
    registry: Arc<Registry>,
    number: u64,
    close: Arc<Notify>,
    /// Since when it is idle; `None` while it is busy.
    since: Mutex<Option<Instant>>,
}

/// A request under way until this is dropped.
pub(super) struct Busy(Arc<Entry>);

impl Registry {
    /// Adds a connection, which is idle until its first request.
    pub(super) fn enter(self: &Arc<Self>) -> Arc<Entry> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let entry = Entry {
            registry: Arc::clone(self),
            number,
            close: Arc::default(),
            since: Mutex::new(None),
        };
        entry.rest();
        Arc::new(entry)
    }

    /// How many connections have a request under way.
    pub(super) fn busy(&self) -> usize {
        self.busy.load(Ordering::Relaxed)
    }

    /// Asks the connection that has been idle the longest to close. Returns whether there was one.
    pub(super) fn close_one(&self) -> bool {
        let longest = self.idle().pop_first();
        longest.inspect(|(_, close)| close.notify_one()).is_some()
    }

    fn idle(&self) -> MutexGuard<'_, BTreeMap<(Instant, u64), Arc<Notify>>> {
        // Nothing panics while it is locked.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Notes that a request is under way.
    pub(super) fn work(self: &Arc<Self>) -> Busy {
        self.forget();
        self.registry.busy.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// Resolves when the connection is to close since others need the room.
    pub(super) async fn closed(&self) {
        loop {
            self.close.notified().await;
            // A request may have come at the very moment.
            if self.since().is_some() {
                return;
            }
        }
    }

    fn rest(&self) {
        let now = Instant::now();
        *self.since() = Some(now);
        self.registry.idle().insert((now, self.number), Arc::clone(&self.close));
    }

    fn forget(&self) {
        if let Some(since) = self.since().take() {
            self.registry.idle().remove(&(since, self.number));
        }
    }

    fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        // Nothing panics while it is locked.
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.registry.busy.fetch_sub(1, Ordering::Relaxed);
        self.0.rest();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_one_that_was_idle_the_longest_makes_room_and_who_works_stays() {
        let registry = Arc::new(Registry::default());
        let mut entries = Vec::new();
        for _ in 0..3 {
            entries.push(registry.enter());
            tokio::time::advance(std::time::Duration::from_secs(1)).await;
        }
        let [first, second, third] = &entries[..] else { panic!("three were entered") };
        let working = first.work();
        assert_eq!(registry.busy(), 1);
        assert!(registry.close_one());
        assert!(first.closed().now_or_never().is_none());
        assert!(second.closed().now_or_never().is_some());
        drop(working);
        assert_eq!(registry.busy(), 0);
        // The first has been idle for a moment only.
        assert!(registry.close_one());
        assert!(third.closed().now_or_never().is_some());
        assert!(registry.close_one());
        assert!(!registry.close_one());
    }

    #[tokio::test]
    async fn who_begins_to_work_when_asked_to_close_stays() {
        let registry = Arc::new(Registry::default());
        let entry = registry.enter();
        assert!(registry.close_one());
        let _working = entry.work();
        assert!(entry.closed().now_or_never().is_none());
    }
}
