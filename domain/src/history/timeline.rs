//! Timelines: how the events of a history lie in time, with the idle times between them folded.
//!
//! A history is a few busy minutes with days in between. Drawn to scale it would be two dots. So times when nothing happened are
//! given little room, and say how long they were; the rest is drawn to scale.

use serde::{Deserialize, Serialize};

/// A gap is folded that is this many times as long as is usual for the shorter ones.
const UNUSUAL: i64 = 12;
/// And takes at least this part of the time that is not folded yet.
const NOTABLE_PART: i64 = 20;
/// How many gaps are folded at most: a line with more breaks than that is no line.
const MAX_FOLDS: usize = 16;
/// How much room a folded gap has, of the whole.
const FOLD_ROOM: f64 = 0.035;
/// How much of the whole all folded gaps may have together.
const MAX_FOLDS_ROOM: f64 = 0.3;
/// How much room the shortest stretch has, of the whole.
const LEAST_ROOM: f64 = 0.02;

/// An event's place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The version that it made.
    pub version: u64,
    /// When, in Unix milliseconds.
    pub timestamp_ms: i64,
    /// Whether it could not be read, or not be folded.
    pub is_failed: bool,
}

/// A history laid out in time. Positions go from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timeline {
    /// The stretches that it consists of, one after the other without any room between them.
    pub stretches: Vec<Stretch>,
    /// The parts that stretches with events are divided into, in the same order; those without any event are left out.
    pub buckets: Vec<Bucket>,
}

/// A run of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stretch {
    /// When it begins, in Unix milliseconds.
    pub from_ms: i64,
    /// When it ends.
    pub to_ms: i64,
    /// Where it is drawn.
    pub start: f64,
    /// To where it is drawn.
    pub end: f64,
    /// Whether it is an idle time, folded.
    pub is_folded: bool,
}

/// Events that lie close together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Bucket {
    /// Where it is drawn.
    pub start: f64,
    /// To where it is drawn.
    pub end: f64,
    /// The time of its first event, in Unix milliseconds.
    pub from_ms: i64,
    /// The time of its last event.
    pub to_ms: i64,
    /// How many events.
    pub count: u64,
    /// The least version among them.
    pub first_version: u64,
    /// The greatest version among them.
    pub last_version: u64,
    /// How many of them failed.
    pub failures: u64,
}

impl Timeline {
    /// Lays events out, in about this many parts. They may be in any order.
    pub fn of(mut ticks: Vec<Tick>, buckets: usize) -> Self {
        ticks.sort_by_key(|tick| (tick.timestamp_ms, tick.version));
        let runs = split(&ticks);
        let mut timeline = Self::default();
        let folds = runs.len().saturating_sub(1);
        let fold_room = fold_room(folds);
        let busy = runs.iter().fold(0i64, |sum, run| sum.saturating_add(duration(run)));
        let scaled_room = 1.0 - fold_room * count(folds) - LEAST_ROOM * count(runs.len());
        let mut at = 0.0;
        let mut before: Option<i64> = None;
        for run in runs {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            if let Some(idle_since) = before {
                timeline.stretch(idle_since, first.timestamp_ms, &mut at, fold_room, true);
            }
            let share = if busy == 0 { 1.0 } else { part(duration(run), busy) };
            let start = at;
            let room = LEAST_ROOM + scaled_room * share;
            timeline.stretch(first.timestamp_ms, last.timestamp_ms, &mut at, room, false);
            timeline.divide(run, start, at, buckets);
            before = Some(last.timestamp_ms);
        }
        timeline
    }

    /// Where a time is drawn; times before the first and after the last event at the ends.
    pub fn position(&self, timestamp_ms: i64) -> f64 {
        let Some(last) = self.stretches.last() else { return 0.0 };
        let next = self.stretches.partition_point(|stretch| stretch.to_ms < timestamp_ms);
        let Some(stretch) = self.stretches.get(next) else { return last.end };
        let length = stretch.to_ms.saturating_sub(stretch.from_ms);
        let inside = timestamp_ms.saturating_sub(stretch.from_ms).max(0);
        let share = if length == 0 { 0.5 } else { part(inside, length) };
        stretch.start + share * (stretch.end - stretch.start)
    }

    /// The version that is nearest to a position.
    pub fn version_at(&self, position: f64) -> Option<u64> {
        let next = self.buckets.partition_point(|bucket| bucket.end < position);
        let (before, after) =
            (next.checked_sub(1).and_then(|i| self.buckets.get(i)), self.buckets.get(next));
        match (before, after) {
            (_, Some(bucket)) if bucket.start <= position => Some(bucket.version_at(position)),
            (Some(before), Some(after)) if position - before.end < after.start - position => {
                Some(before.last_version)
            }
            (_, Some(after)) => Some(after.first_version),
            (Some(before), None) => Some(before.last_version),
            (None, None) => None,
        }
    }

    fn stretch(&mut self, from_ms: i64, to_ms: i64, at: &mut f64, room: f64, is_folded: bool) {
        let start = *at;
        *at = (start + room).min(1.0);
        self.stretches.push(Stretch { from_ms, to_ms, start, end: *at, is_folded });
    }

    fn divide(&mut self, run: &[Tick], start: f64, end: f64, buckets: usize) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
        let length = last.timestamp_ms.saturating_sub(first.timestamp_ms);
        let parts = rounded((end - start) * count(buckets)).max(1);
        let width = (end - start) / count(parts);
        for tick in run {
            let inside = tick.timestamp_ms.saturating_sub(first.timestamp_ms);
            let share = if length == 0 { 0.0 } else { part(inside, length) };
            let place = floored(share * count(parts)).min(parts - 1);
            let place_start = start + width * count(place);
            match self.buckets.last_mut() {
                Some(bucket) if bucket.start >= place_start => bucket.take(tick),
                _ => self.buckets.push(Bucket::new(tick, place_start, place_start + width)),
            }
        }
    }
}

impl Bucket {
    fn new(tick: &Tick, start: f64, end: f64) -> Self {
        Self {
            start,
            end,
            from_ms: tick.timestamp_ms,
            to_ms: tick.timestamp_ms,
            count: 1,
            first_version: tick.version,
            last_version: tick.version,
            failures: u64::from(tick.is_failed),
        }
    }

    fn take(&mut self, tick: &Tick) {
        self.to_ms = tick.timestamp_ms;
        self.count += 1;
        self.first_version = self.first_version.min(tick.version);
        self.last_version = self.last_version.max(tick.version);
        self.failures += u64::from(tick.is_failed);
    }

    fn version_at(&self, position: f64) -> u64 {
        let versions = self.last_version - self.first_version + 1;
        let share = (position - self.start) / (self.end - self.start);
        #[expect(clippy::cast_precision_loss, reason = "a place on a screen needs no more")]
        let inside = floored(share * versions as f64) as u64;
        self.first_version + inside.min(versions - 1)
    }
}

/// The runs of events between which time is folded.
fn split(ticks: &[Tick]) -> Vec<&[Tick]> {
    let mut gaps: Vec<(i64, usize)> = ticks
        .windows(2)
        .enumerate()
        .map(|(i, pair)| (duration(pair), i + 1))
        .filter(|(gap, _)| *gap > 0)
        .collect();
    gaps.sort_unstable_by(|a, b| b.cmp(a));
    // Of the shorter gaps rather than of all: where a history has only a few, most of them may be long.
    let usual = gaps.get(gaps.len() - gaps.len().div_ceil(4)..).and_then(<[_]>::first);
    let usual = usual.map_or(0, |(gap, _)| *gap);
    let mut whole = gaps.iter().fold(0i64, |sum, (gap, _)| sum.saturating_add(*gap));
    let mut cuts = Vec::new();
    for (gap, at) in gaps.into_iter().take(MAX_FOLDS) {
        if gap / UNUSUAL <= usual || gap < whole / NOTABLE_PART {
            break;
        }
        cuts.push(at);
        whole = whole.saturating_sub(gap);
    }
    cuts.sort_unstable();
    let mut runs = Vec::with_capacity(cuts.len() + 1);
    let mut from = 0;
    for to in cuts.into_iter().chain([ticks.len()]) {
        runs.push(&ticks[from..to]);
        from = to;
    }
    runs
}

fn duration(run: &[Tick]) -> i64 {
    match (run.first(), run.last()) {
        (Some(first), Some(last)) => last.timestamp_ms.saturating_sub(first.timestamp_ms),
        _ => 0,
    }
}

fn fold_room(folds: usize) -> f64 {
    if folds == 0 { 0.0 } else { FOLD_ROOM.min(MAX_FOLDS_ROOM / count(folds)) }
}

#[expect(clippy::cast_precision_loss, reason = "a place on a screen needs no more")]
fn part(some: i64, whole: i64) -> f64 {
    some as f64 / whole as f64
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than that")]
fn count(things: usize) -> f64 {
    things as f64
}

fn rounded(number: f64) -> usize {
    floored(number + 0.5)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casts from floats stop at the ends of the type"
)]
fn floored(number: f64) -> usize {
    number as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ticks(times: &[i64]) -> Vec<Tick> {
        (1..)
            .zip(times)
            .map(|(version, ms)| Tick { version, timestamp_ms: *ms, is_failed: false })
            .collect()
    }

    fn folded(timeline: &Timeline) -> Vec<(i64, i64)> {
        let folded = timeline.stretches.iter().filter(|stretch| stretch.is_folded);
        folded.map(|stretch| (stretch.from_ms, stretch.to_ms)).collect()
    }

    #[test]
    fn a_long_idle_time_is_folded() {
        let day = 86_400_000;
        let timeline = Timeline::of(ticks(&[0, 1_000, 2_500, 3_000, day, day + 500, 2 * day]), 100);
        assert_eq!(folded(&timeline), [(3_000, day), (day + 500, 2 * day)]);
        assert_eq!(timeline.position(0), 0.0);
        assert!(timeline.position(day / 2) < timeline.position(day));
    }

    #[test]
    fn an_even_pace_is_drawn_to_scale() {
        let times: Vec<i64> = (0..100).map(|n| n * 60_000).collect();
        let timeline = Timeline::of(ticks(&times), 10);
        assert_eq!(folded(&timeline), []);
        let counts: Vec<u64> = timeline.buckets.iter().map(|bucket| bucket.count).collect();
        assert_eq!(counts, [10; 10]);
        assert!((timeline.position(times[50]) - 50.0 / 99.0).abs() < 1e-9);
    }

    #[test]
    fn few_or_no_events_have_a_timeline_too() {
        assert_eq!(Timeline::of(Vec::new(), 10), Timeline::default());
        assert_eq!(Timeline::default().version_at(0.5), None);
        for times in [&[5][..], &[5, 5], &[5, 90_000_000]] {
            let timeline = Timeline::of(ticks(times), 10);
            assert_eq!(timeline.stretches.len(), 1);
            assert_eq!(timeline.version_at(0.0), Some(1));
            assert_eq!(timeline.version_at(1.0), Some(times.len() as u64));
        }
    }

    proptest! {
        #[test]
        fn every_event_is_in_a_bucket_and_positions_keep_the_order_of_time(
            times in prop::collection::vec(prop_oneof![any::<i64>(), 0..5_000i64], 1..60),
            buckets in 1..50usize,
        ) {
            let timeline = Timeline::of(ticks(&times), buckets);
            let count: u64 = timeline.buckets.iter().map(|bucket| bucket.count).sum();
            prop_assert_eq!(count, times.len() as u64);
            let mut sorted = times;
            sorted.sort_unstable();
            let positions: Vec<f64> = sorted.iter().map(|ms| timeline.position(*ms)).collect();
            prop_assert!(positions.windows(2).all(|pair| pair[0] <= pair[1]), "{:?}", positions);
            prop_assert!(positions.iter().all(|position| (0.0..=1.0).contains(position)));
            let ends = timeline.stretches.windows(2).all(|pair| pair[0].end == pair[1].start);
            prop_assert!(ends);
        }

        #[test]
        fn every_position_has_a_version(times in prop::collection::vec(0..100_000i64, 1..60), position in 0.0..=1.0f64) {
            let timeline = Timeline::of(ticks(&times), 20);
            let version = timeline.version_at(position).unwrap();
            prop_assert!((1..=times.len() as u64).contains(&version));
        }
    }
}
