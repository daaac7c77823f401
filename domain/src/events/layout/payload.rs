//! Finding the payload among the fields of an entry, and reading it.

use crate::event::DecodeErrorCode;
use crate::field_source::FieldSource;
use crate::json::{MAX_VALUES, has_too_many_values};
use crate::payload::PayloadError;
use crate::{DecodeError, Json, PayloadDecoder};

use super::find_type;

/// Fields that hold the payload. The first two promise one; under the others any text may stand.
pub(super) const DATA_FIELDS: [&str; 6] = ["data", "payload", "body", "message", "value", "event"];
const SURE_DATA_FIELDS: usize = 2;

/// A text as short as this is a type or a number, and nothing that takes long to look into.
const SHORT_TEXT_BYTES: usize = 32;

/// What an entry has for a payload.
pub(super) enum Payload {
    Found {
        field: String,
        data: Json,
        /// What a decoder read it from.
        from: Option<String>,
    },
    Broken(DecodeError),
    /// No field holds one: the fields themselves are the data.
    Flat,
}

/// The name and the value of the field that holds the payload if it is what its name promises.
pub(crate) fn promised_payload<'f>(
    fields: &'f dyn FieldSource,
    decoder: &'f dyn PayloadDecoder,
) -> Option<(&'f str, &'f [u8])> {
    let named = decoder.fields().iter().map(String::as_str);
    let mut names = named.chain(DATA_FIELDS.into_iter().take(SURE_DATA_FIELDS));
    names.find_map(|name| Some((name, fields.value(name)?)))
}

/// Whether reading the entry of these fields means to ask the decoder something that may take long.
pub fn needs_decoder(fields: &dyn FieldSource, decoder: &dyn PayloadDecoder) -> bool {
    let is_short_text = |value: &[u8]| value.len() <= SHORT_TEXT_BYTES && value.is_ascii();
    asks(fields, decoder, |value| !is_short_text(value))
}

/// Whether reading the entry of these fields means to ask the decoder anything at all.
pub(crate) fn asks_decoder(fields: &dyn FieldSource, decoder: &dyn PayloadDecoder) -> bool {
    asks(fields, decoder, |_| true)
}

/// Whether the decoder is asked about a value that counts.
fn asks(
    fields: &dyn FieldSource,
    decoder: &dyn PayloadDecoder,
    counts: impl Fn(&[u8]) -> bool,
) -> bool {
    for (name, is_sure) in payload_fields(decoder) {
        let Some(value) = fields.value(name) else { continue };
        if counts(value) && decoder.concerns(name, value) {
            return true;
        }
        if is_sure {
            return false;
        }
    }
    false
}

/// The fields that may hold the payload, and whether they promise to.
fn payload_fields(decoder: &dyn PayloadDecoder) -> impl Iterator<Item = (&str, bool)> {
    let named = decoder.fields().iter().map(|name| (name.as_str(), true));
    let usual = DATA_FIELDS.into_iter().enumerate();
    named.chain(usual.map(|(rank, name)| (name, rank < SURE_DATA_FIELDS)))
}

pub(super) fn find_payload(fields: &dyn FieldSource, decoder: &dyn PayloadDecoder) -> Payload {
    let mut broken = None;
    for (name, is_sure) in payload_fields(decoder) {
        let Some(value) = fields.value(name) else { continue };
        match read_decoded(fields, name, value, decoder) {
            Some(Ok(found)) => return found,
            Some(Err(error)) => {
                broken = broken.or(Some(error));
                continue;
            }
            None => {}
        }
        // `message`, `value` and the like hold a payload only if it looks like one: `value 42` is plain data.
        if !is_sure && !looks_like_payload(value) {
            continue;
        }
        match read_json(name, value) {
            Ok(data) => return Payload::Found { field: name.to_owned(), data, from: None },
            Err(error) => broken = broken.or(Some(error)),
        }
    }
    broken.or_else(|| too_many_fields(fields)).map_or(Payload::Flat, Payload::Broken)
}

/// Why fields are not data themselves, where there are more of them than values are read.
fn too_many_fields(fields: &dyn FieldSource) -> Option<DecodeError> {
    let (first, _) = fields.pair(0).filter(|_| fields.count() > MAX_VALUES)?;
    let message = format!("and all others are not decoded: there are more than {MAX_VALUES}");
    let field = String::from_utf8_lossy(first).into_owned();
    Some(DecodeError { code: DecodeErrorCode::TooLarge, field, message })
}

/// Whether this field of an entry, which seems to be something else, may turn out to be its payload.
pub(super) fn may_be_payload(
    fields: &dyn FieldSource,
    name: &str,
    value: &[u8],
    decoder: &dyn PayloadDecoder,
) -> bool {
    match payload_fields(decoder).find(|(field, _)| *field == name) {
        None => false,
        Some((_, true)) => true,
        Some((_, false)) => {
            looks_like_payload(value) || read_decoded(fields, name, value, decoder).is_some()
        }
    }
}

fn looks_like_payload(value: &[u8]) -> bool {
    matches!(value.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// What the decoder makes of a value, where it has something to say about it.
fn read_decoded(
    fields: &dyn FieldSource,
    field: &str,
    value: &[u8],
    decoder: &dyn PayloadDecoder,
) -> Option<Result<Payload, DecodeError>> {
    if !decoder.concerns(field, value) {
        return None;
    }
    let event_type = find_type(fields, Some(field)).and_then(|name| fields.value(name));
    let event_type = event_type.map(String::from_utf8_lossy);
    let field = field.to_owned();
    Some(match decoder.decode(&field, value, event_type.as_deref())? {
        Ok(payload) => Ok(Payload::Found { field, data: payload.json, from: Some(payload.from) }),
        Err(PayloadError { code, message }) => Err(DecodeError { code, field, message }),
    })
}

fn read_json(field: &str, value: &[u8]) -> Result<Json, DecodeError> {
    let error = |code, message| DecodeError { code, field: field.to_owned(), message };
    let text = std::str::from_utf8(value).map_err(|e| {
        let at = e.valid_up_to();
        let byte = value.get(at).copied().unwrap_or_default();
        let message = format!("is not UTF-8: byte 0x{byte:02x} at offset {at} of {}", value.len());
        error(DecodeErrorCode::NotUtf8, message)
    })?;
    if has_too_many_values(text) {
        let message = format!(
            "is not decoded: it has more than {MAX_VALUES} values (an object counts as three)"
        );
        return Err(error(DecodeErrorCode::TooLarge, message));
    }
    Json::parse(text).map_err(|e| {
        let message =
            if text.is_empty() { "is empty".to_owned() } else { format!("is not JSON: {e}") };
        error(DecodeErrorCode::NotJson, message)
    })
}
