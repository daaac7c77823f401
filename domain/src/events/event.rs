//! Events: entries as a layout reads them.

use serde::{Deserialize, Serialize};

use crate::cut::Cut;
use crate::{EntryId, Fields, Json};

/// An entry with its meaning: type, time and data, and what it was read from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Event {
    /// The id of its entry.
    pub id: EntryId,
    /// The version that it makes of its aggregate, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// Its type, where it names one.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// When it happened, in Unix milliseconds: what the event itself says, else the time in its id.
    pub timestamp_ms: i64,
    /// What happened; `null` where that could not be read.
    pub data: Json,
    /// What its data was read from, where that was anything but JSON text: `MessagePack, from gzip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoded: Option<String>,
    /// The entry as Redis holds it.
    pub fields: Fields,
    /// Why a part of the entry could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decode_error: Option<DecodeError>,
    /// What was left out here because it is large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<Cut>,
}

/// Why a field of an entry could not be read as what its name promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[error("field `{field}` {message}")]
pub struct DecodeError {
    /// What kind of thing is wrong.
    pub code: DecodeErrorCode,
    /// The name of the field.
    pub field: String,
    /// What is wrong with it, and where; continues "field x …".
    pub message: String,
}

/// The kinds of [`DecodeError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DecodeErrorCode {
    /// The bytes are not text.
    NotUtf8,
    /// The text is not JSON.
    NotJson,
    /// The text is not a time in any form that is known.
    NotATime,
    /// The bytes are not in the format that they seem or are said to be in.
    NotDecodable,
    /// Decoding came to a bound: what is in there is larger than is read.
    TooLarge,
}

impl Event {
    /// Whether its data could be read, so that a fold can use it.
    pub fn has_data(&self) -> bool {
        self.decode_error.as_ref().is_none_or(|error| error.code == DecodeErrorCode::NotATime)
    }
}
