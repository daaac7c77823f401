//! Following what is watched, live.
//!
//! Browsers open only six connections to a server over HTTP/1.1, so the tabs of a browser share one line where they can: a shared worker
//! (`frontend/document/live-worker.js`) holds it. Elsewhere a tab has its own. Either way [`LiveLine`] goes on after the last frame
//! that it saw, whatever happens in between.

mod line;
pub(crate) mod messages;
pub(crate) mod views;
pub(crate) mod watch;

pub(crate) use self::line::LiveLine;
