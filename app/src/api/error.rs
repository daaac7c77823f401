//! The one error that crosses the wire.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why a call was not answered: `{"error": {"code": "…", "message": "…"}}`.
///
/// The code is for programs and stable; the message is for people and names the thing that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(from = "Envelope", into = "Envelope")]
#[error("{message}")]
pub struct ApiError {
    /// What kind of thing went wrong.
    pub code: ErrorCode,
    /// What went wrong, and what would help.
    pub message: String,
    /// The name of the parameter that is wrong, for [`ErrorCode::BadParameter`].
    pub parameter: Option<String>,
}

/// The kinds of [`ApiError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// A parameter is missing or cannot be read.
    BadParameter,
    /// No key of this name exists.
    StreamNotFound,
    /// The key holds something that is not a stream.
    NotAStream,
    /// The stream has no such version, or none at that id or time.
    VersionNotFound,
    /// Redis does not let this user run a command that is needed.
    RedisForbidden,
    /// Redis cannot be reached at the moment.
    RedisUnavailable,
    /// The request came from a page or by a name that is not trusted.
    OriginForbidden,
    /// The fold of this aggregate failed.
    FoldFailed,
    /// There is nothing at this path.
    NotFound,
    /// The path does not answer this method.
    MethodNotAllowed,
    /// A limit of the server is reached.
    TooBusy,
    /// Something that should not happen; the server's log has the details.
    Internal,
    /// The server itself was not reached. Made in the browser, never sent.
    ServerUnreachable,
}

impl ErrorCode {
    /// The HTTP status that goes with it.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::BadParameter => 400,
            Self::RedisForbidden | Self::OriginForbidden => 403,
            Self::StreamNotFound | Self::VersionNotFound | Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::NotAStream => 409,
            Self::FoldFailed => 422,
            Self::Internal | Self::ServerUnreachable => 500,
            Self::RedisUnavailable | Self::TooBusy => 503,
        }
    }

    /// Whether the same call may be answered if it is simply made again later.
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::RedisUnavailable | Self::TooBusy | Self::ServerUnreachable)
    }
}

impl ApiError {
    /// An error of this kind.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), parameter: None }
    }

    /// The parameter `name` is wrong, for this reason.
    pub fn bad_parameter(name: &str, reason: impl std::fmt::Display) -> Self {
        Self {
            code: ErrorCode::BadParameter,
            message: format!("parameter `{name}`: {reason}"),
            parameter: Some(name.to_owned()),
        }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::new(
                ErrorCode::ServerUnreachable,
                "the Rewind server cannot be reached; trying again",
            ),
            ServerFnErrorErr::Args(reason) => Self::new(
                ErrorCode::BadParameter,
                format!("the parameters cannot be read: {reason}"),
            ),
            ServerFnErrorErr::MissingArg(name) => Self::bad_parameter(&name, "is missing"),
            // The server itself answers in JSON; what does not comes from a proxy before it.
            ServerFnErrorErr::Deserialization(_) => Self::new(
                ErrorCode::ServerUnreachable,
                "something else than the Rewind server answered; trying again",
            ),
            other => Self::new(ErrorCode::Internal, format!("the answer cannot be read: {other}")),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    error: Body,
}

#[derive(Serialize, Deserialize)]
struct Body {
    code: ErrorCode,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
}

impl From<ApiError> for Envelope {
    fn from(ApiError { code, message, parameter }: ApiError) -> Self {
        Self { error: Body { code, message, parameter } }
    }
}

impl From<Envelope> for ApiError {
    fn from(Envelope { error: Body { code, message, parameter } }: Envelope) -> Self {
        Self { code, message, parameter }
    }
}
