//! What was found, and what to do next. Knows no Redis, and the time only from who asks.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use rewind_app::api::DiscoveryPhase;
use rewind_domain::StreamKey;
use rewind_domain::catalog::{Bounds, Catalog, Category, Numbers};
use tokio::task::JoinHandle;

use super::pace::Pace;
use crate::store::{FoundStream, ScanStep, StoreError, StreamInfo};

/// How many streams are kept, and how long their keys may be together. With all that is noted of them, they take at most
/// about 100 MB, and for a moment at the end of a walk twice that; 100,000 of usual keys take about 10 MB.
const BOUNDS: Bounds = Bounds { streams: 500_000, key_bytes: 32 * 1024 * 1024 };
/// How long the search goes on after anybody asked: longer than pages wait between two questions.
pub(super) const LINGER: Duration = Duration::from_secs(10);
/// How long it rests at least after a walk before the next one, which finds what is new and what is gone.
const MIN_REST: Duration = Duration::from_secs(60);
/// How many times as long as the walk itself it rests, so that on the whole walks take a tenth of what the rate allows.
const REST_RATIO: u32 = 9;
/// How many prefixes are looked for ahead of the walk; those that were wanted last come first.
const MAX_AHEAD: usize = 8;
/// How many steps are made ahead of the walk for each: with the default rate and none besides, 5 seconds.
const MAX_AHEAD_STEPS: u32 = 500;
/// How many prefixes that were looked for are remembered, so that nobody who waits makes them be looked for again.
const MAX_AHEAD_DONE: usize = 100;
/// How many streams wait to be looked at. Who asks for more asks again before these are done.
pub(super) const MAX_TO_LOOK: usize = 20_000;
/// How long what Redis told of a stream is taken for what it would tell: pages ask more seldom than that.
pub(super) const FRESH: Duration = Duration::from_secs(2);
/// Of how many streams it is kept what Redis told: some hundred pages look at other ones each.
const MAX_DETAILS: usize = 10_000;

/// What such a stream takes, in bytes, about.
const BYTES_A_DETAIL: usize = size_of::<(StreamKey, Detail)>() + 64;
/// What all of this takes at most, in bytes, about.
pub(super) const MAX_BYTES: usize = BOUNDS.byte_size() + MAX_DETAILS * BYTES_A_DETAIL;

/// All that there is to know, behind one lock.
pub(super) struct State {
    pub(super) catalog: Catalog,
    pub(super) is_paused: bool,
    pub(super) is_complete: bool,
    /// What keeps the walk from going on.
    pub(super) failure: Option<StoreError>,
    pub(super) scanned: u64,
    pub(super) keys_total: Option<u64>,
    /// When anybody asked last.
    pub(super) asked_at: Instant,
    /// What does the steps; nothing while nobody looks.
    pub(super) task: Option<JoinHandle<()>>,
    /// The number of the walk, from 1.
    walk: u32,
    cursor: u64,
    walk_began: Instant,
    rests_until: Option<Instant>,
    ahead: Vec<Ahead>,
    ahead_done: VecDeque<StreamKey>,
    to_look: VecDeque<StreamKey>,
    details: HashMap<StreamKey, Detail>,
    turn: Turn,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Go on with the walk.
    Walk { cursor: u64, count: u64 },
    /// Look for a prefix ahead of the walk.
    Ahead { prefix: StreamKey, cursor: u64, count: u64 },
    /// Look at streams.
    Look(Vec<StreamKey>),
    /// Wait.
    Rest,
    /// Nobody looks any more.
    End,
}

/// A prefix that is looked for ahead of the walk.
struct Ahead {
    prefix: StreamKey,
    cursor: u64,
    steps_left: u32,
}

/// What Redis told of a stream.
struct Detail {
    at: Instant,
    info: Result<StreamInfo, StoreError>,
}

/// Whose turn it is, where there is more than one thing to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Walk,
    Ahead,
    Look,
}

impl State {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            catalog: Catalog::new(BOUNDS),
            is_paused: false,
            is_complete: false,
            failure: None,
            scanned: 0,
            keys_total: None,
            asked_at: now,
            task: None,
            walk: 1,
            cursor: 0,
            walk_began: now,
            rests_until: None,
            ahead: Vec::new(),
            ahead_done: VecDeque::new(),
            to_look: VecDeque::new(),
            details: HashMap::new(),
            turn: Turn::Walk,
        }
    }

    /// What it takes, in bytes, about.
    pub(super) fn byte_size(&self) -> usize {
        self.catalog.byte_size() + self.details.len() * BYTES_A_DETAIL
    }

    pub(super) fn phase(&self) -> DiscoveryPhase {
        match &self.failure {
            Some(error) if error.is_passing() => DiscoveryPhase::Waiting,
            Some(_) => DiscoveryPhase::Refused,
            None if self.is_paused => DiscoveryPhase::Paused,
            None if self.rests_until.is_some() => DiscoveryPhase::Resting,
            None => DiscoveryPhase::Walking,
        }
    }

    /// Chooses what to do next; walking, looking ahead and looking at streams take turns.
    pub(super) fn next_step(&mut self, pace: Pace, now: Instant) -> Step {
        if now.duration_since(self.asked_at) > LINGER {
            self.task = None;
            return Step::End;
        }
        if self.rests_until.is_some_and(|until| now >= until) && !self.is_paused {
            self.begin_walk(now);
        }
        let may_scan = !self.is_paused && self.failure.as_ref().is_none_or(StoreError::is_passing);
        for _ in 0..3 {
            let turn = self.turn;
            self.turn = match turn {
                Turn::Walk => Turn::Ahead,
                Turn::Ahead => Turn::Look,
                Turn::Look => Turn::Walk,
            };
            match turn {
                Turn::Walk if may_scan && self.rests_until.is_none() => {
                    return Step::Walk { cursor: self.cursor, count: pace.keys_per_call };
                }
                Turn::Ahead if may_scan => {
                    if let Some(Ahead { prefix, cursor, .. }) = self.ahead.last() {
                        let (prefix, cursor) = (prefix.clone(), *cursor);
                        return Step::Ahead { prefix, cursor, count: pace.compared_per_call() };
                    }
                }
                Turn::Look if !self.to_look.is_empty() => {
                    let count = pace.looks_per_call().min(self.to_look.len());
                    return Step::Look(self.to_look.drain(..count).collect());
                }
                _ => {}
            }
        }
        Step::Rest
    }

    /// Takes in what a step of the walk from this cursor on found.
    pub(super) fn walked(&mut self, cursor: u64, count: u64, found: ScanStep, now: Instant) {
        self.failure = None;
        if cursor != self.cursor {
            // Meanwhile someone began it anew.
            return;
        }
        self.keys_total = found.keys_total;
        self.scanned += count;
        self.catalog.insert(found.keys, self.walk);
        match found.next_cursor {
            Some(cursor) => self.cursor = cursor,
            None => {
                self.catalog.retain_since(self.walk);
                self.is_complete = true;
                self.ahead.clear();
                let took = now.duration_since(self.walk_began);
                self.rests_until = Some(now + MIN_REST.max(took.saturating_mul(REST_RATIO)));
            }
        }
    }

    /// Takes in what was found ahead of the walk.
    pub(super) fn looked_ahead(&mut self, prefix: &StreamKey, found: ScanStep) {
        self.failure = None;
        self.catalog.insert(found.keys, self.walk);
        let Some(at) = self.ahead.iter().position(|ahead| ahead.prefix == *prefix) else { return };
        let ahead = &mut self.ahead[at];
        ahead.steps_left = ahead.steps_left.saturating_sub(1);
        match found.next_cursor {
            Some(cursor) if ahead.steps_left > 0 => ahead.cursor = cursor,
            _ => {
                self.ahead_done.push_back(self.ahead.remove(at).prefix);
                if self.ahead_done.len() > MAX_AHEAD_DONE {
                    self.ahead_done.pop_front();
                }
            }
        }
    }

    /// Adds what is no key, but is looked at like a stream.
    pub(super) fn listed(&mut self, keys: Vec<StreamKey>) {
        self.catalog.insert(keys, self.walk);
    }

    /// Adds a stream that was found by its key.
    pub(super) fn found(&mut self, found: &FoundStream, now: Instant, as_of: u32) {
        self.catalog.insert([found.key.clone()], self.walk);
        self.looked_at(std::slice::from_ref(found), now, as_of);
    }

    /// Wants streams whose keys begin like this before the walk comes to them. Says whether they are still to be looked for.
    pub(super) fn want(&mut self, prefix: StreamKey) -> bool {
        let is_done = |done: &StreamKey| prefix.as_bytes().starts_with(done.as_bytes());
        let is_idle = self.is_complete || self.is_paused || self.failure.is_some();
        if is_idle || prefix.as_bytes().is_empty() || self.ahead_done.iter().any(is_done) {
            return false;
        }
        if !self.ahead.iter().any(|ahead| ahead.prefix == prefix) {
            if self.ahead.len() == MAX_AHEAD {
                self.ahead.remove(0);
            }
            // What is before the walk's cursor was found already.
            let (cursor, steps_left) = (self.cursor, MAX_AHEAD_STEPS);
            self.ahead.push(Ahead { prefix, cursor, steps_left });
        }
        true
    }

    /// Wants streams to be looked at, as far as there is room for more.
    pub(super) fn want_looks(&mut self, keys: Vec<StreamKey>) {
        // Whoever waits asks for the same again and again.
        if self.to_look.len() < MAX_TO_LOOK / 2 {
            let room = MAX_TO_LOOK - self.to_look.len();
            self.to_look.extend(keys.into_iter().take(room));
        }
    }

    /// What is known of a stream for sure at this time.
    pub(super) fn detail(
        &self,
        key: &StreamKey,
        now: Instant,
    ) -> Option<Result<StreamInfo, StoreError>> {
        let detail = self.details.get(key)?;
        (now.duration_since(detail.at) < FRESH).then(|| detail.info.clone())
    }

    /// Takes in what Redis told of streams.
    pub(super) fn looked_at(&mut self, found: &[FoundStream], now: Instant, as_of: u32) {
        if self.details.len() + found.len() > MAX_DETAILS {
            self.details.retain(|_, detail| now.duration_since(detail.at) < FRESH);
        }
        if self.details.len() + found.len() > MAX_DETAILS {
            self.details.clear();
        }
        for FoundStream { key, info } in found {
            let numbers = info.as_ref().ok().map(|info| Numbers {
                length: info.extent.length,
                last_id: info.extent.last_id,
                as_of,
            });
            self.catalog.note(key, numbers);
            self.details.insert(key.clone(), Detail { at: now, info: info.clone() });
        }
    }

    /// Begins another walk at once, with nothing held against Redis.
    pub(super) fn restart(&mut self, now: Instant) {
        self.is_paused = false;
        self.failure = None;
        self.details.clear();
        self.begin_walk(now);
    }

    fn begin_walk(&mut self, now: Instant) {
        self.walk = self.walk.saturating_add(1);
        self.cursor = 0;
        self.scanned = 0;
        self.walk_began = now;
        self.rests_until = None;
        self.ahead.clear();
        self.ahead_done.clear();
    }
}

/// How the keys begin that someone looks for who types a text while a category is open.
pub(super) fn wanted_prefix(category: &Category, text: &StreamKey) -> StreamKey {
    match category {
        Category::Within(category) if !text.as_bytes().starts_with(category.as_bytes()) => {
            StreamKey::from_bytes([category.as_bytes(), b":", text.as_bytes()].concat())
        }
        _ => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn pace() -> Pace {
        Pace::new(NonZeroU32::new(100_000).unwrap())
    }

    fn step(keys: &[&str], next_cursor: Option<u64>) -> ScanStep {
        let keys = keys.iter().map(|&key| key.into()).collect();
        ScanStep { keys, next_cursor, keys_total: Some(9) }
    }

    fn kinds(state: &mut State, count: usize, now: Instant) -> Vec<&'static str> {
        let kind = |step| match step {
            Step::Walk { .. } => "walk",
            Step::Ahead { .. } => "ahead",
            Step::Look(_) => "look",
            Step::Rest => "rest",
            Step::End => "end",
        };
        (0..count).map(|_| kind(state.next_step(pace(), now))).collect()
    }

    #[test]
    fn what_there_is_to_do_takes_turns() {
        let now = Instant::now();
        let mut state = State::new(now);
        assert_eq!(kinds(&mut state, 2, now), ["walk", "walk"]);
        assert!(state.want("a:".into()));
        state.want_looks((0..600).map(|n: i32| n.to_string().as_str().into()).collect());
        let mut six = kinds(&mut state, 6, now);
        six.sort_unstable();
        assert_eq!(six, ["ahead", "ahead", "look", "look", "walk", "walk"]);
        state.is_paused = true;
        assert_eq!(kinds(&mut state, 2, now), ["look", "rest"]);
        assert_eq!(kinds(&mut state, 1, now + LINGER * 2), ["end"]);
    }

    #[test]
    fn after_a_walk_it_rests_and_then_walks_again() {
        let now = Instant::now();
        let mut state = State::new(now);
        state.walked(0, 1_000, step(&["a", "b"], Some(7)), now);
        assert_eq!(state.next_step(pace(), now), Step::Walk { cursor: 7, count: 1_000 });
        state.walked(7, 1_000, step(&["b"], None), now);
        assert_eq!((state.phase(), state.catalog.len()), (DiscoveryPhase::Resting, 2));
        assert_eq!(kinds(&mut state, 1, now), ["rest"]);
        let later = now + MIN_REST;
        state.asked_at = later;
        assert_eq!(state.next_step(pace(), later), Step::Walk { cursor: 0, count: 1_000 });
        state.walked(0, 1_000, step(&["b", "c"], None), later);
        // What the second walk did not come across is gone.
        assert_eq!((state.catalog.len(), state.is_complete), (2, true));
    }

    #[test]
    fn a_prefix_is_looked_for_once_from_where_the_walk_is() {
        let now = Instant::now();
        let mut state = State::new(now);
        state.walked(0, 1_000, step(&["a"], Some(7)), now);
        assert!(state.want("b".into()) && state.want("b".into()));
        let ahead = (0..3)
            .map(|_| state.next_step(pace(), now))
            .find(|step| matches!(step, Step::Ahead { .. }));
        assert_eq!(ahead, Some(Step::Ahead { prefix: "b".into(), cursor: 7, count: 2_000 }));
        state.looked_ahead(&"b".into(), step(&["b:1"], None));
        assert!(!state.want("b".into()) && !state.want("b:".into()) && state.want("c".into()));
        assert_eq!(state.catalog.len(), 2);
    }

    #[test]
    fn a_prefix_is_wanted_within_the_open_category() {
        let within = Category::Within("aggregate:Order".into());
        assert_eq!(wanted_prefix(&within, &"10".into()), "aggregate:Order:10".into());
        assert_eq!(wanted_prefix(&within, &"".into()), "aggregate:Order:".into());
        assert_eq!(wanted_prefix(&within, &"aggregate:Order:1".into()), "aggregate:Order:1".into());
        assert_eq!(wanted_prefix(&Category::All, &"10".into()), "10".into());
    }

    #[test]
    fn what_passes_is_tried_again_and_what_does_not_is_not() {
        let now = Instant::now();
        let mut state = State::new(now);
        state.failure = Some(StoreError::Unavailable { address: "x".into(), reason: "y".into() });
        assert_eq!(
            (state.phase(), kinds(&mut state, 1, now)),
            (DiscoveryPhase::Waiting, vec!["walk"])
        );
        state.failure = Some(StoreError::Forbidden { message: "z".into() });
        assert_eq!(
            (state.phase(), kinds(&mut state, 1, now)),
            (DiscoveryPhase::Refused, vec!["rest"])
        );
        state.restart(now);
        assert_eq!(
            (state.phase(), kinds(&mut state, 1, now)),
            (DiscoveryPhase::Walking, vec!["walk"])
        );
    }
}
