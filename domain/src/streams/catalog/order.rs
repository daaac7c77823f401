//! The order of keys: by their segments, and by the size of the numbers in them.
//!
//! In it the streams of a category stand together, and of those the ones that are in no category below it come first.

use std::cmp::Ordering;

use crate::streams::segments::split_first;

/// Compares two keys. Only equal bytes are equal.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        match (split_first(left), split_first(right)) {
            ((x, None), (y, None)) => return segments(x, y),
            ((_, None), (_, Some(_))) => return Ordering::Less,
            ((_, Some(_)), (_, None)) => return Ordering::Greater,
            ((x, Some(more)), (y, Some(others))) => match segments(x, y) {
                Ordering::Equal => (left, right) = (more, others),
                order => return order,
            },
        }
    }
}

/// Where a key stands relative to those of a category; equal where it is one of them.
pub(super) fn compare_to_category(key: &[u8], category: &[u8]) -> Ordering {
    let (mut left, mut right) = (key, Some(category));
    while let Some(rest) = right {
        let (y, others) = split_first(rest);
        let (x, Some(more)) = split_first(left) else { return Ordering::Less };
        match segments(x, y) {
            Ordering::Equal => (left, right) = (more, others),
            order => return order,
        }
    }
    Ordering::Equal
}

/// Compares two segments, those with numbers in them by the size of the numbers: `9` before `10`.
pub(super) fn segments(a: &[u8], b: &[u8]) -> Ordering {
    let (mut left, mut right) = (a, b);
    while let ([x, ..], [y, ..]) = (left, right) {
        let (m, n) = (leading_digits(left), leading_digits(right));
        let order = if m > 0 && n > 0 {
            let (p, q) = (without_zeros(&left[..m]), without_zeros(&right[..n]));
            (left, right) = (&left[m..], &right[n..]);
            p.len().cmp(&q.len()).then_with(|| p.cmp(q))
        } else {
            (left, right) = (&left[1..], &right[1..]);
            x.cmp(y)
        };
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

fn leading_digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::segments::colons;
    use proptest::prelude::*;

    /// Keys that have much in common.
    fn key() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(&b"ab01:::{}"[..]), 0..8)
    }

    #[test]
    fn numbers_sort_by_their_size_and_leaves_before_what_is_below() {
        let mut keys = ["a:10", "b", "a:9", "a:b", "a:09", "a:1:x", "a", "a:09:x", "a:9:w"];
        keys.sort_by(|a, b| compare(a.as_bytes(), b.as_bytes()));
        assert_eq!(keys, ["a", "b", "a:09", "a:9", "a:10", "a:b", "a:1:x", "a:09:x", "a:9:w"]);
    }

    proptest! {
        #[test]
        fn the_order_is_total_and_tells_all_keys_apart(a in key(), b in key(), c in key()) {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &b).is_eq(), a == b);
            if compare(&a, &b).is_lt() && compare(&b, &c).is_lt() {
                prop_assert!(compare(&a, &c).is_lt());
            }
        }

        #[test]
        fn a_category_is_one_run_of_keys(mut keys in prop::collection::vec(key(), 0..40), category in key()) {
            keys.sort_by(|a, b| compare(a, b));
            let sides: Vec<_> = keys.iter().map(|key| compare_to_category(key, &category)).collect();
            prop_assert!(sides.is_sorted());
            for (key, side) in keys.iter().zip(sides) {
                let ends_there = colons(key).any(|colon| colon == category.len());
                prop_assert_eq!(side.is_eq(), key.starts_with(&category) && ends_there);
            }
        }
    }
}
