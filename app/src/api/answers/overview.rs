//! What is going on: the rates of the last minutes, the newest events, consumer groups, and how Redis is.

use rewind_domain::catalog::Category;
use rewind_domain::{EntryId, StreamKey};
use serde::{Deserialize, Serialize};

use crate::api::ErrorCode;

/// How many seconds the rates go back.
pub const OVERVIEW_SECONDS: u64 = 300;
/// How many seconds one count of [`StreamRate::counts`] stands for.
pub const STREAM_SLOT_SECONDS: u64 = 5;

/// What is going on, as of a moment. It is one for all who look.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Overview {
    /// The moment, on the clock of Redis, in Unix milliseconds.
    pub now_ms: u64,
    /// The second that the first of all counts stands for, as a Unix time. There is a count for each second up to now.
    pub from_s: u64,
    /// How many events there were in each second.
    pub counts: Vec<u64>,
    /// The same by category: those with the most, and the rest.
    pub categories: Vec<CategoryRate>,
    /// The same by type.
    pub types: Vec<TypeRate>,
    /// Names these categories and types. Counts of a part of the time can be put to those of another answer with the same tag.
    pub tag: String,
    /// The streams with the most events in the last minutes.
    pub busiest: Vec<StreamRate>,
    /// The newest events, the newest first.
    pub newest: Vec<NewestEvent>,
    /// The consumer groups, those that are furthest behind first.
    pub groups: Vec<GroupLag>,
    /// How many groups there are beside those told.
    pub groups_left_out: u64,
    /// How Redis is; `None` if it does not tell this user.
    pub redis: Option<RedisHealth>,
    /// What is worth knowing about it, the worst first.
    pub findings: Vec<Finding>,
    /// How all this is known, and what of it is not.
    pub coverage: Coverage,
}

/// The events of a category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct CategoryRate {
    /// The category; `None` for all others together.
    pub category: Option<Category>,
    /// How many events in each second.
    pub counts: Vec<u64>,
}

/// The events of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct TypeRate {
    /// The type; `None` for those without one, and for the rest.
    pub r#type: Option<String>,
    /// The category in which it was last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Whether these are all others together.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_rest: bool,
    /// How many events in each second.
    pub counts: Vec<u64>,
}

/// A stream that had events lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct StreamRate {
    /// Its key.
    pub stream: StreamKey,
    /// How many events in the last minutes.
    pub total: u64,
    /// How many in each [`STREAM_SLOT_SECONDS`], the last count being of those that are not over yet.
    pub counts: Vec<u64>,
}

/// The events of some streams in the last minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct StreamRates {
    /// The second that the first of all counts stands for, as a Unix time.
    pub from_s: u64,
    /// Those that had any, in the order in which they were asked for.
    pub streams: Vec<StreamRate>,
}

/// One of the newest events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct NewestEvent {
    /// Where it is.
    pub stream: StreamKey,
    /// Its id.
    pub id: EntryId,
    /// Its type.
    pub r#type: Option<String>,
    /// When it happened, in Unix milliseconds.
    pub timestamp_ms: i64,
    /// The beginning of its data.
    pub preview: String,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decode_error: Option<String>,
}

/// A consumer group, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct GroupLag {
    /// The stream that it reads.
    pub stream: StreamKey,
    /// Its name.
    pub group: String,
    /// How many entries it has not been given yet; `None` if that cannot be told.
    pub lag: Option<u64>,
    /// How many these are at most, where the exact number cannot be told. There is at least one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_at_most: Option<u64>,
    /// Why it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_because: Option<String>,
    /// How many entries were given and not acknowledged.
    pub pending: u64,
    /// How many of the first `pending_checked` of these are no longer in the stream; `None` if that could not be found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_gone: Option<u64>,
    /// Of how many pending entries it was looked whether they are still in the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_checked: Option<u64>,
    /// How many consumers it has.
    pub consumers: u64,
    /// The last entry that it was given.
    pub last_delivered_id: EntryId,
    /// How long ago the last of its consumers did anything, in milliseconds; `None` if there are none, or Redis does not tell.
    pub idle_ms: Option<u64>,
}

/// How Redis is, by its own account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct RedisHealth {
    /// What it calls itself: `Redis 7.0.15`.
    pub version: String,
    /// `standalone`, `cluster` or `sentinel`.
    pub mode: String,
    /// `master` or `slave`.
    pub role: String,
    /// How many replicas it has.
    pub replicas: u64,
    /// Whether its link to its master is up; `None` if it is one.
    pub is_master_up: Option<bool>,
    /// How long it runs, in seconds.
    pub uptime_s: u64,
    /// How many clients are connected.
    pub clients: u64,
    /// How many of them wait in a blocking command.
    pub blocked_clients: u64,
    /// How many there may be; `None` if it does not say.
    pub max_clients: Option<u64>,
    /// How many commands it did in the last second.
    pub commands_per_second: u64,
    /// How much memory it uses, in bytes.
    pub memory_bytes: u64,
    /// How much it may use; `None` if there is no limit.
    pub memory_limit_bytes: Option<u64>,
    /// What it does at that limit.
    pub memory_policy: String,
    /// How many keys it has evicted since it started.
    pub evicted_keys: u64,
    /// How many keys have expired since it started.
    pub expired_keys: u64,
    /// How many keys there are in all databases.
    pub keys: u64,
    /// How many of them will expire.
    pub expiring_keys: u64,
    /// How it keeps its data.
    pub persistence: Persistence,
}

/// How Redis keeps its data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Persistence {
    /// Whether it is still reading its data.
    pub is_loading: bool,
    /// Whether it writes every change to a file.
    pub is_aof_on: bool,
    /// Whether its last write to that file worked.
    pub is_aof_ok: bool,
    /// Whether its last snapshot worked.
    pub is_rdb_ok: bool,
    /// How many seconds ago it last made a snapshot, or started.
    pub unsaved_s: u64,
    /// How many changes there were since.
    pub changes_since_save: u64,
}

/// Something that is worth knowing about Redis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Finding {
    /// What it is about, for programs.
    pub code: FindingCode,
    /// How bad it is.
    pub severity: Severity,
    /// What is so.
    pub message: String,
    /// What would help.
    pub help: String,
}

/// The kinds of [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FindingCode {
    /// Redis may drop streams when memory runs out.
    EvictingPolicy,
    /// Redis has dropped keys already.
    EvictedKeys,
    /// Nothing is kept on disk.
    NoPersistence,
    /// A snapshot failed.
    SnapshotFailed,
    /// Writing the file of changes failed.
    AofFailed,
    /// There is little memory left.
    MemoryShort,
    /// There are few connections left.
    ConnectionsShort,
    /// A replica has lost its master.
    MasterLost,
    /// Redis does not let this user run a command, or does not know it under its name.
    CommandRefused,
    /// The keys are those of one node of a cluster.
    OneNode,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Events are lost, or are about to be.
    Danger,
    /// It may come to that.
    Warning,
    /// It is good to know.
    Info,
}

/// How the rates are known, and what of them is not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Coverage {
    /// How many streams were found.
    pub streams: u64,
    /// Whether the search for streams has been everywhere once.
    pub is_search_complete: bool,
    /// How many of them were looked at.
    pub looked_at: u64,
    /// Whether Redis tells which streams change; where it does not, they are looked at in turns.
    pub is_told: bool,
    /// How many milliseconds a change may stay unseen.
    pub delay_ms: u64,
    /// Since which second, as a Unix time, all events of the streams that were looked at are counted. Before that only some are.
    pub whole_since_s: u64,
    /// Whether there are more events than are read, so that types are estimated from some of them.
    pub is_estimated: bool,
    /// Why it is not known what goes on at the moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<OverviewProblem>,
}

/// Why it is not known what goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct OverviewProblem {
    /// What kind of thing it is.
    pub code: ErrorCode,
    /// What Redis says.
    pub message: String,
}
