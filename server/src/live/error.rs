//! Why something cannot be watched.

use rewind_app::api::{ApiError, ErrorCode};
use rewind_domain::StreamKey;

use crate::api_errors::api_error;
use rewind_store::StoreError;

/// Why a viewer is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiveError {
    /// Redis does not give the stream, or not the category.
    #[error("`{key}` cannot be watched: {error}")]
    Store {
        /// The stream, or what the keys of the category begin with.
        key: StreamKey,
        /// Why.
        error: StoreError,
    },
    /// There is no seat left.
    #[error(
        "{limit} lines of live events are open already; close one, or start the server with a higher `--max-viewers`"
    )]
    Viewers {
        /// How many there may be.
        limit: usize,
    },
    /// There is no seat left for this address.
    #[error(
        "{limit} lines of live events are open from your address already; close one, or start the server with a higher `--max-viewers-per-address`"
    )]
    ViewersOfAddress {
        /// How many there may be.
        limit: usize,
    },
    /// Too many different streams are watched.
    #[error("{limit} streams are watched already; watch their category instead")]
    Streams {
        /// How many there may be.
        limit: usize,
    },
    /// Too many different categories are watched.
    #[error("{limit} categories are watched already; try again when somebody has left")]
    Categories {
        /// How many there may be.
        limit: usize,
    },
    /// A category has aggregates that are in a stream.
    #[error("the aggregates of `{prefix}` are in `{topic}`; watch that stream")]
    InsideTopic {
        /// What their keys begin with.
        prefix: StreamKey,
        /// The stream.
        topic: StreamKey,
    },
    /// A category is too large.
    #[error("more than {limit} streams begin with `{prefix}`; watch a smaller category")]
    StreamsOfCategory {
        /// What their keys begin with.
        prefix: StreamKey,
        /// How many there may be.
        limit: usize,
    },
}

impl LiveError {
    /// Whether the same may work later without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store { error, .. } if error.is_passing())
    }

    /// How it is told to a client.
    pub fn to_api(&self) -> ApiError {
        match self {
            Self::Store { key, error } => api_error(Some(key), error),
            Self::StreamsOfCategory { .. } | Self::InsideTopic { .. } => {
                ApiError::bad_parameter("category", self)
            }
            Self::Viewers { .. }
            | Self::ViewersOfAddress { .. }
            | Self::Streams { .. }
            | Self::Categories { .. } => ApiError::new(ErrorCode::TooBusy, self.to_string()),
        }
    }
}
