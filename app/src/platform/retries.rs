//! Trying again, with many other pages that do.

use std::time::Duration;

use rewind_domain::time::backoff::Backoff;

/// A restarting server is often back within a second, and someone looks at the page and wants it back soon.
const BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(250), longest: Duration::from_secs(5) };

/// How often something failed in a row. Each wait is shortened by up to a half at random, so that many open pages do not come back all
/// at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Retries {
    failures: u64,
}

impl Retries {
    /// The next wait in milliseconds; `random` is from 0 to 1.
    pub(crate) fn next_ms(&mut self, random: f64) -> u32 {
        self.failures = self.failures.saturating_add(1);
        let whole = BACKOFF.after(self.failures).mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0);
        u32::try_from(whole.as_millis()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut retries = Retries::default();
        let waits: Vec<u32> = (0..7).map(|_| retries.next_ms(0.0)).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    }

    #[test]
    fn a_wait_is_shortened_by_at_most_a_half() {
        for random in [0.0, 0.3, 1.0, 7.0] {
            let wait = Retries::default().next_ms(random);
            assert!((125..=250).contains(&wait), "{wait}");
        }
    }
}
