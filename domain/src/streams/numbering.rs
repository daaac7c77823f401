//! Numbering: the versions of entries that are read page after page.
//!
//! A page tells the versions of its entries where it begins or ends with the stream itself, or follows one that did. Elsewhere
//! somebody has to say what version the first of them has.

use crate::EntryId;
use crate::merge::Direction;
use crate::versions::StreamExtent;

/// How far a stream was numbered on the way in a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbering {
    direction: Direction,
    /// The last entry that was numbered, or where one would be, and its version.
    at: Option<(EntryId, u64)>,
}

/// A page to be numbered, in the direction of the reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageEnds {
    /// Its first entry.
    pub first: EntryId,
    /// Its last entry.
    pub last: EntryId,
    /// How many entries it has.
    pub count: u64,
}

impl Numbering {
    /// Nothing is known yet.
    pub fn new(direction: Direction) -> Self {
        Self { direction, at: None }
    }

    /// The first entry that comes from `id` on in this direction has this version. There need not be an entry with the id itself.
    pub fn begin(direction: Direction, id: EntryId, version: u64) -> Self {
        let at = match direction {
            Direction::Ascending => id.prev().zip(version.checked_sub(1)),
            Direction::Descending => id.next().zip(version.checked_add(1)),
        };
        Self { direction, at }
    }

    /// In which direction it goes.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Whether the version of the next entry is known already.
    pub fn is_known(&self) -> bool {
        self.at.is_some()
    }

    /// The version of the first entry of the next page, which fits `extent`; `None` where that cannot be told.
    pub fn number(&mut self, page: PageEnds, extent: &StreamExtent) -> Option<u64> {
        let PageEnds { first, last, count } = page;
        let version = match (self.at, self.direction) {
            (Some((_, version)), Direction::Descending) => version.checked_sub(1),
            // Where trimming overtook the reader, entries between the two are lost to it, and the versions go on behind them.
            (Some((id, version)), _) if extent.first_id.is_none_or(|first| first > id) => {
                version.max(extent.trimmed_count()).checked_add(1)
            }
            (Some((_, version)), _) => version.checked_add(1),
            (None, Direction::Ascending) => extent.first_version_of_run(first, last, count),
            (None, Direction::Descending) => extent
                .first_version_of_run(last, first, count)
                .and_then(|oldest| oldest.checked_add(count.checked_sub(1)?)),
        };
        let of_last = version
            .zip(count.checked_sub(1))
            .and_then(|(version, distance)| self.direction.onward(version, distance));
        self.at = of_last.map(|version| (last, version));
        version.filter(|version| *version > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A stream of entries with the ids 1, 2, …, each under its id as version, of which the first ones were trimmed.
    fn extent(trimmed: u64, added: u64) -> StreamExtent {
        let id = |ms: u64| EntryId::new(ms, 0);
        StreamExtent {
            length: added - trimmed,
            first_id: (trimmed < added).then(|| id(trimmed + 1)),
            last_id: (trimmed < added).then(|| id(added)),
            last_generated_id: id(added),
            entries_added: Some(added),
            ..StreamExtent::default()
        }
    }

    fn page(ids: &[u64]) -> Option<PageEnds> {
        let id = |ms: &u64| EntryId::new(*ms, 0);
        let (first, last) = (id(ids.first()?), id(ids.last()?));
        Some(PageEnds { first, last, count: ids.len() as u64 })
    }

    /// Reads in pages of `size`, while after each page as many as `trims` says are trimmed and one is added.
    fn numbered(
        mut numbering: Numbering,
        ids: impl Fn(u64, u64) -> Vec<u64>,
        size: usize,
        trims: &[u64],
    ) -> BTreeMap<u64, Option<u64>> {
        let (mut trimmed, mut added, mut reached) = (0, 30, None);
        let mut all = BTreeMap::new();
        for trim in trims.iter().chain(std::iter::repeat(&0)) {
            let mut to_come: Vec<u64> = ids(trimmed, 30);
            if let Some(reached) = reached {
                let at = to_come.iter().position(|id| match numbering.direction {
                    Direction::Ascending => *id > reached,
                    Direction::Descending => *id < reached,
                });
                to_come = at.map_or(Vec::new(), |at| to_come.split_off(at));
            }
            to_come.truncate(size);
            let Some(ends) = page(&to_come) else { return all };
            let first = numbering.number(ends, &extent(trimmed, added));
            for (distance, id) in (0..).zip(&to_come) {
                let version = first.and_then(|first| numbering.direction.onward(first, distance));
                all.insert(*id, version);
            }
            reached = to_come.last().copied();
            trimmed = (trimmed + trim).min(29);
            added += 1;
        }
        all
    }

    proptest! {
        #[test]
        fn pages_that_begin_with_the_stream_are_numbered_while_it_is_trimmed_and_written(
            size in 1..7_usize, trims in prop::collection::vec(0..5_u64, 0..9),
        ) {
            let all = |trimmed, added| (trimmed + 1..=added).collect();
            for (id, version) in numbered(Numbering::new(Direction::Ascending), all, size, &trims) {
                prop_assert_eq!(version, Some(id));
            }
            let back = |trimmed, added| (trimmed + 1..=added).rev().collect();
            for (id, version) in numbered(Numbering::new(Direction::Descending), back, size, &trims) {
                prop_assert_eq!(version, Some(id));
            }
        }

        #[test]
        fn pages_from_within_the_stream_are_numbered_from_where_they_begin(
            size in 1..7_usize, from in 2..29_u64,
        ) {
            let at = |direction| Numbering::begin(direction, EntryId::new(from, 0), from);
            let up = move |trimmed: u64, added| (from.max(trimmed + 1)..=added).collect();
            for (id, version) in numbered(at(Direction::Ascending), up, size, &[]) {
                prop_assert_eq!(version, Some(id));
            }
            let down = move |trimmed, _| (trimmed + 1..=from).rev().collect();
            for (id, version) in numbered(at(Direction::Descending), down, size, &[]) {
                prop_assert_eq!(version, Some(id));
            }
        }
    }

    #[test]
    fn a_page_from_within_the_stream_has_no_version_by_itself() {
        for direction in [Direction::Ascending, Direction::Descending] {
            let ends = page(&[5, 6]).unwrap();
            assert_eq!(Numbering::new(direction).number(ends, &extent(0, 9)), None);
        }
    }
}
