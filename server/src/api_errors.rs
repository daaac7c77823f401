//! From the errors of the store and of the services to those of the wire: the one place that knows both.

use rewind_app::api::{ApiError, ErrorCode};
use rewind_domain::StreamKey;

use rewind_store::StoreError;

use crate::engines::EngineError;
use crate::operations::OperationError;
use crate::travel::WalkError;

/// How an error met while reading `stream`, or no stream in particular, is told to a client.
pub(crate) fn api_error(stream: Option<&StreamKey>, error: &StoreError) -> ApiError {
    let name = stream.map(StreamKey::to_string).unwrap_or_default();
    match error {
        StoreError::NotFound => {
            ApiError::new(ErrorCode::StreamNotFound, format!("stream `{name}` does not exist"))
        }
        StoreError::NoGroup => ApiError::new(
            ErrorCode::StreamNotFound,
            format!("stream `{name}` does not exist, or has no such consumer group"),
        ),
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
        | StoreError::RefusedInScript { .. }
        | StoreError::WritesRefused(_)
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

/// How it is told why a walk through `stream` did not end.
pub(crate) fn walk_error(stream: &StreamKey, error: WalkError<ApiError>) -> ApiError {
    match error {
        WalkError::Store(error) => api_error(Some(stream), &error),
        WalkError::Visitor(error) => error,
        WalkError::Fold(error) => ApiError::unusable(ErrorCode::FoldInvalid, &error),
        WalkError::Expression(error) => ApiError::unusable(ErrorCode::ExpressionInvalid, &error),
        WalkError::Engine(error) => engine_error(&error),
        WalkError::Crashed => {
            ApiError::new(ErrorCode::Internal, "the replay failed; the server's log says why")
        }
    }
}

/// How it is told why an operation was not done, or cannot be previewed.
pub(crate) fn operation_error(error: OperationError) -> ApiError {
    let message = error.to_string();
    let code = match error {
        OperationError::Store { stream, error } => return api_error(stream.as_ref(), &error),
        OperationError::Invalid { part, message } => {
            return ApiError::bad_parameter("operation", format!("`{part}` {message}"));
        }
        OperationError::Stale(now) => return ApiError::preview_stale(message, *now),
        OperationError::Conflict { actual, .. } => {
            let error = ApiError::new(ErrorCode::VersionConflict, message);
            return ApiError { version: Some(actual), ..error };
        }
        OperationError::NotPreviewed => {
            return ApiError::bad_parameter("fingerprint", format!("is missing: {message}"));
        }
        OperationError::IdTaken(_) => return ApiError::bad_parameter("id", message),
        OperationError::NoTarget(_) | OperationError::Unknown(_) => ErrorCode::TargetNotFound,
        OperationError::Forbidden(_) => ErrorCode::PermissionDenied,
        OperationError::Refused(_) | OperationError::UnderWay(_) => ErrorCode::OperationRefused,
        OperationError::NotRecorded(_) => ErrorCode::AuditUnavailable,
        OperationError::TooMany => ErrorCode::TooBusy,
    };
    ApiError::new(code, message)
}

/// How it is told that there was no engine to run a script.
pub(crate) fn engine_error(error: &EngineError) -> ApiError {
    let code = match error {
        EngineError::Busy { .. } => ErrorCode::TooBusy,
        EngineError::Vanished(_) => ErrorCode::FoldFailed,
        EngineError::NotStarted(_) | EngineError::Garbled(_) => {
            tracing::error!(%error, "a script could not be run");
            ErrorCode::Internal
        }
    };
    ApiError::new(code, error.to_string())
}
