//! Entries as Redis holds them: an id and field/value pairs of bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashSet;
use std::fmt;

use crate::{EntryId, Json};

/// One raw stream entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the stream.
    pub id: EntryId,
    /// What was written, nothing interpreted.
    pub fields: Fields,
}

/// The field/value pairs of an entry, in the order written, repeated names kept.
///
/// As JSON they are an object, `{"type": "created"}`. Where a name repeats or is not UTF-8 they are an
/// array of pairs, `[["tag", "a"], ["tag", "b"]]`. A name or value that is not UTF-8 is
/// `{"$base64": "…"}`. Both forms are read back to the same bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(Vec<u8>, Vec<u8>)>);

impl Fields {
    /// The pairs, in the order written.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// The pair at this place.
    pub fn pair_at(&self, at: usize) -> Option<(&[u8], &[u8])> {
        self.0.get(at).map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// The first value under this name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(n, _)| *n == name.as_bytes()).map(|(_, value)| value)
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no pair at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pairs themselves.
    pub fn into_pairs(self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.0
    }

    fn is_plain_object(&self) -> bool {
        // Most entries have a handful of fields, where comparing each with each is quickest.
        const FEW: usize = 16;
        let names_are_unique = if self.0.len() <= FEW {
            self.0
                .iter()
                .enumerate()
                .all(|(i, (name, _))| self.0[..i].iter().all(|(n, _)| n != name))
        } else {
            let mut seen = HashSet::with_capacity(self.0.len());
            self.0.iter().all(|(name, _)| seen.insert(name))
        };
        names_are_unique && self.0.iter().all(|(name, _)| std::str::from_utf8(name).is_ok())
    }
}

impl<N: Into<Vec<u8>>, V: Into<Vec<u8>>> FromIterator<(N, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_plain_object() {
            let mut map = serializer.serialize_map(Some(self.len()))?;
            for (name, value) in self.iter() {
                map.serialize_entry(&Text(name), &Text(value))?;
            }
            map.end()
        } else {
            let mut seq = serializer.serialize_seq(Some(self.len()))?;
            for (name, value) in self.iter() {
                seq.serialize_element(&(Text(name), Text(value)))?;
            }
            seq.end()
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of fields, or an array of [name, value] pairs")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(4));
                while let Some((name, value)) = map.next_entry::<String, Bytes>()? {
                    pairs.push((name.into_bytes(), value.0));
                }
                Ok(Fields(pairs))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Fields, A::Error> {
                let mut pairs = Vec::with_capacity(4);
                while let Some((name, value)) = seq.next_element::<(Bytes, Bytes)>()? {
                    pairs.push((name.0, value.0));
                }
                Ok(Fields(pairs))
            }
        }

        deserializer.deserialize_any(Pairs)
    }
}

const BASE64_KEY: &str = "$base64";

/// Bytes on their way out: a string where they are UTF-8, else `{"$base64": "…"}`.
pub(crate) struct Text<'a>(pub(crate) &'a [u8]);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(text) = std::str::from_utf8(self.0) {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(BASE64_KEY, &BASE64.encode(self.0))?;
        map.end()
    }
}

/// The same as a value.
pub(crate) fn json_of_bytes(bytes: &[u8]) -> Json {
    match std::str::from_utf8(bytes) {
        Ok(text) => Json::string(text),
        Err(_) => Json::object([(BASE64_KEY, Json::string(BASE64.encode(bytes)))]),
    }
}

/// Bytes on their way in, in either form of [`Text`].
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or {\"$base64\": \"…\"}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Bytes, E> {
                Ok(Bytes(text.as_bytes().to_vec()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Bytes, E> {
                Ok(Bytes(text.into_bytes()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bytes, A::Error> {
                let Some((key, encoded)) = map.next_entry::<String, String>()? else {
                    return Err(de::Error::missing_field(BASE64_KEY));
                };
                if key != BASE64_KEY {
                    return Err(de::Error::unknown_field(&key, &[BASE64_KEY]));
                }
                if map.next_key::<String>()?.is_some() {
                    return Err(de::Error::custom("`$base64` stands alone in its object"));
                }
                BASE64
                    .decode(encoded)
                    .map(Bytes)
                    .map_err(|e| de::Error::custom(format!("`$base64`: {e}")))
            }
        }

        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json(fields: &Fields) -> String {
        serde_json::to_string(fields).unwrap()
    }

    #[test]
    fn usual_fields_are_an_object_in_the_order_written() {
        let fields = Fields::from_iter([("type", "created"), ("order_id", "123")]);
        assert_eq!(json(&fields), r#"{"type":"created","order_id":"123"}"#);
    }

    #[test]
    fn repeated_names_make_pairs() {
        let fields = Fields::from_iter([("tag", "a"), ("tag", "b")]);
        assert_eq!(json(&fields), r#"[["tag","a"],["tag","b"]]"#);
    }

    #[test]
    fn a_value_that_is_not_utf8_is_base64() {
        let fields = Fields::from_iter([(&b"raw"[..], &b"\xff\x00"[..])]);
        assert_eq!(json(&fields), r#"{"raw":{"$base64":"/wA="}}"#);
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        for bad in [
            r#"{"a":1}"#,
            r#"{"a":null}"#,
            r#"{"a":{"$base64":"??"}}"#,
            r#"{"a":{"b":"c"}}"#,
            r#"[["a"]]"#,
            "3",
        ] {
            assert!(serde_json::from_str::<Fields>(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn fields_survive_being_written_and_read(pairs: Vec<(Vec<u8>, Vec<u8>)>) {
            let fields = Fields::from_iter(pairs);
            prop_assert_eq!(serde_json::from_str::<Fields>(&json(&fields)).unwrap(), fields);
        }

        #[test]
        fn few_names_that_often_repeat_survive_too(pairs in prop::collection::vec(("[ab]{0,1}", "[xy]{0,2}"), 0..30)) {
            let fields = Fields::from_iter(pairs);
            prop_assert_eq!(serde_json::from_str::<Fields>(&json(&fields)).unwrap(), fields);
        }
    }
}
