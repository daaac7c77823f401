//! Rounds: both sides take turns.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::stats::Samples;

/// How much to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// For numbers to keep.
    Full,
    /// For a first look.
    Quick,
}

impl Effort {
    /// The one amount or the other.
    pub(crate) fn pick<T>(self, full: T, quick: T) -> T {
        match self {
            Self::Full => full,
            Self::Quick => quick,
        }
    }
}

/// Runs both sides once in each round, and swaps which of them goes first, so that neither always runs on what the other
/// left behind.
pub(crate) async fn interleaved<T>(
    rounds: usize,
    mut rewind: impl AsyncFnMut(usize) -> Result<T>,
    mut bare: impl AsyncFnMut(usize) -> Result<T>,
) -> Result<Vec<(T, T)>> {
    let mut results = Vec::with_capacity(rounds);
    for round in 0..rounds {
        results.push(if round % 2 == 0 {
            let bare = bare(round).await?;
            (rewind(round).await?, bare)
        } else {
            let rewind = rewind(round).await?;
            (rewind, bare(round).await?)
        });
    }
    Ok(results)
}

/// Does something many times, one after the other, and times each.
pub(crate) async fn timed(
    times: usize,
    mut action: impl AsyncFnMut(usize) -> Result<()>,
) -> Result<Samples> {
    let mut samples: Vec<Duration> = Vec::with_capacity(times);
    for number in 0..times {
        let start = Instant::now();
        action(number).await?;
        samples.push(start.elapsed());
    }
    Ok(samples.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[tokio::test]
    async fn both_sides_take_turns_at_going_first() {
        let order = RefCell::new(String::new());
        let side = |name: char| {
            let order = &order;
            async move |round: usize| {
                order.borrow_mut().push(name);
                Ok((name, round))
            }
        };
        let results = interleaved(3, side('r'), side('b')).await.unwrap();
        assert_eq!(*order.borrow(), "brrbbr");
        assert_eq!(results[1], (('r', 1), ('b', 1)));
    }
}
