//! What can go wrong between Rewind and Redis.

use std::io;
use std::sync::Arc;

use redis::{ErrorKind, RedisError};

use super::StoreUrl;
use super::commands::Command;

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
    /// The user may not run a command, or Redis does not have it under its name.
    #[error("{}", refusal(command, *is_unknown))]
    CommandRefused {
        /// The command, as Redis names it.
        command: String,
        /// Whether Redis does not know it.
        is_unknown: bool,
    },
    /// The user may not read a key.
    #[error(
        "Redis does not allow this user to read this key; an ACL rule whose pattern its name matches, such as `~*`, allows it"
    )]
    KeyRefused,
    /// Redis does not let this client in, or not do what it asks for.
    #[error("Redis does not allow it: {message}")]
    Forbidden {
        /// What Redis says.
        message: String,
    },
    /// The user may run scripts, and may not run a command within one.
    #[error(
        "Redis does not allow this user to run a command within a script{}",
        if rules.is_empty() { String::new() } else { format!("; the ACL rules `{rules}` allow it") }
    )]
    RefusedInScript {
        /// The ACL rules that would allow it; empty where they are not known.
        rules: &'static str,
    },
    /// Redis takes no writes, at present or from anybody. Reads go on.
    #[error("{0}")]
    WritesRefused(WriteRefusal),
    /// The keys of a command are in different slots of a cluster.
    #[error("keys in different slots of a Redis cluster cannot be read by one command")]
    CrossSlot,
    /// The key is on another node of a cluster.
    #[error(
        "this key is on another node of the Redis cluster{}; Rewind does not support clusters yet and reads the node that it was given",
        if address.is_empty() { String::new() } else { format!(", `{address}`") }
    )]
    OtherNode {
        /// Where that is, as far as Redis tells.
        address: String,
    },
    /// There is no such key.
    #[error("no such key")]
    NotFound,
    /// The key is not a stream.
    #[error("the key holds something else than a stream")]
    WrongType,
    /// The stream has no such consumer group, or there is no such stream.
    #[error("there is no such consumer group; create it, or let the consumer make it")]
    NoGroup,
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

/// Why Redis takes no writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteRefusal {
    /// It is a replica.
    #[error(
        "this Redis is a read-only replica and takes no writes; use the address of its primary"
    )]
    Replica,
    /// It has used up its memory.
    #[error(
        "Redis is at its `maxmemory` and takes no writes; trim streams, or give it more memory"
    )]
    Full,
    /// It cannot save to disk.
    #[error(
        "Redis cannot save to its disk (`MISCONF`) and takes no writes; its log says why it cannot"
    )]
    CannotSave,
    /// Too few replicas listen to it.
    #[error("Redis has too few replicas (`min-replicas-to-write`) and takes no writes")]
    TooFewReplicas,
}

impl StoreError {
    /// Whether the same may work later without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether a command is refused altogether, rather than for a certain key.
    pub fn is_command_refused(&self) -> bool {
        matches!(self, Self::CommandRefused { .. })
    }

    pub(super) fn unexpected(what: &'static str) -> Self {
        Self::Unexpected { what }
    }

    /// What an error line of a reply says: a code and, mostly, a sentence.
    pub(super) fn from_reply(url: &StoreUrl, line: &str) -> Self {
        let (code, detail) = line.split_once(' ').unwrap_or((line, ""));
        Self::of_reply(url, code, detail)
    }

    pub(super) fn from_redis(url: &StoreUrl, error: &RedisError) -> Self {
        let address = || url.to_string();
        match error.kind() {
            ErrorKind::AuthenticationFailed => Self::LoginRefused { address: address() },
            ErrorKind::Server(_) | ErrorKind::Extension => {
                let code = error.code().unwrap_or_default();
                Self::of_reply(url, code, error.detail().unwrap_or_default())
            }
            _ if error.code().is_some_and(|code| matches!(code, "NOAUTH" | "WRONGPASS")) => {
                Self::LoginRefused { address: address() }
            }
            _ if error.is_timeout() => Self::Unavailable {
                address: address(),
                reason: "it does not answer in time".into(),
            },
            _ if error.is_connection_refusal() => {
                Self::Unavailable { address: address(), reason: "nothing listens there".into() }
            }
            ErrorKind::Io => match io_error(error) {
                Some(error) => url.lost(error),
                None => url.unavailable("the connection was lost"),
            },
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => {
                Self::unexpected("a reply of another shape")
            }
            _ => Self::Unavailable { address: address(), reason: error.category().to_owned() },
        }
    }

    fn of_reply(url: &StoreUrl, code: &str, detail: &str) -> Self {
        let (code, detail) = without_script(code, detail);
        let address = || url.to_string();
        let message = || format!("{code} {detail}").trim().trim_end_matches('.').to_owned();
        match code {
            "NOAUTH" | "WRONGPASS" => Self::LoginRefused { address: address() },
            "NOPERM" => {
                Self::of_no_permission(detail).unwrap_or(Self::Forbidden { message: message() })
            }
            "WRONGTYPE" => Self::WrongType,
            "NOGROUP" => Self::NoGroup,
            // What a client hears that waits for entries while their stream is deleted, or while its server becomes a replica.
            "UNBLOCKED" if detail.contains("no longer exists") => Self::NoGroup,
            "UNBLOCKED" => Self::Unavailable { address: address(), reason: message() },
            "MOVED" | "ASK" => {
                Self::OtherNode { address: detail.split(' ').nth(1).unwrap_or_default().to_owned() }
            }
            "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "BUSY" => {
                Self::Unavailable { address: address(), reason: message() }
            }
            "READONLY" => Self::WritesRefused(WriteRefusal::Replica),
            "OOM" => Self::WritesRefused(WriteRefusal::Full),
            "MISCONF" => Self::WritesRefused(WriteRefusal::CannotSave),
            "NOREPLICAS" => Self::WritesRefused(WriteRefusal::TooFewReplicas),
            "CROSSSLOT" => Self::CrossSlot,
            "DENIED" => Self::Forbidden { message: message() },
            _ => Self::of_sentence(url, detail).unwrap_or(Self::Server { message: message() }),
        }
    }

    /// The user may not run a command, or not read a key, which Redis says in different words from version to version.
    fn of_no_permission(detail: &str) -> Option<Self> {
        match quoted_after(detail, "run the ") {
            Some(command) => Some(Self::CommandRefused { command, is_unknown: false }),
            None if detail.contains("key") => Some(Self::KeyRefused),
            None => None,
        }
    }

    /// What has no code of its own.
    fn of_sentence(url: &StoreUrl, detail: &str) -> Option<Self> {
        let has = |words: &str| detail.to_ascii_lowercase().contains(words);
        if let Some(command) = quoted_after(detail, "unknown command ") {
            return Some(Self::CommandRefused { command, is_unknown: true });
        }
        if has("no such key") {
            return Some(Self::NotFound);
        }
        if has("acl failure in script") || has("the user executing the script") {
            return Some(Self::RefusedInScript { rules: "" });
        }
        // Servers before Redis 6 have no other code for it.
        if has("invalid password") || has("auth") && has("password") {
            return Some(Self::LoginRefused { address: url.to_string() });
        }
        if has("max number of clients") {
            let reason = "it has as many connections as it allows (`maxclients`)".to_owned();
            return Some(Self::Unavailable { address: url.to_string(), reason });
        }
        let is_about_database = has("db index") || has("select is not allowed");
        is_about_database.then(|| Self::Forbidden { message: detail.to_owned() })
    }
}

/// What a command within a script was answered, without what Redis says around it in different words from version to version.
fn without_script<'a>(code: &'a str, detail: &'a str) -> (&'a str, &'a str) {
    // Redis 6: `ERR Error running script (call to f_…): @user_script:12: @user_script: 12: -OOM command not allowed …`
    if let Some((_, rest)) = detail.split_once("): @user_script:")
        && detail.starts_with("Error running script")
    {
        let answer = rest.rsplit_once("@user_script:").map_or(rest, |(_, rest)| rest);
        let answer = answer.split_once(": ").map_or(answer, |(_, answer)| answer);
        let answer = answer.strip_prefix('-').unwrap_or(answer);
        return match answer.split_once(' ') {
            Some((word, rest)) if word.chars().all(|char| char.is_ascii_uppercase()) => {
                (word, rest)
            }
            _ => (code, answer),
        };
    }
    // Redis 7: `OOM command not allowed … script: e3fd…, on @user_script:12.`
    match detail.rfind(" script: ") {
        Some(at) if detail[at..].contains("@user_script:") => (code, &detail[..at]),
        _ => (code, detail),
    }
}

/// What the system, or TLS, says of a connection that was lost.
fn io_error(error: &RedisError) -> Option<&io::Error> {
    use std::error::Error;
    let shared = error.source()?.downcast_ref::<Arc<dyn Error + Send + Sync>>()?;
    shared.downcast_ref()
}

/// The text in quotes of either kind that follows some words.
fn quoted_after(text: &str, words: &str) -> Option<String> {
    let at = text.find(words)? + words.len();
    let quote = text[at..].chars().next().filter(|quote| matches!(quote, '\'' | '`'))?;
    let rest = &text[at + 1..];
    let end = rest.find([quote, '\''])?;
    Some(rest[..end].to_owned())
}

/// What is said of a command that is refused: its name, what it is for, and what would help.
fn refusal(name: &str, is_unknown: bool) -> String {
    let known = Command::named(name);
    let shown = known.map_or_else(|| name.to_uppercase(), |command| command.name.to_owned());
    let purpose = known.map(|command| format!(", which is for {}", command.purpose));
    let purpose = purpose.unwrap_or_default();
    let help = match known {
        _ if is_unknown => {
            "; it may have been renamed or switched off in its configuration".to_owned()
        }
        Some(command) => format!("; the ACL rule `{}` allows it", command.rule),
        // Redis names it as its rules do: `xack`, `xgroup|create`.
        None => format!("; the ACL rule `+{}` allows it", name.to_lowercase()),
    };
    match is_unknown {
        true => format!("Redis does not know the command `{shown}`{purpose}{help}"),
        false => format!("Redis does not allow this user to run `{shown}`{purpose}{help}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(line: &str) -> StoreError {
        StoreError::from_reply(&"redis://127.0.0.1:6379".parse().unwrap(), line)
    }

    fn refused(command: &str, is_unknown: bool) -> StoreError {
        StoreError::CommandRefused { command: command.to_owned(), is_unknown }
    }

    #[test]
    fn a_refused_command_is_the_same_whatever_redis_calls_it() {
        for (line, expected) in [
            (
                "NOPERM this user has no permissions to run the 'xinfo' command or its subcommand",
                refused("xinfo", false),
            ),
            (
                "NOPERM this user has no permissions to run the 'xinfo|stream' command",
                refused("xinfo|stream", false),
            ),
            (
                "NOPERM User viewer has no permissions to run the 'time' command",
                refused("time", false),
            ),
            (
                "ERR unknown command 'XINFO', with args beginning with: 'STREAM' 's' ",
                refused("XINFO", true),
            ),
            (
                "ERR unknown command `XINFO`, with args beginning with: `STREAM`, `s`, ",
                refused("XINFO", true),
            ),
        ] {
            assert_eq!(error(line), expected, "{line}");
        }
        let renamed = error("ERR unknown command 'XINFO', with args beginning with: 'STREAM' 's' ")
            .to_string();
        assert!(renamed.contains("`XINFO STREAM`") && renamed.contains("renamed"), "{renamed}");
        let refused = refused("xinfo|stream", false).to_string();
        assert!(
            refused.contains("`XINFO STREAM`") && refused.contains("`+xinfo|stream`"),
            "{refused}"
        );
    }

    #[test]
    fn a_missing_group_is_the_same_within_a_script() {
        for line in [
            "NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option",
            "NOGROUP No such key 's' or consumer group 'g' script: 12, on @user_script:1.",
            "ERR Error running script (call to f_12): @user_script:1: NOGROUP No such key 's' or consumer group 'g'",
            "UNBLOCKED the stream key no longer exists",
        ] {
            assert_eq!(error(line), StoreError::NoGroup, "{line}");
        }
        let line = "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
        assert!(error(line).is_passing());
    }

    #[test]
    fn the_rule_that_allows_a_refused_command_is_named_whatever_the_command() {
        let line = "NOPERM User u has no permissions to run the 'xgroup|create' command";
        let text = error(line).to_string();
        assert!(text.contains("`+xgroup|create`"), "{text}");
    }

    #[test]
    fn a_refused_key_is_told_from_a_refused_command() {
        for line in [
            "NOPERM this user has no permissions to access one of the keys used as arguments",
            "NOPERM No permissions to access a key",
        ] {
            assert_eq!(error(line), StoreError::KeyRefused);
        }
        let channel =
            "NOPERM this user has no permissions to access one of the channels used as arguments";
        assert!(matches!(error(channel), StoreError::Forbidden { .. }));
    }

    #[test]
    fn a_refusal_is_the_same_within_a_script() {
        for (line, expected) in [
            ("OOM command not allowed when used memory > 'maxmemory'.", WriteRefusal::Full),
            (
                "ERR Error running script (call to f_e3fd): @user_script:1: @user_script: 1: -OOM command not allowed",
                WriteRefusal::Full,
            ),
            (
                "READONLY You can't write against a read only replica. script: e3fd, on @user_script:1.",
                WriteRefusal::Replica,
            ),
            (
                "NOREPLICAS Not enough good replicas to write. script: on @user_script:1.",
                WriteRefusal::TooFewReplicas,
            ),
            ("MISCONF Redis is configured to save RDB snapshots, but", WriteRefusal::CannotSave),
        ] {
            assert_eq!(error(line), StoreError::WritesRefused(expected), "{line}");
        }
        for line in [
            "ERR Error running script (call to f_e3fd): @user_script:1: WRONGTYPE Operation against a key holding the wrong kind of value",
            "WRONGTYPE Operation against a key holding the wrong kind of value script: e3fd, on @user_script:1.",
        ] {
            assert_eq!(error(line), StoreError::WrongType, "{line}");
        }
        for line in [
            "ERR Error running script (call to f_e3fd): @user_script:1: @user_script: 1: The user executing the script can't run this command or subcommand",
            "ERR ACL failure in script: User noxadd has no permissions to run the 'xadd' command script: on @user_script:1.",
        ] {
            assert_eq!(error(line), StoreError::RefusedInScript { rules: "" }, "{line}");
        }
    }

    #[test]
    fn what_redis_says_of_clusters_databases_and_limits_has_its_meaning() {
        let address = "10.0.0.2:6379".to_owned();
        assert_eq!(
            error("MOVED 3999 10.0.0.2:6379"),
            StoreError::OtherNode { address: address.clone() }
        );
        assert_eq!(error("ASK 3999 10.0.0.2:6379"), StoreError::OtherNode { address });
        assert!(error("CLUSTERDOWN Hash slot not served").is_passing());
        assert!(error("ERR max number of clients reached").is_passing());
        assert!(matches!(error("ERR DB index is out of range"), StoreError::Forbidden { .. }));
        assert!(matches!(
            error("ERR SELECT is not allowed in cluster mode"),
            StoreError::Forbidden { .. }
        ));
        assert!(matches!(error("ERR invalid password"), StoreError::LoginRefused { .. }));
        assert_eq!(error("ERR no such key"), StoreError::NotFound);
        assert!(matches!(error("ERR something else"), StoreError::Server { .. }));
    }
}
