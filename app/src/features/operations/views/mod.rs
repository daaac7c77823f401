//! What the pages of operations draw.

pub(crate) mod outcome;
pub(crate) mod preview;
