//! A fold whose state is asked a question after each event.

use std::sync::{Arc, Mutex, PoisonError};

use rewind_domain::fold::{Applied, Checkpoint, Folding};
use rewind_domain::{EntryId, Fields, Fold, FoldError, Json, RawEvent};
use rewind_script::{Evaluating, Expression};

/// A fold as it is, with an expression that is evaluated at the state before the first event and after each one. An engine stays on
/// the thread that folds, so the verdict is fetched from here.
pub struct Judged {
    fold: Arc<dyn Fold>,
    expression: Expression,
    verdict: Arc<Mutex<Verdict>>,
}

/// Whether the expression is true of the last state, or why that cannot be told.
pub type Verdict = Result<bool, FoldError>;

impl Judged {
    /// Asks this of the states of a fold.
    pub fn new(fold: Arc<dyn Fold>, expression: Expression) -> Self {
        Self { fold, expression, verdict: Arc::new(Mutex::new(Ok(false))) }
    }

    /// Where the verdict about the last state is.
    pub fn verdict(&self) -> Arc<Mutex<Verdict>> {
        Arc::clone(&self.verdict)
    }
}

impl Fold for Judged {
    fn name(&self) -> &str {
        self.fold.name()
    }

    fn fingerprint(&self) -> u64 {
        self.fold.fingerprint()
    }

    fn begin(&self, from: Option<&Checkpoint>) -> Result<Box<dyn Folding + '_>, FoldError> {
        let folding = self.fold.begin(from)?;
        let evaluating = self.expression.begin()?;
        let mut judging = Judging { folding, evaluating, verdict: &self.verdict };
        let nothing = Fields::default();
        judging.judge(&RawEvent::new(EntryId::MIN, 0, &nothing))?;
        Ok(Box::new(judging))
    }
}

struct Judging<'f> {
    folding: Box<dyn Folding + 'f>,
    evaluating: Evaluating,
    verdict: &'f Mutex<Verdict>,
}

impl Judging<'_> {
    fn judge(&mut self, event: &RawEvent<'_>) -> Result<(), FoldError> {
        let state = self.folding.state()?;
        let verdict = self.evaluating.is_true(&state, event);
        *self.verdict.lock().unwrap_or_else(PoisonError::into_inner) = verdict;
        Ok(())
    }
}

impl Folding for Judging<'_> {
    fn apply(&mut self, event: &RawEvent<'_>) -> Result<Applied, FoldError> {
        let applied = self.folding.apply(event)?;
        self.judge(event)?;
        Ok(applied)
    }

    fn state(&mut self) -> Result<Json, FoldError> {
        self.folding.state()
    }
}
