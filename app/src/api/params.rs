//! Reading parameters: from the texts of a URL into the types of a query.
//!
//! Parameters arrive as texts, since only so can an error name the one that is wrong.

use std::fmt::Display;
use std::str::FromStr;

use rewind_domain::catalog::{Category, SortBy};
use rewind_domain::{EntryId, Pointer, StreamKey};

use super::backend::{MAX_OPENED_CATEGORIES, Until};
use super::export::Ticket;
use super::{ApiError, DiscoveryAction, Order};

/// A parameter that may be left out. An empty one counts as left out, as forms send it.
pub(crate) fn optional<T>(name: &str, text: Option<&str>) -> Result<Option<T>, ApiError>
where
    T: FromStr,
    T::Err: Display,
{
    match text {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|error| ApiError::bad_parameter(name, error)),
    }
}

/// A whole number, perhaps left out.
pub(crate) fn number(name: &str, text: Option<&str>) -> Result<Option<u64>, ApiError> {
    optional(name, text).map_err(|_| {
        ApiError::bad_parameter(name, "is not a whole number from 0 to 18446744073709551615")
    })
}

/// How many things to answer with, at most `max`.
pub(crate) fn limit(text: Option<&str>, default: u64, max: u64) -> Result<u64, ApiError> {
    bounded("limit", text, default, max)
}

/// A number of things, at most `max`.
pub(crate) fn bounded(
    name: &str,
    text: Option<&str>,
    default: u64,
    max: u64,
) -> Result<u64, ApiError> {
    match number(name, text)? {
        None => Ok(default),
        Some(number) if (1..=max).contains(&number) => Ok(number),
        Some(_) => Err(ApiError::bad_parameter(name, format!("must be from 1 to {max}"))),
    }
}

/// Texts separated by commas.
pub(crate) fn list(text: Option<&str>) -> Vec<String> {
    let items = text.unwrap_or_default().split(',').map(str::trim);
    items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A path inside a state. The empty one, which names the whole, counts as given.
pub(crate) fn pointer(name: &str, text: Option<&str>) -> Result<Option<Pointer>, ApiError> {
    text.map(|text| text.parse().map_err(|error| ApiError::bad_parameter(name, error))).transpose()
}

/// JavaScript, of at most `max` bytes.
pub(crate) fn source(name: &str, text: &str, max: usize) -> Result<(), ApiError> {
    match text.len() {
        0 => Err(ApiError::bad_parameter(name, "is missing")),
        length if length > max => {
            Err(ApiError::bad_parameter(name, format!("is longer than {max} bytes")))
        }
        _ => Ok(()),
    }
}

/// The stream that a call is about.
pub(crate) fn stream(text: &str) -> Result<StreamKey, ApiError> {
    match text {
        "" => Err(ApiError::bad_parameter("stream", "is missing; give the key of a stream")),
        text => text.parse().map_err(|error| ApiError::bad_parameter("stream", error)),
    }
}

/// The ticket of an export.
pub(crate) fn ticket(text: &str) -> Result<Ticket, ApiError> {
    text.parse().map_err(|error| ApiError::bad_parameter("ticket", error))
}

/// The entry that a call is about.
pub(crate) fn id(text: &str) -> Result<EntryId, ApiError> {
    optional("id", Some(text))?
        .ok_or_else(|| ApiError::bad_parameter("id", "is missing; give the id of an entry"))
}

/// The order of events, descending where nothing is said.
pub(crate) fn order(text: Option<&str>) -> Result<Order, ApiError> {
    match text {
        None | Some("" | "desc") => Ok(Order::Desc),
        Some("asc") => Ok(Order::Asc),
        Some(_) => Err(ApiError::bad_parameter("order", "must be `asc` or `desc`")),
    }
}

/// By what streams are sorted, by key where nothing is said.
pub(crate) fn sort(text: Option<&str>) -> Result<SortBy, ApiError> {
    let Some(name) = text.filter(|text| !text.is_empty()) else { return Ok(SortBy::default()) };
    SortBy::named(name)
        .ok_or_else(|| ApiError::bad_parameter("sort", "must be `key`, `length` or `activity`"))
}

/// What is wanted of the search for streams.
pub(crate) fn action(name: &str) -> Result<DiscoveryAction, ApiError> {
    DiscoveryAction::ALL
        .into_iter()
        .find(|action| action.name() == name)
        .ok_or_else(|| ApiError::bad_parameter("action", "must be `pause`, `resume` or `restart`"))
}

/// Categories of the tree, as a JSON array of texts: whatever else could stand between them may stand in a key.
pub(crate) fn categories(name: &str, text: Option<&str>) -> Result<Vec<StreamKey>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(Vec::new()) };
    let read = serde_json::from_str::<Vec<Category>>(text);
    let categories = read.map_err(|error| {
        let reason = format!("is no JSON array of categories, such as `[\"aggregate:\"]`: {error}");
        ApiError::bad_parameter(name, reason)
    })?;
    if categories.len() > MAX_OPENED_CATEGORIES {
        let reason = format!("at most {MAX_OPENED_CATEGORIES} can be given");
        return Err(ApiError::bad_parameter(name, reason));
    }
    // The rows for all streams and for those without a category have nothing inside.
    let named = categories.into_iter().filter_map(|category| match category {
        Category::Within(category) => Some(category),
        Category::All | Category::Unnamed => None,
    });
    Ok(named.collect())
}

/// A point in a history; the last version where nothing is said.
pub(crate) fn until(
    version: Option<&str>,
    id: Option<&str>,
    time_ms: Option<&str>,
) -> Result<Until, ApiError> {
    let version = number("version", version)?.map(Until::Version);
    let id = optional("id", id)?.map(Until::Id);
    let time = number("time_ms", time_ms)?.map(Until::TimeMs);
    match (version, id, time) {
        (None, None, None) => Ok(Until::Latest),
        (Some(until), None, None) | (None, Some(until), None) | (None, None, Some(until)) => {
            Ok(until)
        }
        _ => Err(ApiError::bad_parameter(
            "version",
            "give only one of `version`, `id` and `time_ms`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_parameter_is_named() {
        let errors = [
            optional::<EntryId>("after", Some("abc")).unwrap_err(),
            number("version", Some("-1")).unwrap_err(),
            limit(Some("0"), 10, 100).unwrap_err(),
            limit(Some("101"), 10, 100).unwrap_err(),
            id("").unwrap_err(),
            stream("").unwrap_err(),
            stream("a\\").unwrap_err(),
            order(Some("up")).unwrap_err(),
            sort(Some("up")).unwrap_err(),
            categories("open", Some("aggregate:")).unwrap_err(),
            until(Some("1"), Some("1-0"), None).unwrap_err(),
        ];
        let names = [
            "after", "version", "limit", "limit", "id", "stream", "stream", "order", "sort",
            "open", "version",
        ];
        for (error, name) in errors.iter().zip(names) {
            assert_eq!(error.parameter.as_deref(), Some(name));
            assert!(error.message.contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        assert_eq!(limit(None, 10, 100), Ok(10));
        assert_eq!(limit(Some(""), 10, 100), Ok(10));
        assert_eq!(order(None), Ok(Order::Desc));
        assert_eq!(until(None, None, None), Ok(Until::Latest));
    }
}
