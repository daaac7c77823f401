//! Walks: a history, page by page, through a fold.

use std::io;
use std::sync::Arc;

use rewind_domain::{DeepMerge, Fold, FoldError};

use super::Worker;
use super::pages::{SentKeyframes, SentPages};
use super::scripts::Scripts;
use crate::backend::visitors::{AuthorSearch, Bisection, Point, Recorder, Search, Survey, Trial};
use crate::engines::wire::{WalkAnswer, WireKeyframe, WireWalk};
use crate::folds::{Comparison, FoldPlan, Judged};
use crate::travel::{KeyframeSink, Visitor, VisitorKind, Way};

impl Worker {
    pub(super) fn walk(&mut self, walk: WireWalk) -> io::Result<()> {
        self.guard.expect(walk.culprits.clone());
        let fold = match Prepared::of(&walk.fold, &mut self.scripts) {
            Ok(fold) => fold,
            Err(answer) => return self.answer(answer),
        };
        let answer = match walk.kind {
            VisitorKind::Window => self.go::<Recorder>(walk, &fold),
            VisitorKind::Point => self.go::<Point>(walk, &fold),
            VisitorKind::History => self.go::<Search>(walk, &fold),
            VisitorKind::Bisect => self.go::<Bisection>(walk, &fold),
            VisitorKind::Blame => self.go::<AuthorSearch>(walk, &fold),
            VisitorKind::Timeline => self.go::<Survey>(walk, &fold),
            VisitorKind::Trial => self.go::<Trial>(walk, &fold),
        }?;
        self.answer(answer)
    }

    fn go<V: Visitor + Joined>(&self, walk: WireWalk, fold: &Prepared) -> io::Result<WalkAnswer> {
        let mut visitor: V = serde_json::from_str(walk.visitor.get())?;
        visitor.join(fold);
        let start = walk.start.map(WireKeyframe::into_keyframe);
        let codec = self.event_reader.of(&walk.stream);
        let mut pages = SentPages::new(&self.input, &self.output);
        let mut sink = walk.keyframes.map(|versions| SentKeyframes::new(versions, &self.output));
        let sink = sink.as_mut().map(|sink| sink as &mut dyn KeyframeSink);
        let way =
            Way { fold: fold.fold(), codec: &codec, start: start.as_ref(), extent: walk.extent };
        let outcome = way.go(&mut pages, sink, &mut visitor).map_err(io::Error::other)?;
        visitor.part(fold);
        let visitor = serde_json::value::to_raw_value(&visitor)?;
        Ok(WalkAnswer::Done { visitor, outcome: Box::new(outcome) })
    }
}

/// A fold that was read.
pub(crate) enum Prepared {
    /// One that says nothing but its states.
    Plain(Arc<dyn Fold>),
    /// One with an expression.
    Judged(Judged),
    /// Two side by side. There may be no saved one.
    Compared(Comparison, bool),
}

/// Visitors that have to do with their fold beyond its states.
pub(crate) trait Joined {
    /// Before the walk.
    fn join(&mut self, _fold: &Prepared) {}

    /// Behind it.
    fn part(&mut self, _fold: &Prepared) {}
}

impl Prepared {
    fn of(plan: &FoldPlan, scripts: &mut Scripts) -> Result<Self, WalkAnswer> {
        Ok(match plan {
            FoldPlan::Judged { fold, expression } => {
                let fold = plain(fold, scripts).map_err(WalkAnswer::NoFold)?;
                let expression =
                    scripts.expression(expression).map_err(WalkAnswer::NoExpression)?;
                Self::Judged(Judged::new(fold, expression))
            }
            FoldPlan::Compared { saved, tried } => {
                let tried: Arc<dyn Fold> = scripts.fold(tried).map_err(WalkAnswer::NoFold)?;
                // What is saved may be no fold at all: then there is nothing to compare with.
                let saved = plain(saved, scripts).ok();
                let has_saved = saved.is_some();
                let saved = saved.unwrap_or_else(|| Arc::clone(&tried));
                Self::Compared(Comparison::new(saved, tried), has_saved)
            }
            plan => Self::Plain(plain(plan, scripts).map_err(WalkAnswer::NoFold)?),
        })
    }

    fn fold(&self) -> &dyn Fold {
        match self {
            Self::Plain(fold) => fold.as_ref(),
            Self::Judged(fold) => fold,
            Self::Compared(fold, _) => fold,
        }
    }
}

fn plain(plan: &FoldPlan, scripts: &mut Scripts) -> Result<Arc<dyn Fold>, FoldError> {
    Ok(match plan {
        FoldPlan::Merge => Arc::new(DeepMerge),
        FoldPlan::Script(script) => scripts.fold(script)?,
        // Nothing stands within another one but these.
        FoldPlan::Judged { fold, .. } => plain(fold, scripts)?,
        FoldPlan::Compared { tried, .. } => scripts.fold(tried)?,
    })
}
