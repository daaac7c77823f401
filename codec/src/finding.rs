//! What is found out about a value on the way.

use crate::step::Step;

/// What was found out about a value so far.
#[derive(Debug, Default)]
pub(crate) struct Finding {
    /// What was taken off, the outermost first.
    pub(crate) steps: Vec<Step>,
    /// What is inside.
    pub(crate) format: Option<&'static str>,
}

impl Finding {
    /// What the value is read from: `MessagePack, from gzip`.
    pub(crate) fn text(&self) -> String {
        let steps = self.steps.iter().rev().map(|step| step.name());
        self.format.into_iter().chain(steps).collect::<Vec<_>>().join(", from ")
    }
}
