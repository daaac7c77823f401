//! Live: new events, pushed to whoever watches.
//!
//! The [`Hub`] has one task and one connection that block on all watched streams at once, however many viewers there are,
//! and fans out over bounded channels. A viewer, one for each `GET /api/live`, first subscribes at the hub, then reads
//! from Redis what it missed, then passes on what the hub sends, without what it has passed on already. One that
//! is too slow for its channel reads from Redis again: the log is still there.

mod frame;
mod hub;
mod viewer;

pub use hub::Hub;
pub use viewer::{Viewer, Watched};
