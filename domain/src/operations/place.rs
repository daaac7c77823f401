//! Where in a stream a group goes on.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Name;
use crate::EntryId;

/// A place in a stream, between two entries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Before the first entry.
    Start,
    /// Behind the last entry that there is when it is previewed.
    End,
    /// Behind this entry.
    After(EntryId),
    /// Before the first entry whose id was made at this time or later, in Unix milliseconds.
    Time(u64),
    /// Behind this version.
    Version(u64),
    /// Where that other group of the stream is.
    Like(Name),
    /// This many entries further on than the group is now, or back.
    Shift(i64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("the start"),
            Self::End => f.write_str("the end"),
            Self::After(id) => write!(f, "behind `{id}`"),
            Self::Time(ms) => write!(f, "the time {ms}"),
            Self::Version(version) => write!(f, "behind version {version}"),
            Self::Like(group) => write!(f, "where group `{group}` is"),
            Self::Shift(by) if *by < 0 => write!(f, "{} entries back", by.unsigned_abs()),
            Self::Shift(by) => write!(f, "{by} entries further on"),
        }
    }
}
