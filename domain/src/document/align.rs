//! Which items of two arrays are the same one: by what identifies them, else by what they are.

use std::collections::{HashMap, HashSet};

use crate::Json;

/// Members that identify an object among others, the likeliest first.
const IDENTITIES: [&str; 7] = ["id", "_id", "key", "uuid", "sku", "code", "name"];
/// Up to this many pairs of items are compared with each other; beyond that, items without an identity are matched by place.
const MAX_PAIRS: usize = 40_000;

/// What becomes of the items of an array, in the order of the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The item at the one place is now at the other, perhaps changed.
    Stays(usize, usize),
    /// The item at this place of the old array is gone.
    Goes(usize),
    /// The item at this place of the new array is new.
    Comes(usize),
}

/// Matches the items of two arrays. Each item of both has one fate. An item that moved goes and comes.
pub(crate) fn align(old: &[Json], new: &[Json]) -> Vec<Fate> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let tails = old[head..].iter().rev().zip(new[head..].iter().rev());
    let tail = tails.take_while(|(a, b)| a == b).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);

    let mut fates = Vec::with_capacity(new.len());
    fates.extend((0..head).map(|i| Fate::Stays(i, i)));
    let middle = Middle { old: &old[head..old_end], new: &new[head..new_end], offset: head };
    middle.align(&mut fates);
    fates.extend((0..tail).map(|i| Fate::Stays(old_end + i, new_end + i)));
    fates
}

/// What lies between the items that both begin and end with.
struct Middle<'a> {
    old: &'a [Json],
    new: &'a [Json],
    /// Where it begins in both.
    offset: usize,
}

impl Middle<'_> {
    fn align(&self, fates: &mut Vec<Fate>) {
        let (anchors, have_identity) = match identity(self.old, self.new) {
            _ if self.old.is_empty() || self.new.is_empty() => (Vec::new(), false),
            Some(key) => (self.by_identity(key), true),
            None if self.old.len() * self.new.len() <= MAX_PAIRS => (self.by_value(), false),
            None => (Vec::new(), false),
        };
        let (mut i, mut j) = (0, 0);
        let ends = (self.old.len(), self.new.len());
        for (next_i, next_j) in anchors.into_iter().chain([ends]) {
            // What has an identity and no match is another thing; what has none may be the same, changed.
            let pairs = if have_identity { 0 } else { (next_i - i).min(next_j - j) };
            let at = self.offset;
            fates.extend((0..pairs).map(|n| Fate::Stays(at + i + n, at + j + n)));
            fates.extend((i + pairs..next_i).map(|i| Fate::Goes(at + i)));
            fates.extend((j + pairs..next_j).map(|j| Fate::Comes(at + j)));
            if (next_i, next_j) != ends {
                fates.push(Fate::Stays(at + next_i, at + next_j));
            }
            (i, j) = (next_i + 1, next_j + 1);
        }
    }

    /// The items that have the same identity in both and did not change their order, as many as possible.
    fn by_identity(&self, key: &str) -> Vec<(usize, usize)> {
        let places: HashMap<&str, usize> = self
            .new
            .iter()
            .enumerate()
            .filter_map(|(j, item)| Some((scalar(item, key)?, j)))
            .collect();
        let matches = self.old.iter().enumerate().filter_map(|(i, item)| {
            scalar(item, key).and_then(|identity| places.get(identity)).map(|j| (i, *j))
        });
        longest_ascending(&matches.collect::<Vec<_>>())
    }

    /// A longest common subsequence.
    fn by_value(&self) -> Vec<(usize, usize)> {
        let (rows, columns) = (self.old.len(), self.new.len());
        // The length of the longest one of what is left of both, for each pair of places.
        let mut lengths = vec![0u32; (rows + 1) * (columns + 1)];
        let at = |i: usize, j: usize| i * (columns + 1) + j;
        for i in (0..rows).rev() {
            for j in (0..columns).rev() {
                lengths[at(i, j)] = if self.old[i] == self.new[j] {
                    lengths[at(i + 1, j + 1)] + 1
                } else {
                    lengths[at(i + 1, j)].max(lengths[at(i, j + 1)])
                };
            }
        }
        let (mut i, mut j) = (0, 0);
        let mut common = Vec::new();
        while i < rows && j < columns {
            if self.old[i] == self.new[j] {
                common.push((i, j));
                (i, j) = (i + 1, j + 1);
            } else if lengths[at(i + 1, j)] >= lengths[at(i, j + 1)] {
                i += 1;
            } else {
                j += 1;
            }
        }
        common
    }
}

/// The member that identifies every item of both arrays, if there is one.
fn identity<'a>(old: &'a [Json], new: &'a [Json]) -> Option<&'a str> {
    let Json::Object(first) = old.first().or(new.first())? else { return None };
    let usual = IDENTITIES.into_iter().filter(|key| first.contains_key(*key));
    let others = first
        .keys()
        .map(AsRef::as_ref)
        .filter(|key| !IDENTITIES.contains(key) && (key.ends_with("_id") || key.ends_with("Id")));
    usual.chain(others).find(|key| is_unique(old, key) && is_unique(new, key))
}

fn is_unique(items: &[Json], key: &str) -> bool {
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().all(|item| scalar(item, key).is_some_and(|identity| seen.insert(identity)))
}

fn scalar<'a>(item: &'a Json, key: &str) -> Option<&'a str> {
    match item.get(key)? {
        Json::String(text) => Some(text),
        Json::Number(number) => Some(number.as_str()),
        _ => None,
    }
}

/// A longest run of pairs, ascending in the first place as given, that ascends in the second (patience sorting, Fredman 1975).
fn longest_ascending(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length the pair with the least end that ends a run of that length, and for each pair the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, (_, j)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *j);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut run = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        run.push(pairs[at]);
        next = before[at];
    }
    run.reverse();
    run
}

#[cfg(test)]
mod tests {
    use super::Fate::{Comes, Goes, Stays};
    use super::*;

    fn aligned(old: &str, new: &str) -> Vec<Fate> {
        let items = |text: &str| match Json::parse(text).unwrap() {
            Json::Array(items) => items.to_vec(),
            other => panic!("{other} is no array"),
        };
        align(&items(old), &items(new))
    }

    #[test]
    fn items_are_followed_by_their_identity() {
        assert_eq!(
            aligned(
                r#"[{"id":1},{"id":2,"n":1},{"id":3}]"#,
                r#"[{"id":2,"n":2},{"id":4},{"id":3}]"#
            ),
            [Goes(0), Stays(1, 0), Comes(1), Stays(2, 2)]
        );
        assert_eq!(
            aligned(r#"[{"sku":"a","n":1}]"#, r#"[{"sku":"b","n":1},{"sku":"a","n":2}]"#),
            [Comes(0), Stays(0, 1)]
        );
    }

    #[test]
    fn any_member_that_is_called_an_id_and_is_unique_is_one() {
        let fates = aligned(
            r#"[{"line_id":"x","n":1},{"line_id":"y","n":1}]"#,
            r#"[{"line_id":"y","n":2}]"#,
        );
        assert_eq!(fates, [Goes(0), Stays(1, 0)]);
    }

    #[test]
    fn what_moves_goes_and_comes() {
        let fates = aligned(r#"[{"id":1},{"id":2},{"id":3}]"#, r#"[{"id":3},{"id":1},{"id":2}]"#);
        assert_eq!(fates, [Comes(0), Stays(0, 1), Stays(1, 2), Goes(2)]);
    }

    #[test]
    fn items_without_identity_are_followed_by_what_they_are() {
        assert_eq!(
            aligned("[1,2,3,4]", "[2,3,4]"),
            [Goes(0), Stays(1, 0), Stays(2, 1), Stays(3, 2)]
        );
        assert_eq!(aligned("[1,2]", "[1,3]"), [Stays(0, 0), Stays(1, 1)]);
        assert_eq!(
            aligned(r#"[{"id":1,"n":1},{"id":1,"n":2}]"#, r#"[{"id":1,"n":3},{"id":1,"n":4}]"#),
            [Stays(0, 0), Stays(1, 1)]
        );
    }

    #[test]
    fn long_arrays_take_no_longer_than_they_are_long() {
        let items = |range: std::ops::Range<u64>| -> Vec<Json> {
            range.map(|n| Json::Number(n.into())).collect()
        };
        let mut new = items(0..100_000);
        new[50_000] = Json::Null;
        assert_eq!(align(&items(0..100_000), &new).len(), 100_000);
        // Nothing in common: matched by place.
        assert_eq!(align(&items(0..50_000), &items(100_000..150_000)).len(), 50_000);
    }
}
