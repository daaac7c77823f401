//! Questions: what each call of the HTTP interface asks, as one type for the page that asks, for the server function and for the
//! handlers that stream.
//!
//! A question crosses the wire as the parameters of a URL, or as a JSON object where it is posted. Its fields are its parameters; all of
//! them are read in one place ([`read_url`], [`read_json`]), where an unknown, repeated or unreadable one is refused by its name.

pub mod bounds;
mod encoding;
mod events;
mod find;
mod folds;
mod limit;
mod operations;
mod projections;
#[cfg(feature = "ssr")]
mod read;
#[cfg(feature = "ssr")]
pub mod shape;
mod streams;
mod travel;

use rewind_domain::operations::Name;
use rewind_domain::{EntryId, StreamKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::ApiError;

pub use encoding::{JsonBody, UrlParameters};
pub(crate) use encoding::{asked_by_post, asked_by_url, sent_as};
pub use events::{EventQuery, EventsQuery, FieldQuery, IndexQuery, RelatedQuery};
pub use find::{ExportQuery, FindQuery, LiveQuery, Selection, TicketQuery};
pub use find::{category_name, category_parameter};
pub use folds::{FoldQuery, SaveFoldQuery, TryFoldQuery};
pub use limit::Limit;
pub use operations::{
    AuditQuery, DeadQuery, DeliveriesQuery, GroupQuery, GroupsQuery, MAX_BY_BYTES, OperateQuery,
    OperationQuery, PendingQuery, PreviewQuery,
};
pub use projections::ProjectionQuery;
#[cfg(feature = "ssr")]
pub use read::{read_json, read_url};
pub use streams::{
    CatalogQuery, CategoriesQuery, DiscoveryQuery, OverviewQuery, RatesQuery, StreamsQuery,
};
pub use travel::{
    BisectQuery, BlameQuery, DiffQuery, HistoryQuery, ReplayQuery, TimelineQuery, Until,
    WindowQuery,
};

/// A question.
pub trait Query: Serialize + DeserializeOwned + Send {
    /// Whether its parameters go together. Each by itself has been read already.
    ///
    /// # Errors
    /// Names the parameter that is wrong.
    fn check(&self) -> Result<(), ApiError> {
        Ok(())
    }

    /// Its parameters, as they stand behind the `?` of a URL.
    fn to_search(&self) -> String {
        // Texts and numbers, which can always be written.
        let search = serde_html_form::to_string(self).unwrap_or_default();
        // It ends with what would stand before the next one.
        search.trim_end_matches('&').to_owned()
    }

    /// The URL that asks it at `path`.
    fn to_url(&self, path: &str) -> String {
        match self.to_search() {
            search if search.is_empty() => path.to_owned(),
            search => format!("{path}?{search}"),
        }
    }
}

/// A question without parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoQuery {}

impl Query for NoQuery {}

/// For fields whose text is read by `FromStr` and written by `Display`, and that may be left out.
pub(crate) mod optional_text {
    use std::borrow::Cow;
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &Option<T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr,
        T::Err: Display,
        D: Deserializer<'de>,
    {
        let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
    }
}

/// The key of a stream, which an empty text is not.
fn stream<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StreamKey, D::Error> {
    let key = Option::<StreamKey>::deserialize(deserializer)?;
    key.filter(|key| !key.as_bytes().is_empty()).ok_or_else(|| de::Error::custom(NO_STREAM))
}

/// The name of a consumer group, which an empty text is not.
fn group<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
    let name = Option::<Name>::deserialize(deserializer)?;
    name.filter(|name| !name.is_empty()).ok_or_else(|| de::Error::custom(NO_GROUP))
}

/// The id of an entry, which an empty text is not.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EntryId, D::Error> {
    Option::deserialize(deserializer)?.ok_or_else(|| de::Error::custom(NO_ID))
}

/// A text that is not empty.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.filter(|text| !text.is_empty()).ok_or_else(|| de::Error::custom("is missing"))
}

const NO_STREAM: &str = "is missing; give the key of a stream";
const NO_GROUP: &str = "is missing; give the name of a consumer group";
const NO_ID: &str = "is missing; give the id of an entry";

/// What counts as left out where it is empty.
fn defaulted<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
