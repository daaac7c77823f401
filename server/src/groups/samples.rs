//! How groups were in the last minutes, for as long as somebody looks.

use std::collections::{BTreeMap, VecDeque};

use rewind_app::api::GroupSample;
use rewind_domain::StreamKey;
use rewind_domain::operations::Name;

/// For how long samples are kept, in milliseconds.
const KEPT_MS: u64 = 10 * 60_000;
/// How far apart they are at least, in milliseconds.
const APART_MS: u64 = 1_000;
/// Over how long rates are measured, in milliseconds: longer than the batches of a consumer take.
const RATE_MS: u64 = 30_000;
/// Of how many groups samples are kept, which is a few megabytes; those that nobody has looked at for longest go.
const MAX_GROUPS: usize = 200;

/// Samples of groups.
#[derive(Default)]
pub(super) struct Samples(BTreeMap<(StreamKey, Name), VecDeque<Sample>>);

/// A sample, and how many entries the stream had ever had then.
#[derive(Clone, Copy)]
struct Sample {
    seen: GroupSample,
    added: u64,
}

/// What samples tell.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) samples: Vec<GroupSample>,
    /// Entries that were added to the stream in 100 seconds.
    pub(super) rate_in: Option<u64>,
    /// Entries that the group was given in 100 seconds.
    pub(super) rate_out: Option<u64>,
}

impl Samples {
    /// Takes a sample in, and tells those that there are of the group.
    pub(super) fn add(
        &mut self,
        stream: &StreamKey,
        group: &Name,
        seen: GroupSample,
        added: u64,
    ) -> Seen {
        let key = (stream.clone(), group.clone());
        if !self.0.contains_key(&key) && self.0.len() >= MAX_GROUPS {
            let last = |samples: &VecDeque<Sample>| samples.back().map(|sample| sample.seen.at_ms);
            let oldest = self.0.iter().min_by_key(|(_, samples)| last(samples));
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.0.remove(&oldest);
            }
        }
        let samples = self.0.entry(key).or_default();
        // Made again, the stream begins to count again.
        if samples.back().is_some_and(|last| added < last.added) {
            samples.clear();
        }
        if samples.back().is_none_or(|last| seen.at_ms >= last.seen.at_ms + APART_MS) {
            samples.push_back(Sample { seen, added });
        }
        while samples.front().is_some_and(|first| first.seen.at_ms + KEPT_MS < seen.at_ms) {
            samples.pop_front();
        }
        told(samples)
    }
}

fn told(samples: &VecDeque<Sample>) -> Seen {
    let mut seen =
        Seen { samples: samples.iter().map(|sample| sample.seen).collect(), ..Seen::default() };
    let Some(last) = samples.back() else { return seen };
    let first = samples.iter().find(|sample| sample.seen.at_ms + RATE_MS >= last.seen.at_ms);
    let Some(first) = first.filter(|first| first.seen.at_ms < last.seen.at_ms) else { return seen };
    let time_ms = last.seen.at_ms - first.seen.at_ms;
    let added = last.added - first.added;
    // What was added and is not behind the group any more, it was given.
    let given = (added + first.seen.lag).saturating_sub(last.seen.lag);
    let rate = |count: u64| Some(count.saturating_mul(100_000) / time_ms);
    (seen.rate_in, seen.rate_out) = (rate(added), rate(given));
    seen
}

impl Seen {
    /// In how many seconds a group that is this far behind will have caught up; `None` where it does not.
    pub(super) fn catches_up_s(&self, behind: u64) -> Option<u64> {
        let gain = self.rate_out?.checked_sub(self.rate_in?).filter(|gain| *gain > 0)?;
        (behind > 0).then(|| behind.saturating_mul(100).div_ceil(gain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(samples: &mut Samples, at_s: u64, lag: u64, added: u64) -> Seen {
        let seen = GroupSample { at_ms: at_s * 1_000, lag, pending: 0 };
        samples.add(&"s".into(), &"g".into(), seen, added)
    }

    #[test]
    fn rates_follow_from_what_was_added_and_how_far_behind_the_group_is() {
        let mut samples = Samples::default();
        assert_eq!(add(&mut samples, 100, 50, 1_000).rate_in, None);
        // 20 were added, and the group is 10 less behind: it was given 30.
        let seen = add(&mut samples, 110, 40, 1_020);
        assert_eq!((seen.rate_in, seen.rate_out), (Some(200), Some(300)));
        assert_eq!(seen.catches_up_s(40), Some(40));
        assert_eq!(seen.samples.len(), 2);
        // It falls behind.
        let seen = add(&mut samples, 120, 90, 1_070);
        assert_eq!(seen.catches_up_s(90), None);
    }

    #[test]
    fn samples_are_apart_and_go_after_a_while() {
        let mut samples = Samples::default();
        add(&mut samples, 0, 0, 0);
        let seen = samples.add(
            &"s".into(),
            &"g".into(),
            GroupSample { at_ms: 500, lag: 0, pending: 0 },
            0,
        );
        assert_eq!(seen.samples.len(), 1);
        assert_eq!(add(&mut samples, 601, 0, 0).samples.len(), 1);
    }

    #[test]
    fn a_stream_that_was_made_again_begins_again() {
        let mut samples = Samples::default();
        add(&mut samples, 0, 5, 100);
        let seen = add(&mut samples, 10, 1, 3);
        assert_eq!((seen.samples.len(), seen.rate_in), (1, None));
    }

    #[test]
    fn what_nobody_looks_at_makes_room() {
        let mut samples = Samples::default();
        for group in 0..=MAX_GROUPS {
            let seen = GroupSample { at_ms: group as u64, lag: 0, pending: 0 };
            samples.add(&"s".into(), &Name::from(group.to_string().as_str()), seen, 0);
        }
        assert_eq!(samples.0.len(), MAX_GROUPS);
        assert!(!samples.0.contains_key(&("s".into(), "0".into())));
    }
}
