//! What an operation came to.

use serde::{Deserialize, Serialize};

use crate::EntryId;

/// How far an operation is, or what it came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Outcome {
    /// How it stands.
    pub status: OutcomeStatus,
    /// What happened, in one sentence.
    pub message: String,
    /// How many things it has changed.
    pub done: u64,
    /// How many it looked at and left alone, since they were not as expected any more.
    pub passed_over: u64,
    /// How many it is about in all.
    pub total: u64,
    /// The ids of entries that it added, the first of them where there are many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<EntryId>,
    /// The version of the aggregate after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

/// How an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutcomeStatus {
    /// It is under way.
    Running,
    /// It was done.
    Done,
    /// Somebody ended it before it was through. What it had done stays done.
    Cancelled,
    /// It could not be done, or not to its end.
    Failed,
    /// Its last step was sent to Redis, and no reply came: that step may be done or not.
    Unknown,
}

impl OutcomeStatus {
    /// Its name in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}
