//! Operations: what is about to be done is shown, and done once somebody has seen it.

pub(crate) mod asking;
pub(crate) mod dialog;
pub(crate) mod name;
pub(crate) mod stage;
pub(crate) mod views;
