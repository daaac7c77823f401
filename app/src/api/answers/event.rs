//! One event.

use rewind_domain::{Event, StreamKey};
use serde::{Deserialize, Serialize};

/// An event, as much of it as one answer holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct EventAnswer {
    /// The stream that it is in.
    pub stream: StreamKey,
    /// The event. Values up to a mebibyte are whole.
    pub event: Event,
    /// The aggregates in this stream that the event is about, where the configuration has rules for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aggregates: Vec<AggregateVersion>,
}

/// A version of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct AggregateVersion {
    /// The aggregate, as a stream.
    pub stream: StreamKey,
    /// The version; `None` if that is not known yet.
    pub version: Option<u64>,
}
