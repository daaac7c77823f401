//! What the list of streams shows, as plain values.

pub(crate) mod opened;
pub(crate) mod window;
