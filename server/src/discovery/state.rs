//! What was found, and what to do next. Knows no Redis, and the time only from who asks.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use rewind_app::api::DiscoveryPhase;
use rewind_domain::catalog::{Bounds, Catalog, Category, Numbers};
use rewind_domain::{ScanCursor, StreamKey};
use tokio::task::JoinHandle;

use super::hearing::Heard;
use super::pace::Pace;
use rewind_store::{Cluster, FoundStream, ScanStep, StoreError, StreamInfo};

/// How many streams are kept, and how long their keys may be together. With all that is noted of them, they take at most
/// about 100 MB, and for a moment at the end of a walk twice that; 100,000 of usual keys take about 10 MB.
const BOUNDS: Bounds = Bounds { streams: 500_000, key_bytes: 32 * 1024 * 1024 };
/// How long the search goes on after anybody asked: longer than pages wait between two questions.
pub(super) const LINGER: Duration = Duration::from_secs(10);
/// How long it goes on to hear of what changes after anybody asked, so that whoever comes back needs no walk.
pub(super) const HEARING_LINGER: Duration = Duration::from_secs(300);
/// How long it rests at least after a walk before the next one, which finds what is new and what is gone.
const MIN_REST: Duration = Duration::from_secs(20);
/// How long it rests at most: somebody looks at a list that may be as old as this.
const MAX_REST: Duration = Duration::from_secs(120);
/// How many times as long as the walk itself it rests, so that on the whole walks take a tenth of what the rate allows.
const REST_RATIO: u32 = 9;
/// How soon there is another walk after everything may have changed, as with `FLUSHALL`.
const AFTER_ANYTHING: Duration = Duration::from_secs(1);
/// How much of the walk's time a step can take at most: what is beyond, nobody looked or Redis was away.
const LONGEST_STEP: Duration = Duration::from_secs(1);
/// How many prefixes are looked for ahead of the walk; those that were wanted last come first.
const MAX_AHEAD: usize = 8;
/// How many steps are made ahead of the walk for each: with the default rate and none besides, 5 seconds.
const MAX_AHEAD_STEPS: u32 = 500;
/// How many prefixes that were looked for are remembered, so that nobody who waits makes them be looked for again.
const MAX_AHEAD_DONE: usize = 100;
/// How many streams wait to be looked at. Who asks for more asks again before these are done.
pub(super) const MAX_TO_LOOK: usize = 20_000;
/// How long what Redis said about a stream counts as fresh: pages ask less often than that.
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
    /// What keeps the walk from going on, and since when.
    failure: Option<(StoreError, Instant)>,
    /// What Redis tells between walks.
    pub(super) heard: Heard,
    /// Whether anybody asked for the list who comes back to it. Those who follow a category hear what changes in it themselves.
    pub(super) is_hearing_wanted: bool,
    /// The cluster of which only one node is walked.
    pub(super) cluster: Option<Cluster>,
    pub(super) scanned: u64,
    pub(super) keys_total: Option<u64>,
    /// When anybody asked last.
    pub(super) asked_at: Instant,
    /// What does the steps; `None` while nobody looks.
    pub(super) task: Option<JoinHandle<()>>,
    /// The number of the walk, from 1.
    walk: u32,
    cursor: ScanCursor,
    /// When this walk made its first step; `None` before that.
    walk_began: Option<Instant>,
    /// How long its steps took.
    walk_took: Duration,
    /// When the step that is being made was chosen.
    step_began: Instant,
    /// When the last walk began that came to its end.
    walked_since: Option<Instant>,
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
    Walk { cursor: ScanCursor, count: u64 },
    /// Look for a prefix ahead of the walk.
    Ahead { prefix: StreamKey, cursor: ScanCursor, count: u64 },
    /// Look at streams.
    Look(Vec<StreamKey>),
    /// Look whether these are streams.
    Check(Vec<StreamKey>),
    /// Have Redis tell everything that changed until now.
    Settle,
    /// Wait.
    Rest,
    /// Nobody looks any more.
    End,
}

/// A prefix that is looked for ahead of the walk.
struct Ahead {
    prefix: StreamKey,
    cursor: ScanCursor,
    steps_left: u32,
}

/// What Redis told about a stream.
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
    Check,
}

impl State {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            catalog: Catalog::new(BOUNDS),
            is_paused: false,
            is_complete: false,
            failure: None,
            heard: Heard::default(),
            is_hearing_wanted: false,
            cluster: None,
            scanned: 0,
            keys_total: None,
            asked_at: now,
            task: None,
            walk: 1,
            cursor: ScanCursor::START,
            walk_began: None,
            walk_took: Duration::ZERO,
            step_began: now,
            walked_since: None,
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
        match self.failure() {
            Some(error) if error.is_passing() => DiscoveryPhase::Waiting,
            Some(_) => DiscoveryPhase::Refused,
            None if self.is_paused => DiscoveryPhase::Paused,
            None if self.rests_until.is_some() => DiscoveryPhase::Resting,
            None => DiscoveryPhase::Walking,
        }
    }

    /// Chooses what to do next; walking, looking ahead and looking at streams take turns.
    pub(super) fn next_step(&mut self, pace: Pace, now: Instant) -> Step {
        let idle = now.duration_since(self.asked_at);
        if idle > LINGER {
            if self.heard.told_since().is_some() && idle <= HEARING_LINGER {
                return Step::Rest;
            }
            self.heard.lose();
            self.is_hearing_wanted = false;
            self.task = None;
            return Step::End;
        }
        if self.heard.wants_to_settle() {
            return Step::Settle;
        }
        if self.rests_until.is_some_and(|until| now >= until) && !self.is_paused {
            self.begin_walk();
        }
        let may_scan = !self.is_paused && self.failure().is_none_or(StoreError::is_passing);
        for _ in 0..4 {
            let turn = self.turn;
            self.turn = match turn {
                Turn::Walk => Turn::Ahead,
                Turn::Ahead => Turn::Look,
                Turn::Look => Turn::Check,
                Turn::Check => Turn::Walk,
            };
            match turn {
                Turn::Walk if may_scan && self.rests_until.is_none() => {
                    self.walk_began.get_or_insert(now);
                    self.step_began = now;
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
                Turn::Check if self.heard.has_some() => {
                    return Step::Check(self.heard.take(pace.looks_per_call()));
                }
                _ => {}
            }
        }
        Step::Rest
    }

    /// Takes in what a step of the walk from this cursor on found.
    pub(super) fn walked(&mut self, cursor: ScanCursor, count: u64, found: ScanStep, now: Instant) {
        if cursor != self.cursor {
            // Meanwhile someone began it again.
            return;
        }
        self.walk_took += now.duration_since(self.step_began).min(LONGEST_STEP);
        self.keys_total = found.keys_total;
        self.scanned += count;
        self.catalog.insert(found.keys, self.walk);
        match found.next_cursor {
            Some(cursor) => self.cursor = cursor,
            None => {
                self.catalog.retain_since(self.walk);
                self.is_complete = true;
                self.ahead.clear();
                self.walked_since = self.walk_began;
                let rest = self.walk_took.saturating_mul(REST_RATIO).clamp(MIN_REST, MAX_REST);
                self.rests_until = Some(now + rest);
            }
        }
    }

    /// Takes in what was found ahead of the walk.
    pub(super) fn looked_ahead(&mut self, prefix: &StreamKey, found: ScanStep) {
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

    /// What keeps it from going on.
    pub(super) fn failure(&self) -> Option<&StoreError> {
        self.failure.as_ref().map(|(error, _)| error)
    }

    /// What kept it from going on after this moment, or will for good.
    pub(super) fn failure_since(&self, since: Instant) -> Option<StoreError> {
        let (error, at) = self.failure.as_ref()?;
        (*at >= since || !error.is_passing()).then(|| error.clone())
    }

    /// That a step failed, or did not.
    pub(super) fn made_step(&mut self, failure: Option<StoreError>, now: Instant) {
        match failure {
            Some(error) => self.failure = Some((error, now)),
            None if self.failure().is_some_and(StoreError::is_passing) => self.failure = None,
            None => {}
        }
    }

    /// When the last walk began that came to its end.
    pub(super) fn walked_since(&self) -> Option<Instant> {
        self.walked_since
    }

    /// When the walk began that is under way.
    pub(super) fn walk_under_way(&self) -> Option<Instant> {
        self.walk_began.filter(|_| self.rests_until.is_none())
    }

    /// Whether streams that come into being are found as they do.
    pub(super) fn is_told(&self) -> bool {
        self.heard.told_since().zip(self.walked_since).is_some_and(|(told, walked)| told <= walked)
    }

    /// Whether the list has all streams that there were at the question of this number, or else when a walk began that was no older
    /// than this.
    pub(super) fn has_all(&self, wanted: u64, oldest: Instant) -> bool {
        match self.is_told() {
            true => self.heard.is_settled(wanted),
            false => self.walked_since.is_some_and(|walked| walked >= oldest),
        }
    }

    /// Has a walk begin where none that began since then will end by itself.
    pub(super) fn want_walk(&mut self, oldest: Instant, now: Instant) {
        let is_enough = self.is_told() || self.walked_since.is_some_and(|walked| walked >= oldest);
        if !is_enough && self.rests_until.is_some() {
            self.rests_until = Some(now);
        }
    }

    /// That a key changed.
    pub(super) fn changed(&mut self, key: StreamKey) {
        if self.details.remove(&key).is_none() && !self.catalog.has(&key) {
            self.heard.hear(key);
        }
    }

    /// That any key may have changed.
    pub(super) fn anything_changed(&mut self, now: Instant) {
        self.details.clear();
        self.heard.begin(now);
        if self.rests_until.is_some() {
            self.rests_until = Some(now + AFTER_ANYTHING);
        }
    }

    /// Takes in which of some keys that changed are streams.
    pub(super) fn checked(&mut self, found: &[FoundStream]) {
        for FoundStream { key, info } in found {
            let is_stream = info.is_ok();
            if is_stream {
                self.catalog.insert([key.clone()], self.walk);
            }
            self.heard.checked(key, is_stream);
        }
        self.heard.settle_if_done();
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

    /// Takes in what Redis told about streams.
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
    pub(super) fn restart(&mut self) {
        self.is_paused = false;
        self.failure = None;
        self.details.clear();
        self.begin_walk();
    }

    fn begin_walk(&mut self) {
        self.walk = self.walk.saturating_add(1);
        self.cursor = ScanCursor::START;
        self.scanned = 0;
        self.walk_began = None;
        self.walk_took = Duration::ZERO;
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

    fn at(position: u64) -> ScanCursor {
        ScanCursor::new(0, position)
    }

    fn step(keys: &[&str], next: Option<u64>) -> ScanStep {
        let next_cursor = next.map(at);
        let keys = keys.iter().map(|&key| key.into()).collect();
        ScanStep { keys, next_cursor, keys_total: Some(9) }
    }

    fn kinds(state: &mut State, count: usize, now: Instant) -> Vec<&'static str> {
        let kind = |step| match step {
            Step::Walk { .. } => "walk",
            Step::Ahead { .. } => "ahead",
            Step::Look(_) => "look",
            Step::Check(_) => "check",
            Step::Settle => "settle",
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
        state.walked(ScanCursor::START, 1_000, step(&["a", "b"], Some(7)), now);
        assert_eq!(state.next_step(pace(), now), Step::Walk { cursor: at(7), count: 1_000 });
        state.walked(at(7), 1_000, step(&["b"], None), now);
        assert_eq!((state.phase(), state.catalog.len()), (DiscoveryPhase::Resting, 2));
        assert_eq!(kinds(&mut state, 1, now), ["rest"]);
        let later = now + MIN_REST;
        state.asked_at = later;
        assert_eq!(
            state.next_step(pace(), later),
            Step::Walk { cursor: ScanCursor::START, count: 1_000 }
        );
        state.walked(ScanCursor::START, 1_000, step(&["b", "c"], None), later);
        // What the second walk did not come across is gone.
        assert_eq!((state.catalog.len(), state.is_complete), (2, true));
    }

    #[test]
    fn it_rests_by_how_long_the_walk_took_and_not_for_long() {
        let started = Instant::now();
        let mut state = State::new(started);
        // The first visitor comes after a day.
        let mut now = started + Duration::from_secs(86_400);
        state.asked_at = now;
        let mut walk = |state: &mut State, took: Duration| {
            assert_eq!(kinds(state, 1, now), ["walk"]);
            now += took;
            state.walked(ScanCursor::START, 1_000, step(&["a"], None), now);
            let rest = (0..1_000).find(|seconds| {
                state.asked_at = now + Duration::from_secs(*seconds);
                kinds(state, 1, state.asked_at) == ["walk"]
            });
            now += Duration::from_secs(rest.unwrap());
            state.begin_walk();
            rest.unwrap()
        };
        assert_eq!(walk(&mut state, Duration::from_millis(10)), MIN_REST.as_secs());
        assert_eq!(walk(&mut state, Duration::from_secs(3_600)), MIN_REST.as_secs());
        assert!(MAX_REST <= Duration::from_secs(120));
    }

    #[test]
    fn the_list_has_all_after_a_walk_that_began_late_enough() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let mut state = State::new(now);
        assert_eq!(kinds(&mut state, 1, now), ["walk"]);
        state.walked(ScanCursor::START, 1_000, step(&["a"], None), now);
        assert!(state.has_all(1, now) && !state.has_all(1, later));
        // Another walk is made for whoever needs one, before the rest is over.
        assert_eq!(kinds(&mut state, 1, later), ["rest"]);
        state.want_walk(now, later);
        assert_eq!(kinds(&mut state, 1, later), ["rest"]);
        state.want_walk(later, later);
        assert_eq!(kinds(&mut state, 1, later), ["walk"]);
    }

    #[test]
    fn where_redis_tells_what_changes_the_list_has_all_without_another_walk() {
        let now = Instant::now();
        let mut state = State::new(now);
        state.heard.begin(now);
        assert_eq!(kinds(&mut state, 1, now), ["walk"]);
        state.walked(ScanCursor::START, 1_000, step(&["a"], None), now);
        let wanted = state.heard.want();
        let later = now + Duration::from_secs(5);
        assert_eq!(kinds(&mut state, 1, later), ["settle"]);
        state.changed("new".into());
        state.changed("a".into());
        state.heard.settle(wanted);
        assert!(!state.has_all(wanted, later));
        let checked =
            (0..4).map(|_| state.next_step(pace(), later)).find(|step| *step != Step::Rest);
        assert_eq!(checked, Some(Step::Check(vec!["new".into()])));
        state.checked(&[FoundStream { key: "new".into(), info: Ok(StreamInfo::default()) }]);
        assert!(state.has_all(wanted, later) && state.catalog.has(&"new".into()));
        // What was heard is kept for a while after the last one asked.
        let idle = now + LINGER * 2;
        assert_eq!(kinds(&mut state, 1, idle), ["rest"]);
        assert_eq!(kinds(&mut state, 1, now + HEARING_LINGER * 2), ["end"]);
        assert!(!state.is_told());
    }

    #[test]
    fn a_prefix_is_looked_for_once_from_where_the_walk_is() {
        let now = Instant::now();
        let mut state = State::new(now);
        state.walked(ScanCursor::START, 1_000, step(&["a"], Some(7)), now);
        assert!(state.want("b".into()) && state.want("b".into()));
        let ahead = (0..3)
            .map(|_| state.next_step(pace(), now))
            .find(|step| matches!(step, Step::Ahead { .. }));
        assert_eq!(ahead, Some(Step::Ahead { prefix: "b".into(), cursor: at(7), count: 2_000 }));
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
        let away = StoreError::Unavailable { address: "x".into(), reason: "y".into() };
        state.made_step(Some(away), now);
        assert_eq!(
            (state.phase(), kinds(&mut state, 1, now)),
            (DiscoveryPhase::Waiting, vec!["walk"])
        );
        state.made_step(Some(StoreError::Forbidden { message: "z".into() }), now);
        assert_eq!(
            (state.phase(), kinds(&mut state, 1, now)),
            (DiscoveryPhase::Refused, vec!["rest"])
        );
        state.restart();
        assert_eq!(
            (state.phase(), kinds(&mut state, 1, now)),
            (DiscoveryPhase::Walking, vec!["walk"])
        );
    }
}
