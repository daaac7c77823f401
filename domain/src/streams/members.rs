//! Members: which entries of a shared stream are about which thing.
//!
//! A topic such as `events:orders` has the events of many orders in one stream. Whoever wants to read one of them like a stream of
//! its own has to know the ids of its entries, which is what is kept here. An id takes a few bytes, since those of one thing are
//! kept as distances from each other.

use indexmap::IndexMap;

use crate::EntryId;

/// What one of the things takes beside its name and its ids, in bytes: its places in the map, and its run.
const MEMBER_BYTES: usize = size_of::<Box<[u8]>>() + size_of::<Run>() + 3 * size_of::<usize>();

/// The things that entries are about, in the order in which they appeared, and the ids of the entries of each.
#[derive(Clone, Debug, Default)]
pub struct Members {
    runs: IndexMap<Box<[u8]>, Run, foldhash::fast::RandomState>,
    /// What names and ids take.
    bytes: usize,
}

/// The ids of some entries in ascending order: of each, its distance from the one before, or from 0-0. See [`write`].
#[derive(Clone, Debug, Default)]
struct Run {
    last: EntryId,
    distances: Vec<u8>,
}

impl Members {
    /// Notes that this entry is about this thing. Entries come in ascending order; one that does not was noted before.
    pub fn append(&mut self, member: &[u8], id: EntryId) {
        let run = match self.runs.get_mut(member) {
            Some(run) => run,
            None => {
                self.bytes += member.len() + MEMBER_BYTES;
                self.runs.entry(member.into()).or_default()
            }
        };
        if !run.distances.is_empty() && id <= run.last {
            return;
        }
        let before = run.distances.capacity();
        write(&mut run.distances, run.last, id);
        run.last = id;
        self.bytes += run.distances.capacity() - before;
    }

    /// Forgets the entries before this one, and the things that no other entry is about.
    pub fn forget_before(&mut self, from: EntryId) {
        let mut kept = Self::default();
        for (name, run) in &self.runs {
            if run.last >= from {
                self.ids(name, from).into_iter().for_each(|id| kept.append(name, id));
            }
        }
        *self = kept;
    }

    /// How many things there are.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The ids of the entries about one thing, from this id on.
    pub fn ids(&self, member: &[u8], from: EntryId) -> Vec<EntryId> {
        let Some(run) = self.runs.get(member) else { return Vec::new() };
        let mut rest = run.distances.as_slice();
        let mut at = EntryId::default();
        let mut ids = Vec::new();
        while let Some(id) = read(&mut rest, at) {
            at = id;
            if id >= from {
                ids.push(id);
            }
        }
        ids
    }

    /// The things that an entry from this id on is about, but for the `skipped` first ones that there are.
    pub fn names(&self, skipped: usize, from: EntryId) -> impl Iterator<Item = &[u8]> {
        let names = self.runs.iter().skip(skipped);
        names.filter_map(move |(name, run)| (run.last >= from).then_some(&**name))
    }

    /// About how much memory it takes, in bytes.
    pub fn byte_size(&self) -> usize {
        size_of::<Self>() + self.bytes
    }
}

/// Adds the distance of `id` from the one before it: by how many milliseconds it is later, and its sequence number, or how much
/// greater that is within the same millisecond. Both in groups of seven bits, the lowest first, with the highest bit set where
/// another group follows (LEB128).
fn write(bytes: &mut Vec<u8>, before: EntryId, id: EntryId) {
    let later = id.ms().saturating_sub(before.ms());
    let base = if later == 0 { before.seq() } else { 0 };
    for mut number in [later, id.seq().saturating_sub(base)] {
        while number >= 0x80 {
            bytes.push(low_byte(number) | 0x80);
            number >>= 7;
        }
        bytes.push(low_byte(number));
    }
}

fn low_byte(number: u64) -> u8 {
    let [byte, ..] = number.to_le_bytes();
    byte
}

/// Takes the id off that lies at the next distance from `before`.
fn read(bytes: &mut &[u8], before: EntryId) -> Option<EntryId> {
    let later = number(bytes)?;
    let seq = number(bytes)?;
    Some(match later {
        0 => EntryId::new(before.ms(), before.seq().saturating_add(seq)),
        _ => EntryId::new(before.ms().saturating_add(later), seq),
    })
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use proptest::prelude::*;

    fn id() -> impl Strategy<Value = EntryId> {
        let part = || prop_oneof![0..4_u64, Just(u64::MAX), any::<u64>()];
        (part(), part()).prop_map(|(ms, seq)| EntryId::new(ms, seq))
    }

    proptest! {
        #[test]
        fn each_thing_has_the_ids_that_were_noted_for_it(
            noted in prop::collection::btree_map(id(), prop::sample::select(vec!["a", "b", ""]), 0..50),
            from in id(),
        ) {
            let mut members = Members::default();
            let mut expected: BTreeMap<&str, Vec<EntryId>> = BTreeMap::new();
            for (id, name) in &noted {
                members.append(name.as_bytes(), *id);
                // Reading goes on with the last entry that was read before.
                members.append(name.as_bytes(), *id);
                expected.entry(name).or_default().push(*id);
            }
            prop_assert_eq!(members.len(), expected.len());
            for (name, mut ids) in expected {
                ids.retain(|id| *id >= from);
                prop_assert_eq!(members.ids(name.as_bytes(), from), ids.clone());
                let is_named = members.names(0, from).any(|known| known == name.as_bytes());
                prop_assert_eq!(is_named, !ids.is_empty());
                let mut kept = members.clone();
                kept.forget_before(from);
                prop_assert_eq!(kept.ids(name.as_bytes(), EntryId::MIN), ids);
                prop_assert!(kept.byte_size() <= members.byte_size());
            }
        }
    }

    #[test]
    fn names_come_in_the_order_in_which_they_appeared() {
        let mut members = Members::default();
        for (ms, name) in ["b", "a", "b", "c"].into_iter().enumerate() {
            members.append(name.as_bytes(), EntryId::new(ms as u64, 0));
        }
        let names =
            |skipped, from| members.names(skipped, EntryId::new(from, 0)).collect::<Vec<_>>();
        assert_eq!(names(0, 0), [b"b", b"a", b"c"]);
        assert_eq!(names(1, 2), [b"c"], "what `a` had is before that");
        assert!(members.ids(b"d", EntryId::MIN).is_empty());
    }

    #[test]
    fn ten_events_each_of_many_things_take_a_few_bytes_each() {
        let mut members = Members::default();
        for n in 0..10_000 {
            let name = format!("order-{:08}", n % 1_000);
            members.append(name.as_bytes(), EntryId::new(1_700_000_000_000 + n * 50, 0));
        }
        assert!(members.byte_size() < 10_000 * 20, "{}", members.byte_size());
    }
}
