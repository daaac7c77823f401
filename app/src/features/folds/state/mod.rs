//! What the workbench shows, as plain values.

pub(crate) mod highlight;
pub(crate) mod template;
