use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// The index, and the entries that it is one of.
struct Both {
    index: BlockIndex,
    entries: Vec<(EntryId, Option<String>)>,
}

/// Something that happens to a stream.
#[derive(Clone, Debug)]
enum Step {
    /// Entries are added: how far apart in time, and of which type.
    Append(Vec<(u64, u8)>),
    /// Of a hundred entries this many are trimmed.
    Trim(u8),
}

/// Small, so that a few entries come to everything that many do.
const SMALL: Shape = Shape { fine_blocks: 4, most_entries: 8 };

/// What an entry says, as far as it matters here.
fn digest(id: EntryId) -> EntryDigest {
    EntryDigest(id.ms() ^ id.seq() << 40)
}

fn type_name(number: u8) -> Option<String> {
    (number > 0).then(|| format!("T{number}"))
}

impl Both {
    fn after(steps: &[Step]) -> Self {
        let mut both = Self { index: BlockIndex::with_shape(SMALL), entries: Vec::new() };
        for step in steps {
            match step {
                Step::Append(entries) => {
                    for (gap, of) in entries {
                        both.append(*gap, *of);
                    }
                }
                Step::Trim(percent) => both.trim(both.entries.len() * usize::from(*percent) / 100),
            }
        }
        both
    }

    fn append(&mut self, gap: u64, of: u8) {
        let last = self.index.last_id().or(self.entries.last().map(|(id, _)| *id));
        let id = match (last, gap) {
            (None, _) => EntryId::new(gap, 1),
            (Some(last), 0) => EntryId::new(last.ms(), last.seq() + 1),
            (Some(last), gap) => EntryId::new(last.ms() + gap, 0),
        };
        let event_type = type_name(of);
        assert!(self.index.append(id, event_type.as_deref(), digest(id)));
        self.entries.push((id, event_type));
    }

    /// As the server does it: blocks are dropped, and the first that is left is read again.
    fn trim(&mut self, count: usize) {
        // An index that lost everything begins again, with any id.
        let count = count.min(self.entries.len().saturating_sub(1));
        self.entries.drain(..count);
        let Some((first, _)) = self.entries.first() else { return };
        if let Some(cut) = self.index.trim_before(*first) {
            let rest = self.entries.iter().take(usize::try_from(cut.count).unwrap());
            let rest = rest.map(|(id, event_type)| (*id, event_type.as_deref(), digest(*id)));
            assert!(self.index.recount_first(rest));
        }
    }

    fn count(&self, is_counted: impl Fn(EntryId, Option<&str>) -> bool) -> u64 {
        let counted = self.entries.iter().filter(|(id, of)| is_counted(*id, of.as_deref()));
        counted.count() as u64
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let entries =
        prop::collection::vec((prop_oneof![Just(0), 1..20u64, Just(5_000)], 0..4u8), 0..40);
    let step =
        prop_oneof![3 => entries.prop_map(Step::Append), 1 => (0..=100u8).prop_map(Step::Trim)];
    prop::collection::vec(step, 0..8)
}

fn name(event_type: &EventType) -> Option<&str> {
    match event_type {
        EventType::Named(name) => Some(name),
        EventType::Untyped => None,
        EventType::Other => panic!("there are few types"),
    }
}

proptest! {
    #[test]
    fn a_rank_leads_to_the_block_that_has_its_entry(steps in steps()) {
        let Both { index, entries } = Both::after(&steps);
        prop_assert_eq!(index.len(), entries.len() as u64);
        prop_assert_eq!(index.first_id(), entries.first().map(|(id, _)| *id));
        prop_assert_eq!(index.last_id(), entries.last().map(|(id, _)| *id));
        for (rank, (id, _)) in (0u64..).zip(&entries) {
            let block = index.block_of_rank(rank).unwrap();
            prop_assert_eq!(index.block_of_id(*id), Some(block));
            prop_assert!((1..=8).contains(&block.count));
            prop_assert!((block.first_rank..block.first_rank + block.count).contains(&rank));
            let at = |rank: u64| entries[usize::try_from(rank).unwrap()].0;
            prop_assert_eq!(at(block.first_rank), block.first_id);
            prop_assert_eq!(at(block.first_rank + block.count - 1), block.last_id);
        }
        prop_assert_eq!(index.block_of_rank(entries.len() as u64), None);
        prop_assert_eq!(index.block_of_rank(u64::MAX), None);
        let last = entries.len().checked_sub(1).and_then(|last| index.block_of_rank(last as u64));
        prop_assert_eq!(index.block_of_id(EntryId::MAX), last);
        prop_assert_eq!(index.block_of_id(EntryId::MIN), None);
    }

    #[test]
    fn types_are_counted(steps in steps()) {
        let both = Both::after(&steps);
        let types = both.index.types();
        let mut expected: BTreeMap<Option<&str>, u64> = BTreeMap::new();
        for (_, event_type) in &both.entries {
            *expected.entry(event_type.as_deref()).or_default() += 1;
        }
        prop_assert!(types.windows(2).all(|pair| pair[0].count >= pair[1].count));
        let counted = types.iter().map(|count| (name(&count.event_type), count.count));
        prop_assert_eq!(counted.collect::<BTreeMap<_, _>>(), expected);
    }

    #[test]
    fn a_histogram_leaves_nothing_out_and_is_off_by_the_blocks_at_the_ends_of_a_part_at_most(
        steps in steps(),
        buckets in 1..40usize,
    ) {
        let both = Both::after(&steps);
        let (Some(first), Some(last)) = (both.index.first_id(), both.index.last_id()) else {
            return Ok(());
        };
        let histogram = both.index.histogram(first.ms()..=last.ms(), buckets);
        prop_assert!(histogram.buckets.len() <= buckets);
        let total: u64 = histogram.buckets.iter().map(|bucket| bucket.count).sum();
        prop_assert_eq!(total, both.entries.len() as u64);
        prop_assert_eq!(histogram.buckets.first().map(|bucket| bucket.from_ms), Some(first.ms()));
        prop_assert_eq!(histogram.buckets.last().map(|bucket| bucket.to_ms), Some(last.ms()));
        prop_assert!(histogram.buckets.windows(2).all(|pair| pair[0].to_ms + 1 == pair[1].from_ms));
        let allowed = if histogram.is_approximate { 2 * 8 } else { 0 };
        for bucket in &histogram.buckets {
            prop_assert_eq!(bucket.counts.iter().sum::<u64>(), bucket.count);
            let within = |id: EntryId| (bucket.from_ms..=bucket.to_ms).contains(&id.ms());
            prop_assert!(bucket.count.abs_diff(both.count(|id, _| within(id))) <= allowed);
            for (event_type, count) in histogram.types.iter().zip(&bucket.counts) {
                let expected = both.count(|id, of| within(id) && of == name(event_type));
                prop_assert!(count.abs_diff(expected) <= allowed);
            }
        }
    }

    #[test]
    fn parts_cover_the_range_and_those_without_a_match_have_none(
        steps in steps(),
        range in (0..400u64, 0..400u64),
        wanted in 0..4u8,
    ) {
        let both = Both::after(&steps);
        let (from, to) = (EntryId::new(range.0, 0), EntryId::new(range.0 + range.1, 0));
        let wanted = type_name(wanted);
        let parts = both.index.parts(from..=to, |event_type| event_type == wanted.as_deref());
        let within = |id: EntryId| (from..=to).contains(&id);
        for part in &parts {
            let inside = |id: EntryId| (part.first_id..=part.last_id).contains(&id);
            let count = both.count(|id, _| inside(id));
            prop_assert!(count <= part.entries && part.entries < count + 2 * 8);
            let matches = both.count(|id, of| inside(id) && of == wanted.as_deref());
            prop_assert!(part.may_match || matches == 0);
        }
        let covered: u64 =
            parts.iter().map(|part| both.count(|id, _| (part.first_id..=part.last_id).contains(&id))).sum();
        prop_assert_eq!(covered, both.count(|id, _| within(id)));
        prop_assert!(parts.windows(2).all(|pair| pair[0].last_id < pair[1].first_id));
        prop_assert!(parts.windows(2).all(|pair| pair[0].may_match != pair[1].may_match));
    }

    #[test]
    fn entries_that_are_read_again_are_told_from_others_under_the_same_ids(
        steps in steps(), most in 1..30u64, changed in any::<prop::sample::Index>()
    ) {
        let both = Both::after(&steps);
        let (mut from, mut seen) = (EntryId::MIN, 0);
        while seen < both.entries.len() {
            let piece = both.index.piece_from(from, most).unwrap();
            prop_assert!(piece.count <= most.max(8));
            let within = |id: &EntryId| (piece.first_id..=piece.last_id).contains(id);
            let ids: Vec<EntryId> = both.entries.iter().map(|(id, _)| *id).filter(within).collect();
            prop_assert_eq!(ids.len() as u64, piece.count);
            let agrees = |entries: &[(EntryId, EntryDigest)]| both.index.agrees_with(entries.iter().copied());
            let same: Vec<_> = ids.iter().map(|id| (*id, digest(*id))).collect();
            prop_assert!(agrees(&same));
            prop_assert!((0..same.len()).all(|count| agrees(&same[..count])));
            let mut other = same.clone();
            let at = changed.index(other.len());
            other[at].1.0 += 1;
            prop_assert!(!agrees(&other));
            seen += ids.len();
            from = piece.last_id.next().unwrap();
        }
        // Behind the last piece the first one comes again.
        let again = both.index.piece_from(from, most).map(|piece| piece.first_id);
        prop_assert_eq!(again, both.index.first_id());
    }

    #[test]
    fn any_time_can_be_asked_for(steps in steps(), from: u64, to: u64, buckets in 0..20usize) {
        let both = Both::after(&steps);
        prop_assert!(both.index.histogram(from..=to, buckets).buckets.len() <= buckets);
        prop_assert!(both.index.histogram(0..=u64::MAX, buckets).buckets.len() <= buckets);
    }
}

#[test]
fn entries_that_do_not_come_behind_the_others_are_not_added() {
    let mut index = BlockIndex::default();
    assert!(index.append(EntryId::new(5, 0), None, EntryDigest(0)));
    assert!(!index.append(EntryId::new(5, 0), None, EntryDigest(0)));
    assert!(!index.append(EntryId::new(4, 9), None, EntryDigest(0)));
    assert_eq!(index.len(), 1);
}

#[test]
fn a_first_block_with_entries_that_it_never_had_is_one_of_another_stream() {
    let index = || {
        let mut index = BlockIndex::with_shape(Shape { fine_blocks: 1, most_entries: 4 });
        (1..=4).for_each(|ms| {
            assert!(index.append(EntryId::new(ms, 0), Some("A"), EntryDigest(0)));
        });
        index
    };
    let entry = |ms, event_type| (EntryId::new(ms, 0), Some(event_type), EntryDigest(0));
    assert_eq!(index().trim_before(EntryId::new(3, 0)).unwrap().count, 4);
    assert!(index().recount_first([entry(3, "A"), entry(4, "A"), entry(5, "B")]));
    assert!(!index().recount_first([entry(3, "B")]));
    assert!(!index().recount_first((1..=4).chain([4]).map(|ms| entry(ms, "A"))));
    let mut emptied = index();
    assert!(emptied.recount_first([]));
    assert!(emptied.is_empty());
}

#[test]
fn types_beyond_measure_are_counted_together_and_may_be_any() {
    let mut index = BlockIndex::default();
    let long = "x".repeat(MAX_TYPE_BYTES + 1);
    let names = (0..MAX_TYPES + 5).map(|number| format!("T{number}")).chain([long]);
    for (ms, name) in (1..).zip(names) {
        index.append(EntryId::new(ms, 0), Some(&name), EntryDigest(0));
    }
    let types = index.types();
    assert_eq!(types[0], TypeCount { event_type: EventType::Other, count: 6 });
    assert_eq!(types.len(), MAX_TYPES + 1);
    let parts = index.parts(EntryId::MIN..=EntryId::MAX, |_| false);
    assert_eq!(parts.iter().map(|part| part.may_match).collect::<Vec<_>>(), [false, true]);
    assert_eq!(parts[1].entries, 6);
}

#[test]
fn short_streams_are_exact() {
    let mut index = BlockIndex::default();
    for n in 1..=FINE_BLOCKS as u64 {
        index.append(EntryId::new(n * n, 0), None, EntryDigest(0));
    }
    let histogram = index.histogram(1..=4_000_000, 100);
    assert!(!histogram.is_approximate);
    let within = |bucket: &Bucket| {
        let from_to = bucket.from_ms..=bucket.to_ms;
        (1..=2_000u64).filter(|n| from_to.contains(&(n * n))).count() as u64
    };
    assert!(histogram.buckets.iter().all(|bucket| bucket.count == within(bucket)));
}

#[test]
fn ten_million_entries_of_a_dozen_types_take_two_megabytes_at_most() {
    let mut index = BlockIndex::default();
    let types: Vec<String> = (0..12).map(|number| format!("SomethingHappened{number}")).collect();
    for n in 0..10_000_000u64 {
        let event_type = &types[usize::try_from(n.wrapping_mul(2_654_435_761) >> 7).unwrap() % 12];
        index.append(EntryId::new(1_700_000_000_000 + n, 0), Some(event_type), EntryDigest(n));
    }
    assert_eq!(index.len(), 10_000_000);
    assert!(index.byte_size() <= 2_000_000, "{}", index.byte_size());
    assert!(index.blocks.iter().all(|block| usize::from(block.tallies) == 12));
}
