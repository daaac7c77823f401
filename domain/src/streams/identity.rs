//! Identity: whether a stream that is seen now is the one that was seen before.
//!
//! A key says little about that. A stream may be deleted and written again, also under the same ids; another one may be renamed,
//! restored or swapped into its place. What was learned of the first one must not be told about the second.
//!
//! A stream gets entries behind its last one only, may lose any of them, and counts both. So what Redis says about it at two moments
//! fits together in a way in which two different streams mostly do not, see [`StreamExtent::is_continued_by`]. What cannot be seen in
//! this way is a stream that was written again with the same ids, as many entries, and the same first and last one: whoever keeps what it read of
//! the entries in between has to compare them.

use crate::EntryId;
use crate::entry_digest::EntryDigest;
use crate::versions::StreamExtent;

impl StreamExtent {
    /// Whether a stream that looked like this can look like `later` by now, by adding entries, trimming and deleting. Otherwise it is
    /// another stream. What is not known of either is taken to fit.
    pub fn is_continued_by(&self, later: &Self) -> bool {
        if self.has_never_had_entries() {
            return true;
        }
        self.counts_are_continued_by(later)
            && self.beginning_is_continued_by(later)
            && self.end_is_continued_by(later)
    }

    /// Whether both can be the same stream, whichever was seen first.
    pub fn is_same_stream(&self, other: &Self) -> bool {
        self.is_continued_by(other) || other.is_continued_by(self)
    }

    fn has_never_had_entries(&self) -> bool {
        self.length == 0 && self.last_generated_id == EntryId::MIN
    }

    /// Nothing that is counted gets less, but for the entries that are there.
    fn counts_are_continued_by(&self, later: &Self) -> bool {
        let has_grown = later.last_id > Some(self.last_generated_id);
        let is_count_continued = match (self.entries_added, later.entries_added) {
            (Some(before), Some(now)) => {
                later.trimmed_count() >= self.trimmed_count()
                    && if has_grown { now > before } else { now >= before }
            }
            // Before Redis 7 nothing tells how many were added.
            _ => has_grown || later.length <= self.length,
        };
        is_count_continued
            && later.last_generated_id >= self.last_generated_id
            && !is_less(self.max_deleted_id, later.max_deleted_id)
    }

    /// The first entry is the same, or it is gone, and is counted as gone.
    fn beginning_is_continued_by(&self, later: &Self) -> bool {
        match (self.first_id, later.first_id) {
            (Some(before), Some(now)) if before == now => {
                is_same(self.first_digest, later.first_digest)
            }
            (Some(before), Some(now)) => {
                // What is there now was there already, or everything that was there is gone.
                let were_all_lost = now > self.last_generated_id;
                let least_gone = if were_all_lost { self.length } else { 1 };
                let is_gone = self.entries_added.is_none()
                    || later.entries_added.is_none()
                    || later.trimmed_count().saturating_sub(self.trimmed_count()) >= least_gone;
                now > before && is_gone
            }
            (None, Some(now)) => now > self.last_generated_id,
            (_, None) => true,
        }
    }

    /// The last entry is the same, has others behind it, or was deleted.
    fn end_is_continued_by(&self, later: &Self) -> bool {
        match (self.last_id, later.last_id) {
            (Some(before), Some(now)) if before == now => {
                is_same(self.last_digest, later.last_digest)
            }
            (Some(before), Some(now)) if now < before => {
                later.max_deleted_id.is_none_or(|deleted| deleted >= before)
            }
            (Some(_), Some(now)) => now > self.last_generated_id,
            _ => true,
        }
    }

    /// Whether an entry that the stream had earlier, with this id and fingerprint, can be what is `found` in it under this id now:
    /// the same, or `None` if it was trimmed or deleted.
    pub fn accounts_for(
        &self,
        id: EntryId,
        digest: EntryDigest,
        found: Option<EntryDigest>,
    ) -> bool {
        match found {
            Some(found) => found == digest,
            None => {
                let is_trimmed = self.first_id.is_none_or(|first| first > id);
                is_trimmed || self.max_deleted_id.is_none_or(|deleted| deleted >= id)
            }
        }
    }
}

fn is_same(before: Option<EntryDigest>, now: Option<EntryDigest>) -> bool {
    match (before, now) {
        (Some(before), Some(now)) => before == now,
        _ => true,
    }
}

fn is_less(before: Option<EntryId>, now: Option<EntryId>) -> bool {
    matches!((before, now), (Some(before), Some(now)) if now < before)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A stream as Redis keeps it. What an entry says is a number.
    #[derive(Clone, Debug, Default)]
    struct Model {
        entries: BTreeMap<u64, u64>,
        added: u64,
        last: u64,
        deleted: u64,
    }

    #[derive(Clone, Debug)]
    enum Change {
        Add { step: u64, says: u64 },
        Trim(usize),
        Delete(usize),
    }

    impl Model {
        fn of(changes: &[Change]) -> Self {
            let mut model = Self::default();
            changes.iter().for_each(|change| model.apply(change));
            model
        }

        fn apply(&mut self, change: &Change) {
            match change {
                Change::Add { step, says } => {
                    self.last += step;
                    self.added += 1;
                    self.entries.insert(self.last, *says);
                }
                Change::Trim(count) => {
                    for _ in 0..*count {
                        self.entries.pop_first();
                    }
                }
                Change::Delete(at) => {
                    let id = self.entries.keys().nth(*at).copied();
                    if let Some(id) = id {
                        self.entries.remove(&id);
                        self.deleted = self.deleted.max(id);
                    }
                }
            }
        }

        fn extent(&self, is_old: bool) -> StreamExtent {
            let id = |ms: u64| EntryId::new(ms, 0);
            let (first, last) = (self.entries.first_key_value(), self.entries.last_key_value());
            StreamExtent {
                length: self.entries.len() as u64,
                first_id: first.map(|(ms, _)| id(*ms)),
                last_id: last.map(|(ms, _)| id(*ms)),
                first_digest: first.map(|(_, says)| EntryDigest(*says)),
                last_digest: last.map(|(_, says)| EntryDigest(*says)),
                last_generated_id: id(self.last),
                entries_added: (!is_old).then_some(self.added),
                max_deleted_id: (!is_old).then_some(id(self.deleted)),
            }
        }
    }

    fn changes(most: usize) -> impl Strategy<Value = Vec<Change>> {
        let change = prop_oneof![
            4 => (1..4_u64, 0..9_u64).prop_map(|(step, says)| Change::Add { step, says }),
            1 => (1..3_usize).prop_map(Change::Trim),
            1 => (0..6_usize).prop_map(Change::Delete),
        ];
        prop::collection::vec(change, 0..most)
    }

    fn written(ids: &[u64], says: u64) -> Model {
        let mut last = 0;
        let mut adds = Vec::new();
        for id in ids {
            adds.push(Change::Add { step: id - last, says });
            last = *id;
        }
        Model::of(&adds)
    }

    proptest! {
        #[test]
        fn a_stream_that_is_added_to_trimmed_and_deleted_from_stays_the_same_one(
            before in changes(20), after in changes(20), is_old: bool
        ) {
            let earlier = Model::of(&before);
            let mut later = earlier.clone();
            after.iter().for_each(|change| later.apply(change));
            prop_assert!(earlier.extent(is_old).is_continued_by(&later.extent(is_old)));
            for (id, says) in &earlier.entries {
                let found = later.entries.get(id).map(|says| EntryDigest(*says));
                let (id, digest) = (EntryId::new(*id, 0), EntryDigest(*says));
                prop_assert!(later.extent(is_old).accounts_for(id, digest, found));
            }
        }

        #[test]
        fn another_first_or_last_entry_under_the_same_id_is_another_stream(
            before in changes(20), is_old: bool, is_first: bool
        ) {
            let earlier = Model::of(&before);
            let mut later = earlier.clone();
            let end = if is_first { later.entries.first_entry() } else { later.entries.last_entry() };
            if let Some(mut end) = end {
                *end.get_mut() += 1;
                prop_assert!(!earlier.extent(is_old).is_continued_by(&later.extent(is_old)));
            }
        }

        #[test]
        fn a_stream_that_was_deleted_and_begins_behind_the_last_id_is_another_one(
            before in changes(20), step in 1..3_u64, count in 1..30_u64
        ) {
            let earlier = Model::of(&before);
            let ids: Vec<u64> = (1..=count).map(|n| earlier.last + n * step).collect();
            let later = written(&ids, 1).extent(false);
            // One that never had an entry, and one that lost nothing yet, cannot be told from one that grows.
            prop_assume!(earlier.added > 0);
            prop_assert!(!earlier.extent(false).is_continued_by(&later));
        }

        #[test]
        fn a_stream_that_goes_back_is_another_one(before in changes(20), is_old: bool) {
            let earlier = Model::of(&before);
            prop_assume!(earlier.last > 1);
            let later = written(&[earlier.last - 1], 1).extent(is_old);
            prop_assert!(!earlier.extent(is_old).is_continued_by(&later));
        }

        #[test]
        fn a_fingerprint_survives_being_written_and_read(digest: u64) {
            let digest = EntryDigest(digest);
            prop_assert_eq!(String::from(digest).parse(), Ok(digest));
        }
    }

    #[test]
    fn whatever_is_taken_from_a_stream_is_counted() {
        let whole = written(&[1, 2, 3], 0).extent(false);
        // Another stream that begins later, of which nothing was ever taken.
        assert!(!whole.is_continued_by(&written(&[2, 3, 4], 0).extent(false)));
        // One that was emptied goes on behind its last id, and one that was made again does not.
        let emptied = Model::of(&[
            Change::Add { step: 3, says: 0 },
            Change::Add { step: 1, says: 0 },
            Change::Trim(9),
        ]);
        let mut refilled = emptied.clone();
        refilled.apply(&Change::Add { step: 1, says: 0 });
        assert!(emptied.extent(false).is_continued_by(&refilled.extent(false)));
        assert!(!emptied.extent(false).is_continued_by(&written(&[5], 0).extent(false)));
    }

    #[test]
    fn an_entry_that_is_missing_without_having_been_deleted_was_never_there() {
        let later = written(&[1, 2, 9], 0).extent(false);
        let can_be = |id, found: Option<u64>| {
            let (id, digest) = (EntryId::new(id, 0), EntryDigest(7));
            later.accounts_for(id, digest, found.map(EntryDigest))
        };
        assert!(can_be(5, Some(7)) && !can_be(5, Some(8)));
        assert!(!can_be(5, None));
        assert!(can_be(0, None));
    }
}
