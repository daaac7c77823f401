//! What is shown of one event, as plain values.

pub(crate) mod difference;
pub(crate) mod story;
