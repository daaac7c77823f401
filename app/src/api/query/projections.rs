//! Questions about projections.

use serde::{Deserialize, Serialize};

use super::limit::Limit;
use super::{Query, defaulted};

/// Which projection, and which rows of its table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectionQuery {
    /// Its name.
    #[serde(deserialize_with = "super::text")]
    pub name: String,
    /// Only rows with this in their key or in themselves.
    #[serde(default, deserialize_with = "defaulted", skip_serializing_if = "String::is_empty")]
    pub search: String,
    /// Where the rows go on, as the answer before said.
    #[serde(default, deserialize_with = "defaulted", skip_serializing_if = "String::is_empty")]
    pub cursor: String,
    /// About how many rows.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<100, 500>,
}

impl Query for ProjectionQuery {}
