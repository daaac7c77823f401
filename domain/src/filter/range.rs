//! Ranges of ids and of times, to which every question about them comes down.

use crate::EntryId;

/// Values that have neighbours.
pub(super) trait Discrete: Copy + Ord {
    const MIN: Self;
    const MAX: Self;

    fn next(self) -> Option<Self>;
    fn prev(self) -> Option<Self>;
}

impl Discrete for EntryId {
    const MIN: Self = EntryId::MIN;
    const MAX: Self = EntryId::MAX;

    fn next(self) -> Option<Self> {
        EntryId::next(self)
    }

    fn prev(self) -> Option<Self> {
        EntryId::prev(self)
    }
}

impl Discrete for i64 {
    const MIN: Self = i64::MIN;
    const MAX: Self = i64::MAX;

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn prev(self) -> Option<Self> {
        self.checked_sub(1)
    }
}

/// Some ranges, first and last value included, sorted, without overlap.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ranges<T>(Vec<(T, T)>);

impl<T: Discrete> Ranges<T> {
    /// The values in any of these ranges, of which those whose first value is after the last have none.
    pub(super) fn union(ranges: impl IntoIterator<Item = (T, T)>) -> Self {
        let mut sorted: Vec<(T, T)> = ranges.into_iter().filter(|(from, to)| from <= to).collect();
        sorted.sort_unstable();
        let mut merged: Vec<(T, T)> = Vec::with_capacity(sorted.len());
        for (from, to) in sorted {
            match merged.last_mut() {
                Some((_, end)) if end.next().is_none_or(|next| from <= next) => *end = to.max(*end),
                _ => merged.push((from, to)),
            }
        }
        Self(merged)
    }

    /// The values in none of them.
    pub(super) fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut from = Some(T::MIN);
        for (first, last) in &self.0 {
            if let (Some(from), Some(to)) = (from, first.prev()) {
                gaps.push((from, to));
            }
            from = last.next();
        }
        gaps.extend(from.map(|from| (from, T::MAX)));
        Self::union(gaps)
    }

    /// What becomes of each range.
    pub(super) fn map<U: Discrete>(&self, change: impl Fn((T, T)) -> (U, U)) -> Ranges<U> {
        Ranges::union(self.0.iter().copied().map(change))
    }

    pub(super) fn contain(&self, value: T) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&value))
    }

    /// The first and the last of all values, if there are any.
    pub(super) fn hull(&self) -> Option<(T, T)> {
        Some((self.0.first()?.0, self.0.last()?.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_value_is_in_one_of_the_ranges_or_in_the_complement(ranges: Vec<(i8, i8)>, value: i8) {
            let is_in = ranges.iter().any(|(from, to)| (*from..=*to).contains(&value));
            let wide = ranges.iter().map(|(from, to)| (i64::from(*from), i64::from(*to)));
            let ranges = Ranges::union(wide);
            prop_assert_eq!(ranges.contain(i64::from(value)), is_in);
            prop_assert_eq!(ranges.complement().contain(i64::from(value)), !is_in);
            prop_assert_eq!(ranges.complement().complement(), ranges);
        }

        #[test]
        fn the_hull_of_ids_has_all_of_them(ranges in prop::collection::vec((0..4u64, 0..4u64), 1..4)) {
            let ids = ranges.iter().map(|(from, to)| (EntryId::new(*from, 0), EntryId::new(*to, u64::MAX)));
            let ranges = Ranges::union(ids);
            let all: Vec<_> = (0..4).map(|ms| EntryId::new(ms, 7)).filter(|id| ranges.contain(*id)).collect();
            let hull = ranges.hull();
            prop_assert_eq!(hull.is_some(), !all.is_empty());
            prop_assert!(all.iter().all(|id| hull.is_some_and(|(from, to)| (from..=to).contains(id))));
        }
    }

    #[test]
    fn everything_and_nothing_complement_each_other() {
        let all = Ranges::union([(EntryId::MIN, EntryId::MAX)]);
        assert_eq!(all.complement().hull(), None);
        assert_eq!(all.complement().complement(), all);
    }
}
