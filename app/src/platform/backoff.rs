//! How long to wait before trying again.

/// The first wait. A restarting server is often back within a second.
const FIRST_MS: u32 = 250;
/// The longest wait: someone looks at the page and wants it back soon.
const LONGEST_MS: u32 = 5_000;

/// Waits that double, each shortened by up to a half at random, so that many open pages do not come
/// back all at once.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait in milliseconds; `random` is from 0 to 1.
    pub(crate) fn next_ms(&mut self, random: f64) -> u32 {
        let whole = FIRST_MS.saturating_mul(1 << self.failures.min(10)).min(LONGEST_MS);
        self.failures = self.failures.saturating_add(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of at most LONGEST_MS"
        )]
        let cut = (f64::from(whole) / 2.0 * random.clamp(0.0, 1.0)) as u32;
        whole - cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let mut backoff = Backoff::default();
        let waits: Vec<u32> = (0..7).map(|_| backoff.next_ms(0.0)).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    }

    #[test]
    fn a_wait_is_shortened_by_at_most_a_half() {
        for random in [0.0, 0.3, 1.0, 7.0, f64::NAN] {
            let wait = Backoff::default().next_ms(random);
            assert!((125..=250).contains(&wait), "{wait}");
        }
    }
}
