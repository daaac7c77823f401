//! What can become of a write that was not simply done.

use crate::StoreError;

/// Why it is not certain that something was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Nothing was written.
    #[error(transparent)]
    NotDone(#[from] StoreError),
    /// It was sent, and no reply came: it may have been written or not, and is not sent again. Reading the stream tells; a
    /// repetition with the same idempotency key is harmless.
    #[error(
        "it is not known whether this was written, since the reply was lost ({cause}); read the stream to find out, or repeat it with the same idempotency key"
    )]
    Unknown {
        /// What became of the reply.
        cause: Box<StoreError>,
    },
}

impl WriteError {
    /// Whether it may have been written.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// What happened, where it is known that a repetition is harmless.
    pub fn into_cause(self) -> StoreError {
        match self {
            Self::NotDone(cause) => cause,
            Self::Unknown { cause } => *cause,
        }
    }

    /// What happened between here and Redis.
    pub fn cause(&self) -> &StoreError {
        match self {
            Self::NotDone(cause) => cause,
            Self::Unknown { cause } => cause,
        }
    }
}
