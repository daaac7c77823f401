//! Events: entries with a meaning, and what they have to do with each other.

pub mod csv;
pub mod cut;
pub mod event;
pub mod layout;
pub mod payload;
pub mod raw_event;
pub mod relation_tree;
pub mod relations;
pub mod tally;
