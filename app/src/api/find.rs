//! The frames of `GET /api/find`, a stream of Server-Sent Events: what a filter finds, as it is found.
//!
//! Each frame has a name (`event:`) and JSON (`data:`). The `id:` of a frame is the position reached: give it back as
//! `Last-Event-ID`, or as the parameter `position`, and the search goes on behind it.

use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, Event, StreamKey};
use serde::{Deserialize, Serialize};

/// How many events one call finds where nothing is said: some screens full.
pub const DEFAULT_FIND_LIMIT: u64 = 500;
/// How many events one call can find: as many as a page can hold.
pub const MAX_FIND_LIMIT: u64 = 10_000;
/// How many streams can be named in one call.
pub const MAX_NAMED_STREAMS: usize = 100;
/// How many streams that could not be read are named: as many as anyone reads.
pub const MAX_UNREAD_NAMES: usize = 20;

/// `event: begun`: where the search looks. Sent first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FindBegun {
    /// In how many streams.
    pub streams: u64,
    /// How many entries they have.
    pub total: u64,
    /// The `after` of a live line of the same streams, in the order of their keys, or of the same category, that carries on where
    /// the search ends: it brings what is added from now on. For a category it may repeat what was added while the search began.
    /// Nothing where no such line can be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_after: Option<String>,
    /// How the streams of a category, or all streams, were found; `None` if streams were named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<FindCoverage>,
    /// The streams among them that cannot be read; more may follow in the progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<UnreadStreams>,
    /// How the stream looks, where it is a single one: a search that goes on where it was may find another stream there, see
    /// [`StreamExtent::is_continued_by`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extent: Option<StreamExtent>,
}

/// Whether a search looks in all streams that there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FindCoverage {
    /// Whether it does. It does not while the search for streams is paused, or where there are more streams than are kept.
    pub is_whole: bool,
    /// Whether streams that came into being after `as_of_ms` are among them, since Redis tells what changes.
    pub is_told: bool,
    /// When the walk began that found the streams, in Unix milliseconds; `None` if none came to its end.
    pub as_of_ms: Option<u64>,
}

/// How far the walk through the keyspace is that a search waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FindWalk {
    /// About how many keys it has looked at.
    pub scanned: u64,
    /// How many keys there are; `None` if Redis does not tell.
    pub keys_total: Option<u64>,
    /// How many keys a second it looks at, at most.
    pub keys_per_second: u64,
}

/// `event: found`: an event that is meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FoundEvent {
    /// The stream that it is in.
    pub stream: StreamKey,
    /// The event.
    pub event: Event,
}

/// `event: progress`: how far the search is. Sent a few times a second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FindProgress {
    /// In how many streams it looks.
    pub streams: u64,
    /// How many entries they had when it began; `None` while streams are still being looked for.
    pub total: Option<u64>,
    /// How far the walk is that finds its streams, while it waits for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walk: Option<FindWalk>,
    /// How many entries it has looked at.
    pub looked_at: u64,
    /// How many it has passed over without looking, since the index says that none of them can be meant.
    pub skipped: u64,
    /// How many events it found.
    pub found: u64,
    /// The first entry that it looked at …
    pub from: Option<EntryId>,
    /// … and the last.
    pub to: Option<EntryId>,
    /// The events that the filter failed on. They count as not meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<FilterFailures>,
    /// The streams that could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<UnreadStreams>,
}

/// Events that a filter failed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FilterFailures {
    /// How many.
    pub count: u64,
    /// The first of them …
    pub first_id: EntryId,
    /// … its stream …
    pub first_stream: StreamKey,
    /// … and why the filter failed on it.
    pub message: String,
}

/// Streams that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct UnreadStreams {
    /// How many.
    pub count: u64,
    /// The first of them …
    pub first_stream: StreamKey,
    /// … and why.
    pub message: String,
    /// Their keys, of the first [`MAX_UNREAD_NAMES`].
    #[serde(default)]
    pub streams: Vec<StreamKey>,
}

impl UnreadStreams {
    /// Adds a stream to those that could not be read, if there are any yet.
    pub fn add(unread: &mut Option<Self>, stream: &StreamKey, message: impl FnOnce() -> String) {
        let all = unread.get_or_insert_with(|| Self {
            count: 0,
            first_stream: stream.clone(),
            message: message(),
            streams: Vec::new(),
        });
        all.count += 1;
        if all.streams.len() < MAX_UNREAD_NAMES {
            all.streams.push(stream.clone());
        }
    }
}

/// `event: done`: the search is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct FindDone {
    /// Why.
    pub reason: FindEnd,
    /// How far it came.
    #[serde(flatten)]
    pub progress: FindProgress,
}

/// Why a search is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FindEnd {
    /// Everything was looked at, or needed no look.
    Exhausted,
    /// It found as many as were asked for.
    Limit,
}
