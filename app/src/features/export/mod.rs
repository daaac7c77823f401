//! Exports: asking for them, and following them on whatever page one is.

pub(crate) mod running;
pub(crate) mod state;
pub(crate) mod views;
