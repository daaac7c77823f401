//! Lines in, lines out: the lossless text form of entries, one JSON object a line.
//!
//! `{"stream": "aggregate:Order:1", "id": "1706185200000-0", "fields": {"type": "OrderCreated", …}}`. See
//! [`Fields`] for how repeated names and bytes that are not UTF-8 are written; a stream key that is not UTF-8 is
//! written the same way.

use serde::{Deserialize, Serialize};

use crate::entry::{Bytes, Text};
use crate::{Entry, EntryId, Fields, StreamKey};

/// One line: an entry and the stream that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The stream.
    pub stream: StreamKey,
    /// The entry.
    pub entry: Entry,
}

/// Why a line could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LineError(String);

impl Line {
    /// Reads a line; a line break at its end may be there or not.
    ///
    /// # Errors
    /// If it is not such an object, or has no fields at all, which Redis does not allow.
    pub fn parse(line: &str) -> Result<Self, LineError> {
        let wire: WireLineIn =
            serde_json::from_str(line).map_err(|e| LineError(plain_message(&e)))?;
        if wire.fields.is_empty() {
            return Err(LineError("`fields` is empty; an entry has at least one field".into()));
        }
        if wire.id == EntryId::MIN {
            return Err(LineError(
                "`id` is 0-0; the smallest that an entry can have is 0-1".into(),
            ));
        }
        let stream = StreamKey::from_bytes(wire.stream.0);
        Ok(Self { stream, entry: Entry { id: wire.id, fields: wire.fields } })
    }

    /// The line, without a line break.
    pub fn to_json(stream: &StreamKey, entry: &Entry) -> String {
        let line =
            WireLineOut { stream: Text(stream.as_bytes()), id: entry.id, fields: &entry.fields };
        // Writing strings to memory cannot fail: every key of these objects is a string.
        serde_json::to_string(&line).unwrap_or_default()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireLineIn {
    stream: Bytes,
    id: EntryId,
    fields: Fields,
}

#[derive(Serialize)]
struct WireLineOut<'a> {
    stream: Text<'a>,
    id: EntryId,
    fields: &'a Fields,
}

/// serde_json's message with the column alone: the line is the caller's to number.
fn plain_message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(at) => format!("column {}: {}", error.column(), &message[..at]),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_read() {
        let text = r#"{"stream":"s","id":"5-0","fields":{"type":"a","data":"{\"n\":1.10}"}}"#;
        let line = Line::parse(text).unwrap();
        assert_eq!(line.stream, StreamKey::from("s"));
        assert_eq!(line.entry.fields.get("data"), Some(&br#"{"n":1.10}"#[..]));
        assert_eq!(Line::to_json(&line.stream, &line.entry), text);
    }

    #[test]
    fn a_bad_line_says_what_is_wrong() {
        for (text, part) in [
            ("", "EOF"),
            ("{", "column 1: "),
            (r#"{"stream":"s","id":"5","fields":{"a":"b"}}"#, "`5` is not an entry id"),
            (r#"{"stream":"s","id":"0-0","fields":{"a":"b"}}"#, "0-1"),
            (r#"{"stream":"s","id":"5-0","fields":{}}"#, "`fields` is empty"),
            (r#"{"stream":"s","id":"5-0"}"#, "missing field `fields`"),
            (r#"{"stream":"s","id":"5-0","fields":{"a":1}}"#, "expected a string"),
            (r#"{"strm":"s"}"#, "unknown field `strm`"),
        ] {
            let error = Line::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn an_entry_survives_being_written_and_read(
            stream: Vec<u8>, ms: u64, seq in 1..u64::MAX,
            pairs in prop::collection::vec(any::<(Vec<u8>, Vec<u8>)>(), 1..6)
        ) {
            let stream = StreamKey::from_bytes(stream);
            let entry = Entry { id: EntryId::new(ms, seq), fields: Fields::from_iter(pairs) };
            let text = Line::to_json(&stream, &entry);
            prop_assert!(!text.contains('\n'));
            prop_assert_eq!(Line::parse(&text).unwrap(), Line { stream, entry });
        }

        #[test]
        fn any_text_is_a_line_or_an_error(text: String) {
            let _ = Line::parse(&text);
        }
    }
}
