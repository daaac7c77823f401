//! Documents: JSON values as people look at them, and what differs between two.

mod align;
pub mod diff;
pub mod patch;
pub mod pointer;
pub mod tree;
pub mod tree_search;
