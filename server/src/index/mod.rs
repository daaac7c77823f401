//! Indexes of streams, built when someone asks and kept within a budget of memory.
//!
//! Whoever asks for a stream's [`StreamIndex`] has it brought up to date by one short read. Where more is missing than that, one
//! [`Scan`](rewind_store::Scan) in the background builds it, however many ask; how far it is can be told at any time. It stops
//! when nobody has asked for a while, and the next one who asks has it go on from there. Where memory runs out, the index that was
//! not asked for the longest goes first.
//!
//! What makes sure that an index is right is in [`state`].

mod cache;
mod ranks;
mod state;
mod stream;
mod typed_page;

pub use cache::{IndexLimits, Indexes};
pub use state::{IndexView, Standing};
pub use stream::StreamIndex;
