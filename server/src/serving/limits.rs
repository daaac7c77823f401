//! How many connections there can be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most connections that are kept for health and short questions.
const MAX_RESERVE: usize = 64;
/// The part of all connections that is kept for them where there are few: one in this many.
const RESERVE_SHARE: usize = 4;
/// The fewest connections that there are, however few files can be open.
const MIN_CONNECTIONS: usize = 16;

/// How many connections there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// For everything.
    pub open: usize,
    /// Beyond these, for health and short questions alone.
    pub reserve: usize,
}

impl ConnectionLimits {
    /// `wanted` connections, or as many as `open_files` allow beside the `others` that the server opens: connections to Redis and
    /// files.
    pub fn new(wanted: usize, open_files: Option<u64>, others: usize) -> Self {
        let files =
            open_files.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
        // Where files are so few that the others could take all, both share.
        let room = files.saturating_sub(others).max(files / 4);
        let total = wanted.min(room).max(MIN_CONNECTIONS);
        let reserve = (total / RESERVE_SHARE).min(MAX_RESERVE);
        Self { open: total - reserve, reserve }
    }

    /// All of them.
    pub fn total(self) -> usize {
        self.open + self.reserve
    }
}

/// What became of connections.
#[derive(Debug, Default)]
pub struct ConnectionFigures {
    open: AtomicU64,
    /// Connections that the system could not give.
    pub(super) accept_failures: AtomicU64,
    /// Requests whose header was not complete in time.
    pub(super) header_timeouts: AtomicU64,
}

/// A connection that is open until this is dropped.
pub(super) struct Open(Arc<ConnectionFigures>);

impl ConnectionFigures {
    /// Counts a connection.
    pub(super) fn open(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(self))
    }

    /// How many connections are open.
    pub fn open_now(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// How many connections could not be accepted, as no more files could be opened or for a like reason.
    pub fn accept_failures(&self) -> u64 {
        self.accept_failures.load(Ordering::Relaxed)
    }

    /// How many requests were given up since their header was not complete in time.
    pub fn header_timeouts(&self) -> u64 {
        self.header_timeouts.load(Ordering::Relaxed)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_what_else_is_open_and_for_short_questions() {
        let limits = |wanted, files| {
            let ConnectionLimits { open, reserve } = ConnectionLimits::new(wanted, files, 200);
            (open, reserve)
        };
        assert_eq!(limits(4_096, None), (4_032, 64));
        assert_eq!(limits(4_096, Some(1_048_576)), (4_032, 64));
        assert_eq!(limits(4_096, Some(1_024)), (824 - 64, 64));
        assert_eq!(limits(100, Some(1_024)), (75, 25));
        assert_eq!(limits(4_096, Some(128)), (24, 8));
        assert_eq!(limits(4_096, Some(8)), (12, 4));
    }
}
