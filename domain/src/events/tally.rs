//! Counting what happens, by name and by slot of time, for as long as a window of time.
//!
//! A [`Tally`] is what a chart of the last minutes is drawn from: it moves on with the time, forgets what is past, and keeps
//! no more names than it has room for. What has no name there any more is still counted, in the sum.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Counts of the last slots of time. A slot is a number that its owner makes of the time, such as the Unix second.
#[derive(Clone, Debug)]
pub struct Tally<K> {
    /// The counts of each slot, the newest one last.
    slots: VecDeque<Slot<K>>,
    /// The newest slot.
    newest: u64,
    length: usize,
    max_names: usize,
    totals: HashMap<K, u64>,
}

#[derive(Clone, Debug)]
struct Slot<K> {
    named: HashMap<K, u64>,
    all: u64,
}

impl<K: Clone + Eq + Hash + Ord> Tally<K> {
    /// Counts of nothing, for `length` slots (at least one) of which `newest` is the last, and for at most this many names at a time.
    pub fn new(length: usize, max_names: usize, newest: u64) -> Self {
        let slots = (0..length.max(1)).map(|_| Slot::default()).collect();
        Self { slots, newest, length: length.max(1), max_names, totals: HashMap::new() }
    }

    /// The first slot that is counted.
    pub fn oldest(&self) -> u64 {
        self.newest.saturating_sub(self.length as u64 - 1)
    }

    /// The last one.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    /// Moves on to a later slot. Does nothing where it is not later: clocks may be set back.
    pub fn advance(&mut self, to: u64) {
        let steps = to.saturating_sub(self.newest);
        for _ in 0..steps.min(self.length as u64) {
            let Some(gone) = self.slots.pop_front() else { break };
            for (name, count) in gone.named {
                if let Some(total) = self.totals.get_mut(&name) {
                    *total = total.saturating_sub(count);
                    if *total == 0 {
                        self.totals.remove(&name);
                    }
                }
            }
            self.slots.push_back(Slot::default());
        }
        self.newest = self.newest.max(to);
    }

    /// Counts what happened in a slot. What is later than the newest one counts there, what is earlier than the oldest one not at
    /// all.
    pub fn add(&mut self, at: u64, name: &K, count: u64) {
        let Some(back) = usize::try_from(self.newest.saturating_sub(at)).ok() else { return };
        let Some(index) = self.slots.len().checked_sub(back + 1) else { return };
        let Some(slot) = self.slots.get_mut(index) else { return };
        if count == 0 {
            return;
        }
        slot.all += count;
        if self.totals.len() < self.max_names || self.totals.contains_key(name) {
            *slot.named.entry(name.clone()).or_default() += count;
            *self.totals.entry(name.clone()).or_default() += count;
        }
    }

    /// The names with the most, at most this many: by their totals, and of equal ones in their own order.
    pub fn top(&self, max: usize) -> Vec<(K, u64)> {
        let mut all: Vec<(K, u64)> =
            self.totals.iter().map(|(name, total)| (name.clone(), *total)).collect();
        all.sort_unstable_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
        all.truncate(max);
        all
    }

    /// The names with the most, at most this many, in the order of those of before for as long as that is about right: a legend
    /// whose lines change places all the time cannot be read.
    pub fn steady_top(&self, before: &[K], max: usize) -> Vec<K> {
        let top = self.top(max);
        let total = |name: &K| self.totals.get(name).copied().unwrap_or(0);
        let mut names: Vec<K> =
            before.iter().filter(|name| top.iter().any(|(n, _)| n == *name)).cloned().collect();
        let new: Vec<K> =
            top.iter().map(|(name, _)| name).filter(|n| !names.contains(n)).cloned().collect();
        names.extend(new);
        // From the back, so that one that grew goes past all smaller ones at once.
        for last in 1..names.len() {
            let mut at = last;
            while at > 0 && is_clearly_more(total(&names[at]), total(&names[at - 1])) {
                names.swap(at, at - 1);
                at -= 1;
            }
        }
        names
    }

    /// How many names there are.
    pub fn names(&self) -> usize {
        self.totals.len()
    }

    /// The counts of a name from a slot on.
    pub fn counts(&self, name: &K, from: u64) -> Vec<u64> {
        self.since(from).map(|slot| slot.named.get(name).copied().unwrap_or(0)).collect()
    }

    /// The counts of all names, from the first slot on.
    pub fn all_counts(&self) -> HashMap<K, Vec<u64>> {
        let mut all: HashMap<K, Vec<u64>> =
            self.totals.keys().map(|name| (name.clone(), vec![0; self.slots.len()])).collect();
        for (at, slot) in self.slots.iter().enumerate() {
            for (name, count) in &slot.named {
                if let Some(counts) = all.get_mut(name) {
                    counts[at] = *count;
                }
            }
        }
        all
    }

    /// The counts of everything from a slot on.
    pub fn sums(&self, from: u64) -> Vec<u64> {
        self.since(from).map(|slot| slot.all).collect()
    }

    fn since(&self, from: u64) -> impl Iterator<Item = &Slot<K>> {
        let skipped = from.saturating_sub(self.oldest());
        self.slots.iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX))
    }
}

impl<K> Default for Slot<K> {
    fn default() -> Self {
        Self { named: HashMap::new(), all: 0 }
    }
}

/// Whether one count is so much larger than another that nobody would take them for about the same.
fn is_clearly_more(count: u64, other: u64) -> bool {
    count > other.saturating_add(other / 4).saturating_add(5)
}

/// Divides a whole among parts as these weights are to each other, so that the parts make up the whole.
pub fn shares(whole: u64, weights: &[u32]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    // Each part ends where all weights up to it end, which leaves nothing over.
    let (mut behind, mut given) = (0_u128, 0_u64);
    weights
        .iter()
        .map(|&weight| {
            behind += u128::from(weight);
            let end = u64::try_from(u128::from(whole) * behind / sum).unwrap_or(whole);
            let part = end.saturating_sub(given);
            given = end;
            part
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn counts_stand_in_the_slot_in_which_things_happened() {
        let mut tally = Tally::new(3, 10, 100);
        tally.add(100, &"a", 2);
        tally.add(98, &"b", 1);
        tally.add(97, &"a", 9);
        tally.add(101, &"a", 1);
        assert_eq!(tally.counts(&"a", 98), [0, 0, 3]);
        assert_eq!(tally.counts(&"b", 0), [1, 0, 0]);
        assert_eq!(tally.sums(99), [0, 3]);
        assert_eq!(tally.all_counts(), [("a", vec![0, 0, 3]), ("b", vec![1, 0, 0])].into());
        assert_eq!(tally.top(5), [("a", 3), ("b", 1)]);
        assert_eq!(tally.top(1), [("a", 3)]);
    }

    #[test]
    fn what_is_past_is_forgotten_with_its_name() {
        let mut tally = Tally::new(3, 10, 100);
        tally.add(100, &"a", 2);
        tally.advance(102);
        assert_eq!((tally.oldest(), tally.counts(&"a", 0)), (100, vec![2, 0, 0]));
        tally.advance(103);
        assert_eq!((tally.names(), tally.sums(0)), (0, vec![0, 0, 0]));
        tally.advance(50);
        assert_eq!(tally.newest(), 103);
        tally.advance(u64::MAX);
        assert_eq!(tally.newest(), u64::MAX);
    }

    #[test]
    fn names_beyond_the_bound_count_in_the_sum_alone() {
        let mut tally = Tally::new(2, 1, 5);
        tally.add(5, &"a", 1);
        tally.add(5, &"b", 4);
        assert_eq!((tally.names(), tally.sums(5)), (1, vec![5]));
        tally.advance(7);
        tally.add(7, &"b", 1);
        assert_eq!(tally.top(9), [("b", 1)]);
    }

    #[test]
    fn names_change_places_only_where_one_clearly_has_more() {
        let mut tally = Tally::new(2, 9, 5);
        for (name, count) in [("a", 100), ("b", 90), ("c", 10)] {
            tally.add(5, &name, count);
        }
        let first = tally.steady_top(&[], 2);
        assert_eq!(first, ["a", "b"]);
        tally.add(5, &"b", 20);
        assert_eq!(tally.steady_top(&first, 2), ["a", "b"]);
        tally.add(5, &"b", 90);
        assert_eq!(tally.steady_top(&first, 2), ["b", "a"]);
        tally.add(5, &"c", 500);
        assert_eq!(tally.steady_top(&first, 2), ["c", "b"]);
        assert_eq!(tally.steady_top(&first, 3), ["c", "b", "a"]);
    }

    #[test]
    fn shares_follow_the_weights() {
        assert_eq!(shares(10, &[1, 1]), [5, 5]);
        assert_eq!(shares(100, &[3, 0, 1]), [75, 0, 25]);
        assert_eq!(shares(7, &[]), Vec::<u64>::new());
        assert_eq!(shares(7, &[0]), [0]);
    }

    proptest! {
        #[test]
        fn totals_are_the_sums_of_what_is_in_the_window(
            steps in prop::collection::vec((0_u64..4, 0_u64..40, 0_u8..6, 0_u64..5), 0..60)
        ) {
            let mut tally = Tally::new(8, 4, 20);
            let mut now = 20;
            for (later, at, name, count) in steps {
                now += later;
                tally.advance(now);
                tally.add(at, &name, count);
                let named: u64 = tally.top(9).iter().map(|(_, total)| total).sum();
                prop_assert!(named <= tally.sums(0).iter().sum::<u64>());
                prop_assert!(tally.names() <= 4);
                for (name, total) in tally.top(9) {
                    prop_assert_eq!(tally.counts(&name, 0).iter().sum::<u64>(), total);
                }
            }
        }

        #[test]
        fn shares_make_up_the_whole(whole: u64, weights in prop::collection::vec(any::<u32>(), 1..20)) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            let parts = shares(whole, &weights);
            prop_assert_eq!(parts.iter().map(|&part| u128::from(part)).sum::<u128>(), u128::from(whole));
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*weight > 0 || *part == 0);
            }
        }
    }
}
