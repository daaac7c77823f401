//! The one error that crosses the wire.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use rewind_domain::FoldError;
use rewind_domain::operations::Preview;
use rewind_domain::terminal::excerpt;
use rewind_domain::travel::ReplayError;
use serde::{Deserialize, Serialize};

/// Why a call was not answered: `{"error": {"code": "…", "message": "…"}}`.
///
/// The code is for programs and stable; the message is for people and names the thing that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
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
    /// What the fold is now, for [`ErrorCode::FoldChanged`].
    pub current: Option<Box<CurrentFold>>,
    /// What the operation would do now, for [`ErrorCode::PreviewStale`].
    pub preview: Option<Box<Preview>>,
}

/// The file of a fold as somebody else has left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct CurrentFold {
    /// What is in it; `None` if there is no file any more.
    pub source: Option<String>,
    /// Its tag, to save in its place; empty where there is no file.
    pub tag: String,
}

/// The kinds of [`ApiError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
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
    /// The caller does not have the permission that this needs.
    PermissionDenied,
    /// There is nothing at this path.
    NotFound,
    /// The path does not answer this method.
    MethodNotAllowed,
    /// The body of the request is not what its header must say that it is.
    ContentTypeUnsupported,
    /// The body of the request is too large.
    BodyTooLarge,
    /// The body of the request did not come in time.
    RequestTimeout,
    /// The fold was changed by somebody else since it was read.
    FoldChanged,
    /// There is no such consumer group, consumer, dead letter, projection or operation.
    TargetNotFound,
    /// What the operation was previewed for does not hold any more.
    PreviewStale,
    /// The aggregate is at another version than expected.
    VersionConflict,
    /// The operation cannot be done as things are.
    OperationRefused,
    /// The operation could not be recorded, so it was not done.
    AuditUnavailable,
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
            Self::RedisForbidden
            | Self::OriginForbidden
            | Self::EditsForbidden
            | Self::PermissionDenied => 403,
            Self::StreamNotFound
            | Self::EventNotFound
            | Self::VersionNotFound
            | Self::TargetNotFound
            | Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::NotAStream
            | Self::OtherNode
            | Self::FoldChanged
            | Self::PreviewStale
            | Self::VersionConflict
            | Self::OperationRefused => 409,
            Self::BodyTooLarge => 413,
            Self::ContentTypeUnsupported => 415,
            Self::FoldFailed | Self::FoldInvalid | Self::ExpressionInvalid => 422,
            Self::Internal | Self::ServerUnreachable | Self::PartMissing => 500,
            Self::RedisUnavailable | Self::TooBusy | Self::NotIndexed | Self::AuditUnavailable => {
                503
            }
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

/// How long the text of an error can be, in bytes. It may repeat what was asked for, which can be anything.
const MAX_MESSAGE_BYTES: usize = 2_000;

impl ApiError {
    /// An error of this kind. A long message is cut.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self {
            code,
            message: excerpt(&message, MAX_MESSAGE_BYTES).into_owned(),
            parameter: None,
            version: None,
            line: None,
            column: None,
            current: None,
            preview: None,
        }
    }

    /// An operation would do something else by now than was previewed.
    pub fn preview_stale(message: impl Into<String>, now: Preview) -> Self {
        Self { preview: Some(Box::new(now)), ..Self::new(ErrorCode::PreviewStale, message) }
    }

    /// The fold is another one than was read; this is what it is now.
    pub fn fold_changed(message: impl Into<String>, source: Option<String>) -> Self {
        let tag = source.as_deref().map(super::fold_tag).unwrap_or_default();
        let current = Some(Box::new(CurrentFold { source, tag }));
        Self { current, ..Self::new(ErrorCode::FoldChanged, message) }
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
            // On the server, what cannot be read is the body of a request.
            ServerFnErrorErr::Deserialization(reason) if cfg!(feature = "ssr") => {
                Self::new(ErrorCode::BadParameter, format!("the body cannot be read: {reason}"))
            }
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
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
struct Envelope {
    error: Body,
}

#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current: Option<Box<CurrentFold>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preview: Option<Box<Preview>>,
}

impl From<ApiError> for Envelope {
    fn from(error: ApiError) -> Self {
        let ApiError { code, message, parameter, version, line, column, current, preview } = error;
        Self { error: Body { code, message, parameter, version, line, column, current, preview } }
    }
}

impl From<Envelope> for ApiError {
    fn from(Envelope { error }: Envelope) -> Self {
        let Body { code, message, parameter, version, line, column, current, preview } = error;
        Self { code, message, parameter, version, line, column, current, preview }
    }
}
