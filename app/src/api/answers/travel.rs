//! States and the way from one to the next.

use rewind_domain::patch::Patch;
use rewind_domain::travel::{ReplayError, Step, Tally, Window};
use rewind_domain::versions::{Incomplete, StreamExtent};
use rewind_domain::{Change, EntryId, Json, StreamKey};
use serde::{Deserialize, Serialize};

/// An aggregate's state at one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ReplayAnswer {
    /// The stream.
    pub stream: StreamKey,
    /// The version.
    pub version: u64,
    /// The entry that made it; `None` for the version before the first event present.
    pub id: Option<EntryId>,
    /// That entry's type.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// When that happened, in Unix milliseconds.
    pub timestamp_ms: Option<i64>,
    /// The last version that there is.
    pub latest_version: u64,
    /// The state.
    pub state: Json,
    /// What led to it from the version before.
    pub changes: Vec<Change>,
    /// What the state lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Shortfall>,
    /// The fold that made it.
    pub fold: String,
}

/// A run of versions: one full state, and the changes from each version to the next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct WindowAnswer {
    /// The stream.
    pub stream: StreamKey,
    /// How it looked, as in a page of events.
    pub extent: StreamExtent,
    /// The versions.
    pub window: Window,
    /// The version before the first event that is present: 0, unless the head was trimmed.
    pub first_version: u64,
    /// The last version that there is.
    pub latest_version: u64,
    /// The version at the point that was asked for, or the nearest before it.
    pub version: u64,
    /// Where the fold failed, should that be at or before the window's end. From that version on there is no state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<ReplayError>,
    /// The events from there on that would be in the window; they have no changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfolded: Vec<Step>,
    /// What the states lack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Shortfall>,
    /// The fold that made them.
    pub fold: String,
}

/// What differs between two versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct DiffAnswer {
    /// The stream.
    pub stream: StreamKey,
    /// The version compared with.
    pub from: u64,
    /// The version compared.
    pub to: u64,
    /// The differences, which lead from the one to the other when applied in order.
    pub changes: Vec<Change>,
    /// The same as JSON Patch (RFC 6902).
    pub patch: Patch,
    /// What the states lack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Shortfall>,
    /// The fold that made the states.
    pub fold: String,
}

/// What a state lacks that an event said or may have said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Shortfall {
    /// Events that are gone.
    #[serde(flatten)]
    pub missing: Option<Incomplete>,
    /// Events that are there and could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecodable: Option<Undecodable>,
    /// Events of types that the fold has no rule for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped_types: Vec<SkippedType>,
}

/// Events that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Undecodable {
    /// How many.
    pub count: u64,
    /// The version that the first of them made.
    pub first_version: u64,
}

/// A type of event that the fold has no rule for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct SkippedType {
    /// The type; empty for events without one.
    #[serde(rename = "type")]
    pub event_type: String,
    /// How many events.
    pub count: u64,
}

impl Shortfall {
    /// What is missing from a history, and what a replay of it passed over; `None` if that is nothing.
    pub fn of(missing: Option<Incomplete>, tally: &Tally) -> Option<Self> {
        let skipped = tally.skipped.iter();
        let shortfall = Self {
            missing,
            undecodable: tally
                .first_unread
                .map(|first_version| Undecodable { count: tally.unread, first_version }),
            skipped_types: skipped
                .map(|(event_type, count)| SkippedType {
                    event_type: event_type.clone(),
                    count: *count,
                })
                .collect(),
        };
        (shortfall != Self::default()).then_some(shortfall)
    }
}

#[cfg(test)]
mod tests {
    use rewind_domain::versions::IncompleteReason;

    use super::*;

    #[test]
    fn what_is_missing_stands_beside_what_was_passed_over() {
        let missing =
            Incomplete { missing_from: 1, missing_to: 4, reason: IncompleteReason::Trimmed };
        let tally =
            Tally { skipped: [("Noted".to_owned(), 2)].into(), unread: 1, first_unread: Some(9) };
        let whole = Shortfall::of(Some(missing), &tally).unwrap();
        let wire = serde_json::to_string(&whole).unwrap();
        assert_eq!(
            wire,
            r#"{"missing_from":1,"missing_to":4,"reason":"trimmed","undecodable":{"count":1,"first_version":9},"skipped_types":[{"type":"Noted","count":2}]}"#
        );
        assert_eq!(serde_json::from_str::<Shortfall>(&wire).unwrap(), whole);
        let skipped_only = Shortfall::of(None, &tally).unwrap();
        let wire = serde_json::to_string(&skipped_only).unwrap();
        assert_eq!(serde_json::from_str::<Shortfall>(&wire).unwrap(), skipped_only);
        assert_eq!(Shortfall::of(None, &Tally::default()), None);
    }
}
