//! Travelling through histories: reading, folding, and going on from keyframes.
//!
//! A [`Visitor`] says where a walk begins and ends and what it wants to see on the way; [`Traveller::walk`] finds the nearest
//! keyframe, reads from there, lays further keyframes, and notices when the history changes under it. The default fold is folded on a
//! thread of its own ([`Way`]); a script goes the same way in another process, see [`crate::engines`].

mod follow;
mod keyframes;
mod shelf;
mod visitor;
mod walk;

pub use follow::Outcome;
pub(crate) use follow::{Pages, Way};
pub use keyframes::{Identity, Keyframe, Keyframes, Reach, TrackKey};
pub(crate) use shelf::{Shelf, Track};
pub use visitor::{Flow, Span, Visitor, VisitorKind};
pub use walk::{Traveller, WalkError};
