//! Why a command did not do what it was asked for, and the exit status that says so to a script.

use std::io;
use std::process::ExitCode;

use rewind_store::publish::PublishError;
use rewind_store::{StoreError, WriteError};

use crate::config::ConfigError;

/// Why a command failed. Each kind has an exit status of its own, the same for all commands; `docs/event-sourcing.md` has the table.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Redis refuses it, or something else stands in the way.
    #[error("{0}")]
    Refused(String),
    /// The command line, the configuration or the input is wrong. Nothing was done.
    #[error("{0}")]
    Usage(String),
    /// The aggregate or stream is not in the expected state.
    #[error("{0}")]
    Conflict(String),
    /// A stream, group, consumer, dead letter, event or projection that was named does not exist.
    #[error("{0}")]
    NotFound(String),
    /// Redis cannot be reached, or is not ready. Nothing was done.
    #[error("{0}")]
    Unavailable(String),
    /// The reply to a write was lost: it may have been done or not.
    #[error("{0}")]
    Unknown(String),
    /// The output cannot be written. What the command was to do is done as far as the message says.
    #[error("{0}")]
    Unwritten(String),
    /// Whoever read the output has all they want, as `head` does. This is no failure.
    #[error("nobody reads the output any more")]
    Unread,
}

impl Failure {
    /// The exit status of the process.
    pub fn status(&self) -> u8 {
        match self {
            Self::Unread => 0,
            Self::Refused(_) => 1,
            // As clap exits where the command line cannot be read.
            Self::Usage(_) => 2,
            Self::Conflict(_) => 3,
            Self::NotFound(_) => 4,
            Self::Unavailable(_) => 5,
            Self::Unknown(_) => 6,
            Self::Unwritten(_) => 7,
        }
    }

    /// The same failure with words before its message: `stream` and the like.
    pub fn about(self, what: &str) -> Self {
        let of = |message: String| format!("{what}: {message}");
        match self {
            Self::Refused(message) => Self::Refused(of(message)),
            Self::Usage(message) => Self::Usage(of(message)),
            Self::Conflict(message) => Self::Conflict(of(message)),
            Self::NotFound(message) => Self::NotFound(of(message)),
            Self::Unavailable(message) => Self::Unavailable(of(message)),
            Self::Unknown(message) => Self::Unknown(of(message)),
            Self::Unwritten(message) => Self::Unwritten(of(message)),
            Self::Unread => Self::Unread,
        }
    }
}

impl From<&Failure> for ExitCode {
    fn from(failure: &Failure) -> Self {
        failure.status().into()
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Unavailable { .. } => Self::Unavailable(message),
            StoreError::NotFound | StoreError::NoGroup => Self::NotFound(message),
            _ => Self::Refused(message),
        }
    }
}

impl From<WriteError> for Failure {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::NotDone(error) => error.into(),
            unknown @ WriteError::Unknown { .. } => Self::Unknown(unknown.to_string()),
        }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Events(error) => Self::Usage(error.to_string()),
            PublishError::Write(error) => error.into(),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<io::Error> for Failure {
    /// What happened to the output.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Unwritten(format!("the output cannot be written: {error}")),
        }
    }
}
