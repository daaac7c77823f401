//! The frames of `GET /api/live`, a stream of Server-Sent Events.
//!
//! Each frame has a name (`event:`) and JSON (`data:`). The `id:` of a frame is the position reached: give it back
//! as `Last-Event-ID`, or as the parameter `after`, and the next frame is the one that follows. For one stream it is
//! an entry id; for several it is one per stream, in the order of the `stream` parameters, separated by commas.

use rewind_domain::{EntryId, Event, StreamKey};
use serde::{Deserialize, Serialize};

/// How often a line that has nothing to tell says that it is alive, in seconds. Well under the 30 to 60 seconds
/// after which proxies cut idle connections.
pub const HEARTBEAT_SECS: u64 = 15;

/// `event: entry`: an entry was added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveEntry {
    /// The stream.
    pub stream: StreamKey,
    /// The event.
    pub event: Event,
}

/// `event: gap`: entries are missing here, and cannot be had any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveGap {
    /// The stream.
    pub stream: StreamKey,
    /// What is missing comes after this entry …
    pub after: EntryId,
    /// … and before this one; nothing where all that came after is gone.
    pub before: Option<EntryId>,
    /// How many entries are missing, where that can be told.
    pub missing: Option<u64>,
}

/// `event: lag`: this viewer was too slow; what it missed follows, read from Redis again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveLag {
    /// The stream.
    pub stream: StreamKey,
    /// How many entries had to be passed over.
    pub behind: u64,
}

/// `event: status`: whether Redis is there. Sent at the beginning, and when it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveStatus {
    /// Whether what is added to Redis arrives here.
    pub redis: RedisStatus,
}

/// Whether Redis is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedisStatus {
    /// It is.
    Up,
    /// It is not; nothing is lost, and the line goes on once it is back.
    Down,
}

/// `event: failed`: one stream cannot be watched any more. The others of the same line go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveFailed {
    /// The stream.
    pub stream: StreamKey,
    /// Why.
    pub message: String,
}
