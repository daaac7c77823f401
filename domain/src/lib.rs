//! The pure core of Rewind: what an entry, an event, a version and a state are.
//!
//! Everything here is a function of its arguments: no I/O, no clock, no Redis, no user
//! interface. The same code runs in the server and, compiled to WebAssembly, in the
//! browser. No function panics on any input; every parser is total and says what it
//! could not read.
//!
//! The path of an event through the modules: an [`Entry`] is what Redis holds; a
//! [`layout`] turns it into an [`Event`]; a [`fold`] turns events into a state; [`diff`]
//! tells two states apart; a [`travel`] window carries a run of versions to whoever looks
//! at them.

pub mod caller;
mod document;
mod entries;
mod events;
pub mod filter;
mod history;
pub mod javascript;
pub mod json;
pub mod operations;
#[cfg(feature = "schema")]
mod schema;
mod streams;
mod text;
pub mod time;
pub mod viewport;

pub use document::{diff, patch, pointer, tree, tree_search};
pub use entries::{entry, entry_digest, entry_id, field_source, ndjson, redis_command};
pub use events::{csv, cut, event, layout, payload, raw_event, relation_tree, relations, tally};
pub use history::{blame, fold, lanes, playback, timeline, travel};
pub use streams::{
    aggregate_pattern, block_index, catalog, glob, identity, lag, members, merge, numbering,
    scan_cursor, stream_key, versions,
};
pub use text::{foreign_text, hex, numbers, sse, terminal};

pub use diff::{Change, ChangeKind};
pub use entry::{Entry, Fields};
pub use entry_id::EntryId;
pub use event::{DecodeError, Event};
pub use field_source::FieldSource;
pub use filter::{Filter, FilterError};
pub use fold::{Applied, Checkpoint, DeepMerge, Fold, FoldError, FoldErrorKind, Folding};
pub use json::{Json, Number};
pub use payload::PayloadDecoder;
pub use pointer::Pointer;
pub use raw_event::{RawEvent, UNKNOWN_VERSION};
pub use scan_cursor::ScanCursor;
pub use stream_key::{StreamKey, TopicPart};
