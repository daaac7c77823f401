//! Many streams, read as one in the order of their ids.
//!
//! Does no reading itself: it says which pages it needs before it can go on, and is given them.

use std::collections::{BTreeSet, HashMap, VecDeque};

use rewind_app::api::live::LiveGap;
use rewind_domain::{Entry, EntryId, StreamKey};

use super::position::Position;
use rewind_store::entry_bytes;
use rewind_store::{IdRange, Page, Wanted};

/// How much is held at a time. Where many streams have something new, the entries of some are put aside and read again once
/// it is their turn.
const HELD_BYTES: usize = 4 * 1024 * 1024;
/// An id so far ahead of the clock is no doing of the clock. Not held back, since its time may never come.
const FUTURE_MS: u64 = 1_000;

/// Streams that are read, and what was read of them.
#[derive(Default)]
pub(super) struct Merge {
    sources: HashMap<StreamKey, Source>,
    /// The first entry of each source that has one.
    fronts: BTreeSet<(EntryId, StreamKey)>,
    /// The sources whose next page is needed before anything else can be told to be the first.
    hungry: BTreeSet<StreamKey>,
    /// Told at once: what is missing comes before whatever else comes next, and a position behind that would say that it had
    /// been told.
    gaps: VecDeque<(LiveGap, Position)>,
    bytes: usize,
}

/// What comes next, with the entry as it was read or as what was made of it.
#[derive(Debug)]
pub(super) enum Merged<E = Entry> {
    /// Entries are missing here.
    Gap {
        /// Which.
        gap: LiveGap,
        /// Where the stream is behind it.
        position: Position,
    },
    /// An entry.
    Entry {
        /// Of this stream.
        stream: StreamKey,
        /// Where the stream is after it.
        position: Position,
        /// It.
        entry: E,
    },
}

impl<E> Merged<E> {
    /// Makes something else of the entry, which is told its stream and what that is after it.
    pub(super) fn map<T>(self, make: impl FnOnce(&StreamKey, Position, E) -> T) -> Merged<T> {
        match self {
            Self::Gap { gap, position } => Merged::Gap { gap, position },
            Self::Entry { stream, position, entry } => {
                let entry = make(&stream, position, entry);
                Merged::Entry { stream, position, entry }
            }
        }
    }
}

struct Source {
    position: Position,
    until: Option<EntryId>,
    held: VecDeque<Entry>,
    /// The first entry, also where it was put aside.
    front: Option<EntryId>,
    /// Whether there may be more in Redis.
    may_have_more: bool,
    /// Whether it is its turn, so that nothing of it is put aside again.
    is_due: bool,
}

impl Merge {
    /// Reads `stream` from `position` on, up to its end or up to `until`. A stream that is being read already goes on where it is,
    /// and is looked at once more.
    pub(super) fn add(&mut self, stream: StreamKey, position: Position, until: Option<EntryId>) {
        let source = self.sources.entry(stream.clone()).or_insert_with(|| Source {
            position,
            until,
            held: VecDeque::new(),
            front: None,
            may_have_more: true,
            is_due: false,
        });
        source.may_have_more = true;
        if source.front.is_none() {
            self.hungry.insert(stream);
        }
    }

    /// Forgets a stream.
    pub(super) fn remove(&mut self, stream: &StreamKey) {
        self.hungry.remove(stream);
        if let Some(source) = self.sources.remove(stream) {
            self.bytes -= source.held.iter().map(entry_bytes).sum::<usize>();
            if let Some(front) = source.front {
                self.fronts.remove(&(front, stream.clone()));
            }
        }
    }

    /// Whether it has come to the end of all streams.
    pub(super) fn is_done(&self) -> bool {
        self.sources.is_empty() && self.gaps.is_empty()
    }

    /// Whether it needs pages.
    pub(super) fn is_hungry(&self) -> bool {
        !self.hungry.is_empty()
    }

    /// The pages that it needs, up to `streams` of them with `count` entries each.
    pub(super) fn wanted(&self, streams: usize, count: u64) -> Vec<Wanted> {
        let wanted = |stream: &StreamKey| {
            let source = self.sources.get(stream)?;
            let range = IdRange {
                after: Some(source.position.id),
                before: source.until.and_then(EntryId::next),
            };
            Some(Wanted { key: stream.clone(), range, count })
        };
        self.hungry.iter().filter_map(wanted).take(streams).collect()
    }

    /// Takes a page that was wanted.
    pub(super) fn feed(&mut self, stream: &StreamKey, page: Page) {
        let Page { entries: page, info, is_last, .. } = page;
        self.hungry.remove(stream);
        let Some(source) = self.sources.get_mut(stream) else { return };
        source.may_have_more = !is_last;
        let gap = source.position.gap_before(stream, &page, source.until, &info);
        self.gaps.extend(gap.map(|gap| (gap, source.position)));
        let Some(front) = page.first().map(|entry| entry.id) else {
            self.forget_front(stream);
            self.settle(stream);
            return;
        };
        let bytes: usize = page.iter().map(entry_bytes).sum();
        if !source.is_due && self.bytes + bytes > HELD_BYTES {
            source.may_have_more = true;
        } else {
            source.held = page.into();
            self.bytes += bytes;
        }
        source.is_due = false;
        let previous = source.front.replace(front);
        if let Some(previous) = previous {
            self.fronts.remove(&(previous, stream.clone()));
        }
        self.fronts.insert((front, stream.clone()));
    }

    /// The next in the order of ids, as far as everything before `now_ms` has been added; `None` if there is none, or where
    /// a page is needed first.
    pub(super) fn next(&mut self, now_ms: u64) -> Option<Merged> {
        if let Some((gap, position)) = self.gaps.pop_front() {
            return Some(Merged::Gap { gap, position });
        }
        if self.is_hungry() {
            return None;
        }
        let (_, stream) = self.front(now_ms)?.clone();
        let source = self.sources.get_mut(&stream)?;
        if source.held.is_empty() {
            source.is_due = true;
            self.hungry.insert(stream);
            return None;
        }
        let entry = source.held.pop_front()?;
        self.bytes -= entry_bytes(&entry);
        source.position = source.position.followed_by(entry.id);
        let position = source.position;
        self.forget_front(&stream);
        self.settle(&stream);
        Some(Merged::Entry { stream, position, entry })
    }

    fn front(&self, now_ms: u64) -> Option<&(EntryId, StreamKey)> {
        let first = self.fronts.first()?;
        if first.0.ms() < now_ms {
            return Some(first);
        }
        let future = EntryId::new(now_ms.saturating_add(FUTURE_MS), 0);
        self.fronts.range((future, StreamKey::from(""))..).next()
    }

    fn forget_front(&mut self, stream: &StreamKey) {
        if let Some(front) = self.sources.get_mut(stream).and_then(|source| source.front.take()) {
            self.fronts.remove(&(front, stream.clone()));
        }
    }

    /// After its front is gone: the next one, or its next page, or its end.
    fn settle(&mut self, stream: &StreamKey) {
        let Some(source) = self.sources.get_mut(stream) else { return };
        if let Some(next) = source.held.front() {
            source.front = Some(next.id);
            self.fronts.insert((next.id, stream.clone()));
        } else if source.may_have_more {
            self.hungry.insert(stream.clone());
        } else {
            self.sources.remove(stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rewind_domain::versions::StreamExtent;

    use super::*;
    use rewind_store::StreamInfo;

    type Streams = BTreeMap<StreamKey, Vec<EntryId>>;

    /// Reads all of `streams` as a follower would, with pages of `count` entries.
    fn drain(
        streams: &Streams,
        merge: &mut Merge,
        count: u64,
        bytes: usize,
    ) -> Vec<(EntryId, StreamKey)> {
        let mut passed_on = Vec::new();
        while !merge.is_done() {
            for wanted in merge.wanted(3, count) {
                let ids = streams[&wanted.key].iter().filter(|id| Some(**id) > wanted.range.after);
                let ids = ids.filter(|id| wanted.range.before.is_none_or(|before| **id < before));
                let page = ids.take(usize::try_from(count).unwrap()).map(|id| Entry {
                    id: *id,
                    fields: [("data", "x".repeat(bytes))].into_iter().collect(),
                });
                let length = streams[&wanted.key].len() as u64;
                let extent = StreamExtent {
                    length,
                    entries_added: Some(length),
                    first_id: streams[&wanted.key].first().copied(),
                    last_id: streams[&wanted.key].last().copied(),
                    ..StreamExtent::default()
                };
                let entries: Vec<Entry> = page.collect();
                let is_last = (entries.len() as u64) < count;
                let info = StreamInfo { extent, ..StreamInfo::default() };
                merge.feed(&wanted.key, Page { entries, info, is_last, ..Page::default() });
            }
            while let Some(merged) = merge.next(u64::MAX) {
                match merged {
                    Merged::Entry { stream, position, .. } => passed_on.push((position.id, stream)),
                    Merged::Gap { gap, .. } => panic!("{gap:?}"),
                }
            }
        }
        passed_on
    }

    fn all(streams: &Streams) -> Vec<(EntryId, StreamKey)> {
        let mut all: Vec<_> = streams
            .iter()
            .flat_map(|(stream, ids)| ids.iter().map(|id| (*id, stream.clone())))
            .collect();
        all.sort();
        all
    }

    #[test]
    fn what_is_too_much_to_hold_is_read_again_when_it_is_due() {
        let ids: Vec<EntryId> = (1..=8).map(|n| EntryId::new(n, 0)).collect();
        let streams: Streams =
            (b'a'..=b'j').map(|key| (StreamKey::from_bytes([key]), ids.clone())).collect();
        let mut merge = Merge::default();
        for stream in streams.keys() {
            merge.add(stream.clone(), Position::START, None);
        }
        assert_eq!(drain(&streams, &mut merge, 4, 200_000), all(&streams));
        assert_eq!(merge.bytes, 0);
    }

    #[test]
    fn what_the_clock_has_not_passed_waits_but_the_future_does_not() {
        let streams: Streams = [("a", [5, 10]), ("b", [7, 99_999])]
            .map(|(key, ids)| (key.into(), ids.map(|n| EntryId::new(n, 0)).to_vec()))
            .into();
        let mut merge = Merge::default();
        for (stream, ids) in &streams {
            merge.add(stream.clone(), Position::START, None);
            let entries = ids.iter().map(|id| Entry { id: *id, fields: Default::default() });
            let entries = entries.collect();
            merge.feed(stream, Page { entries, is_last: true, ..Page::default() });
        }
        let mut next = |now_ms| match merge.next(now_ms) {
            Some(Merged::Entry { position, .. }) => position.id.ms(),
            _ => 0,
        };
        assert_eq!(
            [next(5), next(6), next(7), next(8), next(9), next(11)],
            [0, 5, 0, 7, 99_999, 10]
        );
    }

    #[test]
    fn a_gap_is_told_before_the_entries_of_others_that_come_after_it() {
        let mut merge = Merge::default();
        for (key, id, added) in [("a", 9, 5), ("b", 7, 1)] {
            merge.add(key.into(), Position { id: EntryId::new(1, 0), version: Some(0) }, None);
            let id = EntryId::new(id, 0);
            let extent = StreamExtent {
                length: 1,
                entries_added: Some(added),
                first_id: Some(id),
                last_id: Some(id),
                ..StreamExtent::default()
            };
            let entries = vec![Entry { id, fields: Default::default() }];
            let info = StreamInfo { extent, ..StreamInfo::default() };
            merge.feed(&key.into(), Page { entries, info, is_last: true, ..Page::default() });
        }
        let Some(Merged::Gap { gap, .. }) = merge.next(u64::MAX) else { panic!("no gap") };
        assert_eq!((gap.stream, gap.missing), ("a".into(), Some(4)));
        let Some(Merged::Entry { stream, .. }) = merge.next(u64::MAX) else { panic!("no entry") };
        assert_eq!(stream, "b".into());
    }

    proptest! {
        #[test]
        fn all_entries_come_once_and_in_order(
            entries in prop::collection::btree_set((1u64..30, 0u8..5), 0..60),
            count in 1u64..5,
        ) {
            let mut streams = Streams::new();
            for (ms, key) in entries {
                streams.entry(StreamKey::from_bytes([b'a' + key])).or_default().push(EntryId::new(ms, 0));
            }
            let mut merge = Merge::default();
            for stream in streams.keys() {
                merge.add(stream.clone(), Position::START, None);
            }
            prop_assert_eq!(drain(&streams, &mut merge, count, 1), all(&streams));
        }

        #[test]
        fn a_stream_is_read_up_to_where_one_said(until in 0u64..12) {
            let ids: Vec<EntryId> = (1..10).map(|n| EntryId::new(n, 0)).collect();
            let streams: Streams = [("a".into(), ids)].into();
            let mut merge = Merge::default();
            merge.add("a".into(), Position::START, Some(EntryId::new(until, 0)));
            let expected: Vec<_> = all(&streams).into_iter().filter(|(id, _)| id.ms() <= until).collect();
            prop_assert_eq!(drain(&streams, &mut merge, 3, 1), expected);
        }
    }
}
