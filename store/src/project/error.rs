//! Why a projection stopped.

use rewind_domain::{EntryId, StreamKey};
use serde::{Deserialize, Serialize};

use crate::{StoreError, WriteError};

/// A handler that failed: the projection stays before this event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error(
    "the event `{id}` of `{stream}`{} cannot be handled: {message}{}",
    event_type.as_ref().map(|name| format!(", of type `{name}`,")).unwrap_or_default(),
    place(*line, *column)
)]
pub struct Failure {
    /// The stream.
    pub stream: StreamKey,
    /// The event.
    pub id: EntryId,
    /// Its type, where it names one.
    pub event_type: Option<String>,
    /// What the handler says.
    pub message: String,
    /// The line of the script where it happened, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column there, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// How many streams a projection may have: each is read over a connection of its own.
pub const MOST_STREAMS: usize = 64;

/// Why a projection stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    /// Redis could not be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// Redis could not be written. Whatever became of it, the state and the checkpoint belong together.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A handler failed.
    #[error(transparent)]
    Failed(Box<Failure>),
    /// Something else than a handler failed, such as the process that runs scripts.
    #[error("{0}")]
    Handlers(String),
    /// A stream that was read is gone.
    #[error(
        "the stream `{stream}` is gone, of which events up to `{position}` are in the state; restore it, or rebuild the projection"
    )]
    Gone {
        /// The stream.
        stream: StreamKey,
        /// How far it was read.
        position: EntryId,
    },
    /// A stream is another one than the one that was read.
    #[error(
        "the stream `{stream}` is not the one that was read up to `{position}`: it was deleted and written again, or replaced; rebuild the projection to begin with the new one"
    )]
    Remade {
        /// The stream.
        stream: StreamKey,
        /// How far the other one was read.
        position: EntryId,
    },
    /// An event is larger than what is read of one.
    #[error(
        "the event `{id}` of `{stream}` is too large to be read as a whole, so it cannot be handled; delete it to go on without it"
    )]
    TooLarge {
        /// The stream.
        stream: StreamKey,
        /// The event.
        id: EntryId,
    },
    /// What is stored cannot be read.
    #[error("`{key}` cannot be read: {reason}; rebuild the projection")]
    Stored {
        /// The key.
        key: String,
        /// Why not.
        reason: String,
    },
    /// Somebody else works on it.
    #[error("`{name}` is being rebuilt by `{by}`; wait for it, or cancel it")]
    Busy {
        /// The projection.
        name: String,
        /// The runner.
        by: String,
    },
    /// A rebuild was cancelled. The old state is as it was.
    #[error("the rebuild of `{name}` was cancelled; its state is as it was")]
    Cancelled {
        /// The projection.
        name: String,
    },
    /// There are more streams than can be read at once.
    #[error("the projection `{name}` has {count} streams; it can have {MOST_STREAMS}")]
    TooManyStreams {
        /// The projection.
        name: String,
        /// How many it has.
        count: usize,
    },
    /// There are no streams.
    #[error("the projection `{name}` has no streams; name at least one")]
    NoStreams {
        /// The projection.
        name: String,
    },
}

impl ProjectError {
    /// Whether the same may work later without anybody doing anything.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Read(error) => may_pass(error) || *error == StoreError::Changed,
            Self::Write(error) => error.is_unknown() || may_pass(error.cause()),
            _ => false,
        }
    }
}

/// Whether Redis may do later what it does not do now: it is away, or takes no writes, as one that is full or a replica.
fn may_pass(error: &StoreError) -> bool {
    error.is_passing() || matches!(error, StoreError::WritesRefused(_))
}

impl From<Failure> for ProjectError {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

fn place(line: Option<u32>, column: Option<u32>) -> String {
    match (line, column) {
        (Some(line), Some(column)) => format!(" (line {line}, column {column})"),
        (Some(line), None) => format!(" (line {line})"),
        _ => String::new(),
    }
}
