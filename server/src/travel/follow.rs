//! Going through a history, event by event: folding, showing the visitor, and laying keyframes.

use std::time::{Duration, Instant};

use rewind_codec::StreamCodec;
use rewind_domain::travel::{Replay, ReplayError, Tally};
use rewind_domain::versions::{Incomplete, IncompleteReason, StreamExtent};
use rewind_domain::{Fold, RawEvent};
use serde::{Deserialize, Serialize};

use super::visitor::{Flow, Visitor};
use super::{Keyframe, KeyframeSink};
use rewind_store::{HistoryPage, Place, StoreError, digest};

/// The least distance between keyframes, in versions: about what is folded in a millisecond.
pub(crate) const KEYFRAME_EVERY: u64 = 1_024;
/// The greatest distance, where reading out the state takes long: about what a script folds in ten milliseconds.
const KEYFRAME_AT_LATEST: u64 = 3 * KEYFRAME_EVERY;
/// The part of a walk's time that may go into laying keyframes closer than that: one in this many.
const KEYFRAME_SHARE: u32 = 10;

/// What a walk came to, beside what its visitor saw.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

/// Where the pages of a history come from.
pub(crate) trait Pages {
    /// The next page; `None` behind the last. Blocks the thread until it is there.
    ///
    /// # Errors
    /// Whatever happens to Redis meanwhile.
    fn next_page(&mut self) -> Result<Option<HistoryPage>, StoreError>;

    /// Whether nobody waits for the outcome any more.
    fn is_cancelled(&self) -> bool;
}

/// A way through a history.
pub(crate) struct Way<'w> {
    pub(crate) fold: &'w dyn Fold,
    pub(crate) codec: &'w StreamCodec,
    /// Where to go on from.
    pub(crate) start: Option<&'w Keyframe>,
    /// The stream when reading began.
    pub(crate) extent: StreamExtent,
}

impl Way<'_> {
    /// Goes through all pages, or as far as the visitor wants. Keyframes go onto the sink, where there is one.
    ///
    /// # Errors
    /// Whatever happens to Redis meanwhile.
    pub(crate) fn go<V: Visitor>(
        &self,
        pages: &mut dyn Pages,
        sink: Option<&mut dyn KeyframeSink>,
        visitor: &mut V,
    ) -> Result<Outcome, StoreError> {
        let extent = self.extent.clone();
        let mut outcome = Outcome {
            incomplete: extent.incomplete(),
            tally: Tally::default(),
            version: extent.trimmed_count(),
            extent,
            stopped: None,
        };
        rewind_script::at_version(self.start.map_or(outcome.version, |start| start.place.version));
        let begun = match self.start {
            None => Replay::start(self.fold, outcome.extent.trimmed_count()),
            Some(frame) => Replay::resume(
                self.fold,
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
        follow(self.codec, pages, sink, &mut replay, visitor, &mut outcome)?;
        if let Some(replay) = &mut replay {
            outcome.tally = replay.tally().clone();
            outcome.version = replay.version();
            outcome.stopped = visitor.finish(replay).err();
        }
        visitor.close();
        Ok(outcome)
    }
}

fn follow<V: Visitor>(
    codec: &StreamCodec,
    pages: &mut dyn Pages,
    sink: Option<&mut dyn KeyframeSink>,
    replay: &mut Option<Replay<'_>>,
    visitor: &mut V,
    outcome: &mut Outcome,
) -> Result<(), StoreError> {
    let mut keyframer =
        sink.map(|sink| Keyframer::new(sink, replay.as_ref().map_or(0, Replay::version)));
    let mut version = replay.as_ref().map_or(outcome.version, Replay::version);
    while let Some(page) = pages.next_page()? {
        if page.first_version > version + 1 && !page.is_empty() {
            let incomplete = outcome.incomplete.take();
            outcome.incomplete = Some(overtaken(incomplete, version + 1, page.first_version - 1));
        }
        let mut events = page.events().peekable();
        while let Some(event) = events.next() {
            // Unpacking a single event may take a tenth of a second.
            if pages.is_cancelled() {
                return Ok(());
            }
            let is_last = page.is_last && events.peek().is_none();
            version = event.version;
            rewind_script::at_version(version);
            let raw = event.raw().with_decoder(codec);
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
            if let Some(keyframer) = &mut keyframer {
                keyframer.pass(running, &raw);
            }
        }
    }
    Ok(())
}

/// Lays keyframes along a walk.
struct Keyframer<'w> {
    sink: &'w mut dyn KeyframeSink,
    /// The version behind which the next one may be laid.
    next: u64,
    last: u64,
    since: Instant,
    /// How long laying the last one took.
    took: Duration,
}

impl<'w> Keyframer<'w> {
    fn new(sink: &'w mut dyn KeyframeSink, version: u64) -> Self {
        let next = version + KEYFRAME_EVERY;
        Self { sink, next, last: version, since: Instant::now(), took: Duration::ZERO }
    }

    /// Lays one where it is time for one.
    fn pass(&mut self, replay: &mut Replay<'_>, event: &RawEvent<'_>) {
        if event.version < self.next || replay.version() != event.version {
            return;
        }
        let now = Instant::now();
        let is_due = now.duration_since(self.since) >= self.took * KEYFRAME_SHARE
            || event.version - self.last >= KEYFRAME_AT_LATEST;
        if !is_due {
            self.next = event.version + KEYFRAME_EVERY;
            return;
        }
        if !self.sink.is_near(event.version, KEYFRAME_EVERY)
            // A state that cannot be read out here may be one later that can.
            && let Ok(checkpoint) = replay.checkpoint()
        {
            let place = Place { id: event.id, version: event.version, digest: digest(event) };
            self.sink.lay(Keyframe { place, checkpoint, tally: replay.tally().clone() });
        }
        self.took = now.elapsed();
        self.since = Instant::now();
        self.last = event.version;
        self.next = event.version + KEYFRAME_EVERY;
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
