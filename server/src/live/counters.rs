//! Figures: what happens on the lines, for whoever runs the server.

use std::sync::atomic::{AtomicU64, Ordering};

/// What `GET /metrics` says about live events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveFigures {
    /// Open lines.
    pub viewers: u64,
    /// Streams that are watched by name.
    pub streams: u64,
    /// Categories that are watched.
    pub categories: u64,
    /// Bytes of frames that wait in channels.
    pub queued_bytes: u64,
    /// Frames passed on, in all.
    pub frames: u64,
    /// Times that a line was too slow and was read to from Redis again.
    pub lags: u64,
    /// Times that a line was told about missing entries.
    pub gaps: u64,
    /// Viewers that were refused for want of a seat.
    pub refused: u64,
}

/// Counts up.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) frames: Counter,
    pub(super) lags: Counter,
    pub(super) gaps: Counter,
    pub(super) refused: Counter,
}

#[derive(Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn count(&self) {
        // It orders nothing else.
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
