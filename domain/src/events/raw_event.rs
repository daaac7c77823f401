//! Events before they are decoded: entries as a reader delivers them, whose parts are read when asked for.
//!
//! A replay goes through a million entries and looks at little of each. A [`RawEvent`] borrows the fields from whatever
//! buffer they arrived in, so that passing one over costs next to nothing.

use std::borrow::Cow;

use crate::field_source::FieldSource;
use crate::json::has_too_many_values;
use crate::payload::JsonText;
use crate::{EntryId, Event, PayloadDecoder, layout};

/// The version of an event whose version is not known. No stream has that many entries.
pub const UNKNOWN_VERSION: u64 = u64::MAX;

/// An entry on its way into a fold.
#[derive(Clone, Copy)]
pub struct RawEvent<'a> {
    /// The id of the entry.
    pub id: EntryId,
    /// The version that it makes; [`UNKNOWN_VERSION`] where that is not known. Whoever may meet such events asks
    /// [`RawEvent::known_version`].
    pub version: u64,
    fields: &'a dyn FieldSource,
    decoder: &'a dyn PayloadDecoder,
}

impl<'a> RawEvent<'a> {
    /// The entry of these fields. Its payload is JSON text.
    pub fn new(id: EntryId, version: u64, fields: &'a dyn FieldSource) -> Self {
        Self { id, version, fields, decoder: &JsonText }
    }

    /// The same entry, whose payload may be whatever `decoder` reads.
    pub fn with_decoder(self, decoder: &'a dyn PayloadDecoder) -> Self {
        Self { decoder, ..self }
    }

    /// The version that it makes, where that is known.
    pub fn known_version(&self) -> Option<u64> {
        (self.version != UNKNOWN_VERSION).then_some(self.version)
    }

    /// The fields.
    pub fn fields(&self) -> &'a dyn FieldSource {
        self.fields
    }

    /// What the entry means. All that the methods below answer in part is in here, and this is what counts should they differ:
    /// an entry whose first payload is broken may have another one.
    pub fn decode(&self) -> Event {
        layout::decode_fields(self.id, self.known_version(), self.fields, self.decoder)
    }

    /// The text of the field that promises a JSON payload, if there is one. Whether it keeps the promise is not known yet. `None` too
    /// where it has more values than are read.
    pub fn payload_text(&self) -> Option<&'a str> {
        let (name, value) = layout::promised_payload(self.fields, self.decoder)?;
        if self.decoder.concerns(name, value) {
            return None;
        }
        std::str::from_utf8(value).ok().filter(|text| !has_too_many_values(text))
    }

    /// Whether something of it has to be shown to the decoder.
    pub(crate) fn asks_decoder(&self) -> bool {
        layout::asks_decoder(self.fields, self.decoder)
    }

    /// Whether its payload has to be shown to the decoder, and is nothing that this is quick with.
    pub fn needs_decoder(&self) -> bool {
        layout::needs_decoder(self.fields, self.decoder)
    }

    /// The type, wherever it is told.
    pub fn event_type(&self) -> Option<String> {
        self.type_name().map(Cow::into_owned)
    }

    /// The type as [`RawEvent::decode`] finds it, borrowed where a field names it. The payload is read only where that decides.
    pub fn type_name(&self) -> Option<Cow<'a, str>> {
        self.type_field().or_else(|| self.decode().event_type.map(Cow::Owned))
    }

    /// The type, where a field names it. Without such a field it may still be told in the payload.
    pub fn type_field(&self) -> Option<Cow<'a, str>> {
        layout::type_beside_payload(self.fields, self.decoder)
    }

    /// Type and time, for whoever knows that its data can be read. Nothing where it has to be decoded for that, or where something else
    /// than its data cannot be read.
    pub fn head(&self) -> Option<(Cow<'a, str>, i64)> {
        layout::head(self.id, self.fields, self.decoder)
    }

    /// When it happened, in Unix milliseconds.
    pub fn timestamp_ms(&self) -> i64 {
        layout::timestamp_ms(self.id, self.fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fields;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_type_that_a_field_names_is_the_type_of_the_event(
            pairs in prop::collection::vec(
                (
                    prop::sample::select(vec!["type", "event", "name", "data", "payload", "body"]),
                    prop::sample::select(vec!["", "A", "B", "{", "{}", r#"{"type":"C"}"#]),
                ),
                0..5,
            )
        ) {
            let fields = Fields::from_iter(pairs);
            let event = RawEvent::new(EntryId::new(1, 0), 1, &fields);
            let decoded = event.decode().event_type;
            if let Some(named) = event.type_field() {
                prop_assert_eq!(Some(&*named), decoded.as_deref());
            }
            prop_assert_eq!(event.event_type(), decoded);
        }
    }
}
