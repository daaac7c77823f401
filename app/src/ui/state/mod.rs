//! What the shared parts show, as plain values: no signals and no browser, so that all of it is tested natively.

pub(crate) mod changes;
pub(crate) mod found;
pub(crate) mod key_help;
pub(crate) mod keys;
pub(crate) mod rates;
pub(crate) mod row_keys;
pub(crate) mod scrolling;
pub(crate) mod seen;
pub(crate) mod shared;
pub(crate) mod steady;
pub(crate) mod topics;
pub(crate) mod tree_state;
pub(crate) mod unread;
