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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeepMerge, EntryId, Event, Fields, Fold as _, RawEvent};
    use proptest::prelude::*;

    /// Reads texts that begin with an exclamation mark, in the field `blob` as well.
    struct Exclaimed {
        fields: Vec<String>,
    }

    impl PayloadDecoder for Exclaimed {
        fn fields(&self) -> &[String] {
            &self.fields
        }

        fn concerns(&self, _field: &str, value: &[u8]) -> bool {
            !begins_like_json(value)
        }

        fn decode(
            &self,
            _field: &str,
            value: &[u8],
            event_type: Option<&str>,
        ) -> Option<Result<DecodedPayload, PayloadError>> {
            let text = std::str::from_utf8(value.strip_prefix(b"!")?).ok()?;
            if text.is_empty() {
                let message = "says nothing".to_owned();
                return Some(Err(PayloadError { code: DecodeErrorCode::NotDecodable, message }));
            }
            let members = [("said", text), ("as", event_type.unwrap_or_default())];
            let json = Json::object(members.map(|(name, text)| (name, Json::string(text))));
            Some(Ok(DecodedPayload { json, from: "a shout".to_owned() }))
        }
    }

    fn exclaimed() -> Exclaimed {
        Exclaimed { fields: vec!["blob".to_owned()] }
    }

    fn event(fields: &[(&str, &str)]) -> Event {
        let fields = Fields::from_iter(fields.iter().copied());
        RawEvent::new(EntryId::new(1, 0), 1, &fields).with_decoder(&exclaimed()).decode()
    }

    #[test]
    fn what_a_decoder_reads_is_the_data_whatever_the_field() {
        for field in ["data", "payload", "body", "event", "blob"] {
            let event = event(&[("type", "Paid"), (field, "!hello")]);
            assert_eq!(event.data.to_string(), r#"{"said":"hello","as":"Paid"}"#, "{field}");
            assert_eq!(event.decoded.as_deref(), Some("a shout"), "{field}");
            assert_eq!(event.event_type.as_deref(), Some("Paid"), "{field}");
        }
    }

    #[test]
    fn what_a_decoder_does_not_know_is_what_it_was_without_one() {
        let event = event(&[("event", "Paid"), ("value", "42"), ("body", "[1]")]);
        assert_eq!((event.data.to_string().as_str(), event.decoded), ("[1]", None));
        assert_eq!(event.event_type.as_deref(), Some("Paid"));
    }

    #[test]
    fn what_a_decoder_refuses_has_the_reason_and_no_data() {
        let event = event(&[("type", "Paid"), ("data", "!")]);
        assert!(!event.has_data() && event.decoded.is_none());
        assert_eq!(event.decode_error.unwrap().to_string(), "field `data` says nothing");
    }

    #[test]
    fn a_fold_takes_in_what_a_decoder_reads() {
        let fields = Fields::from_iter([("type", "Paid"), ("data", "!hello")]);
        let decoder = exclaimed();
        let raw = RawEvent::new(EntryId::new(1, 0), 1, &fields);
        assert_eq!(raw.payload_text(), Some("!hello"));
        let raw = raw.with_decoder(&decoder);
        assert_eq!(raw.payload_text(), None);
        let mut folding = DeepMerge.begin(None).unwrap();
        folding.apply(&raw).unwrap();
        assert_eq!(folding.state().unwrap().to_string(), r#"{"said":"hello","as":"Paid"}"#);
    }

    proptest! {
        #[test]
        fn a_type_that_a_field_names_is_none_that_the_decoder_reads(
            pairs in prop::collection::vec(
                (
                    prop::sample::select(vec!["type", "event", "name", "kind", "data", "body", "blob"]),
                    prop::sample::select(vec!["", "A", "!", "!B", "{}", r#"{"type":"C"}"#]),
                ),
                0..5,
            ),
            named in prop::sample::select(vec!["blob", "event", "kind"]),
        ) {
            let fields = Fields::from_iter(pairs);
            let decoder = Exclaimed { fields: vec![named.to_owned()] };
            let event = RawEvent::new(EntryId::new(1, 0), 1, &fields).with_decoder(&decoder);
            let decoded = event.decode().event_type;
            if let Some(found) = event.type_field() {
                prop_assert_eq!(Some(&*found), decoded.as_deref());
            }
            prop_assert_eq!(event.event_type(), decoded);
        }
    }

    #[test]
    fn only_what_may_take_long_needs_a_decoder() {
        let long = "!".repeat(100);
        for (fields, needs) in [
            ([("type", "Paid"), ("data", r#"{"a":1}"#)], false),
            ([("data", r#"{"a":1}"#), ("body", long.as_str())], false),
            ([("event", "OrderPaid"), ("value", "42")], false),
            ([("event", "OrderPaid"), ("value", long.as_str())], true),
            ([("type", "Paid"), ("data", "\u{81}")], true),
            ([("data", r#"{"a":1}"#), ("blob", long.as_str())], true),
        ] {
            let fields = Fields::from_iter(fields);
            let raw = RawEvent::new(EntryId::new(1, 0), 1, &fields);
            assert_eq!(raw.with_decoder(&exclaimed()).needs_decoder(), needs, "{fields:?}");
            assert!(!raw.needs_decoder());
        }
    }

    #[test]
    fn a_text_of_too_many_values_is_not_decoded_and_says_so_wherever_it_is_read() {
        let many = format!("[{}0]", "0,".repeat(crate::json::MAX_VALUES));
        let fields = Fields::from_iter([("type", "Counted"), ("data", &many)]);
        let raw = RawEvent::new(EntryId::new(1, 0), 1, &fields);
        assert_eq!(raw.payload_text(), None);
        let event = raw.decode();
        let error = event.decode_error.clone().unwrap();
        assert_eq!((error.code, event.has_data()), (DecodeErrorCode::TooLarge, false));
        assert_eq!(
            error.to_string(),
            "field `data` is not decoded: it has more than 250000 values (an object counts as three)"
        );
        let mut folding = DeepMerge.begin(None).unwrap();
        folding.apply(&raw).unwrap();
        assert_eq!(folding.state().unwrap(), Json::object([("", Json::Null); 0]));
        for filter in ["has:data[0]", "=event.data !== null"] {
            let verdict = crate::Filter::parse(filter).unwrap().verdict(&raw);
            assert_eq!(verdict, crate::filter::native::Verdict::No, "{filter}");
        }
    }
}
