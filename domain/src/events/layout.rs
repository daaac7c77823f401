//! Layouts: where type, time and data are in an entry.
//!
//! Writers of events agree on little. This module reads, without any configuration, what they commonly do:
//! the fields `type`, `timestamp` and `data`; the same under other usual names; a type inside the JSON; and flat
//! fields without any payload. Whatever it meets, it yields an event, at worst one that says why its data could
//! not be read.

mod payload;

use std::borrow::Cow;
use std::sync::Arc;

use crate::entry::json_of_bytes;
use crate::event::DecodeErrorCode;
use crate::field_source::FieldSource;
use crate::json::Object;
use crate::payload::JsonText;
use crate::time::UtcTime;
use crate::{DecodeError, Entry, EntryId, Event, Fields, Json, PayloadDecoder};

pub use payload::needs_decoder;
pub(crate) use payload::{asks_decoder, promised_payload};

use payload::{Payload, find_payload, may_be_payload};

/// Fields that name the type, most specific first.
const TYPE_FIELDS: [&str; 8] =
    ["type", "event_type", "eventType", "ce-type", "ce_type", "event", "kind", "name"];

/// Fields that hold the time.
const TIME_FIELDS: [&str; 9] = [
    "timestamp",
    "timestamp_ms",
    "time",
    "ts",
    "ce-time",
    "ce_time",
    "occurred_at",
    "created_at",
    "at",
];

/// Names under which a JSON payload itself may tell its type.
const TYPE_MEMBERS: [&str; 3] = ["type", "event_type", "eventType"];

/// A type longer than this is no name but content that happens to stand under such a field.
const MAX_TYPE_BYTES: usize = 256;

/// Reads an entry whose payload is JSON text as an event. Its version is for the caller to know.
pub fn decode(entry: Entry) -> Event {
    decode_with(entry, &JsonText)
}

/// Reads an entry as an event, and its payload with the help of `decoder`.
pub fn decode_with(entry: Entry, decoder: &dyn PayloadDecoder) -> Event {
    let Entry { id, fields } = entry;
    let meaning = read(id, &fields, decoder);
    meaning.into_event(id, None, fields)
}

/// Reads the entry of these fields as an event, and its payload with the help of `decoder`.
pub fn decode_fields(
    id: EntryId,
    version: Option<u64>,
    fields: &dyn FieldSource,
    decoder: &dyn PayloadDecoder,
) -> Event {
    let kept = (0..fields.count()).filter_map(|at| fields.pair(at)).collect();
    read(id, fields, decoder).into_event(id, version, kept)
}

/// The type as a field beside the payload names it, unless that field may be the payload itself.
pub(crate) fn type_beside_payload<'f>(
    fields: &'f dyn FieldSource,
    decoder: &dyn PayloadDecoder,
) -> Option<Cow<'f, str>> {
    let name = find_type(fields, None)?;
    let value = fields.value(name)?;
    (!may_be_payload(fields, name, value, decoder)).then(|| String::from_utf8_lossy(value))
}

/// When it happened, in Unix milliseconds: what a field says, else the time in the id.
pub(crate) fn timestamp_ms(id: EntryId, fields: &dyn FieldSource) -> i64 {
    match find_time(fields) {
        Time::Known { ms, .. } => ms,
        Time::Absent | Time::Broken(_) => id_time(id.ms()),
    }
}

/// Type and time of an entry whose payload is known to be sound; `None` if only decoding tells.
pub(crate) fn head<'f>(
    id: EntryId,
    fields: &'f dyn FieldSource,
    decoder: &dyn PayloadDecoder,
) -> Option<(Cow<'f, str>, i64)> {
    let event_type = type_beside_payload(fields, decoder)?;
    match find_time(fields) {
        Time::Known { ms, .. } => Some((event_type, ms)),
        Time::Absent => Some((event_type, id_time(id.ms()))),
        Time::Broken(_) => None,
    }
}

/// What an entry means, but for what can be taken from it as it stands.
struct Meaning {
    event_type: Option<String>,
    timestamp_ms: i64,
    data: Json,
    decoded: Option<String>,
    decode_error: Option<DecodeError>,
}

impl Meaning {
    fn into_event(self, id: EntryId, version: Option<u64>, fields: Fields) -> Event {
        let Self { event_type, timestamp_ms, data, decoded, decode_error } = self;
        let cut = None;
        Event { id, version, event_type, timestamp_ms, data, decoded, fields, decode_error, cut }
    }
}

fn read(id: EntryId, fields: &dyn FieldSource, decoder: &dyn PayloadDecoder) -> Meaning {
    let payload = find_payload(fields, decoder);
    let payload_field = match &payload {
        Payload::Found { field, .. } | Payload::Broken(DecodeError { field, .. }) => {
            Some(field.as_str())
        }
        Payload::Flat => None,
    };
    let type_field = find_type(fields, payload_field);
    let time = find_time(fields);

    let (data, decoded, data_error) = match &payload {
        Payload::Found { data, from, .. } => (data.clone(), from.clone(), None),
        Payload::Broken(error) => (Json::Null, None, Some(error.clone())),
        Payload::Flat => (flat_data(fields, type_field, &time), None, None),
    };
    let event_type = match type_field {
        Some(field) => fields.value(field).map(|value| String::from_utf8_lossy(value).into_owned()),
        None => TYPE_MEMBERS
            .iter()
            .find_map(|name| data.get(name)?.as_str())
            .filter(|name| name.len() <= MAX_TYPE_BYTES)
            .map(str::to_owned),
    };
    let (timestamp_ms, time_error) = match time {
        Time::Known { ms, .. } => (ms, None),
        Time::Absent => (id_time(id.ms()), None),
        Time::Broken(error) => (id_time(id.ms()), Some(error)),
    };
    Meaning { event_type, timestamp_ms, data, decoded, decode_error: data_error.or(time_error) }
}

fn find_type(fields: &dyn FieldSource, payload_field: Option<&str>) -> Option<&'static str> {
    TYPE_FIELDS.into_iter().filter(|name| Some(*name) != payload_field).find(|name| {
        fields.value(name).is_some_and(|value| {
            !value.is_empty() && value.len() <= MAX_TYPE_BYTES && std::str::from_utf8(value).is_ok()
        })
    })
}

enum Time {
    Known { field: &'static str, ms: i64 },
    Broken(DecodeError),
    Absent,
}

fn find_time(fields: &dyn FieldSource) -> Time {
    let mut broken = None;
    for name in TIME_FIELDS {
        let Some(value) = fields.value(name) else { continue };
        let text = String::from_utf8_lossy(value);
        match read_time(&text) {
            Some(ms) => return Time::Known { field: name, ms },
            // Only under its proper name is a time promised.
            None if name == TIME_FIELDS[0] => {
                let shown = Json::string(text.as_ref()).preview(40);
                broken = Some(DecodeError {
                    code: DecodeErrorCode::NotATime,
                    field: name.to_owned(),
                    message: format!(
                        "is not a time: {shown}; the time shown is that of the entry id"
                    ),
                });
            }
            None => {}
        }
    }
    broken.map_or(Time::Absent, Time::Broken)
}

/// Unix time in seconds, milliseconds, microseconds or nanoseconds, told apart by the number of digits
/// (which is unambiguous for the years 2001 to 2286), or RFC 3339.
fn read_time(text: &str) -> Option<i64> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return UtcTime::parse_rfc3339(text).map(|time| time.0);
    }
    let number = whole.parse::<i64>().ok()?;
    match whole.len() {
        // Seconds as a float, as Python's `time.time()` writes them.
        10 => {
            let ms =
                format!("{:0<3}", fraction.get(..3).unwrap_or(fraction)).parse::<i64>().ok()?;
            Some(number * 1000 + ms)
        }
        11..=14 => Some(number),
        15..=17 => Some(number / 1000),
        18..=19 => Some(number / 1_000_000),
        // A small number can only be meant as milliseconds, in made-up data.
        _ => Some(number),
    }
}

fn id_time(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

/// The fields that are neither type nor time, as strings; a repeated one as an array.
fn flat_data(fields: &dyn FieldSource, type_field: Option<&str>, time: &Time) -> Json {
    let time_field = match time {
        Time::Known { field, .. } => Some(*field),
        Time::Broken(_) | Time::Absent => None,
    };
    let mut data = Object::default();
    for (name, value) in (0..fields.count()).filter_map(|at| fields.pair(at)) {
        // `name` and `kind` are as often plain data as they are a type: they are kept as both.
        let is_type =
            type_field.is_some_and(|t| t.as_bytes() == name && t != "name" && t != "kind");
        let is_time = time_field.is_some_and(|t| t.as_bytes() == name);
        if is_type || is_time {
            continue;
        }
        let key: Arc<str> = String::from_utf8_lossy(name).into();
        let value = json_of_bytes(value);
        match data.get_mut(&key) {
            None => {
                data.insert(key, value);
            }
            Some(Json::Array(values)) => Arc::make_mut(values).push(value),
            Some(first) => *first = Json::array([first.clone(), value]),
        }
    }
    Json::Object(Arc::new(data))
}

#[cfg(test)]
mod tests {
    use super::payload::DATA_FIELDS;
    use super::*;
    use crate::EntryId;
    use proptest::prelude::*;

    fn event(pairs: &[(&[u8], &[u8])]) -> Event {
        let fields = Fields::from_iter(pairs.iter().copied());
        decode(Entry { id: EntryId::new(1_706_185_200_000, 0), fields })
    }

    struct Case {
        what: &'static str,
        fields: &'static [(&'static [u8], &'static [u8])],
        event_type: Option<&'static str>,
        timestamp_ms: i64,
        data: &'static str,
        error: Option<&'static str>,
    }

    const ID_TIME: i64 = 1_706_185_200_000;

    const CASES: &[Case] = &[
        Case {
            what: "the default layout",
            fields: &[
                (b"type", b"OrderCreated"),
                (b"timestamp", b"1706000000000"),
                (b"data", br#"{"total":49.90}"#),
            ],
            event_type: Some("OrderCreated"),
            timestamp_ms: 1_706_000_000_000,
            data: r#"{"total":49.90}"#,
            error: None,
        },
        Case {
            what: "flat fields",
            fields: &[(b"type", b"created"), (b"order_id", b"123"), (b"total", b"99.99")],
            event_type: Some("created"),
            timestamp_ms: ID_TIME,
            data: r#"{"order_id":"123","total":"99.99"}"#,
            error: None,
        },
        Case {
            what: "a payload and a type under other names",
            fields: &[(b"eventType", b"Paid"), (b"ts", b"1706000000"), (b"payload", b"[1]")],
            event_type: Some("Paid"),
            timestamp_ms: 1_706_000_000_000,
            data: "[1]",
            error: None,
        },
        Case {
            what: "`event` as the type",
            fields: &[(b"event", b"Paid"), (b"body", br#"{"a":1}"#)],
            event_type: Some("Paid"),
            timestamp_ms: ID_TIME,
            data: r#"{"a":1}"#,
            error: None,
        },
        Case {
            what: "`event` as the payload, with the type inside",
            fields: &[(b"event", br#"{"type":"Paid","amount":1.10}"#)],
            event_type: Some("Paid"),
            timestamp_ms: ID_TIME,
            data: r#"{"type":"Paid","amount":1.10}"#,
            error: None,
        },
        Case {
            what: "CloudEvents in binary mode",
            fields: &[
                (b"ce_type", b"com.example.paid"),
                (b"ce_time", b"2024-01-25T12:20:00.5Z"),
                (b"data", b"{}"),
            ],
            event_type: Some("com.example.paid"),
            timestamp_ms: 1_706_185_200_500,
            data: "{}",
            error: None,
        },
        Case {
            what: "`name` in a flat entry, which stays data as well",
            fields: &[(b"name", b"Paid"), (b"amount", b"1")],
            event_type: Some("Paid"),
            timestamp_ms: ID_TIME,
            data: r#"{"name":"Paid","amount":"1"}"#,
            error: None,
        },
        Case {
            what: "no type at all",
            fields: &[(b"data", br#"{"a":1}"#)],
            event_type: None,
            timestamp_ms: ID_TIME,
            data: r#"{"a":1}"#,
            error: None,
        },
        Case {
            what: "`value` as plain data",
            fields: &[(b"type", b"Measured"), (b"value", b"42")],
            event_type: Some("Measured"),
            timestamp_ms: ID_TIME,
            data: r#"{"value":"42"}"#,
            error: None,
        },
        Case {
            what: "a broken payload",
            fields: &[(b"type", b"Paid"), (b"data", b"{\"a\":")],
            event_type: Some("Paid"),
            timestamp_ms: ID_TIME,
            data: "null",
            error: Some(
                "field `data` is not JSON: expected a JSON value, found the end at line 1 column 6",
            ),
        },
        Case {
            what: "an empty payload",
            fields: &[(b"type", b"Paid"), (b"data", b"")],
            event_type: Some("Paid"),
            timestamp_ms: ID_TIME,
            data: "null",
            error: Some("field `data` is empty"),
        },
        Case {
            what: "a payload that is not UTF-8",
            fields: &[(b"type", b"Paid"), (b"payload", b"ab\xff\x00")],
            event_type: Some("Paid"),
            timestamp_ms: ID_TIME,
            data: "null",
            error: Some("field `payload` is not UTF-8: byte 0xff at offset 2 of 4"),
        },
        Case {
            what: "flat values that are not UTF-8",
            fields: &[(b"type", b"Frame"), (b"raw", b"\xff\x00")],
            event_type: Some("Frame"),
            timestamp_ms: ID_TIME,
            data: r#"{"raw":{"$base64":"/wA="}}"#,
            error: None,
        },
        Case {
            what: "a type that is not UTF-8",
            fields: &[(b"type", b"\xff"), (b"data", b"1")],
            event_type: None,
            timestamp_ms: ID_TIME,
            data: "1",
            error: None,
        },
        Case {
            what: "repeated flat fields",
            fields: &[(b"type", b"Tagged"), (b"tag", b"a"), (b"tag", b"b"), (b"tag", b"c")],
            event_type: Some("Tagged"),
            timestamp_ms: ID_TIME,
            data: r#"{"tag":["a","b","c"]}"#,
            error: None,
        },
        Case {
            what: "a time that is none",
            fields: &[(b"type", b"Paid"), (b"timestamp", b"yesterday"), (b"data", b"{}")],
            event_type: Some("Paid"),
            timestamp_ms: ID_TIME,
            data: "{}",
            error: Some(
                "field `timestamp` is not a time: \"yesterday\"; the time shown is that of the entry id",
            ),
        },
        Case {
            what: "a time in float seconds",
            fields: &[(b"type", b"Paid"), (b"time", b"1706000000.25"), (b"data", b"{}")],
            event_type: Some("Paid"),
            timestamp_ms: 1_706_000_000_250,
            data: "{}",
            error: None,
        },
        Case {
            what: "a second payload where the first is broken",
            fields: &[(b"data", b"oops"), (b"body", b"{}")],
            event_type: None,
            timestamp_ms: ID_TIME,
            data: "{}",
            error: None,
        },
        Case {
            what: "nothing",
            fields: &[],
            event_type: None,
            timestamp_ms: ID_TIME,
            data: "{}",
            error: None,
        },
    ];

    #[test]
    fn every_known_layout_is_read() {
        for case in CASES {
            let event = event(case.fields);
            assert_eq!(event.event_type.as_deref(), case.event_type, "type of {}", case.what);
            assert_eq!(event.timestamp_ms, case.timestamp_ms, "time of {}", case.what);
            assert_eq!(event.data.to_string(), case.data, "data of {}", case.what);
            assert_eq!(
                event.decode_error.map(|e| e.to_string()).as_deref(),
                case.error,
                "error of {}",
                case.what
            );
        }
    }

    #[test]
    fn the_raw_fields_are_always_kept() {
        for case in CASES {
            let kept = event(case.fields).fields;
            assert!(kept.iter().eq(case.fields.iter().copied()), "{}", case.what);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_make_an_event_that_survives_the_wire(pairs: Vec<(Vec<u8>, Vec<u8>)>, ms: u64, seq: u64) {
            let entry = Entry { id: EntryId::new(ms, seq), fields: Fields::from_iter(pairs) };
            let event = decode(entry.clone());
            prop_assert_eq!(&event.fields, &entry.fields);
            let wire = serde_json::to_string(&event).unwrap();
            prop_assert_eq!(serde_json::from_str::<Event>(&wire).unwrap(), event);
        }

        #[test]
        fn known_names_with_any_values_make_an_event(
            pairs in prop::collection::vec((prop::sample::select([&TYPE_FIELDS[..], &DATA_FIELDS[..], &TIME_FIELDS[..]].concat()), ".{0,20}"), 0..6)
        ) {
            let event = decode(Entry { id: EntryId::new(1, 0), fields: Fields::from_iter(pairs) });
            let wire = serde_json::to_string(&event).unwrap();
            prop_assert_eq!(serde_json::from_str::<Event>(&wire).unwrap(), event);
        }
    }
}
