//! How exports are going, as plain values.

pub(crate) mod exports;
