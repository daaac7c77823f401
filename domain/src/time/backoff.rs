//! How long to wait before something is tried again.

use std::time::Duration;

/// Waits that double, up to a longest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The wait after the first failure.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Backoff {
    /// How long to wait after this many failures in a row; the first failure is 1.
    #[must_use]
    pub fn after(&self, failures: u64) -> Duration {
        let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff =
            Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(1) };
        let waits: Vec<_> =
            [0, 1, 2, 3, 4, 5, 40, u64::MAX].map(|n| backoff.after(n).as_millis()).into();
        assert_eq!(waits, [100, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
    }
}
