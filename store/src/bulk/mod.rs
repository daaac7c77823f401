//! Bulk handles: entries written and read by the thousand, for import and export.
//!
//! Each has connections of its own, so that large requests and replies hold up nobody else.

mod link;
mod reader;
mod steps;
mod writer;

pub use reader::{BulkReader, Span};
pub use writer::{AppendOutcome, BulkWriter, Conflict};
