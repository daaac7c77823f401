//! What is known of a stream's events without reading them.

use rewind_domain::StreamKey;
use rewind_domain::versions::Incomplete;
use serde::{Deserialize, Serialize};

/// How many events there are when, of which types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct IndexAnswer {
    /// The stream.
    pub stream: StreamKey,
    /// How many entries it has.
    pub length: u64,
    /// How many of them are counted here, from the oldest on.
    pub indexed: u64,
    /// Whether these are all of them. If not, they are being counted: ask again.
    pub is_complete: bool,
    /// The version that the first event present makes.
    pub first_version: u64,
    /// The version that the last event makes.
    pub latest_version: u64,
    /// The types, the most frequent ones first.
    pub types: Vec<TypeCount>,
    /// When the events happened, by the times in their ids; `None` if there are none.
    pub histogram: Option<Histogram>,
    /// What is missing from the stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<Incomplete>,
    /// Why they will not be counted, and what would help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// How many events have a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct TypeCount {
    /// The type; `None` for events that tell none.
    pub r#type: Option<String>,
    /// How many.
    pub count: u64,
    /// Whether these are events of all those types that are not told apart, since there are too many.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_rest: bool,
}

/// How events lie in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Histogram {
    /// Parts of the time, of the same length and without gaps between them.
    pub buckets: Vec<Bucket>,
    /// How many of the types have counts of their own in each part.
    pub types: u64,
    /// Whether events were divided among neighbouring parts by time, since it is not known exactly in which of them they are.
    pub is_approximate: bool,
}

/// A part of the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Bucket {
    /// Its first moment, in Unix milliseconds.
    pub from_ms: u64,
    /// Its last moment.
    pub to_ms: u64,
    /// How many events are in it.
    pub count: u64,
    /// How many of them have which type: as many numbers as [`Histogram::types`] says, in the order of [`IndexAnswer::types`].
    pub counts: Vec<u64>,
}
