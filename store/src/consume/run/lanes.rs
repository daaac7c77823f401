//! Which entries may be handled now: those of one key one after the other, in the order of their ids.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Entries that wait to be handled. An item without a key waits for nobody.
pub(super) struct Lanes<K, T> {
    /// What may be handled now.
    ready: VecDeque<(Option<K>, T)>,
    /// For each key of which an item is ready or being handled: what waits for that item, in order.
    waiting: HashMap<K, VecDeque<T>>,
}

impl<K: Clone + Eq + Hash, T: Ord> Lanes<K, T> {
    pub(super) fn new() -> Self {
        Self { ready: VecDeque::new(), waiting: HashMap::new() }
    }

    /// Adds an item.
    pub(super) fn push(&mut self, key: Option<K>, item: T) {
        match key {
            None => self.ready.push_back((None, item)),
            Some(key) => match self.waiting.get_mut(&key) {
                Some(queue) => {
                    // Claimed entries are older than those that came before them.
                    let at = queue.partition_point(|other| *other < item);
                    queue.insert(at, item);
                }
                None => {
                    self.waiting.insert(key.clone(), VecDeque::new());
                    self.ready.push_back((Some(key), item));
                }
            },
        }
    }

    /// Takes an item that may be handled now.
    pub(super) fn pop(&mut self) -> Option<(Option<K>, T)> {
        self.ready.pop_front()
    }

    /// Adds an item that was taken, and is to be handled again before others of its key.
    pub(super) fn push_again(&mut self, key: Option<K>, item: T) {
        self.ready.push_back((key, item));
    }

    /// Notes that an item of this key is done, so that the next one of the key may be handled.
    pub(super) fn done(&mut self, key: Option<K>) {
        let Some(key) = key else { return };
        match self.waiting.get_mut(&key).and_then(VecDeque::pop_front) {
            Some(item) => self.ready.push_back((Some(key), item)),
            None => drop(self.waiting.remove(&key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn items_of_one_key_are_handled_alone_and_in_order(
            keys in prop::collection::vec(prop::option::of(0_u8..3), 0..40),
            picks in prop::collection::vec(0_usize..8, 0..80),
        ) {
            let mut lanes = Lanes::new();
            for (item, key) in keys.iter().enumerate() {
                lanes.push(*key, item);
            }
            let mut under_way: Vec<(Option<u8>, usize)> = Vec::new();
            let mut done: Vec<(Option<u8>, usize)> = Vec::new();
            let mut picks = picks.into_iter();
            loop {
                while let Some((key, item)) = lanes.pop() {
                    prop_assert!(key.is_none() || under_way.iter().all(|(other, _)| *other != key));
                    under_way.push((key, item));
                }
                if under_way.is_empty() {
                    break;
                }
                let (key, item) = under_way.remove(picks.next().unwrap_or(0) % under_way.len());
                done.push((key, item));
                lanes.done(key);
            }
            prop_assert_eq!(done.len(), keys.len());
            for key in 0..3 {
                prop_assert!(done.iter().filter(|(k, _)| *k == Some(key)).is_sorted_by_key(|(_, item)| *item));
            }
            prop_assert!(lanes.waiting.is_empty());
        }
    }
}
