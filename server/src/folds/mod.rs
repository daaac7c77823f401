//! Folds as a team keeps them: a folder of JavaScript files, one for each type of aggregate.

mod comparison;
mod judged;
mod library;
mod plan;
mod saving;

pub use comparison::{Comparison, Failures, LEFT, RIGHT};
pub use judged::{Judged, Verdict};
pub use library::{FoldFile, Library, SaveError};
pub use plan::{FoldPlan, Script};
