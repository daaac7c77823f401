//! Stream keys: any bytes in Redis, a text that can be read and linked to everywhere else.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The key of a stream.
///
/// Redis keys are bytes. In JSON, URLs and on the page a key is its *text*: UTF-8 stands as it is,
/// every byte that is not UTF-8 as `\xNN`, and a backslash as `\\`. The text says exactly which
/// bytes it stands for, so a link to a key always leads back to it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey(Arc<[u8]>);

/// Why a text does not stand for a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "stream key `{text}` has a lone backslash; write `\\\\` for a backslash and `\\xNN` for a byte that is not UTF-8"
)]
pub struct StreamKeyError {
    text: String,
}

impl StreamKey {
    /// The key with these bytes.
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes by which Redis knows the stream.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The part of the key before its last segment: `aggregate:Order` of `aggregate:Order:12345`,
    /// or nothing for a key of one segment.
    pub fn category(&self) -> Option<StreamKey> {
        let colon = self.0.iter().rposition(|&b| b == b':')?;
        Some(StreamKey::from_bytes(&self.0[..colon]))
    }

    /// The last segment of the key: `12345` of `aggregate:Order:12345`.
    pub fn name(&self) -> StreamKey {
        let start = self.0.iter().rposition(|&b| b == b':').map_or(0, |colon| colon + 1);
        StreamKey::from_bytes(&self.0[start..])
    }

    /// What the stream is read as when it follows the usual convention, `aggregate:{type}:{id}`.
    pub fn kind(&self) -> StreamKind {
        match self.aggregate_type() {
            Some(_) => StreamKind::Aggregate,
            None => StreamKind::Topic,
        }
    }

    /// The type of the aggregate whose history it is: `Order` of `aggregate:Order:12345`.
    pub fn aggregate_type(&self) -> Option<StreamKey> {
        let rest = self.0.strip_prefix(b"aggregate:")?;
        let colon = rest.iter().position(|&b| b == b':')?;
        (colon > 0 && colon + 1 < rest.len()).then(|| StreamKey::from_bytes(&rest[..colon]))
    }
}

/// How a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamKind {
    /// The history of one thing, such as one order.
    Aggregate,
    /// Anything else: events of many things.
    Topic,
}

impl From<&str> for StreamKey {
    /// The key whose bytes are this text, without any unescaping.
    fn from(raw: &str) -> Self {
        Self::from_bytes(raw.as_bytes())
    }
}

impl fmt::Display for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for (i, part) in chunk.valid().split('\\').enumerate() {
                f.write_str(if i == 0 { "" } else { "\\\\" })?;
                f.write_str(part)?;
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl FromStr for StreamKey {
    type Err = StreamKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lone = || StreamKeyError { text: text.to_owned() };
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            (rest, _) = match (first, tail) {
                (b'\\', [b'\\', after @ ..]) => (after, bytes.push(b'\\')),
                (b'\\', [b'x', high, low, after @ ..]) => {
                    (after, bytes.push(hex_byte(*high, *low).ok_or_else(lone)?))
                }
                (b'\\', _) => return Err(lone()),
                (byte, after) => (after, bytes.push(*byte)),
            };
        }
        Ok(Self::from_bytes(bytes))
    }
}

impl Serialize for StreamKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for StreamKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(key: Option<StreamKey>) -> Option<String> {
        key.map(|key| key.to_string())
    }

    #[test]
    fn the_category_is_all_but_the_last_segment() {
        assert_eq!(
            text(StreamKey::from("aggregate:Order:12345").category()).as_deref(),
            Some("aggregate:Order")
        );
        assert_eq!(text(StreamKey::from("events:orders").category()).as_deref(), Some("events"));
        assert_eq!(text(StreamKey::from("audit").category()), None);
        assert_eq!(text(StreamKey::from(":x").category()).as_deref(), Some(""));
    }

    #[test]
    fn an_aggregate_has_a_type_and_an_id() {
        for (key, kind) in [
            ("aggregate:Order:1", StreamKind::Aggregate),
            ("aggregate:Order:eu:1", StreamKind::Aggregate),
            ("aggregate:Order", StreamKind::Topic),
            ("aggregate:Order:", StreamKind::Topic),
            ("aggregate::1", StreamKind::Topic),
            ("events:orders", StreamKind::Topic),
            ("", StreamKind::Topic),
        ] {
            assert_eq!(StreamKey::from(key).kind(), kind, "{key}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_and_backslashes_are_escaped() {
        assert_eq!(StreamKey::from_bytes(&b"a\xff\\b"[..]).to_string(), r"a\xff\\b");
        assert_eq!(StreamKey::from("Größe/?#: %").to_string(), "Größe/?#: %");
    }

    #[test]
    fn a_lone_backslash_is_refused() {
        for bad in [r"\", r"a\b", r"\x", r"\x1", r"\xgg", r"\\\"] {
            assert!(bad.parse::<StreamKey>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_key_survives_being_written_and_read(bytes: Vec<u8>) {
            let key = StreamKey::from_bytes(bytes);
            prop_assert_eq!(key.to_string().parse::<StreamKey>().unwrap(), key);
        }

        #[test]
        fn any_text_is_a_key_or_an_error(text: String) {
            let _ = text.parse::<StreamKey>();
        }

        #[test]
        fn category_and_name_make_up_the_key(bytes: Vec<u8>) {
            let key = StreamKey::from_bytes(bytes);
            let whole = match key.category() {
                Some(category) => [category.as_bytes(), b":", key.name().as_bytes()].concat(),
                None => key.name().as_bytes().to_vec(),
            };
            prop_assert_eq!(whole, key.as_bytes());
        }
    }
}
