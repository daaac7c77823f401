//! What is shown of a history, as plain values.

pub(crate) mod side_by_side;
pub(crate) mod speed;
pub(crate) mod steps;
pub(crate) mod timeline;
