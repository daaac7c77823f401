//! How many entries to read at a time. Redis counts entries, memory counts bytes.

use rewind_domain::Entry;

/// How many entries are read at a time at most: with fewer, round trips cost more; more gain little, hold memory, and keep others
/// waiting for longer than the half millisecond that Redis takes for this many.
pub const PAGE_ENTRIES: u64 = 1_000;

/// Of what is read to be passed on, at most this many entries of a stream at a time, however small they are.
const MAX_ENTRIES: u64 = 500;
/// About this many bytes of it at a time. Large enough that the way to Redis does not matter, small enough that what all viewers read
/// at once stays within memory.
const TARGET_BYTES: usize = 256 * 1024;
/// The same for what reads streams end to end: as much as usual entries come to, so that only large ones make smaller pages.
const SCAN_BYTES: usize = 4 * 1024 * 1024;
/// How many entries such a read begins with, before it is known how large they are: most aggregates as a whole.
const FIRST_ENTRIES: u64 = 64;
/// How much larger a page may be than the one before.
const GROWTH: u64 = 8;
/// What an entry is taken to have before any was seen.
const USUAL_BYTES: usize = 1_024;
/// What an entry takes beside its bytes.
const OVERHEAD_BYTES: usize = 64;

/// Learns from what was read how much to read next.
#[derive(Debug)]
pub struct PageSize {
    bytes_per_entry: usize,
    target_bytes: usize,
    /// How many entries the next page may have, and any.
    next: u64,
    most: u64,
}

impl Default for PageSize {
    fn default() -> Self {
        Self::of_bytes(TARGET_BYTES)
    }
}

impl PageSize {
    /// About this many bytes at a time.
    pub fn of_bytes(target_bytes: usize) -> Self {
        let (next, most) = (MAX_ENTRIES, MAX_ENTRIES);
        Self { bytes_per_entry: USUAL_BYTES, target_bytes, next, most }
    }

    /// About this many bytes at a time, and one entry at first, since nothing is known of how large entries are.
    pub(super) fn careful(target_bytes: usize) -> Self {
        Self { next: 1, ..Self::of_bytes(target_bytes) }
    }

    /// For reading a stream end to end.
    pub(super) fn of_scan() -> Self {
        let (target_bytes, next, most) = (SCAN_BYTES, FIRST_ENTRIES, PAGE_ENTRIES);
        Self { bytes_per_entry: USUAL_BYTES, target_bytes, next, most }
    }

    /// How many entries to read of each of this many streams.
    pub fn entries(&self, streams: usize) -> u64 {
        let most = self.target_bytes / self.bytes_per_entry.saturating_mul(streams.max(1)).max(1);
        (most as u64).clamp(1, self.next)
    }

    /// Takes note of a page.
    pub fn learn(&mut self, page: &[Entry]) {
        self.learn_bytes(page.len(), page.iter().map(entry_bytes).sum());
    }

    /// Takes note of a page of this many entries that together had this many bytes.
    pub(super) fn learn_bytes(&mut self, entries: usize, bytes: usize) {
        if let Some(average) = bytes.checked_div(entries) {
            // Up at once, down slowly: reading too little costs time, reading too much costs memory.
            self.bytes_per_entry = average.max(self.bytes_per_entry / 2);
            self.next = self.next.saturating_mul(GROWTH).min(self.most);
        }
    }
}

/// About how much memory an entry takes.
pub fn entry_bytes(entry: &Entry) -> usize {
    let fields = entry.fields.iter().map(|(name, value)| name.len() + value.len());
    fields.sum::<usize>() + OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use rewind_domain::EntryId;

    use super::*;

    #[test]
    fn large_entries_make_small_pages_and_small_ones_larger_pages_again() {
        let entry = |bytes| Entry {
            id: EntryId::new(1, 0),
            fields: [("data", "x".repeat(bytes))].into_iter().collect(),
        };
        let mut size = PageSize::default();
        assert_eq!((size.entries(1), size.entries(100)), (256, 2));
        size.learn(&[entry(1_000_000)]);
        assert_eq!(size.entries(1), 1);
        for _ in 0..20 {
            size.learn(&[entry(10)]);
        }
        assert_eq!((size.entries(1), size.entries(10_000)), (500, 1));
    }

    #[test]
    fn a_read_end_to_end_begins_small_and_grows_unless_entries_are_large() {
        let mut size = PageSize::of_scan();
        let mut pages = Vec::new();
        for _ in 0..4 {
            pages.push(size.entries(1));
            size.learn_bytes(64, 64 * 200);
        }
        assert_eq!(pages, [64, 512, 1_000, 1_000]);
        size.learn_bytes(1_000, 1_000 * 1024 * 1024);
        assert_eq!(size.entries(1), 4);
        size.learn_bytes(1, 50 * 1024 * 1024);
        assert_eq!(size.entries(1), 1);
    }
}
