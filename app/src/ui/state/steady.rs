//! Lists that hold still: what stands in them goes on, and where it stands does not.

use std::collections::HashMap;
use std::hash::Hash;

/// The same things in the same order as before, each as it is now. What is new waits; what is gone stays as it was.
pub(crate) fn in_order<T: Clone, K: Eq + Hash>(
    before: &[T],
    now: &[T],
    key_of: impl Fn(&T) -> K,
) -> Vec<T> {
    let now: HashMap<K, &T> = now.iter().map(|thing| (key_of(thing), thing)).collect();
    before.iter().map(|thing| now.get(&key_of(thing)).copied().unwrap_or(thing).clone()).collect()
}

/// How many of the things now were not there before.
pub(crate) fn new_ones<T, K: PartialEq>(
    before: &[T],
    now: &[T],
    key_of: impl Fn(&T) -> K,
) -> usize {
    now.iter().filter(|thing| !before.iter().any(|other| key_of(other) == key_of(thing))).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_keep_their_places_and_change_their_values() {
        let before = [("a", 1), ("b", 2), ("c", 3)];
        let now = [("d", 9), ("b", 8), ("a", 7)];
        assert_eq!(in_order(&before, &now, |thing| thing.0), [("a", 7), ("b", 8), ("c", 3)]);
        assert_eq!(new_ones(&before, &now, |thing| thing.0), 1);
    }
}
