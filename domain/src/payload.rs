//! Payloads that are something else than JSON text: what a layout asks of whoever can read them.
//!
//! The formats themselves are not known here. A layout is handed a [`PayloadDecoder`], and asks it about values that JSON text
//! does not look like.

use crate::Json;
use crate::event::DecodeErrorCode;

/// Reads the payloads of one stream that are no JSON text.
pub trait PayloadDecoder: Send + Sync {
    /// Fields that hold a payload in this stream beside those that usually do, the most likely first.
    fn fields(&self) -> &[String] {
        &[]
    }

    /// Whether this value has to be shown to it before it is taken for JSON text. Asked of every event, so the answer must
    /// not take long.
    fn concerns(&self, field: &str, value: &[u8]) -> bool;

    /// Reads a value that concerns it. `event_type` is the type that another field names. There is no answer where the value
    /// is nothing that it knows: then it is JSON text, or broken.
    fn decode(
        &self,
        field: &str,
        value: &[u8],
        event_type: Option<&str>,
    ) -> Option<Result<DecodedPayload, PayloadError>>;
}

/// What was read from a payload.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedPayload {
    /// The value.
    pub json: Json,
    /// What it was read from: `MessagePack, from gzip`.
    pub from: String,
}

/// Why a payload could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadError {
    /// What kind of thing is wrong.
    pub code: DecodeErrorCode,
    /// What is wrong, and where; continues "field x …".
    pub message: String,
}

/// Knows no format: payloads are JSON text.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsonText;

impl PayloadDecoder for JsonText {
    fn concerns(&self, _field: &str, _value: &[u8]) -> bool {
        false
    }

    fn decode(
        &self,
        _field: &str,
        _value: &[u8],
        _event_type: Option<&str>,
    ) -> Option<Result<DecodedPayload, PayloadError>> {
        None
    }
}

/// Whether a value begins as the JSON text of an object, an array or a string does.
pub fn begins_like_json(value: &[u8]) -> bool {
    matches!(value.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'))
}
