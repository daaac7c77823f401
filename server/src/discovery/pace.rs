//! How fast streams are looked for.

use std::num::NonZeroU32;
use std::time::Duration;

use rewind_store::{COMPARED_A_KEY, MAX_SCAN_COUNT};

/// How many calls a second are made where the rate allows for more keys in each: they then take so little of Redis's time
/// that nobody waits for one of them.
const SMOOTH_CALLS: u64 = 100;
/// How many keys a call has at least: for fewer, its round trip costs more than they do.
const MIN_SCAN_COUNT: u64 = 10;
/// What asking about a stream costs Redis in keys that are scanned (measured: 2.9 µs against 0.9 µs).
const KEYS_A_LOOK: u64 = 4;

/// Steps of a size and a time between them, whatever is done in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pace {
    /// How many keys a second.
    pub(super) keys_per_second: u64,
    /// How many keys a step scans.
    pub(super) keys_per_call: u64,
}

impl Pace {
    pub(super) fn new(rate: NonZeroU32) -> Self {
        let keys_per_second = u64::from(rate.get());
        let keys_per_call = (keys_per_second / SMOOTH_CALLS).clamp(MIN_SCAN_COUNT, MAX_SCAN_COUNT);
        Self { keys_per_second, keys_per_call }
    }

    /// How far the steps are apart.
    pub(super) fn interval(self) -> Duration {
        let micros = self.keys_per_call.saturating_mul(1_000_000) / self.keys_per_second.max(1);
        Duration::from_micros(micros.max(1))
    }

    /// How many keys a step compares with a prefix.
    pub(super) fn compared_per_call(self) -> u64 {
        self.keys_per_call * COMPARED_A_KEY
    }

    /// How many streams a step asks about.
    pub(super) fn looks_per_call(self) -> usize {
        usize::try_from((self.keys_per_call / KEYS_A_LOOK).max(1)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_in_calls_that_are_neither_long_nor_many() {
        for (rate, keys, micros) in [
            (1, 10, 10_000_000),
            (1_000, 10, 10_000),
            (20_000, 200, 10_000),
            (100_000, 1_000, 10_000),
            (1_000_000, 1_000, 1_000),
        ] {
            let pace = Pace::new(NonZeroU32::new(rate).unwrap());
            assert_eq!((pace.keys_per_call, pace.interval().as_micros()), (keys, micros), "{rate}");
        }
    }
}
