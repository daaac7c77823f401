//! What is counted. Knows no Redis, and the time only from who asks.

use std::collections::HashMap;

use rewind_app::api::{OVERVIEW_SECONDS, STREAM_SLOT_SECONDS};
use rewind_domain::catalog::Category;
use rewind_domain::tally::{Tally, shares};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};

use rewind_store::StreamInfo;

/// How many categories and types are told apart at a time: many more than are drawn, so that what comes to be among the largest
/// was counted before.
const MAX_NAMES: usize = 500;
/// Of how many types it is kept where they were seen.
const MAX_HOMES: usize = 2 * MAX_NAMES;
/// How many streams are counted one by one at a time. With all their slots that is some megabytes.
const MAX_STREAMS: usize = 2_000;
/// Of how many streams it is kept how far they were read, with their keys some 30 MB. Of others it is seen by the time in their ids
/// whether they had events lately.
const MAX_KNOWN: usize = 100_000;
/// Ids may be any numbers. From this time on, 1990, they are taken for Unix milliseconds.
const EARLIEST_MS: u64 = 631_152_000_000;
/// How far ahead of the clock an id may be that is still taken for a time: clocks of replicas differ by less.
const MAX_AHEAD_MS: u64 = 60_000;

/// The counts of the last minutes.
pub(super) struct Pulse {
    pub(super) categories: Tally<Category>,
    pub(super) types: Tally<Option<String>>,
    pub(super) streams: Tally<StreamKey>,
    /// In which category each type was last seen.
    homes: HashMap<String, Category>,
    /// Each stream as it was when it was read last.
    known: HashMap<StreamKey, StreamExtent>,
    /// The first second from which on everything was counted.
    pub(super) whole_since_s: u64,
    /// The last second in which there was more than was read.
    estimated_at_s: Option<u64>,
}

/// What is to be done about a stream that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is nothing new.
    Quiet,
    /// It is another stream than the one that was read. All of it is new.
    Another,
    /// It has entries after this one that were not counted.
    HasNew {
        /// Where to read on.
        after: EntryId,
    },
}

/// An entry that was read, in as much of it as is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) id: EntryId,
    pub(super) event_type: Option<String>,
}

impl Pulse {
    pub(super) fn new(now_ms: u64) -> Self {
        let second = now_ms / 1_000;
        let length = usize::try_from(OVERVIEW_SECONDS).unwrap_or(usize::MAX);
        let slots = usize::try_from(OVERVIEW_SECONDS / STREAM_SLOT_SECONDS).unwrap_or(usize::MAX);
        Self {
            categories: Tally::new(length, MAX_NAMES, second),
            types: Tally::new(length, MAX_NAMES, second),
            streams: Tally::new(slots, MAX_STREAMS, second / STREAM_SLOT_SECONDS),
            homes: HashMap::new(),
            known: HashMap::new(),
            whole_since_s: second.saturating_sub(OVERVIEW_SECONDS - 1),
            estimated_at_s: None,
        }
    }

    /// Moves on to now.
    pub(super) fn advance(&mut self, now_ms: u64) {
        let second = now_ms / 1_000;
        self.categories.advance(second);
        self.types.advance(second);
        self.streams.advance(second / STREAM_SLOT_SECONDS);
        self.whole_since_s = self.whole_since_s.max(self.categories.oldest());
    }

    /// Whether something was estimated within the window.
    pub(super) fn is_estimated(&self) -> bool {
        self.estimated_at_s.is_some_and(|at| at >= self.categories.oldest())
    }

    /// In which category a type was last seen.
    pub(super) fn home(&self, event_type: &str) -> Option<Category> {
        self.homes.get(event_type).cloned()
    }

    /// Whether it is known how far this stream was read.
    pub(super) fn knows(&self, key: &StreamKey) -> bool {
        self.known.contains_key(key)
    }

    /// Where to read on in a stream, of which it is known that it changed.
    pub(super) fn read_after(&self, key: &StreamKey) -> EntryId {
        self.known.get(key).map_or(self.window_start(), |seen| seen.last_generated_id)
    }

    /// This many of the streams of which it is known how far they were read, but for the first ones.
    pub(super) fn some(&self, before: usize, count: usize) -> Vec<StreamKey> {
        self.known.keys().skip(before).take(count).cloned().collect()
    }

    /// Whether a stream that looks like this can be the one that was read.
    pub(super) fn is_of(&self, key: &StreamKey, extent: &StreamExtent) -> bool {
        self.known.get(key).is_none_or(|seen| seen.is_continued_by(extent))
    }

    /// Takes note of a stream that was looked at from the outside.
    pub(super) fn noted(&mut self, key: &StreamKey, info: &StreamInfo, now_ms: u64) -> Verdict {
        let last = info.extent.last_generated_id;
        match self.known.get(key) {
            Some(seen) if !seen.is_continued_by(&info.extent) => {
                self.forget(key);
                Verdict::Another
            }
            Some(seen) if seen.last_generated_id >= last => Verdict::Quiet,
            Some(seen) => Verdict::HasNew { after: seen.last_generated_id },
            None => {
                let after = self.window_start();
                if last > after && last.ms() <= now_ms.saturating_add(MAX_AHEAD_MS) {
                    return Verdict::HasNew { after };
                }
                self.remember(key, info);
                Verdict::Quiet
            }
        }
    }

    /// Forgets a stream that is gone.
    pub(super) fn forget(&mut self, key: &StreamKey) {
        self.known.remove(key);
    }

    /// Counts the entries of a stream after where it was read before, the newest first, which may be less than there are. `is_all`
    /// says whether it is certain that they are all of them.
    pub(super) fn read(
        &mut self,
        key: &StreamKey,
        entries: &[Counted],
        info: &StreamInfo,
        is_all: bool,
        now_ms: u64,
    ) {
        let added_before = self.known.get(key).and_then(|seen| seen.entries_added);
        let read = entries.len() as u64;
        let added = match (added_before, info.extent.entries_added) {
            (Some(before), Some(added)) => added.saturating_sub(before).max(read),
            _ => read,
        };
        let category = Category::of(key);
        for entry in entries {
            let second = second_of(entry.id, now_ms);
            self.count(key, &category, second, 1);
            self.types.add(second, &entry.event_type, 1);
            if let Some(name) = &entry.event_type
                && self.homes.get(name) != Some(&category)
                && self.homes.len() < MAX_HOMES
            {
                self.homes.insert(name.clone(), category.clone());
            }
        }
        // What lies before the oldest of those that were read happened just before it.
        let oldest = entries.last().map_or(now_ms / 1_000, |entry| second_of(entry.id, now_ms));
        if added > read {
            self.count(key, &category, oldest, added - read);
            let (types, weights) = weights(entries);
            for (event_type, share) in types.iter().zip(shares(added - read, &weights)) {
                self.types.add(oldest, event_type, share);
            }
            self.estimated_at_s = Some(now_ms / 1_000);
        } else if !is_all && added_before.is_none() {
            // How many more there are is not known.
            self.whole_since_s = self.whole_since_s.max(oldest + 1);
        }
        self.remember(key, info);
    }

    fn count(&mut self, key: &StreamKey, category: &Category, second: u64, count: u64) {
        self.categories.add(second, category, count);
        self.streams.add(second / STREAM_SLOT_SECONDS, key, count);
    }

    fn remember(&mut self, key: &StreamKey, info: &StreamInfo) {
        if self.known.len() < MAX_KNOWN || self.known.contains_key(key) {
            self.known.insert(key.clone(), info.extent.clone());
        }
    }

    /// The last id before the window.
    fn window_start(&self) -> EntryId {
        let first = EntryId::new(self.categories.oldest().saturating_mul(1_000), 0);
        first.prev().unwrap_or(EntryId::MIN)
    }
}

/// The second in which an entry came: what its id says, or now where that is no time.
fn second_of(id: EntryId, now_ms: u64) -> u64 {
    let ms = if is_time(id, now_ms) { id.ms() } else { now_ms };
    ms.min(now_ms) / 1_000
}

/// Whether an id tells when its entry came.
pub(super) fn is_time(id: EntryId, now_ms: u64) -> bool {
    (EARLIEST_MS..=now_ms.saturating_add(MAX_AHEAD_MS)).contains(&id.ms())
}

fn weights(entries: &[Counted]) -> (Vec<Option<String>>, Vec<u32>) {
    let mut counts: HashMap<&Option<String>, u32> = HashMap::new();
    for entry in entries {
        *counts.entry(&entry.event_type).or_default() += 1;
    }
    counts.into_iter().map(|(event_type, count)| (event_type.clone(), count)).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn info(last: EntryId, added: Option<u64>) -> StreamInfo {
        let extent = StreamExtent {
            last_generated_id: last,
            entries_added: added,
            ..StreamExtent::default()
        };
        StreamInfo { extent, ..StreamInfo::default() }
    }

    fn entries(ids: &[EntryId]) -> Vec<Counted> {
        let entry = |id: &EntryId| Counted { id: *id, event_type: Some("A".to_owned()) };
        ids.iter().map(entry).collect()
    }

    fn sum(pulse: &Pulse) -> u64 {
        pulse.categories.sums(0).iter().sum()
    }

    #[test]
    fn what_came_in_the_last_minutes_counts_when_it_came() {
        let mut pulse = Pulse::new(NOW);
        let key: StreamKey = "a:1".into();
        let last = EntryId::new(NOW - 2_000, 0);
        let Verdict::HasNew { after } = pulse.noted(&key, &info(last, Some(9)), NOW) else {
            panic!("it is new");
        };
        assert!(after < EntryId::new(NOW - 290_000, 0));
        let read = entries(&[last, EntryId::new(NOW - 9_000, 0)]);
        pulse.read(&key, &read, &info(last, Some(9)), true, NOW);
        let second = NOW / 1_000;
        assert_eq!(pulse.categories.sums(second - 9), [1, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(pulse.noted(&key, &info(last, Some(9)), NOW), Verdict::Quiet);
        assert!(!pulse.is_estimated());
    }

    #[test]
    fn what_is_more_than_can_be_read_is_counted_and_its_types_estimated() {
        let mut pulse = Pulse::new(NOW);
        let key: StreamKey = "a:1".into();
        pulse.noted(&key, &info(EntryId::new(1, 0), Some(100)), NOW);
        let last = EntryId::new(NOW, 5);
        let read = [
            Counted { id: last, event_type: Some("A".to_owned()) },
            Counted { id: EntryId::new(NOW, 4), event_type: None },
        ];
        pulse.read(&key, &read, &info(last, Some(1_100)), false, NOW);
        assert_eq!((sum(&pulse), pulse.is_estimated()), (1_000, true));
        assert_eq!(pulse.types.top(9), [(None, 500), (Some("A".to_owned()), 500)]);
    }

    #[test]
    fn ids_that_are_no_times_count_from_when_they_are_known() {
        let mut pulse = Pulse::new(NOW);
        let key: StreamKey = "a:1".into();
        assert_eq!(pulse.noted(&key, &info(EntryId::new(7, 0), Some(7)), NOW), Verdict::Quiet);
        let more = info(EntryId::new(9, 0), Some(9));
        let after = EntryId::new(7, 0);
        assert_eq!(pulse.noted(&key, &more, NOW), Verdict::HasNew { after });
        let read = entries(&[EntryId::new(9, 0), EntryId::new(8, 0)]);
        pulse.read(&key, &read, &more, true, NOW);
        assert_eq!(pulse.categories.sums(NOW / 1_000), [2]);
    }

    #[test]
    fn where_the_beginning_could_not_be_read_it_is_said_since_when_all_is_counted() {
        let mut pulse = Pulse::new(NOW);
        let key: StreamKey = "a:1".into();
        let last = EntryId::new(NOW, 0);
        let read = entries(&[last, EntryId::new(NOW - 5_000, 0)]);
        pulse.read(&key, &read, &info(last, Some(9_000)), false, NOW);
        assert_eq!((sum(&pulse), pulse.whole_since_s), (2, NOW / 1_000 - 4));
    }

    #[test]
    fn a_stream_that_was_made_again_is_read_from_its_beginning() {
        let mut pulse = Pulse::new(NOW);
        let key: StreamKey = "a:1".into();
        let far = info(EntryId::new(NOW, 9), Some(9));
        pulse.read(&key, &entries(&[EntryId::new(NOW, 9)]), &far, true, NOW);
        let again = info(EntryId::new(NOW, 1), Some(1));
        assert_eq!(pulse.noted(&key, &again, NOW), Verdict::Another);
        assert!(matches!(pulse.noted(&key, &again, NOW), Verdict::HasNew { .. }));
        pulse.read(&key, &entries(&[EntryId::new(NOW, 1)]), &again, true, NOW);
        assert_eq!(sum(&pulse), 2);
    }
}
