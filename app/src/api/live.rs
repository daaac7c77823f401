//! The frames of `GET /api/live`, a stream of Server-Sent Events.
//!
//! Each frame has a name (`event:`) and JSON (`data:`). The `id:` of a frame is the position reached: give it back
//! as `Last-Event-ID`, or as the parameter `after`, and the next frame is the one that follows. For one stream it is
//! an entry id; for several it is one per stream, in the order of the `stream` parameters, separated by commas; for a
//! category it is a text that says it for all of its streams.

use rewind_domain::{EntryId, Event, StreamKey};
use serde::{Deserialize, Serialize};

use super::find::UnreadStreams;

/// How often a line that has nothing to tell says that it is alive, in seconds. Well under the 30 to 60 seconds
/// after which proxies cut idle connections.
pub const HEARTBEAT_SECS: u64 = 15;

/// How many watches one line can carry side by side: more tabs than most people have open, and few enough for a URL.
pub const MAX_WATCHES: usize = 32;

/// `event: entry`: an entry was added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LiveEntry {
    /// The stream.
    pub stream: StreamKey,
    /// The event.
    pub event: Event,
}

/// `event: gap`: entries are missing here, and cannot be had any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LiveGap {
    /// The stream.
    pub stream: StreamKey,
    /// What is missing comes after this entry …
    pub after: EntryId,
    /// … and before this one; `None` if all that came after is gone.
    pub before: Option<EntryId>,
    /// How many entries are missing, where that can be told.
    pub missing: Option<u64>,
}

/// `event: remade`: a stream is another one by now: it was deleted and written again, renamed over, swapped or restored, or Redis lost its
/// end. What follows of it is all that it has, from its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LiveRemade {
    /// The stream.
    pub stream: StreamKey,
}

/// `event: lag`: this viewer was too slow; what it missed follows, read from Redis again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LiveLag {
    /// The stream; for a category what its keys begin with.
    pub stream: StreamKey,
    /// How many entries had to be passed over.
    pub behind: u64,
}

/// `event: status`: whether Redis is there. Sent at the beginning, and when it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LiveStatus {
    /// Whether what is added to Redis arrives here.
    pub redis: RedisStatus,
    /// Whether what was added before is still on its way. Another status follows once it is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub catching_up: bool,
    /// How a category is watched; at the beginning of its line, and where it goes on after a lag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watching: Option<LiveWatching>,
}

impl LiveStatus {
    /// Whether Redis is there, and nothing else.
    pub fn of(redis: RedisStatus) -> Self {
        Self { redis, catching_up: false, watching: None }
    }
}

/// How a category is watched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LiveWatching {
    /// How many streams it has at the moment.
    pub streams: u64,
    /// How the server learns of what is new.
    pub by: WatchedBy,
    /// How much later than it is added an entry may arrive because of that, in milliseconds; 0 where it is told at once.
    pub delay_ms: u64,
    /// Whether entries may be missing from before this frame, in streams that number their entries themselves: there are
    /// more of them than a position can hold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unsure: bool,
    /// The streams among them that may not be read, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<UnreadStreams>,
}

/// How the server learns of what is new in a category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum WatchedBy {
    /// Redis says which streams change.
    #[default]
    Notifications,
    /// It does not; the server looks at all of them again and again.
    Polling,
}

/// Whether Redis is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RedisStatus {
    /// It is.
    Up,
    /// It is not; nothing is lost, and the line goes on once it is back.
    Down,
}

/// `event: filter_errors`: the filter of the line fails about some events, which are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LiveFilterErrors {
    /// About how many since the line was opened.
    pub events: u64,
    /// The stream of the first of them.
    pub stream: StreamKey,
    /// Its entry.
    pub id: EntryId,
    /// What went wrong about it.
    pub message: String,
}

/// `event: failed`: one stream cannot be watched any more. The others of the same line go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LiveFailed {
    /// The stream; for a category what its keys begin with.
    pub stream: StreamKey,
    /// Why.
    pub message: String,
}
