//! Two folds at work on the same history, side by side.

use std::sync::{Arc, Mutex, PoisonError};

use rewind_domain::fold::{Applied, Checkpoint, Folding};
use rewind_domain::{Fold, FoldError, Json, RawEvent};
use serde::{Deserialize, Serialize};

/// The name of the one state in the common one.
pub const LEFT: &str = "left";
/// The name of the other.
pub const RIGHT: &str = "right";

/// A fold whose state holds those of two others: an object with [`LEFT`] and [`RIGHT`], each there for as long as its fold has
/// not failed. It does not fail itself.
pub struct Comparison {
    left: Arc<dyn Fold>,
    right: Arc<dyn Fold>,
    failures: Arc<Mutex<Failures>>,
}

/// Where the two folds failed: the version, and why.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Failures {
    /// The one.
    pub left: Option<(u64, FoldError)>,
    /// The other.
    pub right: Option<(u64, FoldError)>,
}

impl Comparison {
    /// Compares these.
    pub fn new(left: Arc<dyn Fold>, right: Arc<dyn Fold>) -> Self {
        Self { left, right, failures: Arc::default() }
    }

    /// Where they failed, as far as they came.
    pub fn failures(&self) -> Failures {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Fold for Comparison {
    fn name(&self) -> &str {
        "comparison"
    }

    fn fingerprint(&self) -> u64 {
        // Its states are no one else's.
        self.left.fingerprint() ^ self.right.fingerprint().rotate_left(32) ^ u64::MAX
    }

    fn begin(&self, _from: Option<&Checkpoint>) -> Result<Box<dyn Folding + '_>, FoldError> {
        let left = self.left.begin(None).map_err(|error| self.note(true, 0, error));
        let right = self.right.begin(None).map_err(|error| self.note(false, 0, error));
        Ok(Box::new(Comparing { fold: self, left: left.ok(), right: right.ok(), version: 0 }))
    }
}

impl Comparison {
    fn note(&self, is_left: bool, version: u64, error: FoldError) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let failure = if is_left { &mut failures.left } else { &mut failures.right };
        failure.get_or_insert((version, error));
    }
}

struct Comparing<'f> {
    fold: &'f Comparison,
    left: Option<Box<dyn Folding + 'f>>,
    right: Option<Box<dyn Folding + 'f>>,
    version: u64,
}

impl<'f> Comparing<'f> {
    /// Does something with each folding that has not failed; whichever fails is dropped.
    fn each<T>(
        &mut self,
        mut act: impl FnMut(&mut dyn Folding) -> Result<T, FoldError>,
    ) -> (Option<T>, Option<T>) {
        let (fold, version) = (self.fold, self.version);
        let mut run = |side: &mut Option<Box<dyn Folding + 'f>>, is_left| match act(side
            .as_mut()?
            .as_mut())
        {
            Ok(value) => Some(value),
            Err(error) => {
                fold.note(is_left, version, error);
                *side = None;
                None
            }
        };
        (run(&mut self.left, true), run(&mut self.right, false))
    }
}

impl Folding for Comparing<'_> {
    fn apply(&mut self, event: &RawEvent<'_>) -> Result<Applied, FoldError> {
        self.version = event.version;
        self.each(|folding| folding.apply(event));
        Ok(Applied::Taken)
    }

    fn state(&mut self) -> Result<Json, FoldError> {
        let (left, right) = self.each(|folding| folding.state());
        let sides = [(LEFT, left), (RIGHT, right)];
        Ok(Json::object(sides.into_iter().filter_map(|(name, state)| Some((name, state?)))))
    }
}
