//! The one error that crosses the wire.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use rewind_domain::FoldError;
use rewind_domain::travel::ReplayError;
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
    /// The version at which a fold stopped, for [`ErrorCode::FoldFailed`].
    pub version: Option<u64>,
    /// The line of a fold or expression that is wrong, counted from 1.
    pub line: Option<u32>,
    /// The column there, counted from 1.
    pub column: Option<u32>,
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
    /// The stream has no such entry, or has it no more.
    EventNotFound,
    /// The stream has no such version, or none at that id or time.
    VersionNotFound,
    /// Where this is in the stream is not known yet; it is being found out.
    NotIndexed,
    /// Redis does not let this user run a command that is needed.
    RedisForbidden,
    /// The key is on another node of a Redis cluster.
    OtherNode,
    /// Redis cannot be reached at the moment.
    RedisUnavailable,
    /// The request came from a page or by a name that is not trusted.
    OriginForbidden,
    /// The fold of this aggregate failed at an event.
    FoldFailed,
    /// The fold of this aggregate cannot be used at all.
    FoldInvalid,
    /// An expression cannot be used.
    ExpressionInvalid,
    /// This server does not let folds be saved.
    EditsForbidden,
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
    /// The server does not have a part of the front end: it has another build of it. Made in the browser, never sent.
    PartMissing,
}

impl ErrorCode {
    /// The HTTP status that goes with it.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::BadParameter => 400,
            Self::RedisForbidden | Self::OriginForbidden | Self::EditsForbidden => 403,
            Self::StreamNotFound | Self::EventNotFound | Self::VersionNotFound | Self::NotFound => {
                404
            }
            Self::MethodNotAllowed => 405,
            Self::NotAStream | Self::OtherNode => 409,
            Self::FoldFailed | Self::FoldInvalid | Self::ExpressionInvalid => 422,
            Self::Internal | Self::ServerUnreachable | Self::PartMissing => 500,
            Self::RedisUnavailable | Self::TooBusy | Self::NotIndexed => 503,
        }
    }

    /// Whether the same call may be answered if it is simply made again later.
    pub const fn is_passing(self) -> bool {
        matches!(
            self,
            Self::RedisUnavailable | Self::TooBusy | Self::NotIndexed | Self::ServerUnreachable
        )
    }
}

impl ApiError {
    /// An error of this kind.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            parameter: None,
            version: None,
            line: None,
            column: None,
        }
    }

    /// A fold stopped.
    pub fn stopped(error: &ReplayError) -> Self {
        Self {
            version: Some(error.version),
            line: error.error.line,
            column: error.error.column,
            ..Self::new(ErrorCode::FoldFailed, error.to_string())
        }
    }

    /// A fold or an expression cannot be used.
    pub fn unusable(code: ErrorCode, error: &FoldError) -> Self {
        Self { line: error.line, column: error.column, ..Self::new(code, error.to_string()) }
    }

    /// The parameter `name` is wrong, for this reason.
    pub fn bad_parameter(name: &str, reason: impl std::fmt::Display) -> Self {
        Self {
            parameter: Some(name.to_owned()),
            ..Self::new(ErrorCode::BadParameter, format!("parameter `{name}`: {reason}"))
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

impl From<ApiError> for Envelope {
    fn from(error: ApiError) -> Self {
        let ApiError { code, message, parameter, version, line, column } = error;
        Self { error: Body { code, message, parameter, version, line, column } }
    }
}

impl From<Envelope> for ApiError {
    fn from(Envelope { error }: Envelope) -> Self {
        let Body { code, message, parameter, version, line, column } = error;
        Self { code, message, parameter, version, line, column }
    }
}
