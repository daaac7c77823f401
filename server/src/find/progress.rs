//! How far a search is.

use std::time::{Duration, Instant};

use rewind_app::api::find::{FilterFailures, FindProgress, UnreadStreams};
use rewind_domain::{EntryId, StreamKey};

/// How often a search says how far it is: as often as anybody reads a number.
const INTERVAL: Duration = Duration::from_millis(200);

/// What a search has done so far.
pub(super) struct Progress {
    told: FindProgress,
    next: Instant,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { told: FindProgress::default(), next: Instant::now() + INTERVAL }
    }

    /// All of it.
    pub(super) fn all(&self) -> &FindProgress {
        &self.told
    }

    /// Whether it is time to say it again.
    pub(super) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let is_due = now >= self.next;
        if is_due {
            self.next = now + INTERVAL;
        }
        is_due
    }

    pub(super) fn begin(&mut self, streams: u64, total: u64) {
        self.told.streams = streams;
        self.told.total = Some(total);
    }

    pub(super) fn look_at(&mut self, id: EntryId) {
        self.told.looked_at += 1;
        self.told.from.get_or_insert(id);
        self.told.to = Some(id);
    }

    pub(super) fn skip(&mut self, entries: u64) {
        self.told.skipped += entries;
    }

    pub(super) fn find(&mut self) {
        self.told.found += 1;
    }

    pub(super) fn fail(&mut self, stream: &StreamKey, id: EntryId, message: String) {
        match &mut self.told.failures {
            Some(failures) => failures.count += 1,
            none => {
                let first_stream = stream.clone();
                *none = Some(FilterFailures { count: 1, first_id: id, first_stream, message });
            }
        }
    }

    pub(super) fn leave_out(&mut self, stream: &StreamKey, message: String) {
        UnreadStreams::add(&mut self.told.unread, stream, || message);
    }
}
