//! Travelling through histories: reading, folding, and going on from keyframes.
//!
//! A [`Visitor`] says where a walk begins and ends and what it wants to see on the way; [`Traveller::walk`] finds the nearest
//! keyframe, reads from there, folds on a thread of its own, lays further keyframes, and notices when the history changes under it.

mod keyframes;
mod walk;

pub use keyframes::{Identity, Keyframe, Keyframes, Reach, TrackKey};
pub use walk::{Flow, Outcome, Span, Traveller, Visitor, WalkError};
