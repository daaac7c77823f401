//! Questions about the history of an aggregate.

use rewind_domain::{EntryId, Pointer, StreamKey};
use serde::{Deserialize, Serialize};

use super::bounds::{
    DEFAULT_HISTORY_ENTRIES, DEFAULT_TIMELINE_BUCKETS, DEFAULT_WINDOW_VERSIONS,
    MAX_EXPRESSION_BYTES, MAX_HISTORY_ENTRIES, MAX_TIMELINE_BUCKETS, MAX_WINDOW_VERSIONS,
};
use super::{Limit, Query, optional_text};
use crate::api::{ApiError, Order};

/// A point in an aggregate's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Until {
    /// The last version.
    Latest,
    /// This version.
    Version(u64),
    /// The event with this id, or the last one before it.
    Id(EntryId),
    /// The last event at or before this time, in Unix milliseconds, by the time in its id.
    TimeMs(u64),
}

impl Until {
    /// The version, id and time that say so; at most one is there.
    fn parts(self) -> (Option<u64>, Option<EntryId>, Option<u64>) {
        match self {
            Self::Latest => (None, None, None),
            Self::Version(version) => (Some(version), None, None),
            Self::Id(id) => (None, Some(id), None),
            Self::TimeMs(time_ms) => (None, None, Some(time_ms)),
        }
    }

    fn of(version: Option<u64>, id: Option<EntryId>, time_ms: Option<u64>) -> Self {
        version
            .map(Self::Version)
            .or(id.map(Self::Id))
            .or(time_ms.map(Self::TimeMs))
            .unwrap_or(Self::Latest)
    }
}

fn at_most_one(
    version: Option<u64>,
    id: Option<EntryId>,
    time_ms: Option<u64>,
) -> Result<(), ApiError> {
    match [version.is_some(), id.is_some(), time_ms.is_some()].iter().filter(|is| **is).count() {
        0 | 1 => Ok(()),
        _ => {
            let reason = "give only one of `version`, `id` and `time_ms`";
            Err(ApiError::bad_parameter("version", reason))
        }
    }
}

/// Which state to compute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayQuery {
    /// The aggregate's stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// At this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// At the event with this id, or the last one before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EntryId>,
    /// At this time, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<u64>,
}

impl ReplayQuery {
    /// The state at this point.
    pub fn new(stream: StreamKey, until: Until) -> Self {
        let (version, id, time_ms) = until.parts();
        Self { stream, version, id, time_ms }
    }

    /// The point.
    pub fn until(&self) -> Until {
        Until::of(self.version, self.id, self.time_ms)
    }
}

impl Query for ReplayQuery {
    fn check(&self) -> Result<(), ApiError> {
        at_most_one(self.version, self.id, self.time_ms)
    }
}

/// Which versions to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowQuery {
    /// The aggregate's stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// Around this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Around the event with this id, or the last one before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EntryId>,
    /// Around this time, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<u64>,
    /// How many versions at most.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<DEFAULT_WINDOW_VERSIONS, MAX_WINDOW_VERSIONS>,
}

impl WindowQuery {
    /// The usual number of versions around this point.
    pub fn new(stream: StreamKey, around: Until) -> Self {
        let (version, id, time_ms) = around.parts();
        Self { stream, version, id, time_ms, limit: Limit::default() }
    }

    /// The same with at most this many versions.
    #[must_use]
    pub fn with_limit(self, versions: u64) -> Self {
        Self { limit: Limit::new(versions), ..self }
    }

    /// The point that the window must cover.
    pub fn around(&self) -> Until {
        Until::of(self.version, self.id, self.time_ms)
    }
}

impl Query for WindowQuery {
    fn check(&self) -> Result<(), ApiError> {
        at_most_one(self.version, self.id, self.time_ms)
    }
}

/// Which versions to compare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffQuery {
    /// The aggregate's stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// The version to compare with; by default the one before `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// The version to compare; by default the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

impl Query for DiffQuery {}

/// Whose leaves to tell the authors of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlameQuery {
    /// The aggregate's stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// At this version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// At the event with this id, or the last one before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EntryId>,
    /// At this time, in Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_ms: Option<u64>,
    /// Types of events that are no authors, wherever there is another one; separated by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore: Option<String>,
}

impl BlameQuery {
    /// The point.
    pub fn at(&self) -> Until {
        Until::of(self.version, self.id, self.time_ms)
    }

    /// The types that are no authors.
    pub fn ignored_types(&self) -> Vec<String> {
        let types = self.ignore.as_deref().unwrap_or_default().split(',').map(str::trim);
        types.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }
}

impl Query for BlameQuery {
    fn check(&self) -> Result<(), ApiError> {
        at_most_one(self.version, self.id, self.time_ms)
    }
}

/// Which events of a history to find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryQuery {
    /// The aggregate's stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// Only those that changed this value or something in it. The empty path is the whole state.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_path")]
    pub path: Option<Pointer>,
    /// Only those of this type.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "type")]
    pub event_type: Option<String>,
    /// Only those that made a later version than this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Only those that made an earlier version than this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// How many at most.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<DEFAULT_HISTORY_ENTRIES, MAX_HISTORY_ENTRIES>,
    /// In which order.
    #[serde(
        default,
        skip_serializing_if = "Order::is_default",
        deserialize_with = "super::defaulted"
    )]
    pub order: Order,
}

impl HistoryQuery {
    /// The newest events of an aggregate; `path` or `event_type` still has to be said.
    pub fn new(stream: StreamKey) -> Self {
        Self {
            stream,
            path: None,
            event_type: None,
            after: None,
            before: None,
            limit: Limit::default(),
            order: Order::default(),
        }
    }
}

impl Query for HistoryQuery {
    fn check(&self) -> Result<(), ApiError> {
        if self.path.is_none() && self.event_type.is_none() {
            let reason = "is missing; give a `path`, a `type` or both";
            return Err(ApiError::bad_parameter("path", reason));
        }
        Ok(())
    }
}

/// A path whose empty text is the whole.
mod optional_path {
    use std::borrow::Cow;

    use rewind_domain::Pointer;
    use serde::{Deserialize, Deserializer, de};

    pub(super) use super::optional_text::serialize;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Pointer>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map(Some).map_err(de::Error::custom)
    }
}

/// What to look for in the states of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BisectQuery {
    /// The aggregate's stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// JavaScript over `state`, `event` and `version`.
    pub expression: String,
}

impl Query for BisectQuery {
    fn check(&self) -> Result<(), ApiError> {
        super::folds::source("expression", &self.expression, MAX_EXPRESSION_BYTES)
    }
}

/// Which history to lay out in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineQuery {
    /// The aggregate's stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// Into how many parts to divide it.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub buckets: Limit<DEFAULT_TIMELINE_BUCKETS, MAX_TIMELINE_BUCKETS>,
}

impl Query for TimelineQuery {}
