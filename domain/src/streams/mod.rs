//! Streams: their keys, how far they reach, which entries they have, and whether they are still the same.

pub mod aggregate_pattern;
pub mod block_index;
pub mod catalog;
pub mod glob;
pub mod identity;
pub mod lag;
pub mod members;
pub mod merge;
pub mod numbering;
pub mod scan_cursor;
mod segments;
pub mod stream_key;
pub mod versions;
