//! The components of the list of streams.

pub(crate) mod category_tree;
pub(crate) mod discovery_notices;
pub(crate) mod scan_progress;
pub(crate) mod stream_table;
