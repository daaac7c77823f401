//! One list of many streams: their entries in the order of their ids.
//!
//! Ids are compared across streams, so the order is that of the times in the ids, by convention when Redis took the
//! entries. Entries of the same id stand in the order in which the streams were given.
//!
//! A [`Merge`] does not read. It says which streams it has to know more of, is given that, and hands out what is certain
//! to come next. A stream whose range of ids lies far away is not read before its turn.

use std::collections::{BTreeSet, VecDeque};

use crate::{Entry, EntryId};

/// How many entries of a stream are asked for first. Most streams are short, and of many only the newest entries matter.
const FIRST_READ: u64 = 16;
/// How many are asked for at most; more gain little and would be held in memory for each stream.
const MOST_READ: u64 = 512;
/// How many bytes are asked for at a time of a stream, about, once it is known how large its entries are.
const MOST_BYTES: usize = 256 * 1024;
/// How many bytes of entries are held of all streams together, about. Where they interleave, each has at least one entry waiting; beyond
/// this it is put aside, and read again once it is its turn.
const HELD_BYTES: usize = 8 * 1024 * 1024;

/// Which way a list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the smallest id on.
    Ascending,
    /// From the greatest id back.
    Descending,
}

/// The ids that a list is limited to, both ends included. Empty where `from` is greater than `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdSpan {
    /// The smallest.
    pub from: EntryId,
    /// The greatest.
    pub to: EntryId,
}

/// A read that a merge waits for: up to `count` entries of a stream within a span, in the direction of the merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The stream, by its place among those given.
    pub stream: usize,
    /// Which ids.
    pub span: IdSpan,
    /// How many entries at most.
    pub count: u64,
}

/// Puts the entries of many streams into one order.
pub struct Merge {
    direction: Direction,
    tracks: Vec<Track>,
    /// How many bytes of entries wait, and how many may.
    held: usize,
    most_held: usize,
    /// The streams that have, or may have, more entries, by what comes first of them.
    queue: BTreeSet<(Turn, usize)>,
}

/// An id as it sorts in the direction of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Turn(u64, u64);

struct Track {
    /// What was not read yet.
    rest: Option<IdSpan>,
    /// What was read and not handed out yet.
    read: VecDeque<Entry>,
    /// How many entries the next read asks for.
    next_read: u64,
    /// Whether its next entry is known and was put aside, so that it is read only once it is its turn.
    is_put_aside: bool,
}

impl Direction {
    /// The version this many entries further on in this direction; `None` beyond the first one that there can be.
    pub fn onward(self, version: u64, distance: u64) -> Option<u64> {
        match self {
            Self::Ascending => version.checked_add(distance),
            Self::Descending => version.checked_sub(distance),
        }
    }
}

impl IdSpan {
    /// All ids.
    pub const ALL: Self = Self { from: EntryId::MIN, to: EntryId::MAX };

    /// What both have; `None` if they have nothing in common.
    pub fn and(self, other: Self) -> Option<Self> {
        let span = Self { from: self.from.max(other.from), to: self.to.min(other.to) };
        (span.from <= span.to).then_some(span)
    }

    /// The same from an id on.
    fn beginning_at(self, id: EntryId, direction: Direction) -> Self {
        match direction {
            Direction::Ascending => Self { from: id, ..self },
            Direction::Descending => Self { to: id, ..self },
        }
    }

    /// What comes after an id on the way in a direction.
    fn behind(self, id: EntryId, direction: Direction) -> Option<Self> {
        let rest = match direction {
            Direction::Ascending => Self { from: id.next()?, ..self },
            Direction::Descending => Self { to: id.prev()?, ..self },
        };
        (rest.from <= rest.to).then_some(rest)
    }
}

impl Merge {
    /// Begins before the first entry. Each stream is limited to a span, or has nothing to give.
    pub fn new(direction: Direction, spans: impl IntoIterator<Item = Option<IdSpan>>) -> Self {
        Self::holding(HELD_BYTES, direction, spans)
    }

    fn holding(
        most_held: usize,
        direction: Direction,
        spans: impl IntoIterator<Item = Option<IdSpan>>,
    ) -> Self {
        let track = |rest| Track {
            rest,
            read: VecDeque::new(),
            next_read: FIRST_READ,
            is_put_aside: false,
        };
        let tracks: Vec<Track> = spans.into_iter().map(track).collect();
        let mut merge = Self { direction, tracks, held: 0, most_held, queue: BTreeSet::new() };
        (0..merge.tracks.len()).for_each(|stream| merge.enqueue(stream));
        merge
    }

    /// What has to be read before anything can be handed out; empty where something can be, or nothing is left. At most this many streams and
    /// about this many entries: streams whose turn comes soon are read along, which saves round trips.
    pub fn needs(&self, max_streams: usize, max_entries: u64) -> Vec<Need> {
        let mut needs = Vec::new();
        let mut entries = 0;
        let is_ready = |(_, stream): &&(Turn, usize)| !self.tracks[*stream].read.is_empty();
        if self.queue.first().as_ref().is_some_and(is_ready) {
            return needs;
        }
        for (place, &(_, stream)) in self.queue.iter().enumerate() {
            let track = &self.tracks[stream];
            let (true, Some(span)) = (track.read.is_empty(), track.rest) else { continue };
            if track.is_put_aside && place > 0 {
                continue;
            }
            needs.push(Need { stream, span, count: track.next_read });
            entries += track.next_read;
            if needs.len() >= max_streams || entries >= max_entries {
                break;
            }
        }
        needs
    }

    /// Takes what a read brought: `is_last` where there are no more entries in what was needed. Returns whether the entries are kept; where
    /// there is no room they are needed again later.
    pub fn supply(&mut self, need: &Need, entries: Vec<Entry>, is_last: bool) -> bool {
        let direction = self.direction;
        let is_due = entries.first().is_none_or(|first| self.is_next(first.id, need.stream));
        let Some(track) = self.tracks.get_mut(need.stream) else { return false };
        let before = track.turn(direction);
        let bytes: usize = entries.iter().map(bytes_of).sum();
        let is_kept = is_due || self.held + bytes <= self.most_held;
        track.is_put_aside = !is_kept;
        if let (false, Some(first)) = (is_kept, entries.first()) {
            track.rest = track.rest.map(|rest| rest.beginning_at(first.id, direction));
            track.next_read = 1;
            self.requeue(need.stream, before);
            return false;
        }
        self.held += bytes;
        let last = entries.last().map(|entry| entry.id);
        let rest = track.rest.filter(|_| !is_last);
        track.rest = rest.zip(last).and_then(|(rest, last)| rest.behind(last, direction));
        let affordable = MOST_BYTES.checked_div(bytes.checked_div(entries.len()).unwrap_or(0));
        track.read.extend(entries);
        track.next_read = (2 * track.next_read)
            .min(MOST_READ)
            .min(affordable.map_or(MOST_READ, |entries| entries.max(1) as u64));
        self.requeue(need.stream, before);
        true
    }

    /// Leaves a stream out from here on.
    pub fn drop_stream(&mut self, stream: usize) {
        let Some(track) = self.tracks.get_mut(stream) else { return };
        if let Some(turn) = track.turn(self.direction) {
            self.queue.remove(&(turn, stream));
        }
        track.rest = None;
        self.held =
            self.held.saturating_sub(track.read.drain(..).map(|entry| bytes_of(&entry)).sum());
    }

    /// The next entry and its stream; `None` if more has to be read first, or nothing is left.
    pub fn next_entry(&mut self) -> Option<(usize, Entry)> {
        let &(turn, stream) = self.queue.first()?;
        let entry = self.tracks[stream].read.pop_front()?;
        self.held = self.held.saturating_sub(bytes_of(&entry));
        self.queue.remove(&(turn, stream));
        self.enqueue(stream);
        Some((stream, entry))
    }

    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether an entry of a stream comes before whatever others may have.
    fn is_next(&self, id: EntryId, stream: usize) -> bool {
        let other = self.queue.iter().find(|(_, other)| *other != stream);
        other.is_none_or(|other| (Turn::of(id, self.direction), stream) < *other)
    }

    /// Puts a stream where it belongs, which was at another place before.
    fn requeue(&mut self, stream: usize, before: Option<Turn>) {
        if let Some(before) = before {
            self.queue.remove(&(before, stream));
        }
        self.enqueue(stream);
    }

    fn enqueue(&mut self, stream: usize) {
        if let Some(turn) = self.tracks[stream].turn(self.direction) {
            self.queue.insert((turn, stream));
        }
    }
}

impl Track {
    /// When its next entry comes at the earliest; never where it has none.
    fn turn(&self, direction: Direction) -> Option<Turn> {
        let id = match (self.read.front(), self.rest, direction) {
            (Some(entry), _, _) => entry.id,
            (None, Some(span), Direction::Ascending) => span.from,
            (None, Some(span), Direction::Descending) => span.to,
            (None, None, _) => return None,
        };
        Some(Turn::of(id, direction))
    }
}

impl Turn {
    fn of(id: EntryId, direction: Direction) -> Self {
        match direction {
            Direction::Ascending => Self(id.ms(), id.seq()),
            Direction::Descending => Self(u64::MAX - id.ms(), u64::MAX - id.seq()),
        }
    }
}

/// What an entry takes, in bytes, about.
fn bytes_of(entry: &Entry) -> usize {
    entry.fields.iter().map(|(name, value)| name.len() + value.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fields;
    use proptest::prelude::*;

    fn entry(ms: u64) -> Entry {
        Entry { id: EntryId::new(ms, 0), fields: Fields::default() }
    }

    /// What Redis would answer to a read.
    fn read(stream: &[u64], need: &Need, direction: Direction) -> Vec<Entry> {
        let inside = |ms: &&u64| (need.span.from..=need.span.to).contains(&EntryId::new(**ms, 0));
        let mut entries: Vec<Entry> = stream.iter().filter(inside).map(|ms| entry(*ms)).collect();
        if direction == Direction::Descending {
            entries.reverse();
        }
        entries.truncate(usize::try_from(need.count).unwrap());
        entries
    }

    /// Everything that comes out, and how many entries were read for it.
    fn merged(
        streams: &[Vec<u64>],
        direction: Direction,
        span: IdSpan,
        take: usize,
    ) -> (Vec<(u64, usize)>, usize) {
        let mut merge = Merge::new(direction, streams.iter().map(|_| Some(span)));
        let (mut out, mut reads) = (Vec::new(), 0);
        while !merge.is_done() && out.len() < take {
            match merge.next_entry() {
                Some((stream, entry)) => out.push((entry.id.ms(), stream)),
                None => {
                    let needs = merge.needs(3, 1_000);
                    assert!(!needs.is_empty(), "it neither goes on nor says what it waits for");
                    for need in needs {
                        let entries = read(&streams[need.stream], &need, direction);
                        reads += entries.len();
                        let is_last = (entries.len() as u64) < need.count;
                        merge.supply(&need, entries, is_last);
                    }
                }
            }
        }
        (out, reads)
    }

    fn streams() -> impl Strategy<Value = Vec<Vec<u64>>> {
        let stream = prop::collection::btree_set(1..200_u64, 0..60);
        prop::collection::vec(stream.prop_map(|ids| ids.into_iter().collect()), 0..8)
    }

    proptest! {
        #[test]
        fn all_entries_come_out_once_and_in_order(streams in streams(), from in 1..200_u64, to in 1..200_u64) {
            let span = IdSpan { from: EntryId::new(from, 0), to: EntryId::new(to, 0) };
            for direction in [Direction::Ascending, Direction::Descending] {
                let mut expected: Vec<(u64, usize)> = streams.iter().enumerate()
                    .flat_map(|(at, stream)| stream.iter().map(move |ms| (*ms, at)))
                    .filter(|(ms, _)| (from..=to).contains(ms))
                    .collect();
                expected.sort_by_key(|&(ms, at)| match direction {
                    Direction::Ascending => (ms, at),
                    Direction::Descending => (u64::MAX - ms, at),
                });
                let span = span.and(IdSpan::ALL);
                let out = span.map(|span| merged(&streams, direction, span, usize::MAX).0);
                prop_assert_eq!(out.unwrap_or_default(), expected);
            }
        }
    }

    /// Streams of large entries, of which there is room for only a few at a time.
    fn merged_in_little_room(
        streams: usize,
        room: usize,
        direction: Direction,
    ) -> (Vec<u64>, usize) {
        const BYTES: usize = 1_000;
        let all: Vec<Vec<u64>> =
            (0..streams as u64).map(|at| (1..=4).map(|n| n * 100 + at).collect()).collect();
        let spans = all.iter().map(|_| Some(IdSpan::ALL));
        let mut merge = Merge::holding(room * BYTES, direction, spans);
        let (mut out, mut most) = (Vec::new(), 0);
        while !merge.is_done() {
            most = most.max(merge.held / BYTES);
            match merge.next_entry() {
                Some((_, entry)) => out.push(entry.id.ms()),
                None => {
                    let needs = merge.needs(3, 1_000);
                    assert!(!needs.is_empty(), "it neither goes on nor says what it waits for");
                    for mut need in needs {
                        // Redis has room for one of them at a time.
                        need.count = 1;
                        let fields = Fields::from_iter([("d", "x".repeat(BYTES - 1))]);
                        let entries = read(&all[need.stream], &need, direction);
                        let entries: Vec<Entry> = entries
                            .into_iter()
                            .map(|entry| Entry { fields: fields.clone(), ..entry })
                            .collect();
                        let is_last = entries.is_empty();
                        merge.supply(&need, entries, is_last);
                    }
                }
            }
        }
        (out, most)
    }

    #[test]
    fn large_entries_of_many_streams_are_put_aside_and_come_in_their_turn() {
        for direction in [Direction::Ascending, Direction::Descending] {
            let (in_room, _) = merged_in_little_room(20, 1_000, direction);
            let (out, most) = merged_in_little_room(20, 3, direction);
            assert_eq!((out.len(), &out), (80, &in_room));
            assert!(out.is_sorted_by(|a, b| match direction {
                Direction::Ascending => a <= b,
                Direction::Descending => a >= b,
            }));
            assert!(most <= 4, "{most} were held");
        }
    }

    #[test]
    fn a_stream_far_away_is_not_read_before_its_turn() {
        let streams: Vec<Vec<u64>> =
            (0..100).map(|at| (at * 100 + 1..at * 100 + 51).collect()).collect();
        let spans = streams.iter().map(|ids| {
            Some(IdSpan {
                from: EntryId::new(ids[0], 0),
                to: EntryId::new(*ids.last().unwrap(), 0),
            })
        });
        let mut merge = Merge::new(Direction::Descending, spans);
        let needs = merge.needs(1, 1_000);
        assert_eq!((needs.len(), needs[0].stream), (1, 99));
        merge.supply(&needs[0], read(&streams[99], &needs[0], Direction::Descending), true);
        assert_eq!(
            merge.next_entry().map(|(stream, entry)| (stream, entry.id.ms())),
            Some((99, 9_950))
        );
        assert!(merge.needs(1, 1_000).is_empty(), "there is more to hand out");
    }

    #[test]
    fn the_newest_of_a_long_stream_cost_few_reads() {
        let streams = vec![(1..10_000).collect::<Vec<u64>>(), vec![1, 2, 3]];
        let (out, reads) = merged(&streams, Direction::Descending, IdSpan::ALL, 5);
        assert_eq!(
            out.iter().map(|(ms, _)| *ms).collect::<Vec<_>>(),
            [9_999, 9_998, 9_997, 9_996, 9_995]
        );
        assert!(reads < 40, "{reads}");
    }

    #[test]
    fn a_stream_that_is_left_out_holds_nobody_up() {
        let mut merge = Merge::new(Direction::Ascending, [Some(IdSpan::ALL), Some(IdSpan::ALL)]);
        merge.drop_stream(0);
        let needs = merge.needs(9, 1_000);
        assert_eq!(needs.iter().map(|need| need.stream).collect::<Vec<_>>(), [1]);
        merge.supply(&needs[0], vec![entry(1)], true);
        assert_eq!(merge.next_entry().map(|(stream, _)| stream), Some(1));
        assert!(merge.is_done());
    }
}
