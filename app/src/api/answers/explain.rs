//! Who wrote what, when a value changed, and where things went wrong.

use rewind_domain::lanes::Lane;
use rewind_domain::timeline::Timeline;
use rewind_domain::travel::ReplayError;
use rewind_domain::{EntryId, Json, Pointer, StreamKey};
use serde::{Deserialize, Serialize};

use super::Shortfall;

/// For each leaf of a state, the event that last set it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct BlameAnswer {
    /// The stream.
    pub stream: StreamKey,
    /// The version of the state.
    pub version: u64,
    /// The leaves in document order. A leaf without an author was there before the first event.
    pub paths: Vec<BlamedPath>,
    /// What the state lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Shortfall>,
    /// The fold that made it.
    pub fold: String,
}

/// A leaf and who set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct BlamedPath {
    /// The leaf.
    pub path: Pointer,
    /// The version that set it; the one before the first event for what the fold began with.
    pub version: u64,
    /// The entry of that event; `None` for what the fold began with.
    pub id: Option<EntryId>,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// When it happened, in Unix milliseconds.
    pub timestamp_ms: Option<i64>,
}

/// The events that changed a value, or are of a type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct HistoryAnswer {
    /// The stream.
    pub stream: StreamKey,
    /// The value that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Pointer>,
    /// The events, in the order asked for.
    pub entries: Vec<HistoryEntry>,
    /// Whether there are more of them within the bounds asked for.
    pub has_more: bool,
    /// Where the fold failed, in which case nothing is known of values from that version on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<ReplayError>,
    /// What the states lack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Shortfall>,
    /// The fold that made the states.
    pub fold: String,
}

/// An event of a [`HistoryAnswer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct HistoryEntry {
    /// The version that it made.
    pub version: u64,
    /// Its entry.
    pub id: EntryId,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// When it happened, in Unix milliseconds.
    pub timestamp_ms: i64,
    /// The value before; left out where there was none, where no path was asked for, or where it is large.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub old: Option<Json>,
    /// The value after; left out in the same cases.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub new: Option<Json>,
    /// Whether a value was left out since it is large.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
}

/// Where an expression turned from false to true or back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct BisectAnswer {
    /// The stream.
    pub stream: StreamKey,
    /// What was asked.
    pub expression: String,
    /// The first version at which it was true.
    pub first_true: Option<u64>,
    /// Whether it was true before the first event.
    pub was_true: bool,
    /// Whether it is true at the end.
    pub is_true: bool,
    /// The versions at which it became another, ascending; the first ones where they are many.
    pub transitions: Vec<Transition>,
    /// How many transitions there are in all.
    pub total: u64,
    /// The last version that was looked at.
    pub until: u64,
    /// The versions at which the expression itself failed; it counts as false there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<ExpressionFailures>,
    /// Where the fold failed, in which case nothing is known from that version on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<ReplayError>,
    /// What the states lack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Shortfall>,
    /// The fold that made the states.
    pub fold: String,
}

/// A version at which an expression became another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Transition {
    /// The version.
    pub version: u64,
    /// The entry of the event that made it.
    pub id: EntryId,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// When it happened, in Unix milliseconds.
    pub timestamp_ms: i64,
    /// What the expression became.
    pub becomes: bool,
}

/// Versions at which an expression failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ExpressionFailures {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub first_version: u64,
    /// What happened there.
    pub message: String,
}

/// How the events of an aggregate lie in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct TimelineAnswer {
    /// The stream.
    pub stream: StreamKey,
    /// The version before the first event that is present.
    pub first_version: u64,
    /// The last version that it shows.
    pub latest_version: u64,
    /// The events in time. Failures are those that could not be read, and all from where the fold stopped.
    pub timeline: Timeline,
    /// When fields that take few values had which.
    pub lanes: Vec<Lane>,
    /// Where the fold failed, in which case the lanes end there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<ReplayError>,
    /// What the states lack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Shortfall>,
    /// The fold that made the states.
    pub fold: String,
}

/// Tells `"old": null` from no `old` at all.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}
