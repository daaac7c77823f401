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

mod align;
pub mod blame;
pub mod block_index;
pub mod caller;
pub mod catalog;
pub mod csv;
pub mod cut;
pub mod diff;
pub mod entry;
pub mod entry_id;
pub mod event;
pub mod filter;
pub mod fold;
pub mod foreign_text;
pub mod hex;
pub mod identity;
pub mod json;
pub mod lag;
pub mod lanes;
pub mod layout;
pub mod members;
pub mod merge;
pub mod ndjson;
pub mod numbering;
pub mod patch;
pub mod payload;
pub mod playback;
pub mod pointer;
pub mod raw_event;
pub mod redis_command;
pub mod relation_tree;
pub mod relations;
pub mod stream_key;
pub mod tally;
pub mod terminal;
pub mod time;
pub mod timeline;
pub mod travel;
pub mod tree;
pub mod tree_search;
pub mod versions;
pub mod viewport;

pub use diff::{Change, ChangeKind};
pub use entry::{Entry, Fields};
pub use entry_id::EntryId;
pub use event::{DecodeError, Event};
pub use filter::{Filter, FilterError};
pub use fold::{Applied, Checkpoint, DeepMerge, Fold, FoldError, FoldErrorKind, Folding};
pub use json::{Json, Number};
pub use payload::PayloadDecoder;
pub use pointer::Pointer;
pub use raw_event::{FieldSource, RawEvent, UNKNOWN_VERSION};
pub use stream_key::{StreamKey, TopicPart};
