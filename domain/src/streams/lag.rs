//! Lag: how many entries a consumer group was not given yet, and how sure that is.
//!
//! Redis counts what a group was given (`entries-read`) and subtracts that from what was ever added. That goes wrong in known ways:
//! entries that were trimmed before the group was given them stay in the count, deleted ones make Redis lose it, and replicas are
//! not told it. What the stream itself says puts bounds on the answer, and often is the answer.

use crate::EntryId;
use crate::versions::StreamExtent;

/// What Redis says about how far a group is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupProgress {
    /// The last entry that the group was given.
    pub last_delivered_id: EntryId,
    /// `lag`, where Redis tells it.
    pub told: Option<u64>,
    /// Whether the server knows of lag at all; it does from Redis 7 on.
    pub is_supported: bool,
    /// Whether the server is a replica, which is not told how many entries a group was given.
    pub is_replica: bool,
}

/// How many entries a group was not given yet, of those that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lag {
    /// This many.
    Exact(u64),
    /// At least one and at most this many.
    AtMost(u64, LagDoubt),
}

/// Why a lag is not known exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LagDoubt {
    /// The server is older than Redis 7.
    OldServer,
    /// The server is a replica.
    Replica,
    /// Entries were deleted that the group was not given.
    DeletedAhead,
    /// The group was set to a place inside the stream, or its count is wrong.
    LostCount,
    /// Redis tells a number that may include entries that were trimmed before the group was given them.
    TrimmedUnread,
}

/// The lag of a group in a stream.
pub fn lag(group: &GroupProgress, stream: &StreamExtent) -> Lag {
    let (Some(first), Some(last)) = (stream.first_id, stream.last_id) else { return Lag::Exact(0) };
    if group.last_delivered_id >= last {
        return Lag::Exact(0);
    }
    if group.last_delivered_id < first {
        return Lag::Exact(stream.length);
    }
    // The group was given the first entry, and not the last one.
    let most = stream.length.saturating_sub(1).max(1);
    if most == 1 {
        return Lag::Exact(1);
    }
    match group.told {
        Some(1) => Lag::Exact(1),
        Some(told) if (1..=most).contains(&told) && stream.trimmed_count() == 0 => Lag::Exact(told),
        Some(told) if told > 0 && stream.trimmed_count() > 0 => {
            Lag::AtMost(told.min(most), LagDoubt::TrimmedUnread)
        }
        Some(_) => Lag::AtMost(most, LagDoubt::LostCount),
        None => Lag::AtMost(most, why_untold(group, stream)),
    }
}

fn why_untold(group: &GroupProgress, stream: &StreamExtent) -> LagDoubt {
    let is_deleted_ahead = stream.max_deleted_id.is_some_and(|id| id >= group.last_delivered_id);
    if !group.is_supported {
        LagDoubt::OldServer
    } else if is_deleted_ahead {
        LagDoubt::DeletedAhead
    } else if group.is_replica {
        LagDoubt::Replica
    } else {
        LagDoubt::LostCount
    }
}

impl LagDoubt {
    /// The reason, for people.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::OldServer => "Redis before version 7 does not tell it",
            Self::Replica => {
                "this server is a replica, which is not told how many entries a group was given; its primary knows"
            }
            Self::DeletedAhead => {
                "Redis has lost count: entries that the group was not given were deleted"
            }
            Self::LostCount => {
                "Redis has lost count: the group was set to a place inside the stream"
            }
            Self::TrimmedUnread => {
                "entries may have been trimmed before the group was given them, and Redis may count them as still to come"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(at: u64) -> EntryId {
        EntryId::new(at, 0)
    }

    fn stream(first: u64, last: u64, added: u64) -> StreamExtent {
        StreamExtent {
            length: last + 1 - first,
            first_id: Some(id(first)),
            last_id: Some(id(last)),
            last_generated_id: id(last),
            entries_added: Some(added),
            max_deleted_id: Some(EntryId::MIN),
            ..StreamExtent::default()
        }
    }

    fn group(at: u64, told: Option<u64>) -> GroupProgress {
        GroupProgress {
            last_delivered_id: id(at),
            told,
            is_supported: true,
            ..GroupProgress::default()
        }
    }

    #[test]
    fn a_group_that_was_given_all_that_is_there_has_no_lag() {
        let emptied = StreamExtent { first_id: None, last_id: None, length: 0, ..stream(1, 1, 9) };
        assert_eq!(lag(&group(3, Some(6)), &emptied), Lag::Exact(0));
        // The last entry was deleted, so that Redis does not tell.
        let deleted = StreamExtent {
            max_deleted_id: Some(id(4)),
            last_generated_id: id(4),
            ..stream(1, 3, 4)
        };
        assert_eq!(lag(&group(3, None), &deleted), Lag::Exact(0));
    }

    #[test]
    fn a_group_that_was_given_nothing_that_is_there_lags_by_all_of_it() {
        // Ten were added, and the first six were trimmed before the group was given them.
        assert_eq!(lag(&group(3, Some(7)), &stream(7, 10, 10)), Lag::Exact(4));
        assert_eq!(lag(&group(0, None), &stream(1, 10, 10)), Lag::Exact(10));
    }

    #[test]
    fn a_lag_is_never_above_the_length() {
        assert_eq!(lag(&group(7, Some(6)), &stream(7, 8, 10)), Lag::Exact(1));
        let doubt = LagDoubt::TrimmedUnread;
        assert_eq!(lag(&group(7, Some(6)), &stream(7, 10, 10)), Lag::AtMost(3, doubt));
        let doubt = LagDoubt::LostCount;
        assert_eq!(lag(&group(5, Some(60)), &stream(1, 10, 10)), Lag::AtMost(9, doubt));
    }

    #[test]
    fn the_reason_is_that_of_the_server() {
        let inside = stream(1, 10, 10);
        let doubt = |group: GroupProgress, stream: &StreamExtent| match lag(&group, stream) {
            Lag::AtMost(9, doubt) => doubt,
            other => panic!("{other:?}"),
        };
        let untold = group(5, None);
        assert_eq!(doubt(untold, &inside), LagDoubt::LostCount);
        assert_eq!(doubt(GroupProgress { is_replica: true, ..untold }, &inside), LagDoubt::Replica);
        let old = GroupProgress { is_supported: false, is_replica: true, ..untold };
        assert_eq!(doubt(old, &inside), LagDoubt::OldServer);
        let deleted = StreamExtent { max_deleted_id: Some(id(7)), ..inside };
        assert_eq!(doubt(untold, &deleted), LagDoubt::DeletedAhead);
    }

    /// A stream with a group, as Redis 7.0 keeps both.
    #[derive(Default)]
    struct Model {
        entries: Vec<u64>,
        added: u64,
        max_deleted: u64,
        last_delivered: u64,
        /// `None` where Redis lost it.
        read: Option<u64>,
    }

    #[derive(Clone, Debug)]
    enum Step {
        Add(u64),
        Trim(usize),
        Delete(usize),
        Read(usize),
    }

    impl Model {
        fn has_tombstone_from(&self, at: u64) -> bool {
            !self.entries.is_empty() && self.max_deleted != 0 && at <= self.max_deleted
        }

        /// What Redis takes for the number of entries up to this one.
        fn estimate(&self, at: u64) -> Option<u64> {
            let length = self.entries.len() as u64;
            let first = self.entries.first().copied();
            match first {
                _ if self.added == 0 => Some(0),
                None => Some(self.added),
                _ if at != 0 && at < self.max_deleted => None,
                _ if at == self.added => Some(self.added),
                Some(first) if self.max_deleted == 0 || self.max_deleted < first => {
                    match at.cmp(&first) {
                        std::cmp::Ordering::Less => Some(self.added - length),
                        std::cmp::Ordering::Equal => Some(self.added - length + 1),
                        std::cmp::Ordering::Greater => None,
                    }
                }
                Some(_) => None,
            }
        }

        fn step(&mut self, step: &Step) {
            match *step {
                Step::Add(count) => {
                    for _ in 0..count {
                        self.added += 1;
                        self.entries.push(self.added);
                    }
                }
                Step::Trim(count) => drop(self.entries.drain(..count.min(self.entries.len()))),
                Step::Delete(at) if !self.entries.is_empty() => {
                    let at = at % self.entries.len();
                    self.max_deleted = self.max_deleted.max(self.entries.remove(at));
                }
                Step::Delete(_) => {}
                Step::Read(count) => {
                    let unread: Vec<u64> = self
                        .entries
                        .iter()
                        .copied()
                        .filter(|at| *at > self.last_delivered)
                        .collect();
                    for at in unread.into_iter().take(count) {
                        self.read = match self.read {
                            Some(read) if !self.has_tombstone_from(at) => Some(read + 1),
                            _ => self.estimate(at),
                        };
                        self.last_delivered = at;
                    }
                }
            }
        }

        fn told(&self) -> Option<u64> {
            let read = match self.read {
                Some(read) if !self.has_tombstone_from(self.last_delivered) => Some(read),
                _ => self.estimate(self.last_delivered),
            };
            read.and_then(|read| self.added.checked_sub(read))
        }

        fn extent(&self) -> StreamExtent {
            StreamExtent {
                length: self.entries.len() as u64,
                first_id: self.entries.first().copied().map(id),
                last_id: self.entries.last().copied().map(id),
                last_generated_id: id(self.added),
                entries_added: Some(self.added),
                max_deleted_id: Some(id(self.max_deleted)),
                ..StreamExtent::default()
            }
        }
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (1_u64..6).prop_map(Step::Add),
            (1_usize..5).prop_map(Step::Trim),
            (0_usize..9).prop_map(Step::Delete),
            (1_usize..5).prop_map(Step::Read),
        ];
        prop::collection::vec(step, 0..40)
    }

    proptest! {
        #[test]
        fn the_lag_is_right_whatever_was_added_trimmed_deleted_and_read(steps in steps()) {
            let mut model = Model { read: Some(0), ..Model::default() };
            for step in &steps {
                model.step(step);
                let told = model.told();
                let unread =
                    model.entries.iter().filter(|at| **at > model.last_delivered).count() as u64;
                let found = lag(&group(model.last_delivered, told), &model.extent());
                match found {
                    Lag::Exact(lag) => prop_assert_eq!(lag, unread, "after {:?}", step),
                    Lag::AtMost(most, _) => {
                        prop_assert!(unread >= 1 && unread <= most, "{unread} of {found:?}");
                        prop_assert!(most < model.entries.len() as u64);
                    }
                }
            }
        }
    }
}
