//! What can be told from the bytes alone.
//!
//! A wrong guess would show events that never were, so only what can hardly be anything else is recognised: compression by
//! its first bytes, which nothing else has; MessagePack and CBOR where they are an object or array that takes all of the bytes;
//! base64 where there is an object, an array or compression in it.

use rewind_domain::Json;
use rewind_domain::payload::begins_like_json;

use crate::cbor;
use crate::error::CodecError;
use crate::finding::Finding;
use crate::limits::MAX_VALUES;
use crate::message_pack;
use crate::meter::Meter;
use crate::step::{MAX_STEPS, Step, may_be_zlib};

/// The shortest base64 that is looked into: shorter ones are words.
const MIN_BASE64_BYTES: usize = 8;
/// How much of it shows whether the rest is worth a look: more than the longest beginning that is recognised.
const BASE64_BEGINNING_BYTES: usize = 16;

/// Finds out what a value is, `finding` being what was taken off it already. Nothing where it is JSON text or nothing that is
/// known, and nothing was taken off.
pub(crate) fn detect(
    bytes: &[u8],
    finding: &mut Finding,
    meter: &mut Meter,
) -> Result<Option<Json>, CodecError> {
    let mut unwrapped;
    let mut bytes = bytes;
    while let Some((step, inside)) = unwrap(bytes, finding, meter)? {
        finding.steps.push(step);
        unwrapped = inside;
        bytes = &unwrapped;
    }
    if std::str::from_utf8(bytes).is_ok() {
        if finding.steps.is_empty() {
            return Ok(None);
        }
        finding.format = Some("JSON");
        return json(bytes, meter).map(Some);
    }
    // What goes beyond a bound was recognised too.
    type Recognise = fn(&[u8], &mut Meter) -> Result<Option<Json>, CodecError>;
    let formats: [(&str, Recognise); 2] =
        [("MessagePack", message_pack::recognise), ("CBOR", cbor::recognise)];
    for (name, recognise) in formats {
        let recognised = recognise(bytes, meter).transpose();
        if let Some(recognised) = recognised {
            finding.format = Some(name);
            return recognised.map(Some);
        }
    }
    if finding.steps.is_empty() { Ok(None) } else { Err(CodecError::Unknown) }
}

/// Reads JSON text.
pub(crate) fn json(bytes: &[u8], meter: &mut Meter) -> Result<Json, CodecError> {
    // Before there are any values: each has one of these before or behind it, if not more than one.
    let marks = bytes.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if marks > MAX_VALUES {
        return Err(CodecError::TooManyValues);
    }
    meter.values(marks + 1)?;
    let text = std::str::from_utf8(bytes)
        .map_err(|error| CodecError::at(error.valid_up_to(), "it is not UTF-8"))?;
    Ok(Json::parse(text)?)
}

/// Takes off the next wrapper, if there is one.
fn unwrap(
    bytes: &[u8],
    finding: &mut Finding,
    meter: &mut Meter,
) -> Result<Option<(Step, Vec<u8>)>, CodecError> {
    if let Some(step) = Step::recognised(bytes) {
        if finding.steps.len() >= MAX_STEPS {
            return Err(CodecError::TooManySteps(MAX_STEPS));
        }
        return match step.unwrap(bytes, meter) {
            Ok(inside) => Ok(Some((step, inside))),
            Err(error) => {
                finding.steps.push(step);
                Err(error)
            }
        };
    }
    if finding.steps.len() >= MAX_STEPS {
        return Ok(None);
    }
    if may_be_zlib(bytes) && std::str::from_utf8(bytes).is_err() {
        return match Step::Zlib.unwrap(bytes, meter) {
            Ok(inside) => Ok(Some((Step::Zlib, inside))),
            Err(error) if error.is_bound() => {
                finding.steps.push(Step::Zlib);
                Err(error)
            }
            // Then it is something else.
            Err(_) => Ok(None),
        };
    }
    Ok(base64(bytes, meter)?.map(|inside| (Step::Base64, inside)))
}

/// What is in base64, where that is what the bytes are, and something in it that can be nothing else.
fn base64(bytes: &[u8], meter: &mut Meter) -> Result<Option<Vec<u8>>, CodecError> {
    let text = bytes.trim_ascii();
    let is_base64 = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' | b'=' | b'\r' | b'\n');
    if text.len() < MIN_BASE64_BYTES || !text.iter().all(is_base64) {
        return Ok(None);
    }
    // Most words and numbers are base64 too, and give nothing.
    let beginning = text.get(..BASE64_BEGINNING_BYTES).unwrap_or(text);
    let inside = Step::Base64.unwrap(beginning, &mut Meter::default()).unwrap_or_default();
    let is_wrapper = Step::recognised(&inside).is_some();
    if !is_wrapper && !begins_like_json(&inside) {
        return Ok(None);
    }
    let inside = match Step::Base64.unwrap(text, meter) {
        Ok(inside) => inside,
        Err(error) if error.is_bound() => return Err(error),
        Err(_) => return Ok(None),
    };
    let is_payload =
        is_wrapper || std::str::from_utf8(&inside).is_ok_and(|text| Json::parse(text).is_ok());
    Ok(is_payload.then_some(inside))
}
