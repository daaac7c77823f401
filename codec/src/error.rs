//! What can go wrong: with a value, and with a rule.

use std::borrow::Cow;
use std::path::PathBuf;

use rewind_domain::json::{JsonError, MAX_DEPTH};

use crate::limits::{MAX_BYTES, MAX_VALUES};

/// Why a value could not be read. The text continues "cannot be read as gzip: …".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodecError {
    /// The bytes are not what they should be. Counted from 0, in what the step before gave.
    #[error("{what} at byte {at}")]
    Malformed { what: Cow<'static, str>, at: usize },
    #[error("{0}")]
    NotJson(#[from] JsonError),
    /// No format is known that begins like that.
    #[error("these bytes are in no format that can be recognised; a rule can name it")]
    Unknown,
    /// A rule chooses the message by the type of the event, and names none for this type.
    #[error("the rule names no message for events of type `{0}`")]
    NoMessage(String),
    /// The same for an event without a type.
    #[error("the rule chooses the message by the type, and the event names none")]
    NoType,
    #[error("it unpacks to more than {MAX_BYTES} bytes")]
    TooManyBytes,
    #[error("it holds more than {MAX_VALUES} values")]
    TooManyValues,
    #[error("it nests deeper than {MAX_DEPTH} levels")]
    TooDeep,
    #[error("it is wrapped more than {0} times")]
    TooManySteps(usize),
}

impl CodecError {
    /// Something that is wrong at a byte.
    pub(crate) fn at(at: usize, what: impl Into<Cow<'static, str>>) -> Self {
        Self::Malformed { what: what.into(), at }
    }

    /// Whether it was a bound that was reached.
    pub(crate) fn is_bound(&self) -> bool {
        matches!(
            self,
            Self::TooManyBytes | Self::TooManyValues | Self::TooDeep | Self::TooManySteps(_)
        )
    }
}

/// Why the rules cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("decoder rule {number}: {fault}")]
pub struct RuleError {
    /// Which rule, counted from 1.
    pub number: usize,
    /// What is wrong with it.
    pub fault: RuleFault,
}

/// What can be wrong with a rule.
#[derive(Debug, thiserror::Error)]
pub enum RuleFault {
    /// A name that nothing has.
    #[error(
        "`{0}` is no decoder; there are json, msgpack, cbor, protobuf and avro, the wrappers base64, gzip, zlib, zstd, lz4, snappy and confluent, and raw"
    )]
    UnknownName(String),
    /// No decoder at all.
    #[error("`as` names no decoder")]
    Nothing,
    /// Something stands behind a format.
    #[error(
        "`{0}` gives a value, so nothing can follow it; wrappers come first, in the order in which they are taken off"
    )]
    NotLast(&'static str),
    /// Raw is no step.
    #[error("`raw` stands alone: it switches decoding off")]
    RawWithOthers,
    /// Wrapped more often than is taken off.
    #[error("`as` has more than {0} wrappers")]
    TooManySteps(usize),
    /// A setting is missing.
    #[error("`{format}` needs `{setting}`")]
    Missing {
        /// The format.
        format: &'static str,
        /// What it needs.
        setting: &'static str,
    },
    /// A setting that means nothing there.
    #[error("`{setting}` is only for `{format}`")]
    Superfluous {
        /// The format.
        format: &'static str,
        /// What is too much.
        setting: &'static str,
    },
    /// A file cannot be read.
    #[error("`{path}` cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("`{path}` {message}")]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it; continues "the file …".
        message: String,
    },
    /// The descriptor set has no such message.
    #[error("`{path}` has no message `{message}`; it has {}", known(.messages))]
    NoSuchMessage {
        /// The file.
        path: PathBuf,
        /// The message that is missing.
        message: String,
        /// Those that there are.
        messages: Vec<String>,
    },
}

fn known(messages: &[String]) -> String {
    /// As many as fit a line.
    const SHOWN: usize = 5;
    let shown = messages.iter().take(SHOWN).map(|name| format!("`{name}`"));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    match messages.len().checked_sub(SHOWN) {
        None if messages.is_empty() => text.push_str("none at all"),
        None | Some(0) => {}
        Some(more) => text.push_str(&format!(" and {more} more")),
    }
    text
}
