//! The shapes of answers.

mod catalog;
mod event;
mod explain;
mod folds;
mod index;
mod operations;
mod overview;
mod projections;
mod retention;
mod travel;

use rewind_domain::caller::Caller;
use rewind_domain::stream_key::StreamKind;
use rewind_domain::versions::{Incomplete, StreamExtent};
use rewind_domain::{EntryId, Event, StreamKey};
use serde::{Deserialize, Serialize};

pub use catalog::*;
pub use event::*;
pub use explain::*;
pub use folds::*;
pub use index::*;
pub use operations::*;
pub use overview::*;
pub use projections::*;
pub use retention::*;
pub use travel::*;

/// Which Rewind this is and which Redis it looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct About {
    /// Rewind's own version.
    pub version: String,
    /// The address of the Redis server, without any credentials.
    pub redis_address: String,
    /// What the server calls itself, such as `Redis 7.0.15`; `Redis` where it does not let this user ask, nothing while it
    /// is away.
    pub redis_version: Option<String>,
    /// The time on the server's clock, in Unix milliseconds: a browser's may be off.
    pub now_ms: i64,
    /// Where Redis is a node of a cluster: what that means for what is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterAbout>,
    /// Which streams have the events of many aggregates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<TopicAbout>,
    /// The patterns of the keys of aggregates, as text: what the first visit loads reads none of them.
    #[serde(default)]
    pub aggregates: Vec<String>,
    /// Who asks.
    pub caller: Caller,
    /// What the place is called in which all this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
}

/// What a place is called, so that nobody takes production for something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Its colour: `blue`, `green`, `grey`, `orange` or `red`.
    pub colour: String,
}

/// The cluster that the Redis server is a node of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ClusterAbout {
    /// How many nodes it has; `None` if Redis does not tell this user.
    pub nodes: Option<u64>,
    /// What of it is shown.
    pub message: String,
}

/// A stream that has the events of many aggregates, each of which is looked at like a stream of its own:
/// `events:orders#Order:123`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct TopicAbout {
    /// The stream.
    pub stream: StreamKey,
    /// The type of the aggregates.
    #[serde(rename = "type")]
    pub aggregate_type: StreamKey,
    /// Where an event names its aggregate, as in a filter.
    pub by: String,
}

/// Some of the streams that there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct StreamsPage {
    /// What was found in this part of the keyspace, in no order. A stream may be found twice.
    pub streams: Vec<StreamSummary>,
    /// Where to go on looking; `None` once the whole keyspace was looked at.
    pub next_cursor: Option<String>,
    /// About how many keys were looked at for this answer.
    pub scanned: u64,
    /// How many keys the database has in all, streams or not.
    pub keys_total: u64,
}

/// A stream from the outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct StreamSummary {
    /// Its key.
    pub key: StreamKey,
    /// How it is read.
    pub kind: StreamKind,
    /// How many entries it has.
    pub length: u64,
    /// Its first entry; `None` if it is empty.
    pub first_id: Option<EntryId>,
    /// Its last entry; `None` if it is empty.
    pub last_id: Option<EntryId>,
    /// How many consumer groups it has.
    pub groups: u64,
    /// The version that its last event makes, as far as can be told.
    pub latest_version: u64,
    /// What is missing from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Incomplete>,
    /// Why nothing more is known of it than its key; the numbers above are 0 then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
}

/// A page of a stream's events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct EventsPage {
    /// The events, in the order asked for.
    pub events: Vec<Event>,
    /// Where the next page begins: give it as `after` in ascending order, as `before` in descending
    /// order. Nothing where this page is the last.
    pub next: Option<EntryId>,
    /// Where the page before begins: give it as `before` in ascending order, as `after` in descending
    /// order. Nothing where this page is the first.
    pub prev: Option<EntryId>,
    /// The stream as a whole, at the moment when the page was read.
    pub stream: StreamSummary,
    /// How it looked then: a later answer whose stream cannot have become of this one is about another stream, see
    /// [`StreamExtent::is_continued_by`].
    pub extent: StreamExtent,
}

/// The order of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Oldest first.
    Asc,
    /// Newest first.
    #[default]
    Desc,
}

impl Order {
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
