//! Questions about which streams there are, and what goes on in them.

use rewind_domain::catalog::{Category, Opened, SortBy};
use rewind_domain::{ScanCursor, StreamKey};
use serde::{Deserialize, Serialize};

use super::bounds::{
    DEFAULT_CATALOG_ROWS, DEFAULT_PAGE_STREAMS, MAX_CATALOG_ROWS, MAX_OPENED_CATEGORIES,
    MAX_PAGE_STREAMS, MAX_RATED_STREAMS,
};
use super::{Limit, Query, optional_text};
use crate::api::{ApiError, DiscoveryAction};

/// What of the overview is known already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverviewQuery {
    /// The second from which on counts are wanted; by default all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// The tag of the counts before that. If it is another one by now, all counts are told.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tag: String,
}

impl Query for OverviewQuery {}

/// Of which streams to tell how many events they had in the last minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RatesQuery {
    /// These.
    #[serde(default)]
    pub streams: Vec<StreamKey>,
}

impl Query for RatesQuery {
    fn check(&self) -> Result<(), ApiError> {
        if self.streams.len() > MAX_RATED_STREAMS {
            let reason = format!("at most {MAX_RATED_STREAMS} can be given");
            return Err(ApiError::bad_parameter("streams", reason));
        }
        Ok(())
    }
}

/// Which streams to look for, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamsQuery {
    /// How their keys begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<StreamKey>,
    /// Where the last answer said to go on; by default the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_text")]
    pub cursor: Option<ScanCursor>,
    /// About how many to look for in this call.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<DEFAULT_PAGE_STREAMS, MAX_PAGE_STREAMS>,
}

impl Query for StreamsQuery {}

/// Which rows of the list of streams to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogQuery {
    /// Only streams of this category.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "super::defaulted")]
    pub category: Category,
    /// Only streams with this in their key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<StreamKey>,
    /// By what they are sorted.
    #[serde(default, skip_serializing_if = "is_default", deserialize_with = "super::defaulted")]
    pub sort: SortBy,
    /// The first row, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<DEFAULT_CATALOG_ROWS, MAX_CATALOG_ROWS>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl CatalogQuery {
    /// Reads what somebody typed to search for.
    ///
    /// # Errors
    /// If it is no part of a key as keys are written.
    pub fn read_search(text: &str) -> Result<Option<StreamKey>, ApiError> {
        let search = Some(text).filter(|text| !text.is_empty()).map(str::parse);
        search.transpose().map_err(|error| ApiError::bad_parameter("search", error))
    }

    /// What is searched for; the empty key if nothing is.
    pub fn search(&self) -> StreamKey {
        self.search.clone().unwrap_or_else(|| "".into())
    }
}

impl Query for CatalogQuery {}

/// Which rows of the tree of categories to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoriesQuery {
    /// Those that are open.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "json_text")]
    pub open: Vec<Category>,
    /// Those that are closed though they would be open by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "json_text")]
    pub closed: Vec<Category>,
    /// The first row, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// How many rows.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<DEFAULT_CATALOG_ROWS, MAX_CATALOG_ROWS>,
}

impl CategoriesQuery {
    /// Which of them are open.
    pub fn opened(&self) -> Opened {
        // The rows for all streams and for those without a category have nothing in them.
        let named = |categories: &[Category]| {
            categories
                .iter()
                .filter_map(|category| match category {
                    Category::Within(category) => Some(category.clone()),
                    Category::All | Category::Unnamed => None,
                })
                .collect()
        };
        Opened { open: named(&self.open), closed: named(&self.closed) }
    }
}

impl Query for CategoriesQuery {
    fn check(&self) -> Result<(), ApiError> {
        for (name, given) in [("open", &self.open), ("closed", &self.closed)] {
            if given.len() > MAX_OPENED_CATEGORIES {
                let reason = format!("at most {MAX_OPENED_CATEGORIES} can be given");
                return Err(ApiError::bad_parameter(name, reason));
            }
        }
        Ok(())
    }
}

/// Categories as a JSON array of texts in one parameter: whatever else could stand between them may stand in a key.
mod json_text {
    use rewind_domain::catalog::Category;
    use serde::{Deserialize, Deserializer, Serializer, de, ser};

    pub(super) fn serialize<S: Serializer>(
        categories: &[Category],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = serde_json::to_string(categories).map_err(ser::Error::custom)?;
        serializer.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Category>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else {
            return Ok(Vec::new());
        };
        serde_json::from_str(&text).map_err(|error| {
            de::Error::custom(format_args!(
                "is no JSON array of categories, such as `[\"aggregate:\"]`: {error}"
            ))
        })
    }
}

/// What to do with the search for streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscoveryQuery {
    /// This.
    pub action: DiscoveryAction,
}

impl Query for DiscoveryQuery {}
