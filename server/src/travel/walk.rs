//! Walking through a history.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::event_reader::EventReader;
use rewind_codec::StreamCodec;
use rewind_domain::{DeepMerge, FoldError, StreamKey};
use tokio::sync::Semaphore;

use super::follow::{Outcome, Pages, Way};
use super::visitor::{Span, Visitor};
use super::{Identity, Keyframe, KeyframeSink, Keyframes, Reach, Track, TrackKey};
use crate::cache_figures::CacheFigures;
use crate::engines::{EngineError, Engines, WalkEnd, WalkJob};
use crate::folds::FoldPlan;
use rewind_store::{History, HistoryEnd, HistoryPage, Place, Store, StoreError};

/// How many histories are folded at the same moment in this process. More would only make each of them slower.
const WALKS_AT_ONCE: usize = 16;
/// How often a walk is gone again because a script could not be stopped: once for each of the scripts that it may have, and once more.
const MAX_CULPRITS: usize = 3;

/// Walks through histories.
#[derive(Clone)]
pub struct Traveller {
    store: Store,
    event_reader: EventReader,
    keyframes: Arc<Keyframes>,
    engines: Engines,
    slots: Arc<Semaphore>,
}

/// Why a walk came to nothing.
#[derive(Debug)]
pub enum WalkError<E> {
    /// Redis.
    Store(StoreError),
    /// The visitor.
    Visitor(E),
    /// The fold cannot be used.
    Fold(FoldError),
    /// The expression cannot be used.
    Expression(FoldError),
    /// There was no engine, or it came to a bad end.
    Engine(EngineError),
    /// A panic, which the log has.
    Crashed,
}

impl Traveller {
    /// One that reads from `store`, reads events by `event_reader`, has scripts run by `engines`, and keeps keyframes of at most so
    /// many bytes.
    pub fn new(
        store: Store,
        event_reader: EventReader,
        engines: Engines,
        keyframe_bytes: usize,
    ) -> Self {
        Self {
            store,
            event_reader,
            keyframes: Arc::new(Keyframes::new(keyframe_bytes)),
            engines,
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
        fold: &FoldPlan,
        visitor: V,
    ) -> Result<(V, Outcome), WalkError<V::Error>> {
        let key = TrackKey { stream: stream.clone(), fold: fold.fingerprint() };
        match fold {
            FoldPlan::Merge => self.walk_here(key, visitor).await,
            _ => self.walk_elsewhere(key, fold, visitor).await,
        }
    }

    /// Walks in this process.
    async fn walk_here<V: Visitor>(
        &self,
        key: TrackKey,
        mut visitor: V,
    ) -> Result<(V, Outcome), WalkError<V::Error>> {
        let (start, history) = self.open(&key, &mut visitor).await?;
        let codec = self.event_reader.of(&key.stream);
        let track = self.track(key, &history, &visitor);
        let cancelled = Arc::<AtomicBool>::default();
        let is_short = history.is_one_page() && !history.needs_decoder(&codec);
        let walk = Walk { start, track, codec, pages: ReadPages { history, cancelled } };
        if is_short {
            return walk.go(visitor);
        }
        let _cancel = CancelOnDrop(Arc::clone(&walk.pages.cancelled));
        // Closed never, since nothing closes it.
        let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
        let walk = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            walk.go(visitor)
        });
        walk.await.map_err(|error| {
            tracing::error!(%error, "a walk through a history came to a bad end");
            WalkError::Crashed
        })?
    }

    /// Reads here, and has the script run in another process.
    async fn walk_elsewhere<V: Visitor>(
        &self,
        key: TrackKey,
        fold: &FoldPlan,
        mut visitor: V,
    ) -> Result<(V, Outcome), WalkError<V::Error>> {
        let (mut culprits, mut has_vanished) = (Vec::new(), false);
        loop {
            let (start, mut history) = self.open(&key, &mut visitor).await?;
            let mut track = self.track(key.clone(), &history, &visitor);
            let job =
                WalkJob::new(fold, &key.stream, &history.info().extent, start, track.as_ref())
                    .visited_by(&visitor)
                    .with_culprits(&culprits);
            let lay = |keyframe| {
                if let Some(track) = &mut track {
                    track.lay(keyframe);
                }
            };
            match self.engines.walk(job, &mut history, lay).await {
                Ok(WalkEnd::Done(visitor, outcome)) => return Ok((visitor, outcome)),
                Ok(WalkEnd::NoFold(error)) => return Err(WalkError::Fold(error)),
                Ok(WalkEnd::NoExpression(error)) => return Err(WalkError::Expression(error)),
                Ok(WalkEnd::Store(error)) => return Err(WalkError::Store(error)),
                // Gone again, it comes to the same place, and says there what is wrong.
                Ok(WalkEnd::GivenUp(culprit)) if culprits.len() < MAX_CULPRITS => {
                    culprits.push(culprit);
                }
                Ok(WalkEnd::GivenUp(culprit)) => return Err(WalkError::Fold(culprit.error)),
                // It may have been ended from outside.
                Ok(WalkEnd::Vanished(_)) if !has_vanished => has_vanished = true,
                Ok(WalkEnd::Vanished(reason)) => {
                    return Err(WalkError::Engine(EngineError::Vanished(reason)));
                }
                Err(error) => return Err(WalkError::Engine(error)),
            }
        }
    }

    fn track<V: Visitor>(&self, key: TrackKey, history: &History, visitor: &V) -> Option<Track> {
        let extent = &history.info().extent;
        let identity = Identity::of(history.info()).filter(|_| visitor.lays_keyframes())?;
        Some(Track::new(Arc::clone(&self.keyframes), key, identity, extent.latest_version()))
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
                let now = Identity::of(history.info()).filter(|now| identity.goes_on_as(now));
                let Some(now) = now.filter(|_| history.is_continued()) else {
                    self.keyframes.forget(track);
                    start = None;
                    continue;
                };
                self.keyframes.saw(track, now);
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

/// A walk in this process. Its fold is the default one.
struct Walk {
    start: Option<Keyframe>,
    track: Option<Track>,
    codec: StreamCodec,
    pages: ReadPages,
}

impl Walk {
    fn go<V: Visitor>(mut self, mut visitor: V) -> Result<(V, Outcome), WalkError<V::Error>> {
        let way = Way {
            fold: &DeepMerge,
            codec: &self.codec,
            start: self.start.as_ref(),
            extent: self.pages.history.info().extent.clone(),
        };
        let sink = self.track.as_mut().map(|track| track as &mut dyn KeyframeSink);
        let outcome = way.go(&mut self.pages, sink, &mut visitor).map_err(WalkError::Store)?;
        Ok((visitor, outcome))
    }
}

struct ReadPages {
    history: History,
    cancelled: Arc<AtomicBool>,
}

impl Pages for ReadPages {
    fn next_page(&mut self) -> Result<Option<HistoryPage>, StoreError> {
        self.history.next_page()
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
