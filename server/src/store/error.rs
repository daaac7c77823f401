//! What can go wrong between Rewind and Redis.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::StoreUrl;

/// Why Redis did not answer, in terms of what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Redis cannot be reached, or is not ready. It may be later.
    #[error("Redis at `{address}` is not available: {reason}")]
    Unavailable {
        /// Where it should be.
        address: String,
        /// What happened.
        reason: String,
    },
    /// Redis does not accept the user or password.
    #[error("Redis at `{address}` refuses the login; check the user and password in the Redis URL")]
    LoginRefused {
        /// Where it is.
        address: String,
    },
    /// The user may not run a command, or not on this key.
    #[error("Redis does not allow it: {message}")]
    Forbidden {
        /// What Redis says, which names the command.
        message: String,
    },
    /// There is no such key.
    #[error("no such key")]
    NotFound,
    /// The key is not a stream.
    #[error("the key holds something else than a stream")]
    WrongType,
    /// The stream is still being gone through for what is asked for.
    #[error(
        "`{topic}` is still being gone through for it: {indexed} of {length} events so far; try again in a moment"
    )]
    NotYet {
        /// The stream.
        topic: String,
        /// How many events were gone through.
        indexed: u64,
        /// How many it has.
        length: u64,
    },
    /// There is no room to note what is asked for.
    #[error(
        "what the events of `{topic}` are about takes more memory than there is for that; start the server with a larger `--topic-mb`"
    )]
    NoRoom {
        /// The stream.
        topic: String,
    },
    /// The stream lost entries while they were being read.
    #[error("entries were deleted while they were being read; try again")]
    Changed,
    /// Redis refused for another reason.
    #[error("Redis says: {message}")]
    Server {
        /// What it says.
        message: String,
    },
    /// Redis said something that this program does not understand.
    #[error("Redis gave an answer that was not expected: {what}")]
    Unexpected {
        /// What was wrong with it.
        what: &'static str,
    },
}

impl StoreError {
    /// Whether the same may work later without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether the user may not run a command at all, rather than not on a certain key.
    pub fn is_command_refused(&self) -> bool {
        // Of keys it says "no permissions to access", in different words from version to version.
        matches!(self, Self::Forbidden { message } if message.contains("command"))
    }

    pub(super) fn unexpected(what: &'static str) -> Self {
        Self::Unexpected { what }
    }

    /// What an error line of a reply says: a code and, mostly, a sentence.
    pub(super) fn from_reply(url: &StoreUrl, line: &str) -> Self {
        let address = || url.to_string();
        let message = || line.trim_end_matches('.').to_owned();
        match line.split(' ').next().unwrap_or_default() {
            "NOAUTH" | "WRONGPASS" => Self::LoginRefused { address: address() },
            "NOPERM" => Self::Forbidden { message: message() },
            "WRONGTYPE" => Self::WrongType,
            "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "BUSY" => {
                Self::Unavailable { address: address(), reason: message() }
            }
            _ if line.contains("no such key") => Self::NotFound,
            // Servers before Redis 6 have no other code for it.
            _ if line.contains("invalid password") => Self::LoginRefused { address: address() },
            _ => Self::Server { message: message() },
        }
    }

    pub(super) fn from_redis(url: &StoreUrl, error: &RedisError) -> Self {
        // A transaction that was refused says so; why, says the error of the command that was.
        if error.kind() == ErrorKind::Server(ServerErrorKind::ExecAbort)
            && let Some(causes) = error.clone().into_server_errors()
            && let Some((_, cause)) = causes.first()
        {
            return Self::from_redis(url, &RedisError::from(cause.clone()));
        }
        let address = || url.to_string();
        let message = || {
            let code = error.code().unwrap_or_default();
            let detail = error.detail().unwrap_or_default();
            format!("{code} {detail}").trim().trim_end_matches('.').to_owned()
        };
        match (error.kind(), error.code()) {
            (ErrorKind::AuthenticationFailed, _) | (_, Some("NOAUTH" | "WRONGPASS")) => {
                Self::LoginRefused { address: address() }
            }
            (ErrorKind::Server(ServerErrorKind::NoPerm), _) => {
                Self::Forbidden { message: message() }
            }
            (_, Some("WRONGTYPE")) => Self::WrongType,
            (ErrorKind::Server(ServerErrorKind::ResponseError), _)
                if error.detail().is_some_and(|detail| detail.contains("no such key")) =>
            {
                Self::NotFound
            }
            (
                ErrorKind::Server(
                    ServerErrorKind::BusyLoading
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::TryAgain,
                ),
                _,
            )
            | (_, Some("BUSY")) => Self::Unavailable { address: address(), reason: message() },
            (ErrorKind::Server(_) | ErrorKind::Extension, _) => Self::Server { message: message() },
            _ if error.is_timeout() => Self::Unavailable {
                address: address(),
                reason: "it does not answer in time".into(),
            },
            _ if error.is_connection_refusal() => {
                Self::Unavailable { address: address(), reason: "nothing listens there".into() }
            }
            (ErrorKind::Io, _) => {
                Self::Unavailable { address: address(), reason: "the connection was lost".into() }
            }
            (ErrorKind::Parse | ErrorKind::UnexpectedReturnType, _) => {
                Self::unexpected("a reply of another shape")
            }
            _ => Self::Unavailable { address: address(), reason: error.category().to_owned() },
        }
    }
}
