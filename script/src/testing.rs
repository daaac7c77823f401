//! A fold at work, with a question.

use rewind_domain::{Applied, Checkpoint, FoldError, Folding, Json, RawEvent};
use rquickjs::{Function, Persistent};

use crate::engine::Tools;
use crate::expression::Expression;
use crate::folding::ScriptFolding;
use crate::held::keep;
use crate::values::frozen;

/// A folding with an expression that can be evaluated after each event, without reading the state out.
pub struct Testing<'f> {
    /// It goes before the engine does.
    test: Kept,
    expression: Expression,
    folding: ScriptFolding<'f>,
}

/// The functions that evaluate the expression.
struct Kept {
    evaluate: Persistent<Function<'static>>,
    test: Persistent<Function<'static>>,
}

impl<'f> Testing<'f> {
    pub(crate) fn begin(
        folding: ScriptFolding<'f>,
        expression: &Expression,
    ) -> Result<Self, FoldError> {
        let test = folding.engine()?.enter(|ctx| {
            let test = expression.function(ctx)?;
            Ok(Kept { evaluate: keep(ctx, Tools::of(ctx)?.evaluate), test: keep(ctx, test) })
        })?;
        Ok(Self { test, expression: expression.clone(), folding })
    }

    /// Whether the expression is true of the state now, `event` being the one that led to it.
    ///
    /// # Errors
    /// Where the expression throws or runs into a limit. The folding can go on only if it threw, and nothing else.
    pub fn test(&mut self, event: &RawEvent<'_>) -> Result<bool, FoldError> {
        let traits = self.expression.traits();
        // What might change the state gets a copy that it cannot change.
        let copy = match traits.uses_state && !traits.only_reads {
            true => Some(self.folding.state()?),
            false => None,
        };
        let Self { test, expression, folding } = self;
        folding.ask(|ctx, state| {
            let state = match &copy {
                Some(copy) => frozen(ctx, copy)?,
                None => state,
            };
            let evaluate = test.evaluate.clone().restore(ctx)?;
            let test = test.test.clone().restore(ctx)?;
            expression.evaluate(ctx, &evaluate, test, state, event)
        })
    }
}

impl Folding for Testing<'_> {
    fn apply(&mut self, event: &RawEvent<'_>) -> Result<Applied, FoldError> {
        self.folding.apply(event)
    }

    fn state(&mut self) -> Result<Json, FoldError> {
        self.folding.state()
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, FoldError> {
        self.folding.checkpoint()
    }
}
