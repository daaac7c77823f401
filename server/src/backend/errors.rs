//! From the store's errors to those of the wire.

use rewind_app::api::{ApiError, ErrorCode};
use rewind_domain::StreamKey;

use rewind_store::StoreError;

/// How an error met while reading `stream`, or no stream in particular, is told to a client.
pub fn api_error(stream: Option<&StreamKey>, error: &StoreError) -> ApiError {
    let name = stream.map(StreamKey::to_string).unwrap_or_default();
    match error {
        StoreError::NotFound => {
            ApiError::new(ErrorCode::StreamNotFound, format!("stream `{name}` does not exist"))
        }
        StoreError::WrongType => ApiError::new(
            ErrorCode::NotAStream,
            format!("key `{name}` holds something else than a stream"),
        ),
        StoreError::Unavailable { .. } => {
            ApiError::new(ErrorCode::RedisUnavailable, error.to_string())
        }
        StoreError::KeyRefused => ApiError::new(
            ErrorCode::RedisForbidden,
            format!(
                "Redis does not allow this user to read `{name}`; the ACL rule `~{name}`, or a pattern such as `~*`, allows it"
            ),
        ),
        StoreError::LoginRefused { .. }
        | StoreError::CommandRefused { .. }
        | StoreError::Forbidden { .. } => {
            ApiError::new(ErrorCode::RedisForbidden, error.to_string())
        }
        StoreError::OtherNode { .. } => {
            ApiError::new(ErrorCode::OtherNode, format!("stream `{name}`: {error}"))
        }
        StoreError::NotYet { .. } | StoreError::NoRoom { .. } | StoreError::Changed => {
            ApiError::new(ErrorCode::NotIndexed, format!("stream `{name}`: {error}"))
        }
        StoreError::Server { .. } | StoreError::CrossSlot | StoreError::Unexpected { .. } => {
            tracing::error!(stream = name, %error, "Redis answered with an error");
            ApiError::new(ErrorCode::Internal, error.to_string())
        }
    }
}
