//! Projections: how they are, and what is in them.

use rewind_domain::{EntryId, Json, StreamKey};
use serde::{Deserialize, Serialize};

/// The projections that there are, those of this server and those that others keep, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ProjectionsAnswer {
    /// They.
    pub projections: Vec<ProjectionStatus>,
    /// Whether all of the keyspace was looked at for them.
    pub is_complete: bool,
    /// Whether this server runs projections.
    pub runs_here: bool,
}

/// How a projection is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ProjectionStatus {
    /// Its name.
    pub name: String,
    /// Its streams; none are known of one that another program keeps.
    pub streams: Vec<StreamKey>,
    /// `state`, `table` or `changes`; nothing where it is not known.
    pub kind: Option<String>,
    /// What it is doing.
    pub activity: ProjectionActivity,
    /// The last event that is in it; of several streams the lowest.
    pub checkpoint: Option<EntryId>,
    /// When that event was made, by its id, in Unix milliseconds.
    pub checkpoint_ms: Option<u64>,
    /// How many events are behind that; nothing where it is not known.
    pub lag: Option<u64>,
    /// Events a second lately.
    pub rate: f64,
    /// How many events it handled since it began.
    pub events: u64,
    /// How many were gone before it could read them.
    pub missed: u64,
    /// Why it stopped.
    pub error: Option<String>,
    /// At which event, where a handler failed.
    pub failure: Option<ProjectionFailure>,
    /// What is odd about it.
    pub notice: Option<String>,
    /// Who runs it, or ran it last.
    pub runner: Option<String>,
    /// When its status was written, in Unix milliseconds.
    pub updated_ms: Option<u64>,
    /// Whether this server has its file, and so runs it or waits to.
    pub is_here: bool,
    /// Who paused it, and when; nothing where it is not paused.
    pub paused: Option<ProjectionPause>,
    /// How the rebuild is that is under way beside it.
    pub rebuild: Option<ProjectionRebuild>,
    /// Why nothing more is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
}

/// What a projection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProjectionActivity {
    /// It handles what there is.
    CatchingUp,
    /// It has handled everything, and waits for more.
    Following,
    /// It stopped at an error.
    Failed,
    /// Nobody runs it, since somebody paused it.
    Paused,
    /// Nobody runs it.
    Stopped,
    /// Whoever ran it was not heard of for too long.
    Abandoned,
    /// Another program keeps it, and does not tell.
    Unknown,
}

/// The event at which a projection stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ProjectionFailure {
    /// Its stream.
    pub stream: StreamKey,
    /// Its id.
    pub id: EntryId,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// What the handler says.
    pub message: String,
    /// The line of the script, counted from 1.
    pub line: Option<u32>,
    /// The column there, counted from 1.
    pub column: Option<u32>,
}

/// Who paused a projection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ProjectionPause {
    /// Who.
    pub by: Option<String>,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
}

/// How a rebuild is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ProjectionRebuild {
    /// How far it is.
    pub checkpoint: Option<EntryId>,
    /// How many events it handled.
    pub events: u64,
    /// How many are left.
    pub lag: Option<u64>,
    /// Events a second lately.
    pub rate: f64,
    /// Why it stopped.
    pub error: Option<String>,
}

/// A projection, and what is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ProjectionAnswer {
    /// How it is.
    pub projection: ProjectionStatus,
    /// The state of a fold; nothing where it has none, is not JSON, or is too large to be sent as a whole.
    pub state: Option<Json>,
    /// The beginning of a state that is not JSON or too large.
    pub state_text: Option<String>,
    /// How many bytes the state has.
    pub state_bytes: u64,
    /// The rows of a table, in no order.
    pub rows: Vec<ProjectionRow>,
    /// How many rows the table has in all.
    pub rows_total: u64,
    /// Where the rows go on; nothing at their end.
    pub next_cursor: Option<String>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ProjectionRow {
    /// Its key.
    pub key: String,
    /// It; nothing where it is not JSON or too large to be sent as a whole.
    pub row: Option<Json>,
    /// The beginning of a row that is not JSON or too large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
