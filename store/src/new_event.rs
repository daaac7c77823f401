//! Events to be stored, and stored events as a program's own types.

use std::time::SystemTime;

use rewind_domain::{Event, Fields};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// An event that is to be stored: the fields of its entry, in order.
///
/// [`NewEvent::new`] and [`NewEvent::typed`] write the layout `type`, `timestamp`, `data`, where `data` is JSON text. The timestamp is
/// this machine's time in Unix milliseconds, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent(Vec<(Vec<u8>, Vec<u8>)>);

/// An event whose Rust value cannot be written as an event.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// serde cannot write it.
    #[error("the event cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is not an object of a `type` and, mostly, `data`.
    #[error(
        "a typed event is an enum with `#[serde(tag = \"type\", content = \"data\")]`, or anything that serde writes as an object of a text `type` and `data`"
    )]
    NotTagged,
}

/// A stored event that is none of a program's own types.
#[derive(Debug, thiserror::Error)]
pub enum TypedError {
    /// It names no type.
    #[error("the event `{id}` has no type")]
    NoType {
        /// Its id.
        id: rewind_domain::EntryId,
    },
    /// Its data could not be read.
    #[error("the data of the event `{id}` cannot be read: {error}")]
    NoData {
        /// Its id.
        id: rewind_domain::EntryId,
        /// Why not.
        error: rewind_domain::DecodeError,
    },
    /// serde cannot make the type of it.
    #[error("the event `{id}` of type `{event_type}` does not fit: {error}")]
    Other {
        /// Its id.
        id: rewind_domain::EntryId,
        /// Its type.
        event_type: String,
        /// What is wrong.
        error: serde_json::Error,
    },
}

/// What serde makes of an enum with `tag = "type", content = "data"`.
#[derive(Deserialize)]
struct Tagged {
    #[serde(rename = "type")]
    event_type: String,
    #[serde(default)]
    data: Option<Box<RawValue>>,
}

impl NewEvent {
    /// An event of this type and data.
    ///
    /// # Errors
    /// If serde cannot write `data` as JSON.
    pub fn new(event_type: &str, data: &impl Serialize) -> Result<Self, EncodeError> {
        Ok(Self::of_text(event_type, to_raw_value(data)?.get()))
    }

    /// An event of a program's own type: an enum with `#[serde(tag = "type", content = "data")]`.
    ///
    /// # Errors
    /// If serde cannot write it as JSON, or its JSON has no `type`.
    pub fn typed(event: &impl Serialize) -> Result<Self, EncodeError> {
        let text = serde_json::to_string(event)?;
        let Ok(Tagged { event_type, data }) = serde_json::from_str(&text) else {
            return Err(EncodeError::NotTagged);
        };
        Ok(Self::of_text(&event_type, data.as_deref().map_or("{}", RawValue::get)))
    }

    /// An event of exactly these fields. Redis takes an entry only if it has at least one.
    #[must_use]
    pub fn of_fields(fields: Fields) -> Self {
        Self(fields.into_pairs())
    }

    /// The same with a field more, or with another value for the first field of this name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name.as_bytes()) {
            Some((_, old)) => *old = value.into(),
            None => self.0.push((name.into(), value.into())),
        }
        self
    }

    /// The same with the id that all events of one business process share, in `correlation_id`.
    #[must_use]
    pub fn with_correlation(self, id: &str) -> Self {
        self.with("correlation_id", id)
    }

    /// The same with the id of the event or command that caused it, in `causation_id`.
    #[must_use]
    pub fn with_causation(self, id: &str) -> Self {
        self.with("causation_id", id)
    }

    /// The same with who did it, in `user_id`.
    #[must_use]
    pub fn with_user(self, id: &str) -> Self {
        self.with("user_id", id)
    }

    /// Its fields, in order.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    fn of_text(event_type: &str, data: &str) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(Vec::with_capacity(3))
            .with("type", event_type)
            .with("timestamp", &since.as_millis().to_string())
            .with("data", data)
    }
}

/// Reads a stored event as a program's own type: an enum with `#[serde(tag = "type", content = "data")]`.
///
/// # Errors
/// If it has no type, no readable data, or is of a type that serde does not make `T` of.
pub fn typed<T: DeserializeOwned>(event: &Event) -> Result<T, TypedError> {
    let id = event.id;
    if let Some(error) = event.decode_error.clone().filter(|_| !event.has_data()) {
        return Err(TypedError::NoData { id, error });
    }
    let event_type = event.event_type.clone().ok_or(TypedError::NoType { id })?;
    let other = |error| TypedError::Other { id, event_type: event_type.clone(), error };
    let name = serde_json::to_string(&event_type).map_err(other)?;
    let data = serde_json::to_string(&event.data).map_err(other)?;
    let with_data = serde_json::from_str(&format!(r#"{{"type":{name},"data":{data}}}"#));
    // A variant without content refuses the empty object that `NewEvent::typed` writes for it.
    match with_data {
        Err(_) if data == "{}" => serde_json::from_str(&format!(r#"{{"type":{name}}}"#)),
        read => read,
    }
    .map_err(other)
}

#[cfg(test)]
mod tests {
    use rewind_domain::{Entry, EntryId, layout};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "type", content = "data")]
    enum Order {
        #[serde(rename = "order.created")]
        Created { total: f64, note: Option<String> },
        #[serde(rename = "order.closed")]
        Closed,
    }

    fn stored(event: &NewEvent) -> Event {
        let pairs = event.fields().map(|(name, value)| (name.to_vec(), value.to_vec()));
        layout::decode(Entry { id: EntryId::new(5, 1), fields: pairs.collect() })
    }

    #[test]
    fn a_typed_event_is_read_back_as_it_was_written() {
        for order in [Order::Created { total: 49.99, note: None }, Order::Closed] {
            let event = stored(&NewEvent::typed(&order).unwrap());
            assert_eq!(typed::<Order>(&event).unwrap(), order);
        }
    }

    #[test]
    fn an_event_has_type_time_and_data_in_the_fields_of_that_name() {
        let event = NewEvent::new("a", &[1, 2]).unwrap().with_user("ada").with_correlation("c");
        let names: Vec<_> = event.fields().map(|(name, _)| name.to_vec()).collect();
        assert_eq!(names, [&b"type"[..], b"timestamp", b"data", b"user_id", b"correlation_id"]);
        let stored = stored(&event);
        assert_eq!(stored.event_type.as_deref(), Some("a"));
        assert_eq!(stored.data.to_string(), "[1,2]");
        assert!(stored.timestamp_ms > 1_700_000_000_000);
    }

    #[test]
    fn what_is_none_of_a_programs_types_is_named() {
        let other = stored(&NewEvent::new("order.lost", &()).unwrap());
        let error = typed::<Order>(&other).unwrap_err().to_string();
        assert!(error.contains("`5-1`") && error.contains("`order.lost`"), "{error}");
        assert!(matches!(NewEvent::typed(&3), Err(EncodeError::NotTagged)));
        let broken = stored(&NewEvent::new("order.closed", &()).unwrap().with("data", "{"));
        assert!(matches!(typed::<Order>(&broken), Err(TypedError::NoData { .. })));
    }
}
