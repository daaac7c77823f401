//! Whether what was read of a stream fits together.
//!
//! Entries are read between two looks at the stream (`XINFO STREAM`), all in one go but not in a transaction: at `maxmemory` Redis
//! refuses to queue even reads, and not every user may use transactions. Where both looks say the same, nothing happened in
//! between. Where entries were added at the end or trimmed at the beginning meanwhile, what was read mostly is still right, and this
//! says what the stream was like for it: versions counted from the one fit the other. Otherwise it has to be read again.

use rewind_domain::EntryId;
use rewind_domain::entry_digest::EntryDigest;
use rewind_domain::versions::StreamExtent;

use super::{IdRange, PageOrder, StoreError, StreamInfo};

/// How often something is read again that does not fit. Redis mostly works off in one go what is sent in one go, so a second time is
/// rare.
pub(super) const ATTEMPTS: usize = 5;

/// Two looks at a stream that both found it, or why it cannot be read. One that was there only once came or went meanwhile.
pub(super) fn both(
    before: Result<StreamInfo, StoreError>,
    after: Result<StreamInfo, StoreError>,
) -> Result<(StreamInfo, StreamInfo), StoreError> {
    match (before, after) {
        (Ok(before), Ok(after)) => Ok((before, after)),
        (Err(StoreError::NotFound), Ok(_)) | (Ok(_), Err(StoreError::NotFound)) => {
            Err(StoreError::Changed)
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// What was asked of a stream, and what came.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadIds<'a> {
    /// Which entries were asked for.
    pub(super) range: IdRange,
    /// From which end of the range.
    pub(super) order: PageOrder,
    /// How many at most.
    pub(super) count: u64,
    /// The ids of the entries that came, in that order.
    pub(super) ids: &'a [EntryId],
    /// The fingerprint of the newest of them.
    pub(super) newest_digest: Option<EntryDigest>,
}

/// The stream as what was read between two looks at it fits: it has the entries that were read, under the versions that follow from it.
/// `None` where that cannot be told.
pub(super) fn extent_between(
    before: &StreamExtent,
    after: &StreamExtent,
    read: ReadIds<'_>,
) -> Option<StreamExtent> {
    if before == after {
        return Some(before.clone());
    }
    if !has_only_moved_on(before, after) {
        return None;
    }
    let (oldest, newest) = read.ends();
    let added = read.added(before, after)?;
    // Some entries may have been trimmed after they were read. They stay where nothing was trimmed before.
    let is_trimmed = oldest.is_some() && oldest < after.first_id;
    let head = match is_trimmed || after.first_id.is_none() && oldest.is_some() {
        true if oldest == before.first_id => before,
        true => return None,
        false => after,
    };
    let entries_added = before.entries_added.map(|count| count.saturating_add(added));
    let length = match entries_added {
        Some(entries_added) => entries_added.checked_sub(head.trimmed_count())?,
        None => before.length.saturating_add(added),
    };
    let (last_id, last_generated_id, last_digest) = match newest.filter(|_| added > 0) {
        Some(newest) => (Some(newest), newest, read.newest_digest),
        None => (before.last_id, before.last_generated_id, before.last_digest),
    };
    Some(StreamExtent {
        length,
        first_id: head.first_id.filter(|_| length > 0),
        last_id: last_id.filter(|_| length > 0),
        first_digest: head.first_digest.filter(|_| length > 0),
        last_digest: last_digest.filter(|_| length > 0),
        last_generated_id,
        entries_added,
        max_deleted_id: before.max_deleted_id,
    })
}

/// Whether a stream can have become another by adding entries at the end and trimming some at the beginning.
fn has_only_moved_on(before: &StreamExtent, after: &StreamExtent) -> bool {
    if !before.is_continued_by(after)
        || before.last_generated_id > after.last_generated_id
        || before.max_deleted_id != after.max_deleted_id
    {
        return false;
    }
    let is_head_same = before.first_id == after.first_id;
    match (before.entries_added, after.entries_added) {
        (Some(added_before), Some(added_after)) => {
            let is_grown = added_after > added_before;
            let is_trimmed = after.trimmed_count() > before.trimmed_count();
            added_after >= added_before
                && after.trimmed_count() >= before.trimmed_count()
                && is_grown == (after.last_generated_id > before.last_generated_id)
                && (is_trimmed || is_head_same || before.length == 0)
                && (!is_trimmed || !is_head_same)
        }
        // Redis before version 7 does not tell what was trimmed, so the first entry must be the same.
        (None, None) => (is_head_same || before.length == 0) && after.length >= before.length,
        _ => false,
    }
}

impl ReadIds<'_> {
    /// The oldest and the newest entry that came.
    fn ends(&self) -> (Option<EntryId>, Option<EntryId>) {
        let (first, last) = (self.ids.first().copied(), self.ids.last().copied());
        match self.order {
            PageOrder::OldestFirst => (first, last),
            PageOrder::NewestFirst => (last, first),
        }
    }

    /// Whether everything that was asked for lies before the end of a stream that ended with this entry when it was looked at.
    pub(super) fn is_within(&self, end: EntryId) -> bool {
        let is_full = self.order == PageOrder::OldestFirst && self.ids.len() as u64 >= self.count;
        let is_bounded = self.range.before.is_some_and(|before| before.prev() <= Some(end));
        (is_full || is_bounded) && self.ids.iter().all(|id| *id <= end)
    }

    /// How many entries were added after the first look, up to the newest entry that came; `None` where that cannot be told.
    fn added(&self, before: &StreamExtent, after: &StreamExtent) -> Option<u64> {
        let end = before.last_generated_id;
        let new = self.ids.iter().filter(|id| **id > end).count() as u64;
        if new == 0 {
            return Some(0);
        }
        let came = self.ids.len() as u64;
        let begins_within = self.range.after.is_none_or(|after| after <= end);
        let reaches_back = self.order == PageOrder::OldestFirst || new < came || came < self.count;
        // What was added may have been trimmed again, where all that there was before is gone.
        let is_all_there = before.entries_added.is_none_or(|added| after.trimmed_count() <= added);
        if begins_within && reaches_back && is_all_there {
            return Some(new);
        }
        // Otherwise it is known only where the newest one is the last one.
        let (_, newest) = self.ends();
        let all = match (before.entries_added, after.entries_added) {
            (Some(before), Some(after)) => after.checked_sub(before),
            _ => after.length.checked_sub(before.length),
        };
        all.filter(|_| newest == after.last_id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// A stream as Redis keeps it. Each entry has the version that it made.
    #[derive(Clone, Debug, Default)]
    struct Model {
        entries: BTreeMap<u64, u64>,
        added: u64,
        last: u64,
        deleted: u64,
    }

    #[derive(Clone, Debug)]
    enum Change {
        Add(u64),
        Trim(usize),
        Delete(usize),
        Remake,
    }

    impl Model {
        fn apply(&mut self, change: &Change) {
            match change {
                Change::Add(step) => {
                    self.last += step;
                    self.added += 1;
                    self.entries.insert(self.last, self.added);
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
                Change::Remake => *self = Self::default(),
            }
        }

        fn extent(&self, is_old: bool) -> StreamExtent {
            let id = |ms: &u64| EntryId::new(*ms, 0);
            StreamExtent {
                length: self.entries.len() as u64,
                first_id: self.entries.keys().next().map(id),
                last_id: self.entries.keys().next_back().map(id),
                last_generated_id: EntryId::new(self.last, 0),
                entries_added: (!is_old).then_some(self.added),
                max_deleted_id: (!is_old).then_some(EntryId::new(self.deleted, 0)),
                ..StreamExtent::default()
            }
        }

        fn read(&self, range: IdRange, order: PageOrder, count: u64) -> Vec<EntryId> {
            let ids = self.entries.keys().map(|ms| EntryId::new(*ms, 0));
            let is_in = |id: &EntryId| {
                range.after.is_none_or(|after| *id > after)
                    && range.before.is_none_or(|before| *id < before)
            };
            let within: Vec<EntryId> = ids.filter(is_in).collect();
            let count = usize::try_from(count).unwrap();
            match order {
                PageOrder::OldestFirst => within.into_iter().take(count).collect(),
                PageOrder::NewestFirst => within.into_iter().rev().take(count).collect(),
            }
        }
    }

    fn model(changes: &[Change]) -> Model {
        let mut model = Model::default();
        changes.iter().for_each(|change| model.apply(change));
        model
    }

    fn moves_on() -> impl Strategy<Value = Vec<Change>> {
        let change = prop_oneof![
            3 => (1..3_u64).prop_map(Change::Add),
            1 => (0..3_usize).prop_map(Change::Trim),
        ];
        prop::collection::vec(change, 0..8)
    }

    fn adds() -> impl Strategy<Value = Vec<Change>> {
        prop::collection::vec((1..3_u64).prop_map(Change::Add), 0..6)
    }

    fn any_change() -> impl Strategy<Value = Vec<Change>> {
        let change = prop_oneof![
            6 => (1..3_u64).prop_map(Change::Add),
            2 => (0..3_usize).prop_map(Change::Trim),
            1 => (0..6_usize).prop_map(Change::Delete),
            1 => Just(Change::Remake),
        ];
        prop::collection::vec(change, 0..8)
    }

    fn asked() -> impl Strategy<Value = (IdRange, PageOrder, u64)> {
        let end = || prop::option::of((0..20_u64).prop_map(|ms| EntryId::new(ms, 0)));
        let order = prop_oneof![Just(PageOrder::OldestFirst), Just(PageOrder::NewestFirst)];
        (end(), end(), order, 1..6_u64)
            .prop_map(|(after, before, order, count)| (IdRange { after, before }, order, count))
    }

    /// The page that is read after `first` and before `second`, and what is taken for the stream.
    fn read(
        start: &[Change],
        [first, second]: [&[Change]; 2],
        (range, order, count): (IdRange, PageOrder, u64),
        is_old: bool,
    ) -> (Model, Vec<EntryId>, Option<StreamExtent>) {
        let mut stream = model(start);
        let before = stream.extent(is_old);
        first.iter().for_each(|change| stream.apply(change));
        let middle = stream.clone();
        let ids = stream.read(range, order, count);
        second.iter().for_each(|change| stream.apply(change));
        let read = ReadIds { range, order, count, ids: &ids, newest_digest: None };
        let extent = extent_between(&before, &stream.extent(is_old), read);
        (middle, ids, extent)
    }

    fn oldest_first(mut ids: Vec<EntryId>, order: PageOrder) -> Vec<EntryId> {
        if order == PageOrder::NewestFirst {
            ids.reverse();
        }
        ids
    }

    proptest! {
        #[test]
        fn versions_that_are_told_are_those_that_the_entries_made(
            start in moves_on(), first in moves_on(), second in moves_on(), asked in asked()
        ) {
            let (stream, ids, extent) = read(&start, [&first, &second], asked, false);
            let ids = oldest_first(ids, asked.1);
            if let Some(extent) = extent {
                if let (Some(oldest), Some(newest)) = (ids.first(), ids.last()) {
                    let version = extent.first_version_of_run(*oldest, *newest, ids.len() as u64);
                    if let Some(version) = version {
                        prop_assert_eq!(version, stream.entries[&oldest.ms()]);
                    }
                    prop_assert!(extent.length >= ids.len() as u64);
                    prop_assert!(extent.first_id.is_some_and(|first| first <= *oldest));
                    prop_assert!(extent.last_id.is_some_and(|last| last >= *newest));
                }
                prop_assert_eq!(extent.first_id.is_some(), extent.length > 0);
                prop_assert_eq!(extent.latest_version(), extent.entries_added.unwrap());
            }
        }

        #[test]
        fn a_page_up_to_the_end_has_the_last_entry_and_as_many_as_there_are(
            start in moves_on(), first in moves_on(), second in moves_on(), order in asked()
        ) {
            let (_, order, _) = order;
            let (_, ids, extent) =
                read(&start, [&first, &second], (IdRange::default(), order, 100), false);
            let ids = oldest_first(ids, order);
            if let Some(extent) = extent {
                prop_assert_eq!(extent.length, ids.len() as u64);
                prop_assert_eq!(extent.first_id, ids.first().copied());
                prop_assert_eq!(extent.last_id, ids.last().copied());
            }
        }

        #[test]
        fn entries_that_are_only_added_never_need_a_second_read(
            start in moves_on(), first in adds(), second in adds(), count in 1..6_u64, is_old: bool
        ) {
            let asked = (IdRange::default(), PageOrder::OldestFirst, count);
            prop_assert!(read(&start, [&first, &second], asked, is_old).2.is_some());
        }

        #[test]
        fn where_nothing_happens_everything_fits(
            start in any_change(), asked in asked(), is_old: bool
        ) {
            let (stream, _, extent) = read(&start, [&[], &[]], asked, is_old);
            prop_assert_eq!(extent, Some(stream.extent(is_old)));
        }

        #[test]
        fn a_stream_that_lost_entries_from_its_middle_or_was_made_again_is_read_again(
            start in any_change(), first in any_change(), second in any_change(), asked in asked()
        ) {
            let is_lost = |change: &Change| matches!(change, Change::Delete(_) | Change::Remake);
            let (before, after) = (model(&start), {
                let mut model = model(&start);
                first.iter().chain(&second).for_each(|change| model.apply(change));
                model
            });
            let is_remade = first.iter().chain(&second).any(is_lost);
            let is_told = before.deleted != after.deleted || before.last > after.last;
            let (_, _, extent) = read(&start, [&first, &second], asked, false);
            if is_remade && is_told {
                prop_assert_eq!(extent, None);
            }
        }
    }
}
