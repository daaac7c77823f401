//! Looking at all streams in turns, a part each second.
//!
//! Streams that change are heard of where Redis tells; the rest is found here: what had events before anybody looked, which
//! streams have consumer groups, and everything where Redis does not tell.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;
use std::time::{Duration, Instant};

use rewind_domain::{EntryId, StreamKey};

use super::newest::MAX_NEWEST;
use super::pulse::is_time;
use rewind_store::StreamInfo;

/// How many streams are looked at each second: a few milliseconds of Redis's time.
const STREAMS_PER_TURN: usize = 2_000;
/// How long to rest after all of them were looked at, where Redis tells what changes.
const REST: Duration = Duration::from_secs(30);
/// Of how many streams with consumer groups it is kept in mind that they have some.
const MAX_WITH_GROUPS: usize = 100_000;
/// How many keys are remembered that are no streams, so that they are not looked at whenever they change.
const MAX_OTHERS: usize = 50_000;

/// How far it is.
#[derive(Default)]
pub(super) struct Sweep {
    next: usize,
    rests_until: Option<Instant>,
    /// Whether it has been everywhere once.
    pub(super) is_whole: bool,
    /// How many streams it has looked at, this time around or the last.
    pub(super) looked_at: usize,
    /// When this time around began.
    began: Option<Instant>,
    /// How long the last one took.
    pub(super) took: Duration,
    /// The streams that have consumer groups, and how many.
    pub(super) with_groups: BTreeMap<StreamKey, u64>,
    /// The streams with the newest last entries, among those whose ids are times.
    recent: BTreeSet<(EntryId, StreamKey)>,
    /// Some of the others.
    untimed: BTreeSet<StreamKey>,
    /// Keys that hold something else.
    others: HashSet<StreamKey>,
}

impl Sweep {
    /// Which of the streams to look at now; none while it rests.
    pub(super) fn turn(&mut self, now: Instant, is_told: bool) -> Option<Range<usize>> {
        let is_resting = is_told && self.rests_until.is_some_and(|until| now < until);
        if is_resting {
            return None;
        }
        if self.next == 0 {
            self.began = Some(now);
        }
        Some(self.next..self.next.saturating_add(STREAMS_PER_TURN))
    }

    /// That this many were there to look at, and whether they were the last of them.
    pub(super) fn turned(&mut self, count: usize, is_last: bool, now: Instant) {
        self.next += count;
        if !self.is_whole {
            self.looked_at = self.next;
        }
        if is_last {
            self.looked_at = self.next;
            self.is_whole = true;
            self.took = self.began.map_or(Duration::ZERO, |began| now.duration_since(began));
            self.next = 0;
            self.rests_until = Some(now + REST);
        }
    }

    /// Begins again, since anything may have changed.
    pub(super) fn restart(&mut self) {
        self.next = 0;
        self.rests_until = None;
        self.others.clear();
    }

    /// Takes note of what a stream holds.
    pub(super) fn noted(&mut self, key: &StreamKey, info: &StreamInfo, now_ms: u64) {
        if info.groups == 0 {
            self.with_groups.remove(key);
        } else if self.with_groups.len() < MAX_WITH_GROUPS || self.with_groups.contains_key(key) {
            self.with_groups.insert(key.clone(), info.groups);
        }
        let Some(last) = info.extent.last_id else { return };
        if !is_time(last, now_ms) {
            if self.untimed.len() < MAX_NEWEST {
                self.untimed.insert(key.clone());
            }
            return;
        }
        let is_newer = self.recent.first().is_none_or(|(least, _)| last > *least);
        if self.recent.len() < MAX_NEWEST || is_newer {
            self.recent.insert((last, key.clone()));
            if self.recent.len() > MAX_NEWEST {
                self.recent.pop_first();
            }
        }
    }

    /// The streams with the newest last entries, as far as it has come, and some whose ids are no times. Those whose last entry is of a
    /// time that is not wanted are left out.
    pub(super) fn take_recent(&mut self, is_wanted: impl Fn(u64) -> bool) -> Vec<StreamKey> {
        let timed = std::mem::take(&mut self.recent).into_iter();
        let mut recent: Vec<StreamKey> =
            timed.filter(|(last, _)| is_wanted(last.ms())).map(|(_, key)| key).collect();
        recent.extend(std::mem::take(&mut self.untimed));
        recent
    }

    /// Whether streams were found whose ids are no times, since those were taken last.
    pub(super) fn has_untimed(&self) -> bool {
        !self.untimed.is_empty()
    }

    /// Takes note of a key that is no stream, or may not be read.
    pub(super) fn is_other(&mut self, key: &StreamKey) {
        self.with_groups.remove(key);
        if self.others.len() >= MAX_OTHERS {
            self.others.clear();
        }
        self.others.insert(key.clone());
    }

    /// Whether a key was no stream when it was looked at.
    pub(super) fn was_other(&self, key: &StreamKey) -> bool {
        self.others.contains(key)
    }
}
