//! Questions whose answers come as a stream: searches, files, live lines.

use rewind_domain::{EntryId, StreamKey};
use serde::{Deserialize, Serialize};

use super::{Limit, Query, optional_text};
use crate::api::export::Ticket;
use crate::api::find::{DEFAULT_FIND_LIMIT, MAX_FIND_LIMIT, MAX_NAMED_STREAMS};
use crate::api::live::MAX_WATCHES;
use crate::api::{ApiError, Order};

/// Which streams a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These, in the order in which they were named.
    Streams(Vec<StreamKey>),
    /// Those whose keys begin so; all of them if it is empty.
    Prefix(StreamKey),
}

impl Selection {
    /// What the three parameters that choose streams say together.
    fn of(
        streams: &[StreamKey],
        category: Option<&StreamKey>,
        all: Option<bool>,
    ) -> Result<Self, ApiError> {
        let is_all = all == Some(true);
        match category {
            _ if is_all && (category.is_some() || !streams.is_empty()) => {
                Err(ApiError::bad_parameter("all", "stands alone; leave streams and category out"))
            }
            None if is_all => Ok(Self::Prefix("".into())),
            Some(_) if !streams.is_empty() => {
                Err(ApiError::bad_parameter("category", "give either streams or a category"))
            }
            Some(category) => Ok(Self::Prefix(prefix_of(category))),
            None if streams.is_empty() => {
                let reason = "is missing; give the key of a stream, a `category`, or `all`";
                Err(ApiError::bad_parameter("stream", reason))
            }
            None if streams.len() > MAX_NAMED_STREAMS => {
                let reason = format!(
                    "at most {MAX_NAMED_STREAMS} can be named; give their `category` instead"
                );
                Err(ApiError::bad_parameter("stream", reason))
            }
            None => Ok(Self::Streams(streams.to_vec())),
        }
    }
}

/// What the keys of a category begin with. `aggregate:Order`, `aggregate:Order:` and `aggregate:Order:*` are the same, and do not take in
/// `aggregate:OrderLine:1`.
fn prefix_of(category: &StreamKey) -> StreamKey {
    match category.as_bytes() {
        [prefix @ .., b'*'] if prefix.ends_with(b":") => StreamKey::from_bytes(prefix),
        prefix if prefix.ends_with(b":") => category.clone(),
        name => StreamKey::from_bytes([name, b":"].concat()),
    }
}

/// The category of this name as a parameter, which is the name itself, unless that could be read as another one.
pub fn category_parameter(name: &StreamKey) -> StreamKey {
    match name.as_bytes() {
        [] | [.., b':' | b'*'] => StreamKey::from_bytes([name.as_bytes(), b":"].concat()),
        _ => name.clone(),
    }
}

/// The name of the category that a parameter gives.
pub fn category_name(parameter: &StreamKey) -> StreamKey {
    let prefix = prefix_of(parameter);
    let name = prefix.as_bytes();
    StreamKey::from_bytes(name.strip_suffix(b":").unwrap_or(name))
}

/// Which events to find.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindQuery {
    /// In these streams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stream: Vec<StreamKey>,
    /// In all streams of this category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<StreamKey>,
    /// In all streams.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "flag")]
    pub all: Option<bool>,
    /// Those that this filter means; by default all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// In which order.
    #[serde(
        default,
        skip_serializing_if = "Order::is_default",
        deserialize_with = "super::defaulted"
    )]
    pub order: Order,
    /// Only events after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<EntryId>,
    /// Only events before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<EntryId>,
    /// Where an earlier search was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// How many at most.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<DEFAULT_FIND_LIMIT, MAX_FIND_LIMIT>,
}

impl FindQuery {
    /// In which streams.
    ///
    /// # Errors
    /// Names the parameter that is missing, or does not go with another.
    pub fn selection(&self) -> Result<Selection, ApiError> {
        Selection::of(&self.stream, self.category.as_ref(), self.all)
    }
}

impl Query for FindQuery {
    fn check(&self) -> Result<(), ApiError> {
        self.selection().map(drop)
    }
}

/// Which events to save as a file, and as what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportQuery {
    /// Of these streams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stream: Vec<StreamKey>,
    /// Of all streams of this category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<StreamKey>,
    /// Of all streams.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "flag")]
    pub all: Option<bool>,
    /// Those that this filter means; by default all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// In which order.
    #[serde(
        default,
        skip_serializing_if = "Order::is_default",
        deserialize_with = "super::defaulted"
    )]
    pub order: Order,
    /// Only events after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<EntryId>,
    /// Only events before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<EntryId>,
    /// Behind this position of an earlier search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// `ndjson`, `csv` or `json`; by default the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The columns of a table besides stream, id, time and type: paths separated by commas.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub columns: String,
    /// By what the page that saves it follows it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_text")]
    pub ticket: Option<Ticket>,
}

impl ExportQuery {
    /// Which events.
    pub fn find(&self) -> FindQuery {
        FindQuery {
            stream: self.stream.clone(),
            category: self.category.clone(),
            all: self.all,
            filter: self.filter.clone(),
            order: self.order,
            after: self.after,
            before: self.before,
            position: self.position.clone(),
            limit: Limit::default(),
        }
    }
}

impl Query for ExportQuery {
    fn check(&self) -> Result<(), ApiError> {
        Selection::of(&self.stream, self.category.as_ref(), self.all).map(drop)
    }
}

/// Which export to tell about, or to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketQuery {
    /// The ticket that its page chose.
    #[serde(serialize_with = "ticket_text", deserialize_with = "ticket")]
    pub ticket: Ticket,
}

impl Query for TicketQuery {}

/// Which new events to send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveQuery {
    /// Of these streams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stream: Vec<StreamKey>,
    /// Of all streams of this category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<StreamKey>,
    /// Of all streams.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "flag")]
    pub all: Option<bool>,
    /// Those that this filter means; by default all.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// Only those after this: an id for each stream, separated by commas, or the position of a category; by default from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Several such questions, side by side on one line. Nothing else is given then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watch: Vec<String>,
}

impl LiveQuery {
    /// In which streams.
    ///
    /// # Errors
    /// Names the parameter that is missing, or does not go with another.
    pub fn selection(&self) -> Result<Selection, ApiError> {
        Selection::of(&self.stream, self.category.as_ref(), self.all)
    }
}

impl Query for LiveQuery {
    fn check(&self) -> Result<(), ApiError> {
        if self.watch.is_empty() {
            return self.selection().map(drop);
        }
        let alone = Self { watch: self.watch.clone(), ..Self::default() };
        if *self != alone {
            let reason = "stands alone; write streams and filters into each `watch`";
            return Err(ApiError::bad_parameter("watch", reason));
        }
        if self.watch.len() > MAX_WATCHES {
            let reason = format!("one line carries at most {MAX_WATCHES}; open another one");
            return Err(ApiError::bad_parameter("watch", reason));
        }
        Ok(())
    }
}

/// A parameter that says something by being there: `all`, `all=`, `all=1`, `all=true`.
fn flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    bool::deserialize(deserializer).map(Some)
}

fn ticket<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Ticket, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

fn ticket_text<S: serde::Serializer>(ticket: &Ticket, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(ticket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_of_a_category_are_one() {
        for text in ["aggregate:Order", "aggregate:Order:", "aggregate:Order:*"] {
            assert_eq!(prefix_of(&text.into()), "aggregate:Order:".into(), "{text}");
            assert_eq!(category_name(&text.into()), "aggregate:Order".into(), "{text}");
        }
    }

    #[test]
    fn a_category_of_any_name_is_told_from_every_other() {
        for name in ["", "a", "a:", "a::", "a:*", "x*", "*", ":", "a:b", "a *:"] {
            let parameter = category_parameter(&name.into());
            assert_eq!(prefix_of(&parameter), format!("{name}:").as_str().into(), "{name}");
            assert_eq!(category_name(&parameter), name.into(), "{name}");
            assert!(!parameter.as_bytes().is_empty());
        }
    }
}
