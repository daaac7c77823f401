//! Cutting large events: what is sent of them, and what is said to be missing.
//!
//! An entry may hold a value of half a gigabyte, and a list a thousand entries. So an event is decoded from all that it is, and
//! then cut to what a list or a page can hold. Whatever was cut is listed with its full size.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Event, Fields, Json};

/// How much of the data is kept as text where the data itself is cut: enough to recognise it by.
const PREVIEW_CHARS: usize = 1_000;

/// How much of an event is kept, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutLimits {
    /// Of each value, and of the data as JSON text.
    pub value_bytes: usize,
    /// Of all names and values together.
    pub fields_bytes: usize,
}

impl CutLimits {
    /// For lists and live lines: more than a usual event has, so that these are never cut, and little enough that a page of a
    /// thousand large ones can still be sent.
    pub const LIST: Self = Self { value_bytes: 16 * 1024, fields_bytes: 64 * 1024 };
    /// For a single event: what a browser takes apart and lays out without a noticeable pause.
    pub const SINGLE: Self = Self { value_bytes: 1024 * 1024, fields_bytes: 4 * 1024 * 1024 };
}

/// What of an event was left out because it is large.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cut {
    /// The data, which is `null` then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<CutData>,
    /// The fields of whose values only the beginning is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<CutField>,
    /// How many fields at the end are not there at all.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fields_left_out: u64,
}

/// Data that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CutData {
    /// Its size as JSON text without white space, in bytes.
    pub bytes: u64,
    /// The beginning of that text.
    pub preview: String,
}

/// A value of which only the beginning is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CutField {
    /// Which field, counted from 0.
    pub at: u64,
    /// The size of the whole value, in bytes.
    pub bytes: u64,
}

impl Cut {
    /// The size of the whole value at this place, where it was cut.
    pub fn field_bytes(&self, at: usize) -> Option<u64> {
        self.fields.iter().find(|field| field.at == at as u64).map(|field| field.bytes)
    }
}

impl Event {
    /// The event, cut where it is larger than that.
    #[must_use]
    pub fn cut_to(mut self, limits: CutLimits) -> Self {
        if self.is_small(limits) {
            return self;
        }
        let mut cut = self.cut.take().unwrap_or_default();
        if let Some(bytes) = text_bytes(&self.data).filter(|n| *n > limits.value_bytes as u64) {
            let preview = self.data.preview(PREVIEW_CHARS);
            cut.data = Some(CutData { bytes, preview });
            self.data = Json::Null;
        }
        self.fields = cut_fields(std::mem::take(&mut self.fields), limits, &mut cut);
        self.cut = Some(cut).filter(|cut| *cut != Cut::default());
        self
    }

    /// Whether nothing of it can be beyond the limits, which nearly all events are: that is known from its fields, without writing its
    /// data.
    fn is_small(&self, limits: CutLimits) -> bool {
        /// JSON writes a byte with at most this many, as in `\u0001`.
        const WRITTEN_BYTES: usize = 6;
        /// More than stands around a field that is written as data.
        const AROUND_FIELD: usize = 32;
        let is_as_it_stands = self.cut.is_none() && self.decoded.is_none();
        is_as_it_stands && {
            let of_field = |(name, value): (&[u8], &[u8])| name.len() + value.len() + AROUND_FIELD;
            let bytes: usize = self.fields.iter().map(of_field).sum();
            bytes.saturating_mul(WRITTEN_BYTES) <= limits.value_bytes.min(limits.fields_bytes)
        }
    }
}

fn cut_fields(fields: Fields, limits: CutLimits, cut: &mut Cut) -> Fields {
    let mut left = limits.fields_bytes;
    let mut pairs = fields.into_pairs();
    for (at, (name, value)) in pairs.iter_mut().enumerate() {
        if name.len() > left {
            cut.fields_left_out += (pairs.len() - at) as u64;
            pairs.truncate(at);
            break;
        }
        left -= name.len();
        let kept = beginning(value, limits.value_bytes.min(left)).len();
        if kept < value.len() {
            if cut.field_bytes(at).is_none() {
                cut.fields.push(CutField { at: at as u64, bytes: value.len() as u64 });
            }
            value.truncate(kept);
            value.shrink_to_fit();
        }
        left -= kept;
    }
    pairs.into_iter().collect()
}

/// The first `max` bytes; a few less where that would cut through a character.
fn beginning(value: &[u8], max: usize) -> &[u8] {
    /// A character has at most this many bytes.
    const MAX_CHAR_BYTES: usize = 4;
    let Some(part) = value.get(..max) else { return value };
    match std::str::from_utf8(part) {
        Err(error) if error.error_len().is_none() && max - error.valid_up_to() < MAX_CHAR_BYTES => {
            part.get(..error.valid_up_to()).unwrap_or(part)
        }
        _ => part,
    }
}

/// The length of a value's JSON text; `None` if it cannot be told.
fn text_bytes(value: &Json) -> Option<u64> {
    struct Counter(u64);
    impl fmt::Write for Counter {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 += part.len() as u64;
            Ok(())
        }
    }
    let mut counter = Counter(0);
    fmt::write(&mut counter, format_args!("{value}")).ok()?;
    Some(counter.0)
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, EntryId, layout};
    use proptest::prelude::*;

    const SMALL: CutLimits = CutLimits { value_bytes: 8, fields_bytes: 20 };

    fn event(pairs: &[(&str, &str)]) -> Event {
        let fields = pairs.iter().copied().collect();
        layout::decode(Entry { id: EntryId::new(1, 0), fields })
    }

    #[test]
    fn a_small_event_stays_as_it_is() {
        let small = event(&[("type", "A"), ("data", r#"{"n":1}"#)]);
        assert_eq!(small.clone().cut_to(CutLimits::LIST), small);
    }

    #[test]
    fn what_is_cut_is_listed_with_its_size() {
        let large = event(&[("type", "A"), ("data", r#"{"n":1,"m":2}"#)]).cut_to(SMALL);
        assert_eq!((large.data, large.event_type.as_deref()), (Json::Null, Some("A")));
        assert_eq!(large.fields.get("data"), Some(&br#"{"n":1,""#[..]));
        let cut = large.cut.unwrap();
        assert_eq!((cut.field_bytes(0), cut.field_bytes(1)), (None, Some(13)));
        let data = CutData { bytes: 13, preview: r#"{"n":1,"m":2}"#.to_owned() };
        assert_eq!((cut.data, cut.fields_left_out), (Some(data), 0));
    }

    #[test]
    fn text_is_cut_between_characters_and_other_bytes_anywhere() {
        assert_eq!(beginning("aaaaaaaü".as_bytes(), 8), b"aaaaaaa");
        assert_eq!(beginning(b"aaaaaaa\xff\xff", 8), b"aaaaaaa\xff");
        assert_eq!(beginning(b"\xff\xfeaaaaa\xc3\xbc", 8), b"\xff\xfeaaaaa\xc3");
        assert_eq!(beginning(b"a", 8), b"a");
    }

    #[test]
    fn fields_that_have_no_room_at_all_are_counted() {
        let names = ["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc", "dddddddddd"];
        let many = event(&names.map(|name| (name, "1"))).cut_to(SMALL);
        assert_eq!(many.fields.len() as u64 + many.cut.unwrap().fields_left_out, 4);
    }

    proptest! {
        #[test]
        fn no_event_is_larger_than_allowed_and_all_that_is_missing_is_told(pairs: Vec<(Vec<u8>, Vec<u8>)>) {
            let whole = layout::decode(Entry { id: EntryId::new(1, 0), fields: pairs.iter().cloned().collect() });
            let event = whole.clone().cut_to(SMALL);
            let kept: usize = event.fields.iter().map(|(name, value)| name.len() + value.len()).sum();
            prop_assert!(kept <= SMALL.fields_bytes);
            let cut = event.cut.clone().unwrap_or_default();
            prop_assert_eq!(event.fields.len() as u64 + cut.fields_left_out, pairs.len() as u64);
            for (at, (name, value)) in event.fields.iter().enumerate() {
                prop_assert!(name == pairs[at].0 && pairs[at].1.starts_with(value) && value.len() <= SMALL.value_bytes);
                let is_whole = value.len() == pairs[at].1.len();
                prop_assert_eq!(cut.field_bytes(at), (!is_whole).then_some(pairs[at].1.len() as u64));
            }
            prop_assert_eq!(cut.data.is_some(), whole.data.to_string().len() > SMALL.value_bytes);
            prop_assert_eq!(event.clone().cut_to(SMALL), event);
        }
    }
}
