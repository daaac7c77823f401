//! Finding keys by a part of them.

use crate::streams::segments::split_last;

/// How well a key fits what was looked for, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It is that.
    Whole,
    /// Its last segment is that.
    Name,
    /// It begins like that.
    Beginning,
    /// One of its segments begins like that.
    Segment,
    /// It has that somewhere.
    Inside,
}

impl Rank {
    /// How many there are.
    pub(super) const COUNT: usize = Self::Inside as usize + 1;

    /// How well a key fits, capitals or not; `None` if it does not have it.
    pub(super) fn of(key: &[u8], part: &[u8]) -> Option<Self> {
        let first = find(key, part)?;
        if key.len() == part.len() {
            return Some(Self::Whole);
        }
        let name = split_last(key).1;
        if name.eq_ignore_ascii_case(part) {
            return Some(Self::Name);
        }
        if first == 0 {
            return Some(Self::Beginning);
        }
        let begins =
            |rest: &[u8]| rest.get(..part.len()).is_some_and(|p| p.eq_ignore_ascii_case(part));
        // No segment begins before the first match.
        let rest = key.get(first - 1..).unwrap_or_default();
        let is_segment = (0..rest.len()).any(|at| rest[at] == b':' && begins(&rest[at + 1..]));
        Some(if is_segment { Self::Segment } else { Self::Inside })
    }
}

/// Where a part is first found, capitals or not.
fn find(key: &[u8], part: &[u8]) -> Option<usize> {
    let Some((first, rest)) = part.split_first() else { return Some(0) };
    let (small, large) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let last = key.len().checked_sub(part.len())?;
    (0..=last).find(|&at| {
        (key[at] == small || key[at] == large)
            && key[at + 1..at + part.len()].eq_ignore_ascii_case(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_ranked_by_how_well_they_fit() {
        let rank = |key: &str| Rank::of(key.as_bytes(), b"Order");
        for (key, expected) in [
            ("order", Some(Rank::Whole)),
            ("events:ORDER", Some(Rank::Name)),
            ("orders:1", Some(Rank::Beginning)),
            ("preorder:orders:1", Some(Rank::Segment)),
            ("aggregate:preorder:1", Some(Rank::Inside)),
            ("ord:er", None),
            ("", None),
        ] {
            assert_eq!(rank(key), expected, "{key}");
        }
        assert_eq!(Rank::of(b"a:b", b"A:"), Some(Rank::Beginning));
        assert_eq!(Rank::of(b"x:a:b", b":"), Some(Rank::Inside));
    }

    proptest! {
        #[test]
        fn a_key_is_found_by_every_part_of_it(key in "[aAbB:]{1,8}", from in 0..8usize, len in 1..8usize) {
            let from = from.min(key.len() - 1);
            let part = &key[from..(from + len).min(key.len())];
            prop_assert!(Rank::of(key.as_bytes(), part.to_lowercase().as_bytes()).is_some());
        }

        #[test]
        fn nothing_is_found_that_is_not_there(key in "[aAbB:]{0,8}", part in "[aAbB:]{1,4}") {
            let is_there = key.to_lowercase().contains(&part.to_lowercase());
            prop_assert_eq!(Rank::of(key.as_bytes(), part.as_bytes()).is_some(), is_there);
        }
    }
}
