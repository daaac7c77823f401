//! How long the entries of streams are kept.

use rewind_domain::StreamKey;
use rewind_domain::operations::TrimTo;
use serde::{Deserialize, Serialize};

/// The policies of the configuration, and what each would do now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct RetentionAnswer {
    /// They.
    pub policies: Vec<RetentionRule>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct RetentionRule {
    /// Patterns of the keys of the streams that it means.
    pub patterns: Vec<String>,
    /// What goes.
    pub by: TrimTo,
    /// How often it runs, in milliseconds.
    pub every_ms: u64,
    /// Whether what somebody has still to read stays.
    pub unless_unread: bool,
    /// The streams of which something would go now, or would if it had been read; the first of them where there are many.
    pub streams: Vec<RetentionStream>,
    /// How many streams it means.
    pub streams_total: u64,
    /// Whether all streams were looked at for them.
    pub is_complete: bool,
}

/// What a policy would do to a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct RetentionStream {
    /// The stream.
    pub stream: StreamKey,
    /// How many of its entries would go.
    pub count: u64,
    /// Whether more would go if no group or projection had still to read it.
    pub is_held_back: bool,
}
