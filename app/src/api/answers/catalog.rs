//! What is known of all streams: the list, the tree of its categories, and how far the search for them is.

use rewind_domain::catalog::{CategoryRow, SortBy};
use serde::{Deserialize, Serialize};

use super::StreamSummary;
use crate::api::ErrorCode;

/// Some rows of the list of streams.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct CatalogPage {
    /// The streams, in the order asked for.
    pub streams: Vec<StreamSummary>,
    /// The row of the first of them.
    pub offset: u64,
    /// How many rows the list has, as far as streams were found.
    pub total: u64,
    /// By what it is sorted: by key where it is too long for anything else.
    pub sorted_by: SortBy,
    /// How many of the streams were looked at, where it is sorted by what they hold. The others come last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<u64>,
    /// Whether keys that begin with what was searched for are still being looked for.
    pub is_searching: bool,
    /// How far the search for streams is.
    pub discovery: DiscoveryStatus,
}

/// Some rows of the tree of categories.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct CategoriesPage {
    /// The rows.
    pub categories: Vec<CategoryRow>,
    /// The row of the first of them.
    pub offset: u64,
    /// How many rows the tree has while these categories are open.
    pub total: u64,
    /// How far the search for streams is.
    pub discovery: DiscoveryStatus,
}

/// How far the search for streams is. It is one for all who look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct DiscoveryStatus {
    /// What it does at the moment.
    pub phase: DiscoveryPhase,
    /// Whether the whole keyspace was walked at least once.
    pub is_complete: bool,
    /// When the last walk began that came to its end, in Unix milliseconds: the list has all streams that there were then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of_ms: Option<u64>,
    /// Whether streams that came into being after that are found as they do, since Redis tells what changes.
    #[serde(default)]
    pub is_told: bool,
    /// About how many keys this walk has looked at.
    pub scanned: u64,
    /// How many keys the database has in all; `None` if Redis does not tell.
    pub keys_total: Option<u64>,
    /// How many streams were found.
    pub found: u64,
    /// How many keys a second it looks at, at most.
    pub keys_per_second: u64,
    /// How many of them in one call.
    pub keys_per_call: u64,
    /// How many streams are kept, where there are more than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_at: Option<u64>,
    /// What keeps it from finding or telling everything.
    pub problems: Vec<DiscoveryProblem>,
}

/// What a search for streams does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DiscoveryPhase {
    /// It walks the keyspace.
    #[default]
    Walking,
    /// Someone paused it.
    Paused,
    /// It has walked the keyspace, and will again.
    Resting,
    /// Redis is away; it goes on once it is back.
    Waiting,
    /// Redis does not let it go on.
    Refused,
}

/// Something that keeps a search for streams from finding or telling everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct DiscoveryProblem {
    /// What kind of thing it is.
    pub code: ErrorCode,
    /// What Redis says.
    pub message: String,
    /// The command that it does not let this user run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The ACL rule that would let them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// What someone wants of the search for streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DiscoveryAction {
    /// To hold still.
    Pause,
    /// To go on.
    Resume,
    /// To walk the keyspace again.
    Restart,
}

impl DiscoveryAction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Pause, Self::Resume, Self::Restart];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Restart => "restart",
        }
    }
}
