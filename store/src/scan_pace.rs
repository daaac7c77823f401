//! How fast the keyspace is walked, by all walks together.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets walks through the keyspace make their steps, so that all of them together keep to one rate.
pub(super) struct ScanPace {
    /// No limit where there is none.
    keys_per_second: Option<NonZeroU32>,
    /// When the next step may be made.
    next: Mutex<Instant>,
    calls: AtomicU64,
}

impl ScanPace {
    pub(super) fn new(keys_per_second: Option<NonZeroU32>) -> Self {
        Self { keys_per_second, next: Mutex::new(Instant::now()), calls: AtomicU64::new(0) }
    }

    /// Waits until a step that looks at this many keys may be made, and counts it.
    pub(super) async fn turn(&self, keys: u64) {
        tokio::time::sleep_until(self.place(keys, Instant::now()).into()).await;
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// How many steps were made.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// When such a step may be made.
    fn place(&self, keys: u64, now: Instant) -> Instant {
        let Some(rate) = self.keys_per_second else { return now };
        let micros = keys.saturating_mul(1_000_000) / u64::from(rate.get());
        // Nothing panics while it is locked.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        // What was not used is not saved up: there are no bursts.
        let at = now.max(*next);
        *next = at + Duration::from_micros(micros);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_as_far_apart_as_the_keys_before_them_take() {
        let pace = ScanPace::new(NonZeroU32::new(100_000));
        let now = Instant::now();
        assert_eq!(pace.place(1_000, now), now);
        let second = pace.place(500, now);
        assert_eq!(second.duration_since(now), Duration::from_millis(10));
        let later = now + Duration::from_secs(5);
        assert_eq!(pace.place(1_000, later), later);
        assert_eq!(pace.place(1_000, later), later + Duration::from_millis(10));
    }

    #[test]
    fn without_a_rate_nothing_waits() {
        let now = Instant::now();
        let pace = ScanPace::new(None);
        assert_eq!((pace.place(1_000, now), pace.place(1_000, now)), (now, now));
    }
}
