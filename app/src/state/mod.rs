//! What the pages show, as plain values: addresses, lists, what is live. No signals and no browser, so that all of
//! it is tested natively.

pub(crate) mod address;
pub(crate) mod backoff;
pub(crate) mod catalog;
pub(crate) mod live;
pub(crate) mod query;
pub(crate) mod tail;
pub(crate) mod text;
pub(crate) mod tree_state;
