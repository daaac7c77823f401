//! Stream keys: any bytes in Redis, a text that can be read and linked to everywhere else.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::segments::split_last;

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
    /// or `None` for a key of one segment. Colons within braces divide nothing: `{events:orders}:dead` of
    /// `{events:orders}:dead:billing`.
    pub fn category(&self) -> Option<StreamKey> {
        split_last(&self.0).0.map(StreamKey::from_bytes)
    }

    /// The last segment of the key: `12345` of `aggregate:Order:12345`.
    pub fn name(&self) -> StreamKey {
        StreamKey::from_bytes(split_last(&self.0).1)
    }

    /// Which part of a topic it is, for a key that is written as one: `events:orders#Order:12345`, the order 12345 among the
    /// events of the stream `events:orders`. The type is a name as in programs, and begins behind the first `#` that such a name
    /// and a colon follow.
    pub fn topic_part(&self) -> Option<TopicPart> {
        let marks = (0..self.0.len()).filter(|&at| self.0[at] == b'#' && at > 0);
        marks.filter_map(|at| self.part_at(at)).next()
    }

    fn part_at(&self, mark: usize) -> Option<TopicPart> {
        let rest = &self.0[mark + 1..];
        let colon = rest.iter().position(|&b| b == b':')?;
        let (name, id) = (&rest[..colon], &rest[colon + 1..]);
        (is_name(name) && !id.is_empty()).then(|| TopicPart {
            topic: Self::from_bytes(&self.0[..mark]),
            aggregate_type: Self::from_bytes(name),
            id: Self::from_bytes(id),
        })
    }

    /// The key of something that belongs to the stream, in the stream's own slot of a cluster: `{events:orders}:dead:billing` for
    /// `events:orders` and `dead:billing`. A key with a hash tag keeps it: `{o}:events:dead:billing` for `{o}:events`.
    ///
    /// A key with braces that are no hash tag, such as `a}b`, cannot be wrapped; the answer is the key, a colon and the suffix then, and
    /// is in another slot.
    pub fn beside(&self, suffix: &[u8]) -> StreamKey {
        let is_free_of_braces = !self.0.iter().any(|byte| matches!(byte, b'{' | b'}'));
        let (open, close): (&[u8], &[u8]) =
            if is_free_of_braces && !self.0.is_empty() { (b"{", b"}:") } else { (b"", b":") };
        Self::from_bytes([open, &self.0, close, suffix].concat())
    }

    /// The stream that has the events: the topic of a [part](Self::topic_part), and the key itself otherwise.
    pub fn stored_in(&self) -> StreamKey {
        self.topic_part().map_or_else(|| self.clone(), |part| part.topic)
    }
}

/// The events of one aggregate among those of many in a shared stream, which may be looked at like a stream of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicPart {
    /// The stream that has them.
    pub topic: StreamKey,
    /// The type of the aggregate.
    pub aggregate_type: StreamKey,
    /// Which one of its type. Never empty.
    pub id: StreamKey,
}

impl TopicPart {
    /// Whether this can be the type of an aggregate inside a topic: letters, digits and `_`, with no digit at the beginning.
    pub fn is_type(name: &str) -> bool {
        is_name(name.as_bytes())
    }

    /// The key under which it is looked at.
    pub fn key(&self) -> StreamKey {
        let Self { topic, aggregate_type, id } = self;
        let parts = [topic.as_bytes(), b"#", aggregate_type.as_bytes(), b":", id.as_bytes()];
        StreamKey::from_bytes(parts.concat())
    }
}

fn is_name(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| !first.is_ascii_digit())
        && bytes.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// How a stream is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

    #[test]
    fn what_belongs_to_a_stream_is_in_its_slot() {
        for (key, beside) in [
            ("events:orders", "{events:orders}:dead:billing"),
            ("{o}:events", "{o}:events:dead:billing"),
            ("events:{o}", "events:{o}:dead:billing"),
            ("a}b", "a}b:dead:billing"),
            ("", ":dead:billing"),
        ] {
            assert_eq!(StreamKey::from(key).beside(b"dead:billing"), StreamKey::from(beside));
        }
    }

    #[test]
    fn a_part_of_a_topic_is_an_aggregate_of_the_type_that_its_key_names() {
        let key = StreamKey::from("events:orders#Order:urn:7");
        let part = key.topic_part().unwrap();
        assert_eq!(
            (part.topic.to_string(), part.aggregate_type.to_string(), part.id.to_string()),
            ("events:orders".into(), "Order".into(), "urn:7".into())
        );
        assert_eq!(part.key(), key);
        assert_eq!(key.stored_in(), "events:orders".into());
        // A mark that no type follows is one of the key's own.
        let part = StreamKey::from("app#1:orders#Order:7").topic_part().unwrap();
        assert_eq!(part.topic, "app#1:orders".into());
    }

    #[test]
    fn other_keys_are_no_parts_of_topics() {
        for key in ["", "#Order:7", "a#Order", "a#Order:", "a#:7", "a#1:7", "a#b c:7", "a:b"] {
            let key = StreamKey::from(key);
            assert_eq!(key.topic_part(), None, "{key}");
            assert_eq!(key.stored_in(), key);
        }
    }

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
