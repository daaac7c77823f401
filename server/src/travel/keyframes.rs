//! Keyframes: states on the way through a history, kept so that replays can go on from them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rewind_domain::fold::Checkpoint;
use rewind_domain::travel::Tally;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, Json, StreamKey};

use crate::cache_figures::CacheFigures;
use rewind_store::{Place, StreamInfo};

/// How long keyframes are believed, at least and at most. What was written again with the same ids, first and last entry cannot be told from
/// what was there before without reading it, so what was seen is not taken for granted for long.
const MIN_AGE: Duration = Duration::from_secs(60);
const MAX_AGE: Duration = Duration::from_secs(600);
/// How many versions a history has that is read again each [`MIN_AGE`]: that takes about a second. Longer ones are read again less often.
const VERSIONS_A_MIN_AGE: u64 = 1_000_000;

/// A state that takes more than this beside the keyframe before it, in bytes, is kept as text where that takes less. It has little in
/// common with that one then, and reading it again takes no longer than folding a hundred events.
const MUCH: usize = 16 * 1024;

/// The keyframes of all histories that were travelled through lately, within a budget of memory.
pub struct Keyframes {
    /// In bytes.
    budget: usize,
    /// How often those of a history were forgotten, since it was another one by then.
    dropped: AtomicU64,
    tracks: Mutex<HashMap<TrackKey, History>>,
}

/// Which history, through which fold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TrackKey {
    /// The stream.
    pub stream: StreamKey,
    /// The fingerprint of the fold.
    pub fold: u64,
}

/// A state on the way.
#[derive(Clone, Debug)]
pub struct Keyframe {
    /// The entry that made its version.
    pub place: Place,
    /// What the fold goes on from.
    pub checkpoint: Checkpoint,
    /// What was met until there.
    pub tally: Tally,
}

/// What tells histories of one key apart: another stream under the same key is another one, and so is what something was taken away from,
/// since states lack then what was taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The stream when it was seen last.
    extent: StreamExtent,
    /// Of which index it is a part, where it is one.
    lineage: u64,
}

/// Up to where a keyframe is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Up to and with this version.
    Version(u64),
    /// Before this entry.
    Before(EntryId),
    /// This many versions before the last one that was seen.
    FromEnd(u64),
}

struct History {
    identity: Identity,
    since: Instant,
    used: Instant,
    latest: u64,
    /// The least distance between two of them, in versions. It doubles when memory runs out, so that those that stay lie evenly.
    spacing: u64,
    /// Ascending.
    frames: Vec<Kept>,
}

/// A keyframe as it is kept.
struct Kept {
    place: Place,
    state: State,
    notes: Option<Arc<str>>,
    tally: Tally,
    /// How much it takes beside the one before it.
    bytes: usize,
}

enum State {
    /// Has parts in common with that of the keyframe before.
    Value(Json),
    /// Has little in common with others.
    Text(Arc<str>),
}

impl Identity {
    /// That of a stream; `None` if the server does not tell whether anything was taken away.
    pub fn of(info: &StreamInfo) -> Option<Self> {
        info.extent.entries_added?;
        Some(Self { extent: info.extent.clone(), lineage: info.lineage })
    }

    /// Whether the history that looks like `later` by now is the same one, and has all that it had.
    pub fn goes_on_as(&self, later: &Self) -> bool {
        let is_whole = |extent: &StreamExtent| {
            (extent.first_id, extent.trimmed_count(), extent.max_deleted_id)
        };
        let is_same = self.extent.length == 0 || is_whole(&self.extent) == is_whole(&later.extent);
        is_same && self.lineage == later.lineage && self.extent.is_continued_by(&later.extent)
    }

    /// The same, whichever of both was seen first.
    fn is_same(&self, other: &Self) -> bool {
        self.goes_on_as(other) || other.goes_on_as(self)
    }
}

impl Keyframes {
    /// None yet, and as much room for them as that.
    pub fn new(budget: usize) -> Self {
        Self { budget, dropped: AtomicU64::new(0), tracks: Mutex::default() }
    }

    /// The last keyframe within reach, and the history that it belongs to.
    pub fn find(&self, key: &TrackKey, reach: Reach) -> Option<(Identity, Keyframe)> {
        let mut tracks = self.lock();
        let track = tracks.get_mut(key)?;
        if track.since.elapsed() > longest_age(track.latest) {
            tracks.remove(key);
            return None;
        }
        track.used = Instant::now();
        let within = track.frames.partition_point(|frame| match reach {
            Reach::Version(version) => frame.place.version <= version,
            Reach::Before(id) => frame.place.id < id,
            Reach::FromEnd(versions) => {
                frame.place.version <= track.latest.saturating_sub(versions)
            }
        });
        let kept = track.frames.get(within.checked_sub(1)?)?;
        let (identity, place, tally) = (track.identity.clone(), kept.place, kept.tally.clone());
        let notes = kept.notes.clone();
        let state = match &kept.state {
            State::Value(state) => state.clone(),
            State::Text(text) => {
                let text = Arc::clone(text);
                // Others need not wait for it to be read.
                drop(tracks);
                Json::parse(&text).ok()?
            }
        };
        Some((identity, Keyframe { place, checkpoint: Checkpoint { state, notes }, tally }))
    }

    /// Keeps a keyframe. Those of another history of the same stream are forgotten.
    pub fn add(&self, key: &TrackKey, identity: &Identity, latest: u64, frame: Keyframe) {
        let mut tracks = self.lock();
        let now = Instant::now();
        let begun = || History::new(identity.clone(), now);
        let track = tracks.entry(key.clone()).or_insert_with(begun);
        if !track.identity.is_same(identity) {
            *track = begun();
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        track.used = now;
        track.latest = track.latest.max(latest);
        track.insert(frame);
        self.keep_within_budget(&mut tracks, key);
    }

    /// Whether there is one at or shortly behind a version already, so that another one would gain little.
    pub fn is_near(
        &self,
        key: &TrackKey,
        identity: &Identity,
        version: u64,
        distance: u64,
    ) -> bool {
        let tracks = self.lock();
        let track = tracks.get(key).filter(|track| track.identity.is_same(identity));
        let Some(track) = track else { return false };
        let next = track.frames.partition_point(|frame| frame.place.version < version);
        track.frames.get(next).is_some_and(|frame| frame.place.version < version + distance)
    }

    /// The versions of those of one history, ascending.
    pub fn versions(&self, key: &TrackKey, identity: &Identity) -> Vec<u64> {
        let tracks = self.lock();
        let track = tracks.get(key).filter(|track| track.identity.is_same(identity));
        let frames = track.map_or(&[][..], |track| &track.frames);
        frames.iter().map(|frame| frame.place.version).collect()
    }

    /// Takes note of how the stream of a history looks by now.
    pub fn saw(&self, key: &TrackKey, identity: Identity) {
        if let Some(track) = self.lock().get_mut(key)
            && track.identity.goes_on_as(&identity)
        {
            track.identity = identity;
        }
    }

    /// Forgets those of one history, which turned out to be another one by now.
    pub fn forget(&self, key: &TrackKey) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        self.lock().remove(key);
    }

    /// How much they take, in bytes.
    pub fn bytes(&self) -> usize {
        self.lock().values().map(History::total).sum()
    }

    /// How much they take, and how much they may.
    pub fn figures(&self) -> CacheFigures {
        let dropped = self.dropped.load(Ordering::Relaxed);
        CacheFigures { name: "keyframe", bytes: self.bytes(), budget: self.budget, dropped }
    }

    /// Lets go of whole histories, the longest unused first; and where there is only one, of half of its keyframes.
    fn keep_within_budget(&self, tracks: &mut HashMap<TrackKey, History>, newest: &TrackKey) {
        let mut total: usize = tracks.values().map(History::total).sum();
        while total > self.budget {
            let others = tracks.iter().filter(|(key, _)| *key != newest);
            let oldest = others.min_by_key(|(_, track)| track.used).map(|(key, _)| key.clone());
            match (oldest, tracks.get_mut(newest)) {
                (Some(oldest), _) => {
                    total -= tracks.remove(&oldest).map_or(0, |track| track.total());
                }
                (None, Some(track)) if track.frames.len() > 1 => {
                    let before = track.total();
                    track.thin_out();
                    total = total + track.total() - before;
                }
                _ => {
                    // Not even one fits.
                    tracks.clear();
                    return;
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TrackKey, History>> {
        // Whoever panicked while holding it left it whole: every change is a single call.
        self.tracks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    fn new(identity: Identity, now: Instant) -> Self {
        Self { identity, since: now, used: now, latest: 0, spacing: 1, frames: Vec::new() }
    }

    fn total(&self) -> usize {
        size_of::<(TrackKey, Self)>() + self.frames.iter().map(|kept| kept.bytes).sum::<usize>()
    }

    fn insert(&mut self, frame: Keyframe) {
        let version = frame.place.version;
        let at = self.frames.partition_point(|other| other.place.version < version);
        let is_near = |other: &Kept| other.place.version.abs_diff(version) < self.spacing;
        let before = at.checked_sub(1).and_then(|before| self.frames.get(before));
        if before.is_some_and(is_near) || self.frames.get(at).is_some_and(is_near) {
            return;
        }
        let kept = Kept::new(frame, before);
        self.frames.insert(at, kept);
        self.measure(at + 1);
    }

    /// Counts again what one takes, since the one before it is another one.
    fn measure(&mut self, at: usize) {
        let before = at.checked_sub(1).and_then(|before| self.frames.get(before));
        let Some(bytes) = self.frames.get(at).map(|kept| kept.bytes_beside(before)) else { return };
        if let Some(kept) = self.frames.get_mut(at) {
            kept.bytes = bytes;
        }
    }

    fn thin_out(&mut self) {
        let distances = self.frames.windows(2).map(|pair| match pair {
            [one, next] => next.place.version - one.place.version,
            _ => u64::MAX,
        });
        self.spacing = distances.min().unwrap_or(1).max(self.spacing).saturating_mul(2);
        let mut last: Option<u64> = None;
        self.frames.retain(|frame| {
            let version = frame.place.version;
            let stays = last.is_none_or(|last| version - last >= self.spacing);
            if stays {
                last = Some(version);
            }
            stays
        });
        (0..self.frames.len()).for_each(|at| self.measure(at));
    }
}

/// How long the keyframes of a history of this many versions are believed.
fn longest_age(versions: u64) -> Duration {
    let times = u32::try_from(versions / VERSIONS_A_MIN_AGE).unwrap_or(u32::MAX);
    MIN_AGE.saturating_mul(times).clamp(MIN_AGE, MAX_AGE)
}

impl Kept {
    fn new(frame: Keyframe, before: Option<&Self>) -> Self {
        let Keyframe { place, checkpoint: Checkpoint { state, notes }, tally } = frame;
        let mut kept = Self { place, state: State::Value(state), notes, tally, bytes: 0 };
        kept.bytes = kept.bytes_beside(before);
        if kept.bytes > MUCH
            && let State::Value(state) = &kept.state
        {
            let text = state.to_string();
            if text.len() < kept.bytes {
                kept.state = State::Text(text.into());
                kept.bytes = kept.bytes_beside(before);
            }
        }
        kept
    }

    fn bytes_beside(&self, before: Option<&Self>) -> usize {
        let state = match (&self.state, before.map(|before| &before.state)) {
            (State::Text(text), _) => text.len(),
            (State::Value(state), Some(State::Value(before))) => state.bytes_beside(Some(before)),
            (State::Value(state), _) => state.bytes_beside(None),
        };
        let notes = self.notes.as_ref().map_or(0, |notes| notes.len());
        let skipped = self.tally.skipped.keys().map(|name| name.len() + 64).sum::<usize>();
        size_of::<Self>() + state + notes + skipped
    }
}

#[cfg(test)]
mod tests {
    use rewind_domain::entry_digest::EntryDigest;

    use super::*;

    fn key(stream: &str) -> TrackKey {
        TrackKey { stream: stream.into(), fold: 0 }
    }

    fn identity(gone: u64) -> Identity {
        let extent = StreamExtent {
            length: 9,
            entries_added: Some(9 + gone),
            first_id: Some(EntryId::new(gone + 1, 0)),
            last_id: Some(EntryId::new(99, 0)),
            last_generated_id: EntryId::new(99, 0),
            ..StreamExtent::default()
        };
        Identity { extent, lineage: 0 }
    }

    fn frame(version: u64, size: usize) -> Keyframe {
        Keyframe {
            place: Place { id: EntryId::new(version, 0), version, digest: EntryDigest(0) },
            checkpoint: Checkpoint { state: Json::string("x".repeat(size)), notes: None },
            tally: Tally::default(),
        }
    }

    fn found(frames: &Keyframes, stream: &str, reach: Reach) -> Option<u64> {
        frames.find(&key(stream), reach).map(|(_, frame)| frame.place.version)
    }

    #[test]
    fn the_last_one_within_reach_is_found() {
        let frames = Keyframes::new(1_000_000);
        for version in [3_000, 1_000, 2_000] {
            frames.add(&key("a"), &identity(0), 3_500, frame(version, 10));
        }
        assert_eq!(found(&frames, "a", Reach::Version(999)), None);
        assert_eq!(found(&frames, "a", Reach::Version(1_000)), Some(1_000));
        assert_eq!(found(&frames, "a", Reach::Before(EntryId::new(3_000, 0))), Some(2_000));
        assert_eq!(found(&frames, "a", Reach::FromEnd(600)), Some(2_000));
        assert_eq!(found(&frames, "b", Reach::Version(9_999)), None);
        assert!(frames.is_near(&key("a"), &identity(0), 990, 20));
        assert!(!frames.is_near(&key("a"), &identity(0), 1_001, 20));
    }

    #[test]
    fn the_longer_a_history_the_longer_its_keyframes_are_believed() {
        let seconds = |versions| longest_age(versions).as_secs();
        assert_eq!([5_000, 3_000_000, 50_000_000, u64::MAX].map(seconds), [60, 180, 600, 600]);
    }

    #[test]
    fn a_large_state_comes_back_as_it_was() {
        let frames = Keyframes::new(10_000_000);
        let state = Json::object((0..1_000_u64).map(|n| (format!("k{n}"), Json::Number(n.into()))));
        let large = Keyframe {
            checkpoint: Checkpoint { state: state.clone(), notes: Some("notes".into()) },
            ..frame(1_000, 0)
        };
        let in_memory = state.bytes_beside(None);
        frames.add(&key("a"), &identity(0), 1_000, large.clone());
        assert!(frames.bytes() < in_memory / 4, "{} of {in_memory}", frames.bytes());
        let (_, found) = frames.find(&key("a"), Reach::Version(1_000)).unwrap();
        assert_eq!(found.checkpoint, large.checkpoint);
    }

    #[test]
    fn those_of_another_history_are_forgotten() {
        let frames = Keyframes::new(1_000_000);
        frames.add(&key("a"), &identity(0), 9, frame(5, 10));
        frames.add(&key("a"), &identity(1), 9, frame(7, 10));
        assert_eq!(found(&frames, "a", Reach::Version(6)), None);
        assert_eq!(found(&frames, "a", Reach::Version(7)), Some(7));
    }

    #[test]
    fn a_budget_that_is_used_up_drops_old_histories_and_thins_the_newest() {
        let frames = Keyframes::new(100_000);
        frames.add(&key("old"), &identity(0), 1, frame(1, 50_000));
        for version in 1..=100 {
            frames.add(&key("new"), &identity(0), 100, frame(version, 5_000));
            assert!(frames.bytes() <= 100_000);
        }
        assert_eq!(found(&frames, "old", Reach::Version(1)), None);
        let distance = |version| version - found(&frames, "new", Reach::Version(version)).unwrap();
        let farthest = (1..=100).map(distance).max().unwrap();
        assert!(farthest < 16, "the next keyframe is {farthest} versions away");
        frames.add(&key("huge"), &identity(0), 1, frame(1, 200_000));
        assert_eq!(frames.bytes(), 0);
    }
}
