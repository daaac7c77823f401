//! Playing versions one after the other: how long each is shown.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The least that a version is shown. At 25 a second the eye still sees that something was there; a browser draws one at a time.
pub const MIN_WAIT: Duration = Duration::from_millis(40);

/// The most that playing in the events' own rhythm waits: longer, and it seems to have stopped.
pub const MAX_RHYTHM_WAIT: Duration = Duration::from_secs(3);

/// The most that playing at an even pace waits, which is its slowest speed: a version every ten seconds.
pub const MAX_STEADY_WAIT: Duration = Duration::from_secs(10);

/// How versions follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Pace {
    /// Evenly.
    Steady {
        /// How many in a second.
        versions_per_second: f64,
    },
    /// As the events did, only quicker or slower.
    Rhythm {
        /// How many times as quick: 1 is as it was, 60 makes a second of a minute.
        factor: f64,
    },
}

impl Pace {
    /// How long to show a version whose event happened at `shown_ms` before going to one of `next_ms`, both in Unix milliseconds.
    ///
    /// Times that go backward, as those of events may, count as none between. A speed that is none (zero, negative or not a
    /// number) is the slowest. Any wait is between [`MIN_WAIT`] and what the pace has as its most.
    pub fn wait(self, shown_ms: i64, next_ms: i64) -> Duration {
        let (ms, speed, most) = match self {
            Self::Steady { versions_per_second } => (1_000.0, versions_per_second, MAX_STEADY_WAIT),
            Self::Rhythm { factor } => {
                // Beyond 2^53 ms digits are lost, long after the most is reached.
                let between = next_ms.saturating_sub(shown_ms).max(0) as f64;
                (between, factor, MAX_RHYTHM_WAIT)
            }
        };
        if speed.is_nan() || speed <= 0.0 {
            return most;
        }
        let wait = Duration::try_from_secs_f64(ms / speed / 1_000.0).unwrap_or(most);
        wait.clamp(MIN_WAIT, most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR_MS: i64 = 3_600_000;

    fn steady(versions_per_second: f64) -> Pace {
        Pace::Steady { versions_per_second }
    }

    fn rhythm(factor: f64) -> Pace {
        Pace::Rhythm { factor }
    }

    #[test]
    fn an_even_pace_does_not_depend_on_the_events() {
        for next_ms in [-5, 0, 1, HOUR_MS] {
            assert_eq!(steady(4.0).wait(0, next_ms), Duration::from_millis(250));
        }
    }

    #[test]
    fn the_own_rhythm_is_that_of_the_events_made_quicker() {
        assert_eq!(rhythm(1.0).wait(1_000, 2_500), Duration::from_millis(1_500));
        assert_eq!(rhythm(60.0).wait(0, 60_000), Duration::from_secs(1));
        assert_eq!(rhythm(0.5).wait(0, 1_000), Duration::from_secs(2));
    }

    #[test]
    fn a_long_silence_is_cut() {
        assert_eq!(rhythm(1.0).wait(0, HOUR_MS), MAX_RHYTHM_WAIT);
        assert_eq!(rhythm(1.0).wait(i64::MIN, i64::MAX), MAX_RHYTHM_WAIT);
    }

    #[test]
    fn no_version_is_skipped_over_unseen() {
        assert_eq!(rhythm(1.0).wait(7, 7), MIN_WAIT);
        assert_eq!(rhythm(1.0).wait(1_000, 0), MIN_WAIT);
        assert_eq!(steady(1_000.0).wait(0, 1), MIN_WAIT);
        assert_eq!(steady(f64::INFINITY).wait(0, 1), MIN_WAIT);
    }

    #[test]
    fn a_speed_that_is_none_is_the_slowest() {
        for speed in [0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(steady(speed).wait(0, 1), MAX_STEADY_WAIT);
            assert_eq!(rhythm(speed).wait(0, 1), MAX_RHYTHM_WAIT);
        }
    }

    #[test]
    fn a_pace_reads_well_where_it_is_kept() {
        let text = serde_json::to_string(&rhythm(10.0)).unwrap();
        assert_eq!(text, r#"{"kind":"rhythm","factor":10.0}"#);
        assert_eq!(serde_json::from_str::<Pace>(&text).unwrap(), rhythm(10.0));
    }

    proptest! {
        #[test]
        fn any_wait_is_within_bounds(speed: f64, shown_ms: i64, next_ms: i64) {
            prop_assert!((MIN_WAIT..=MAX_STEADY_WAIT).contains(&steady(speed).wait(shown_ms, next_ms)));
            prop_assert!((MIN_WAIT..=MAX_RHYTHM_WAIT).contains(&rhythm(speed).wait(shown_ms, next_ms)));
        }

        #[test]
        fn quicker_is_never_slower(slow in 0.01..100.0f64, by in 1.0..50.0f64, next_ms in 0..10_000_000i64) {
            prop_assert!(steady(slow * by).wait(0, next_ms) <= steady(slow).wait(0, next_ms));
            prop_assert!(rhythm(slow * by).wait(0, next_ms) <= rhythm(slow).wait(0, next_ms));
        }
    }
}
