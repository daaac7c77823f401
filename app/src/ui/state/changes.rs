//! What led to a state, as it is handed around: never copied, and compared by what it is the changes of.

use rewind_domain::Change;
use rewind_domain::travel::Step;

use crate::ui::state::shared::Same;

/// Changes that lead to a state.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Changes {
    /// There are none, or nothing to compare with.
    #[default]
    None,
    /// Those of one version, from the one before it.
    Step(Same<Step>),
    /// Those from another version.
    Diff(Same<Vec<Change>>),
}

impl Changes {
    /// The changes, in the order in which they apply.
    pub(crate) fn as_slice(&self) -> &[Change] {
        match self {
            Self::None => &[],
            Self::Step(step) => &step.changes,
            Self::Diff(changes) => changes,
        }
    }
}
