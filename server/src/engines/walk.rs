//! Walks through histories whose folds are scripts: pages go to an engine process, keyframes and the visitor come back.

use rewind_domain::versions::StreamExtent;
use rewind_domain::{FoldError, StreamKey};
use rewind_script::Culprit;
use serde_json::value::RawValue;

use super::pool::Running;
use super::process::Told;
use super::wire::{Job, WalkAnswer, WireKeyframe, WireWalk};
use super::{EngineError, Engines, garbled, job_frame, parse};
use crate::folds::FoldPlan;
use crate::travel::{Keyframe, Outcome, Track, Visitor, VisitorKind};
use rewind_store::{History, StoreError};

/// A walk to be gone by an engine process.
pub(crate) struct WalkJob<V = ()> {
    fold: FoldPlan,
    stream: StreamKey,
    extent: StreamExtent,
    start: Option<Keyframe>,
    keyframes: Option<Vec<u64>>,
    culprits: Vec<Culprit>,
    visitor: V,
}

/// A visitor on its way.
pub(crate) struct Packed {
    kind: VisitorKind,
    json: serde_json::Result<Box<RawValue>>,
}

/// How a walk ended.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each walk, and it is taken apart at once"
)]
pub(crate) enum WalkEnd<V> {
    /// As it should, with what the visitor saw.
    Done(V, Outcome),
    /// The fold is none.
    NoFold(FoldError),
    /// The expression is none.
    NoExpression(FoldError),
    /// At Redis.
    Store(StoreError),
    /// At a script that cannot be stopped.
    GivenUp(Culprit),
    /// With the process, of which nobody knows why.
    Vanished(String),
}

impl WalkJob {
    /// A walk of this fold through a history, from `start` on. Keyframes are laid where there is a track for them.
    pub(crate) fn new(
        fold: &FoldPlan,
        stream: &StreamKey,
        extent: &StreamExtent,
        start: Option<Keyframe>,
        track: Option<&Track>,
    ) -> Self {
        Self {
            fold: fold.clone(),
            stream: stream.clone(),
            extent: extent.clone(),
            start,
            keyframes: track.map(Track::versions),
            culprits: Vec::new(),
            visitor: (),
        }
    }

    /// With what looks at it.
    pub(crate) fn visited_by<V: Visitor>(self, visitor: &V) -> WalkJob<Packed> {
        let json = serde_json::value::to_raw_value(visitor);
        let Self { fold, stream, extent, start, keyframes, culprits, visitor: () } = self;
        let visitor = Packed { kind: V::KIND, json };
        WalkJob { fold, stream, extent, start, keyframes, culprits, visitor }
    }
}

impl WalkJob<Packed> {
    /// With places where scripts are known to take too long.
    pub(crate) fn with_culprits(self, culprits: &[Culprit]) -> Self {
        Self { culprits: culprits.to_vec(), ..self }
    }
}

impl Engines {
    /// Goes a walk. `lay` gets the keyframes. Ends early when it is dropped.
    ///
    /// # Errors
    /// If there is no engine for it.
    pub(crate) async fn walk<V: Visitor>(
        &self,
        job: WalkJob<Packed>,
        history: &mut History,
        mut lay: impl FnMut(Keyframe),
    ) -> Result<WalkEnd<V>, EngineError> {
        let scripts = job.fold.scripts();
        let WalkJob { fold, stream, extent, start, keyframes, culprits, visitor } = job;
        let begin = job_frame(&Job::Walk(Box::new(WireWalk {
            fold,
            stream,
            extent,
            start: start.map(WireKeyframe::of),
            keyframes,
            kind: visitor.kind,
            visitor: visitor.json.map_err(garbled)?,
            culprits,
        })))?;
        let Running { pages, mut told } = self.pool.start(scripts, begin, false).await?;
        let feeding = async move {
            while let Some(page) = history.page().await? {
                // A walk that ended early needs no more.
                if pages.send(page.pack()).await.is_err() {
                    break;
                }
            }
            drop(pages);
            Ok::<(), StoreError>(())
        };
        tokio::pin!(feeding);
        let mut is_feeding = true;
        loop {
            let message = tokio::select! {
                biased;
                message = told.recv() => message,
                fed = &mut feeding, if is_feeding => {
                    is_feeding = false;
                    match fed {
                        Ok(()) => continue,
                        Err(error) => return Ok(WalkEnd::Store(error)),
                    }
                }
            };
            return match message {
                Some(Told::Keyframe(keyframe)) => {
                    lay(parse::<WireKeyframe>(&keyframe)?.into_keyframe());
                    continue;
                }
                Some(Told::Done(answer)) => ended(&answer),
                Some(Told::GivenUp(answer)) => {
                    Ok(WalkEnd::GivenUp(self.given_up(&answer)?.culprit))
                }
                Some(Told::Vanished(reason)) => {
                    self.pool.count_vanished();
                    Ok(WalkEnd::Vanished(reason))
                }
                None => Err(EngineError::Garbled("no answer".to_owned())),
            };
        }
    }
}

fn ended<V: Visitor>(answer: &[u8]) -> Result<WalkEnd<V>, EngineError> {
    Ok(match parse(answer)? {
        WalkAnswer::Done { visitor, outcome } => {
            WalkEnd::Done(serde_json::from_str(visitor.get()).map_err(garbled)?, *outcome)
        }
        WalkAnswer::NoFold(error) => WalkEnd::NoFold(error),
        WalkAnswer::NoExpression(error) => WalkEnd::NoExpression(error),
    })
}
