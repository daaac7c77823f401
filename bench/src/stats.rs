//! From samples to the numbers that are reported.

use std::time::Duration;

use anyhow::{Context as _, Result};

/// How long one thing took, each time that it was done. Sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Samples(Vec<Duration>);

/// What one round gave for both sides: seconds, or whatever else is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    /// Rewind.
    pub(crate) rewind: f64,
    /// The bare client.
    pub(crate) bare: f64,
}

/// Medians over all rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    /// Of what Rewind took.
    pub(crate) rewind: f64,
    /// Of what the bare client took.
    pub(crate) bare: f64,
    /// Of the ratio in each round. Both sides of a round met the same noise, so this is steadier than the ratio of the medians.
    pub(crate) ratio: f64,
    /// Of the difference in each round.
    pub(crate) difference: f64,
}

impl Samples {
    /// The time that `percent` percent of all were done in, in seconds: the sample of the nearest rank.
    pub(crate) fn percentile(&self, percent: usize) -> Result<f64> {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        let sample = self.0.get(rank - 1).context("nothing was measured")?;
        Ok(sample.as_secs_f64())
    }
}

impl FromIterator<Duration> for Samples {
    fn from_iter<I: IntoIterator<Item = Duration>>(times: I) -> Self {
        let mut times: Vec<Duration> = times.into_iter().collect();
        times.sort_unstable();
        Self(times)
    }
}

impl Summary {
    /// Of rounds.
    pub(crate) fn of(rounds: &[Pair]) -> Result<Self> {
        let over = |value: fn(&Pair) -> f64| median(rounds.iter().map(value));
        Ok(Self {
            rewind: over(|pair| pair.rewind)?,
            bare: over(|pair| pair.bare)?,
            ratio: over(|pair| pair.rewind / pair.bare)?,
            difference: over(|pair| pair.rewind - pair.bare)?,
        })
    }

    /// Of one percentile in each round.
    pub(crate) fn of_percentile(rounds: &[(Samples, Samples)], percent: usize) -> Result<Self> {
        let pairs: Vec<Pair> = rounds
            .iter()
            .map(|(rewind, bare)| {
                Ok(Pair { rewind: rewind.percentile(percent)?, bare: bare.percentile(percent)? })
            })
            .collect::<Result<_>>()?;
        Self::of(&pairs)
    }
}

/// The value in the middle; between the two in the middle where there are two.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Result<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).context("nothing was measured")?;
    match values.len() % 2 {
        0 => Ok(f64::midpoint(values[values.len() / 2 - 1], *upper)),
        _ => Ok(*upper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(ms: impl IntoIterator<Item = u64>) -> Samples {
        ms.into_iter().map(Duration::from_millis).collect()
    }

    #[test]
    fn a_percentile_is_the_sample_of_the_nearest_rank() {
        let samples = samples((1..=200).rev());
        for (percent, ms) in [(0, 1), (50, 100), (99, 198), (100, 200)] {
            let expected = Duration::from_millis(ms).as_secs_f64();
            assert_eq!(samples.percentile(percent).unwrap(), expected);
        }
    }

    #[test]
    fn few_samples_have_percentiles_too_and_none_has_none() {
        assert_eq!(samples([3]).percentile(50).unwrap(), 0.003);
        assert_eq!(samples([3, 1]).percentile(50).unwrap(), 0.001);
        assert_eq!(samples([3, 1]).percentile(99).unwrap(), 0.003);
        assert!(samples([]).percentile(50).is_err());
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]).unwrap(), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]).unwrap(), 2.5);
        assert!(median([]).is_err());
    }

    #[test]
    fn a_summary_compares_within_rounds() {
        // The second round met a busy machine.
        let rounds = [(2.0, 1.0), (40.0, 20.0), (3.0, 1.5)];
        let rounds = rounds.map(|(rewind, bare)| Pair { rewind, bare });
        let summary = Summary::of(&rounds).unwrap();
        assert_eq!(summary, Summary { rewind: 3.0, bare: 1.5, ratio: 2.0, difference: 1.5 });
    }
}
