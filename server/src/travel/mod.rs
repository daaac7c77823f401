//! Travelling through histories: reading, folding, and going on from keyframes.
//!
//! A [`Visitor`] says where a walk begins and ends and what it wants to see on the way; [`Traveller::walk`] finds the nearest
//! keyframe, reads from there, lays further keyframes, and notices when the history changes under it. The default fold is folded on a
//! thread of its own ([`Way`]); a script goes the same way in another process, see [`crate::engines`].

mod follow;
mod keyframe_sink;
mod keyframes;
mod visitor;
mod walk;

pub use follow::Outcome;
pub(crate) use follow::{Pages, Way};
pub(crate) use keyframe_sink::{KeyframeSink, Track};
pub use keyframes::{Identity, Keyframe, Keyframes, Reach, TrackKey};
pub use visitor::{Flow, Span, Visitor, VisitorKind};
pub use walk::{Traveller, WalkError};
