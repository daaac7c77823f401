//! Which entries an operation is about.

use serde::{Deserialize, Serialize};

use crate::EntryId;

/// How many ids a choice can name one by one. What is more is chosen by a filter.
pub const MAX_CHOSEN_IDS: usize = 10_000;

/// Some of the entries that a group has pending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PendingChoice {
    /// These.
    Ids(Vec<EntryId>),
    /// Those that this [`PendingFilter`](super::PendingFilter) means. It is asked once, when the operation begins.
    Filter(String),
}

/// Some of the dead letters of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LetterChoice {
    /// These, by their ids among the dead letters.
    Ids(Vec<EntryId>),
    /// All that there are when the operation begins.
    All,
}
