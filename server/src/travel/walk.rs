//! Walking through a history.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rewind_codec::{Codecs, StreamCodec};
use rewind_domain::travel::{Replay, ReplayError, Tally};
use rewind_domain::versions::{Incomplete, IncompleteReason, StreamExtent};
use rewind_domain::{Fold, RawEvent, StreamKey};
use tokio::sync::Semaphore;

use super::{Identity, Keyframe, Keyframes, Reach, TrackKey};
use crate::caches::CacheFigures;
use crate::store::{History, HistoryEnd, Place, Store, StoreError, digest};

/// How many histories are folded at the same moment. More would only make each of them slower.
const WALKS_AT_ONCE: usize = 16;
/// The least distance between keyframes, in versions: about what is folded in a millisecond.
const KEYFRAME_EVERY: u64 = 1_024;
/// The greatest distance, where reading out the state takes long: about what a script folds in ten milliseconds.
const KEYFRAME_AT_LATEST: u64 = 3 * KEYFRAME_EVERY;
/// The part of a walk's time that may go into laying keyframes closer than that: one in so many.
const KEYFRAME_SHARE: u32 = 10;

/// Walks through histories.
#[derive(Clone)]
pub struct Traveller {
    store: Store,
    codecs: Codecs,
    keyframes: Arc<Keyframes>,
    slots: Arc<Semaphore>,
}

/// From where to where a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The last place from which it may begin; at the beginning of the history where there is none.
    pub from: Option<Reach>,
    /// Where it ends at the latest.
    pub to: HistoryEnd,
}

/// What looks at a history while walking through it.
pub trait Visitor: Send + 'static {
    /// Why it does not want to go.
    type Error: Send;

    /// From where to where it wants to go; through the whole history where it does not say.
    fn span(&self) -> Span {
        Span { from: None, to: HistoryEnd::Now }
    }

    /// Whether keyframes are laid on the way, which others can go on from.
    fn lays_keyframes(&self) -> bool {
        true
    }

    /// Learns how far the stream reaches at the moment, and says which version the walk must begin at or before, 0 for the
    /// beginning. Is asked again should the walk have to begin elsewhere.
    ///
    /// # Errors
    /// Where there is nothing to walk to.
    fn begin(&mut self, _extent: &StreamExtent) -> Result<u64, Self::Error> {
        Ok(0)
    }

    /// Takes the next event into the replay, or decides to stop before it. `is_last` where none comes behind it.
    ///
    /// # Errors
    /// Where the fold fails.
    fn event(
        &mut self,
        replay: &mut Replay<'_>,
        event: &RawEvent<'_>,
        is_last: bool,
    ) -> Result<Flow, ReplayError>;

    /// Sees where the walk came to, unless the fold failed on the way.
    ///
    /// # Errors
    /// Where the state there cannot be read.
    fn finish(&mut self, _replay: &mut Replay<'_>) -> Result<(), ReplayError> {
        Ok(())
    }

    /// Is shown an event behind the one that the fold failed on.
    fn unfolded(&mut self, _event: &RawEvent<'_>) -> Flow {
        Flow::Stop
    }
}

/// Whether a walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// With the next event.
    Continue,
    /// No further.
    Stop,
}

/// What a walk came to, beside what its visitor saw.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The stream as it was when the walk began.
    pub extent: StreamExtent,
    /// What is missing from its history.
    pub incomplete: Option<Incomplete>,
    /// What the fold passed over.
    pub tally: Tally,
    /// The version reached.
    pub version: u64,
    /// Where the fold failed.
    pub stopped: Option<ReplayError>,
}

/// Why a walk came to nothing.
#[derive(Debug)]
pub enum WalkError<E> {
    /// Redis.
    Store(StoreError),
    /// The visitor.
    Visitor(E),
    /// A panic, which the log has.
    Crashed,
}

impl Traveller {
    /// One that reads from `store`, unpacks payloads by `codecs`, and keeps keyframes of at most so many bytes.
    pub fn new(store: Store, codecs: Codecs, keyframe_bytes: usize) -> Self {
        Self {
            store,
            codecs,
            keyframes: Arc::new(Keyframes::new(keyframe_bytes)),
            slots: Arc::new(Semaphore::new(WALKS_AT_ONCE)),
        }
    }

    /// How much memory keyframes take.
    pub fn keyframe_figures(&self) -> CacheFigures {
        self.keyframes.figures()
    }

    /// Walks, and gives the visitor back. Ends early when it is dropped.
    ///
    /// # Errors
    /// Whatever Redis or the visitor has against it. A fold that fails is no error: [`Outcome::stopped`] tells.
    pub async fn walk<V: Visitor>(
        &self,
        stream: &StreamKey,
        fold: &Arc<dyn Fold>,
        mut visitor: V,
    ) -> Result<(V, Outcome), WalkError<V::Error>> {
        let track = TrackKey { stream: stream.clone(), fold: fold.fingerprint() };
        let (start, history) = self.open(&track, &mut visitor).await?;
        let way = Way {
            identity: Identity::of(&history.info().extent).filter(|_| visitor.lays_keyframes()),
            track,
            keyframes: Arc::clone(&self.keyframes),
            fold: Arc::clone(fold),
            codec: self.codecs.of(stream),
            cancelled: Arc::default(),
        };
        if history.is_one_page() && fold.is_quick() && !history.needs_decoder(&way.codec) {
            return way.go(start.as_ref(), history, visitor);
        }
        let _cancel = CancelOnDrop(Arc::clone(&way.cancelled));
        // Closed never, since nothing closes it.
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        let walk = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            way.go(start.as_ref(), history, visitor)
        });
        walk.await.map_err(|error| {
            tracing::error!(%error, "a walk through a history came to a bad end");
            WalkError::Crashed
        })?
    }

    /// Finds where to begin, and begins to read there.
    async fn open<V: Visitor>(
        &self,
        track: &TrackKey,
        visitor: &mut V,
    ) -> Result<(Option<Keyframe>, History), WalkError<V::Error>> {
        let Span { from, to } = visitor.span();
        let mut start = from.and_then(|reach| self.keyframes.find(track, reach));
        loop {
            let place = start.as_ref().map(|(_, frame)| frame.place);
            let history = self
                .store
                .history(&track.stream, place, counted_from(to, place))
                .await
                .map_err(WalkError::Store)?;
            let extent = &history.info().extent;
            if let Some((identity, frame)) = &start {
                if !history.is_continued() || Identity::of(extent) != Some(*identity) {
                    self.keyframes.forget(track);
                    start = None;
                    continue;
                }
                let latest_start = visitor.begin(extent).map_err(WalkError::Visitor)?;
                if frame.place.version > latest_start {
                    start = self.keyframes.find(track, Reach::Version(latest_start));
                    continue;
                }
            } else {
                visitor.begin(extent).map_err(WalkError::Visitor)?;
            }
            return Ok((start.map(|(_, frame)| frame), history));
        }
    }
}

/// Versions are counted from the beginning, entries from where reading begins.
fn counted_from(end: HistoryEnd, place: Option<Place>) -> HistoryEnd {
    match (end, place) {
        (HistoryEnd::Count(count), Some(place)) => {
            HistoryEnd::Count(count.saturating_sub(place.version))
        }
        (end, _) => end,
    }
}

struct Way {
    track: TrackKey,
    /// Nothing where no keyframes are laid.
    identity: Option<Identity>,
    keyframes: Arc<Keyframes>,
    fold: Arc<dyn Fold>,
    codec: StreamCodec,
    cancelled: Arc<AtomicBool>,
}

impl Way {
    fn go<V: Visitor>(
        &self,
        start: Option<&Keyframe>,
        history: History,
        mut visitor: V,
    ) -> Result<(V, Outcome), WalkError<V::Error>> {
        let extent = history.info().extent.clone();
        let mut outcome = Outcome {
            incomplete: extent.incomplete(),
            tally: Tally::default(),
            version: extent.gone(),
            extent,
            stopped: None,
        };
        let begun = match start {
            None => Replay::start(self.fold.as_ref(), outcome.extent.gone()),
            Some(frame) => Replay::resume(
                self.fold.as_ref(),
                frame.place.version,
                &frame.checkpoint,
                frame.tally.clone(),
            ),
        };
        let mut replay = match begun {
            Ok(replay) => Some(replay),
            Err(error) => {
                outcome.stopped = Some(error);
                None
            }
        };
        self.follow(history, &mut replay, &mut visitor, &mut outcome).map_err(WalkError::Store)?;
        if let Some(replay) = &mut replay {
            outcome.tally = replay.tally().clone();
            outcome.version = replay.version();
            outcome.stopped = visitor.finish(replay).err();
        }
        Ok((visitor, outcome))
    }

    fn follow<'f, V: Visitor>(
        &'f self,
        mut history: History,
        replay: &mut Option<Replay<'f>>,
        visitor: &mut V,
        outcome: &mut Outcome,
    ) -> Result<(), StoreError> {
        let mut keyframer = Keyframer::new(self, replay.as_ref().map_or(0, Replay::version));
        let mut version = replay.as_ref().map_or(outcome.version, Replay::version);
        while let Some(page) = history.next_page()? {
            if page.first_version > version + 1 && !page.is_empty() {
                let incomplete = outcome.incomplete.take();
                outcome.incomplete =
                    Some(overtaken(incomplete, version + 1, page.first_version - 1));
            }
            let mut events = page.events().peekable();
            while let Some(event) = events.next() {
                // Unpacking a single event may take a tenth of a second.
                if self.cancelled.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let is_last = page.is_last && events.peek().is_none();
                version = event.version;
                let raw = event.raw().with_decoder(&self.codec);
                let Some(running) = replay else {
                    match visitor.unfolded(&raw) {
                        Flow::Continue => continue,
                        Flow::Stop => return Ok(()),
                    }
                };
                match visitor.event(running, &raw, is_last) {
                    Ok(Flow::Continue) => {}
                    Ok(Flow::Stop) => return Ok(()),
                    Err(error) => {
                        outcome.tally = running.tally().clone();
                        outcome.version = running.version();
                        outcome.stopped = Some(error);
                        *replay = None;
                        match visitor.unfolded(&raw) {
                            Flow::Continue => continue,
                            Flow::Stop => return Ok(()),
                        }
                    }
                }
                keyframer.pass(running, &raw, &outcome.extent);
            }
        }
        Ok(())
    }
}

/// Lays keyframes along a walk.
struct Keyframer<'w> {
    way: &'w Way,
    /// The version behind which the next one may be laid.
    next: u64,
    last: u64,
    since: Instant,
    /// How long laying the last one took.
    took: Duration,
}

impl<'w> Keyframer<'w> {
    fn new(way: &'w Way, version: u64) -> Self {
        let next = version + KEYFRAME_EVERY;
        Self { way, next, last: version, since: Instant::now(), took: Duration::ZERO }
    }

    /// Lays one where it is time for one.
    fn pass(&mut self, replay: &mut Replay<'_>, event: &RawEvent<'_>, extent: &StreamExtent) {
        if event.version < self.next || replay.version() != event.version {
            return;
        }
        let Some(identity) = self.way.identity else { return };
        let now = Instant::now();
        let is_due = now.duration_since(self.since) >= self.took * KEYFRAME_SHARE
            || event.version - self.last >= KEYFRAME_AT_LATEST;
        if !is_due {
            self.next = event.version + KEYFRAME_EVERY;
            return;
        }
        let Way { track, keyframes, .. } = self.way;
        if !keyframes.is_near(track, identity, event.version, KEYFRAME_EVERY)
            // A state that cannot be read out here may be one later that can.
            && let Ok(checkpoint) = replay.checkpoint()
        {
            let place = Place { id: event.id, version: event.version, digest: digest(event) };
            let frame = Keyframe { place, checkpoint, tally: replay.tally().clone() };
            keyframes.add(track, identity, extent.latest_version(), frame);
        }
        self.took = now.elapsed();
        self.since = Instant::now();
        self.last = event.version;
        self.next = event.version + KEYFRAME_EVERY;
    }
}

struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Trimming overtook the reader: what was read before it is still folded, what it took is not.
fn overtaken(known: Option<Incomplete>, from: u64, to: u64) -> Incomplete {
    match known {
        Some(known) if known.reason == IncompleteReason::Deleted => known,
        Some(known) if known.reason == IncompleteReason::Trimmed => {
            Incomplete { missing_to: to, ..known }
        }
        _ => Incomplete { missing_from: from, missing_to: to, reason: IncompleteReason::Trimmed },
    }
}
