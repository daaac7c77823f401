//! What is related to an event: the question and its answer.

use std::fmt;
use std::str::FromStr;

use rewind_domain::relations::{Links, RelationNames};
use rewind_domain::{EntryId, ScanCursor, StreamKey};
use serde::{Deserialize, Serialize};

/// Where to go on looking for streams: `<source>.<cursor>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelatedCursor {
    /// Which of the prefixes that keys are looked for by, counted from 0.
    pub source: u32,
    /// How far the keyspace was walked for it.
    pub scan: ScanCursor,
}

/// Why a text is no [`RelatedCursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a `next_cursor` of the answer before")]
pub struct RelatedCursorError;

/// The events of a story, as far as they were found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct RelatedAnswer {
    /// The stream of the event asked about.
    pub stream: StreamKey,
    /// That event.
    pub id: EntryId,
    /// The names of fields that were looked for.
    pub names: RelationNames,
    /// The related events, itself among them, by time.
    pub events: Vec<RelatedEvent>,
    /// How many there are; more than in `events` where these are only the nearest in time.
    pub total: u64,
    /// What was looked through.
    pub looked_at: Vec<LookedAt>,
    /// Keys that begin like these are looked for; a whole key stands without `*`.
    pub streams: Vec<String>,
    /// Why no further streams could be looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<String>,
    /// Give it as `cursor` to look in further streams; `None` if there are none.
    pub next_cursor: Option<String>,
}

/// An event in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct RelatedEvent {
    /// The stream that it is in.
    pub stream: StreamKey,
    /// The id of its entry.
    pub id: EntryId,
    /// Its type, where it names one.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// When it happened, in Unix milliseconds.
    pub timestamp_ms: i64,
    /// What it says of itself and others.
    #[serde(flatten)]
    pub links: Links,
}

/// The part of a stream that was looked through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct LookedAt {
    /// The stream.
    pub stream: StreamKey,
    /// How many of its entries were read: those next to the event in time.
    pub entries: u64,
    /// The first of them.
    pub first_id: Option<EntryId>,
    /// The last of them.
    pub last_id: Option<EntryId>,
    /// Whether these are all that the stream has.
    pub is_whole: bool,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl fmt::Display for RelatedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.source, self.scan)
    }
}

impl FromStr for RelatedCursor {
    type Err = RelatedCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (source, scan) = text.split_once('.').ok_or(RelatedCursorError)?;
        let source = source.parse().map_err(|_| RelatedCursorError)?;
        let scan = scan.parse().map_err(|_| RelatedCursorError)?;
        Ok(Self { source, scan })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_being_written_and_read() {
        for cursor in [
            RelatedCursor::default(),
            RelatedCursor { source: 3, scan: ScanCursor::new(1, u64::MAX) },
        ] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for text in ["", "1", "1.", ".1", "-1.0", "1.0.0"] {
            assert_eq!(text.parse::<RelatedCursor>(), Err(RelatedCursorError), "{text}");
        }
    }
}
