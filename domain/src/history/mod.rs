//! Histories: from events to states, and what is known of the way there.

pub mod blame;
pub mod fold;
pub mod lanes;
pub mod playback;
pub mod timeline;
pub mod travel;
