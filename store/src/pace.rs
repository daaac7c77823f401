//! The pace of scans: how quickly they may read, and that they let others go first.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

/// How long a scan lets short commands go first. They come in a few bursts a second, each of some milliseconds; where they come
/// without a pause, scans must get on all the same.
const GIVES_WAY_AT_MOST: Duration = Duration::from_millis(10);

/// What all scans of a store share.
pub(super) struct Pace {
    /// The time that an entry takes at least; none where scans may read as quickly as they can.
    per_entry: Option<Duration>,
    /// When the next page may be asked for.
    free_at: Mutex<Instant>,
    /// How many short commands are under way.
    short_commands: watch::Sender<usize>,
}

/// A short command that is under way until this is dropped.
pub(super) struct UnderWay<'a>(&'a watch::Sender<usize>);

impl Pace {
    /// At most this many entries a second, of all scans together.
    pub(super) fn new(entries_per_second: Option<NonZeroU32>) -> Self {
        let per_entry = entries_per_second.map(|rate| Duration::from_secs(1) / rate.get());
        Self {
            per_entry,
            free_at: Mutex::new(Instant::now()),
            short_commands: watch::Sender::new(0),
        }
    }

    /// Notes a short command, for which scans make room.
    pub(super) fn short_command(&self) -> UnderWay<'_> {
        self.short_commands.send_modify(|count| *count += 1);
        UnderWay(&self.short_commands)
    }

    /// Waits until a scan that has just read this many entries may ask for more.
    pub(super) async fn turn(&self, entries: usize) {
        if let Some(per_entry) = self.per_entry {
            let entries = u32::try_from(entries).unwrap_or(u32::MAX);
            sleep_until(self.reserve(per_entry.saturating_mul(entries))).await;
        }
        let mut short_commands = self.short_commands.subscribe();
        // Whoever came to the end of its patience goes on as well.
        let _ = timeout(GIVES_WAY_AT_MOST, short_commands.wait_for(|count| *count == 0)).await;
    }

    /// Takes the next so much of the time, and says when it is over.
    fn reserve(&self, time: Duration) -> Instant {
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        *free_at = (*free_at).max(Instant::now()) + time;
        *free_at
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn scans_share_the_rate() {
        let pace = Pace::new(NonZeroU32::new(1_000));
        let start = Instant::now();
        tokio::join!(pace.turn(500), pace.turn(500));
        pace.turn(1_000).await;
        assert_eq!(start.elapsed().as_millis(), 2_000);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nothing_waits() {
        let start = Instant::now();
        Pace::new(None).turn(1_000_000).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn short_commands_go_first_but_not_for_ever() {
        let pace = Pace::new(None);
        let start = Instant::now();
        let short = pace.short_command();
        let ending = async {
            tokio::time::sleep(Duration::from_millis(3)).await;
            drop(short);
        };
        tokio::join!(pace.turn(1), ending);
        assert_eq!(start.elapsed().as_millis(), 3);
        let _never_ends = pace.short_command();
        pace.turn(1).await;
        assert!(start.elapsed() >= GIVES_WAY_AT_MOST);
    }
}
