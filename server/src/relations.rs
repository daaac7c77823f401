//! Where related events are looked for, and by which names.

use clap::Args;
use rewind_domain::StreamKey;
use rewind_domain::relations::RelationNames;
use rewind_domain::stream_key::StreamKeyError;
use serde::Deserialize;

/// The streams that are looked in besides those of the event's own category.
const DEFAULT_STREAMS: &str = "events:*";

/// How events name their relations: options of `rewind serve`, or the table `[relations]` of its file.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelationOptions {
    /// A name under which events tell their own id; can be given several times [default: event_id, eventId, ce-id, ce_id, id]
    #[arg(id = "relation_id", long = "relation-id", alias = "relations-id", value_name = "NAME")]
    #[arg(env = "REWIND_RELATION_ID", value_delimiter = ',')]
    pub id: Vec<String>,

    /// A name under which events tell the id that their story shares [default: correlation_id, correlationId]
    #[arg(
        id = "relation_correlation",
        long = "relation-correlation",
        alias = "relations-correlation",
        value_name = "NAME"
    )]
    #[arg(env = "REWIND_RELATION_CORRELATION", value_delimiter = ',')]
    pub correlation: Vec<String>,

    /// A name under which events tell the id of their cause [default: causation_id, causationId]
    #[arg(
        id = "relation_causation",
        long = "relation-causation",
        alias = "relations-causation",
        value_name = "NAME"
    )]
    #[arg(env = "REWIND_RELATION_CAUSATION", value_delimiter = ',')]
    pub causation: Vec<String>,

    /// A stream to look for related events in, or the beginning of keys and `*`, besides those of the event's own category
    /// [default: events:*]
    #[arg(
        id = "relation_stream",
        long = "relation-stream",
        alias = "relations-streams",
        value_name = "KEY"
    )]
    #[arg(env = "REWIND_RELATION_STREAM", value_delimiter = ',')]
    pub streams: Vec<String>,
}

/// How related events are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationConfig {
    /// The names of fields.
    pub names: RelationNames,
    /// Where to look.
    pub streams: Vec<StreamPattern>,
}

/// Some streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamPattern {
    /// This one.
    Key(StreamKey),
    /// Those whose keys begin so.
    Prefix(StreamKey),
}

/// Why a text names no streams.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamPatternError {
    /// It is no key.
    #[error(transparent)]
    Key(#[from] StreamKeyError),
    /// There is a `*` where none can be.
    #[error("`{0}` names no streams to look for related events in; `*` can only stand at the end")]
    Star(String),
}

impl RelationOptions {
    /// What they say, with the defaults for what they do not.
    ///
    /// # Errors
    /// If a text names no streams.
    pub fn check(self) -> Result<RelationConfig, StreamPatternError> {
        let default = RelationConfig::default();
        let names = |given: Vec<String>, default| if given.is_empty() { default } else { given };
        let streams =
            self.streams.iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>()?;
        Ok(RelationConfig {
            names: RelationNames {
                id: names(self.id, default.names.id),
                correlation: names(self.correlation, default.names.correlation),
                causation: names(self.causation, default.names.causation),
            },
            streams: if streams.is_empty() { default.streams } else { streams },
        })
    }
}

impl Default for RelationConfig {
    fn default() -> Self {
        let streams = DEFAULT_STREAMS.parse().into_iter().collect();
        Self { names: RelationNames::default(), streams }
    }
}

impl std::str::FromStr for StreamPattern {
    type Err = StreamPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, is_prefix) = match text.strip_suffix('*') {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        if key.contains('*') {
            return Err(StreamPatternError::Star(text.to_owned()));
        }
        let key = key.parse()?;
        Ok(if is_prefix { Self::Prefix(key) } else { Self::Key(key) })
    }
}

impl std::fmt::Display for StreamPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) => write!(f, "{key}"),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_has_its_default() {
        assert_eq!(RelationOptions::default().check(), Ok(RelationConfig::default()));
        let streams = RelationConfig::default().streams;
        assert_eq!(streams, [StreamPattern::Prefix("events:".into())]);
    }

    #[test]
    fn a_star_stands_at_the_end() {
        for text in ["*:a", "a*b*"] {
            let error = text.parse::<StreamPattern>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}`")), "{error}");
        }
        assert_eq!("*".parse(), Ok(StreamPattern::Prefix("".into())));
    }
}
