//! Questions about the events of a stream.

use rewind_domain::{EntryId, StreamKey};
use serde::{Deserialize, Serialize};

use super::bounds::{
    DEFAULT_HISTOGRAM_BUCKETS, DEFAULT_PAGE_EVENTS, MAX_HISTOGRAM_BUCKETS, MAX_PAGE_EVENTS,
};
use super::{Limit, Query, optional_text};
use crate::api::related::RelatedCursor;
use crate::api::{ApiError, Order};

/// Which events to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsQuery {
    /// The stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// Only events after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<EntryId>,
    /// Only events before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<EntryId>,
    /// The version of the first event, wherever in the stream that is. There is neither `after` nor `before` then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// How many at most.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<DEFAULT_PAGE_EVENTS, MAX_PAGE_EVENTS>,
    /// In which order.
    #[serde(
        default,
        skip_serializing_if = "Order::is_default",
        deserialize_with = "super::defaulted"
    )]
    pub order: Order,
}

impl EventsQuery {
    /// The newest events of a stream.
    pub fn new(stream: StreamKey) -> Self {
        Self {
            stream,
            after: None,
            before: None,
            version: None,
            limit: Limit::default(),
            order: Order::default(),
        }
    }
}

impl Query for EventsQuery {
    fn check(&self) -> Result<(), ApiError> {
        if self.version.is_some() && (self.after.is_some() || self.before.is_some()) {
            let reason = "give either `version`, or `after` and `before`";
            return Err(ApiError::bad_parameter("version", reason));
        }
        Ok(())
    }
}

/// Which event to read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventQuery {
    /// The stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// The id of its entry.
    #[serde(deserialize_with = "super::id")]
    pub id: EntryId,
}

impl Query for EventQuery {}

/// Which field of an event to read, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldQuery {
    /// The stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// The id of the entry.
    #[serde(deserialize_with = "super::id")]
    pub id: EntryId,
    /// The field's name; its bytes are written as those of stream keys are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<StreamKey>,
    /// Which of the entry's fields, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

impl Query for FieldQuery {
    fn check(&self) -> Result<(), ApiError> {
        if self.field.is_none() && self.at.is_none() {
            let reason = "is missing; give the name of a field, or its place as `at`";
            return Err(ApiError::bad_parameter("field", reason));
        }
        Ok(())
    }
}

/// Which events share a story with one, and where to look for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelatedQuery {
    /// The stream of the event.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// The event.
    #[serde(deserialize_with = "super::id")]
    pub id: EntryId,
    /// Where the answer before said to go on.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_text")]
    pub cursor: Option<RelatedCursor>,
    /// The only stream to look in, which is looked through further then.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "in")]
    pub within: Option<StreamKey>,
}

impl Query for RelatedQuery {}

/// What to tell about all events of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexQuery {
    /// The stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// Into how many parts to divide the time.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub buckets: Limit<DEFAULT_HISTOGRAM_BUCKETS, MAX_HISTOGRAM_BUCKETS>,
    /// The first moment that is of interest, in Unix milliseconds; by default that of the first event.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "from")]
    pub from_ms: Option<u64>,
    /// The last moment; by default that of the last event.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "to")]
    pub to_ms: Option<u64>,
}

impl IndexQuery {
    /// All events of a stream.
    pub fn new(stream: StreamKey) -> Self {
        Self { stream, buckets: Limit::default(), from_ms: None, to_ms: None }
    }
}

impl Query for IndexQuery {
    fn check(&self) -> Result<(), ApiError> {
        match (self.from_ms, self.to_ms) {
            (Some(from), Some(to)) if from > to => {
                Err(ApiError::bad_parameter("to", "is before `from`"))
            }
            _ => Ok(()),
        }
    }
}
