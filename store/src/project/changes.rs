//! What handlers change in Redis, carried out in the same step that moves the checkpoint.

use std::collections::HashMap;

/// Changes of keys that a projection keeps by itself, such as the counters of a hash.
///
/// They are collected while events are handled, and carried out together with the checkpoint or not at all.
#[derive(Debug, Default)]
pub struct Changes {
    writes: Vec<Write>,
    /// Where the sum of a counter stands among the writes.
    counters: HashMap<(Vec<u8>, Vec<u8>), usize>,
}

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Write {
    /// The state of a fold.
    State(Vec<u8>),
    /// A row of a table, or that there is none any more.
    Row(String, Option<Vec<u8>>),
    /// A key gets a text.
    Set(Vec<u8>, Vec<u8>),
    /// A key goes.
    Delete(Vec<u8>),
    /// A field of a hash gets a text.
    HashSet(Vec<u8>, Vec<u8>, Vec<u8>),
    /// A field of a hash goes.
    HashDelete(Vec<u8>, Vec<u8>),
    /// A whole number in a hash grows.
    Increment(Vec<u8>, Vec<u8>, i64),
    /// A number in a hash grows.
    IncrementFloat(Vec<u8>, Vec<u8>, f64),
}

impl Changes {
    /// Adds to a whole number in a hash, as `HINCRBY` does.
    pub fn increment(&mut self, key: impl Into<Vec<u8>>, field: impl Into<Vec<u8>>, by: i64) {
        let name = (key.into(), field.into());
        if let Some(at) = self.counters.get(&name)
            && let Some(Write::Increment(_, _, sum)) = self.writes.get_mut(*at)
            && let Some(more) = sum.checked_add(by)
        {
            *sum = more;
            return;
        }
        let (key, field) = name.clone();
        self.counters.insert(name, self.writes.len());
        self.writes.push(Write::Increment(key, field, by));
    }

    /// Adds to a number in a hash, as `HINCRBYFLOAT` does. Infinite numbers and those that are none are refused with the batch.
    pub fn increment_float(&mut self, key: impl Into<Vec<u8>>, field: impl Into<Vec<u8>>, by: f64) {
        self.push(Write::IncrementFloat(key.into(), field.into(), by));
    }

    /// Sets a field of a hash, as `HSET` does.
    pub fn hash_set(
        &mut self,
        key: impl Into<Vec<u8>>,
        field: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) {
        self.push(Write::HashSet(key.into(), field.into(), value.into()));
    }

    /// Removes a field of a hash, as `HDEL` does.
    pub fn hash_delete(&mut self, key: impl Into<Vec<u8>>, field: impl Into<Vec<u8>>) {
        self.push(Write::HashDelete(key.into(), field.into()));
    }

    /// Sets a key to a text, as `SET` does.
    pub fn set(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.push(Write::Set(key.into(), value.into()));
    }

    /// Removes a key, as `DEL` does.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) {
        self.push(Write::Delete(key.into()));
    }

    fn push(&mut self, write: Write) {
        // Sums of counters do not move across other changes, which may be of the same key.
        self.counters.clear();
        self.writes.push(write);
    }

    /// The changes, in their order.
    pub(crate) fn into_writes(self) -> Vec<Write> {
        self.writes
    }
}

impl Write {
    /// The key that a handler named, where it named one.
    pub(crate) fn key(&self) -> Option<&[u8]> {
        match self {
            Self::State(_) | Self::Row(..) => None,
            Self::Set(key, _)
            | Self::Delete(key)
            | Self::HashSet(key, ..)
            | Self::HashDelete(key, _)
            | Self::Increment(key, ..)
            | Self::IncrementFloat(key, ..) => Some(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_summed_up_to_the_next_other_change() {
        let mut changes = Changes::default();
        changes.increment("h", "a", 1);
        changes.increment("h", "b", 1);
        changes.increment("h", "a", 2);
        changes.delete("h");
        changes.increment("h", "a", 1);
        let increment = |field: &str, by| Write::Increment("h".into(), field.into(), by);
        let expected =
            [increment("a", 3), increment("b", 1), Write::Delete("h".into()), increment("a", 1)];
        assert_eq!(changes.into_writes(), expected);
    }
}
