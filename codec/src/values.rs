//! JSON values from what formats have.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rewind_domain::json::Object;
use rewind_domain::time::UtcTime;
use rewind_domain::{Json, Number};

use crate::error::CodecError;
use crate::meter::Meter;

pub(crate) fn signed(value: i64) -> Json {
    Json::Number(Number::from(value))
}

pub(crate) fn unsigned(value: u64) -> Json {
    Json::Number(Number::from(value))
}

/// A number given by its digits.
pub(crate) fn number(digits: &str) -> Json {
    Json::parse(digits).unwrap_or_else(|_| Json::string(digits))
}

/// The shortest digits that give this value again; a text where JSON has none.
pub(crate) fn double(value: f64) -> Json {
    if value.is_finite() { number(&format!("{value:?}")) } else { not_finite(value) }
}

/// The same for single precision, which has shorter digits.
pub(crate) fn single(value: f32) -> Json {
    if value.is_finite() { number(&format!("{value:?}")) } else { not_finite(value.into()) }
}

fn not_finite(value: f64) -> Json {
    Json::string(match value {
        _ if value.is_nan() => "NaN",
        _ if value > 0.0 => "Infinity",
        _ => "-Infinity",
    })
}

/// Bytes that are no text, in `depth` others.
pub(crate) fn binary(bytes: &[u8], depth: usize, meter: &mut Meter) -> Result<Json, CodecError> {
    meter.container(depth)?;
    Ok(Json::object([("$base64", Json::string(STANDARD.encode(bytes)))]))
}

/// A text, or what was said to be one and is not UTF-8.
pub(crate) fn text(bytes: &[u8], depth: usize, meter: &mut Meter) -> Result<Json, CodecError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Json::string(text)),
        Err(_) => binary(bytes, depth, meter),
    }
}

/// What stands for a value where it is a key: a text is itself, anything else its JSON.
pub(crate) fn key(value: &Json) -> Arc<str> {
    match value {
        Json::String(text) => Arc::clone(text),
        other => other.to_string().into(),
    }
}

/// Whether a key is such as people give to members of objects: a text without control characters.
pub(crate) fn is_plain_key(value: &Json) -> bool {
    value.as_str().is_some_and(|text| !text.chars().any(char::is_control))
}

pub(crate) fn object(members: Object) -> Json {
    Json::Object(Arc::new(members))
}

/// A moment as RFC 3339, with as many digits behind the second as it needs. There is none where it does not have a year of
/// four digits.
pub(crate) fn moment(seconds: i64, nanos: u32) -> Option<Json> {
    const YEARS: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;
    if !YEARS.contains(&seconds) || nanos >= 1_000_000_000 {
        return None;
    }
    let time = UtcTime(seconds * 1000);
    let clock = time.clock();
    let whole = clock.split_once('.').map_or(clock.as_str(), |(whole, _)| whole);
    let fraction = format!(".{nanos:09}");
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    Some(Json::string(format!("{}T{whole}{fraction}Z", time.date())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_have_the_shortest_digits() {
        for (value, digits) in [
            (0.1, "0.1"),
            (-0.0, "-0.0"),
            (1e300, "1e300"),
            (5e-324, "5e-324"),
            (f64::NAN, "\"NaN\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            assert_eq!(double(value).to_string(), digits);
        }
        assert_eq!(single(0.1).to_string(), "0.1");
    }

    #[test]
    fn a_moment_has_the_digits_that_it_needs() {
        let text = |seconds, nanos| moment(seconds, nanos).map(|json| json.to_string());
        assert_eq!(text(1_706_185_200, 0).as_deref(), Some("\"2024-01-25T12:20:00Z\""));
        assert_eq!(text(-1, 500_000_000).as_deref(), Some("\"1969-12-31T23:59:59.5Z\""));
        assert_eq!(text(0, 1).as_deref(), Some("\"1970-01-01T00:00:00.000000001Z\""));
        assert_eq!(text(i64::MAX, 0), None);
        assert_eq!(text(0, u32::MAX), None);
    }
}
