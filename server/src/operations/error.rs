//! Why an operation was not done.

use rewind_domain::StreamKey;
use rewind_domain::operations::Preview;
use rewind_store::{StoreError, WriteError};

/// Why an operation cannot be previewed, or was not begun.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// Redis does not answer, or refuses.
    #[error("{error}")]
    Store {
        /// About which stream.
        stream: Option<StreamKey>,
        /// Why.
        error: StoreError,
    },
    /// A part of it is not what it should be.
    #[error("{message}")]
    Invalid {
        /// Which, as a path from `operation`.
        part: String,
        /// What is wrong.
        message: String,
    },
    /// What it is about does not exist.
    #[error("{0}")]
    NoTarget(String),
    /// The caller may not do it.
    #[error("{0}")]
    Forbidden(String),
    /// It cannot be done as things are.
    #[error("{0}")]
    Refused(String),
    /// The aggregate is at another version.
    #[error("{message}")]
    Conflict {
        /// What is so.
        message: String,
        /// The version.
        actual: u64,
    },
    /// It destroys something, and nobody has seen what.
    #[error(
        "this destroys something, so it needs the fingerprint of its preview; ask `POST /api/preview` first"
    )]
    NotPreviewed,
    /// It would do something else than was previewed.
    #[error("things have changed since this was previewed. Now: {}", .0.sentence)]
    Stale(Box<Preview>),
    /// It cannot be recorded.
    #[error("this was not done, since it could not be recorded in `rewind:audit`: {0}")]
    NotRecorded(WriteError),
    /// There is no such operation here.
    #[error(
        "this server knows no operation `{0}`; the audit log has what was done, on this server and on others"
    )]
    Unknown(String),
    /// Another operation has this id.
    #[error("`{0}` is the id of another operation; give each one of its own")]
    IdTaken(String),
    /// Another server is at it.
    #[error("`{0}` is under way on another server; the audit log says how far it is")]
    UnderWay(String),
    /// Too much is under way.
    #[error("too many operations are under way; wait for one to end")]
    TooMany,
}

impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> Self {
        Self::Store { stream: None, error }
    }
}

impl OperationError {
    /// Redis does not answer, or refuses, something about a stream.
    pub(super) fn of(stream: &StreamKey) -> impl Fn(StoreError) -> Self + '_ {
        |error| Self::Store { stream: Some(stream.clone()), error }
    }

    /// A part of it is not what it should be.
    pub(super) fn invalid(part: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { part: part.into(), message: message.into() }
    }
}
