//! Import and export: entries as lines of text, into Redis and out of it.
//!
//! Both are commands of their own and run beside no server. An import goes from a [`source`] thread, which reads and
//! parses, in batches over a bounded channel to Redis; an export goes in pages from Redis over a bounded channel to an
//! [`output`] thread, which formats, compresses and writes. So each side works while the other one waits, and memory
//! stays bounded whatever the size of the whole.

mod choice;
pub mod export;
pub(crate) mod format;
pub mod import;
mod interrupt;
mod numbers;
mod output;
mod plan;
mod progress;
mod refused;
mod source;
mod words;

pub(crate) use progress::{Measure, Progress};
