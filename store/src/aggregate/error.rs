//! What can be in the way of appending to an aggregate, and of reading one.

use rewind_domain::{Event, StreamKey};

use super::Expected;
use crate::{EventsError, StoreError, WriteError};

/// Why events were not appended, or perhaps not.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AppendError {
    /// The aggregate is not as expected. Nothing was appended.
    #[error("{0}")]
    Conflict(Conflict),
    /// The version of the aggregate cannot be told, so it cannot be compared. Nothing was appended.
    #[error("{0}, so no event can be appended at an expected version")]
    VersionUntold(Missing),
    /// The key of the aggregate is that of another one too. Nothing was sent.
    #[error(
        "`{stream}` would be the stream of another aggregate too, or of none: give a type and an id, and have what stands first of them not contain what the pattern has between the two"
    )]
    SharedKey {
        /// The key.
        stream: StreamKey,
    },
    /// The events cannot be stored. Nothing was sent.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// Redis refuses them, is away, or did not answer.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl AppendError {
    /// Whether the events may have been appended.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Write(error) if error.is_unknown())
    }
}

/// An aggregate that is not as expected.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// What was expected.
    pub expected: Expected,
    /// The version that it has; `None` where that cannot be told.
    pub actual: Option<u64>,
    /// The events behind the version that was expected, each with its version: at most [`MAX_MISSED_EVENTS`](super::MAX_MISSED_EVENTS).
    /// None where they were trimmed.
    pub missed: Vec<Event>,
    /// Whether these are all that were missed.
    pub is_all: bool,
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let actual = match self.actual {
            Some(0) => "it has no events".to_owned(),
            Some(version) => format!("it is at version {version}"),
            None => "it has events".to_owned(),
        };
        match self.expected {
            Expected::New => write!(f, "the aggregate is not new: {actual}"),
            Expected::Exists => f.write_str("the aggregate does not exist"),
            Expected::Version(version) => {
                write!(f, "the aggregate was expected at version {version}, and {actual}")
            }
            Expected::Any => f.write_str("the aggregate is not as expected"),
        }
    }
}

/// Why the version of an event cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// The server does not count what was added, and something is gone.
    #[error(
        "events were trimmed or deleted, or the stream was made again, and this Redis does not count what was added (Redis 7 does): versions cannot be told"
    )]
    NotCounted,
    /// Events were deleted from the middle.
    #[error(
        "{count} {} deleted from the middle or the end of the stream: which versions the others have cannot be told",
        if *count == 1 { "event was" } else { "events were" }
    )]
    Deleted {
        /// How many are gone, trimmed ones among them.
        count: u64,
    },
    /// The events that are asked for were trimmed.
    #[error("events up to version {} were trimmed: the first one left has version {first}", first.saturating_sub(1))]
    Trimmed {
        /// The version of the first event left.
        first: u64,
    },
}

/// Why the events of an aggregate cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// They are not there, or not with certain versions.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// Redis does not answer, or refuses.
    #[error(transparent)]
    Store(#[from] StoreError),
}
