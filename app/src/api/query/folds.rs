//! Questions about folds.

use rewind_domain::StreamKey;
use serde::{Deserialize, Serialize};

use super::bounds::MAX_FOLD_BYTES;
use super::{Query, Until};
use crate::api::ApiError;

/// Whose fold to tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldQuery {
    /// The aggregate's stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
}

impl Query for FoldQuery {}

/// Which fold to try, on what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TryFoldQuery {
    /// The aggregate's stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// The fold's source.
    pub source: String,
    /// The version whose state is shown; by default the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

impl TryFoldQuery {
    /// The point whose state is shown.
    pub fn at(&self) -> Until {
        self.version.map_or(Until::Latest, Until::Version)
    }
}

impl Query for TryFoldQuery {
    fn check(&self) -> Result<(), ApiError> {
        source("source", &self.source, MAX_FOLD_BYTES)
    }
}

/// Which fold to save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveFoldQuery {
    /// A stream of the type that it folds.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// Its source.
    pub source: String,
    /// The tag of the one that it replaces, as `fold` answered it; empty if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

impl Query for SaveFoldQuery {
    fn check(&self) -> Result<(), ApiError> {
        source("source", &self.source, MAX_FOLD_BYTES)
    }
}

/// JavaScript, of at most `max` bytes.
pub(super) fn source(name: &str, text: &str, max: usize) -> Result<(), ApiError> {
    match text.len() {
        0 => Err(ApiError::bad_parameter(name, "is missing")),
        length if length > max => {
            Err(ApiError::bad_parameter(name, format!("is longer than {max} bytes")))
        }
        _ => Ok(()),
    }
}
