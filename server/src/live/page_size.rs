//! How many entries to read at a time. Redis counts entries, memory counts bytes.

use rewind_domain::Entry;

/// At most so many entries of a stream at a time, however small they are.
const MAX_ENTRIES: u64 = 500;
/// About so many bytes at a time. Large enough that the way to Redis does not matter, small enough that what all viewers read
/// at once stays within memory.
const TARGET_BYTES: usize = 256 * 1024;
/// What an entry is taken to have before any was seen.
const USUAL_BYTES: usize = 1_024;
/// What an entry takes beside its bytes.
const OVERHEAD_BYTES: usize = 64;

/// Learns from what was read how much to read next.
#[derive(Debug)]
pub(crate) struct PageSize {
    bytes_per_entry: usize,
    target_bytes: usize,
}

impl Default for PageSize {
    fn default() -> Self {
        Self::of_bytes(TARGET_BYTES)
    }
}

impl PageSize {
    /// About so many bytes at a time.
    pub(crate) fn of_bytes(target_bytes: usize) -> Self {
        Self { bytes_per_entry: USUAL_BYTES, target_bytes }
    }

    /// How many entries to read of each of so many streams.
    pub(crate) fn entries(&self, streams: usize) -> u64 {
        let most = self.target_bytes / self.bytes_per_entry.saturating_mul(streams.max(1)).max(1);
        (most as u64).clamp(1, MAX_ENTRIES)
    }

    /// Takes note of a page.
    pub(crate) fn learn(&mut self, page: &[Entry]) {
        let bytes: usize = page.iter().map(entry_bytes).sum();
        if let Some(average) = bytes.checked_div(page.len()) {
            // Up at once, down slowly: reading too little costs time, reading too much costs memory.
            self.bytes_per_entry = average.max(self.bytes_per_entry / 2);
        }
    }
}

/// About how much memory an entry takes.
pub(crate) fn entry_bytes(entry: &Entry) -> usize {
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
}
