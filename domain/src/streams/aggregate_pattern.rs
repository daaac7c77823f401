//! Aggregate patterns: which keys are histories of one thing, and of what type that is.

use std::fmt;
use std::str::FromStr;

use crate::StreamKey;
use crate::stream_key::StreamKind;

/// How the keys of aggregates are made: `aggregate:{type}:{id}`, `{type}-{id}`, `app:{id}/{type}`.
///
/// Of `{type}` and `{id}` the one that stands first is as short as it can be, and none is empty: with the first of these
/// patterns `aggregate:Order:eu:1` is the order `eu:1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregatePattern {
    before: String,
    between: String,
    after: String,
    type_is_first: bool,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AggregatePatternError {
    /// One of the two is missing, or there more than once.
    #[error("it must have `{{type}}` and `{{id}}`, each once, as in `aggregate:{{type}}:{{id}}`")]
    Parts,
    /// Nothing tells where one ends and the other begins.
    #[error("something must stand between `{{type}}` and `{{id}}`, as in `{{type}}-{{id}}`")]
    Between,
}

/// The aggregate that a key names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Aggregate {
    /// What it is, such as `Order`.
    pub aggregate_type: StreamKey,
    /// Which one it is, such as `12345`.
    pub id: StreamKey,
}

impl Aggregate {
    /// The aggregate of this type with this id.
    #[must_use]
    pub fn new(aggregate_type: &str, id: &str) -> Self {
        Self { aggregate_type: aggregate_type.into(), id: id.into() }
    }
}

/// The patterns of one server, of which the first that fits counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AggregatePatterns(Vec<AggregatePattern>);

impl AggregatePattern {
    /// The aggregate that a key names; `None` if it does not fit.
    pub fn read(&self, key: &StreamKey) -> Option<Aggregate> {
        let rest = key.as_bytes().strip_prefix(self.before.as_bytes())?;
        let rest = rest.strip_suffix(self.after.as_bytes())?;
        let between = self.between.as_bytes();
        // The first is not empty.
        let at = (1..rest.len()).find(|&at| rest[at..].starts_with(between))?;
        let (first, second) = (&rest[..at], &rest[at + between.len()..]);
        if second.is_empty() {
            return None;
        }
        let (of_type, id) = if self.type_is_first { (first, second) } else { (second, first) };
        let key = |bytes: &[u8]| StreamKey::from_bytes(bytes);
        Some(Aggregate { aggregate_type: key(of_type), id: key(id) })
    }

    /// The key of an aggregate. It is [read](Self::read) back as the same one unless its type or id is empty, or the one that stands
    /// first has in it what stands between the two.
    pub fn key(&self, aggregate: &Aggregate) -> StreamKey {
        let Aggregate { aggregate_type, id } = aggregate;
        let (first, second) =
            if self.type_is_first { (aggregate_type, id) } else { (id, aggregate_type) };
        let Self { before, between, after, .. } = self;
        let parts = [
            before.as_bytes(),
            first.as_bytes(),
            between.as_bytes(),
            second.as_bytes(),
            after.as_bytes(),
        ];
        StreamKey::from_bytes(parts.concat())
    }
}

impl Default for AggregatePattern {
    /// `aggregate:{type}:{id}`.
    fn default() -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            before: text("aggregate:"),
            between: text(":"),
            after: String::new(),
            type_is_first: true,
        }
    }
}

impl AggregatePatterns {
    /// These patterns; the default one if there is none.
    pub fn new(patterns: Vec<AggregatePattern>) -> Self {
        match patterns.is_empty() {
            true => Self::default(),
            false => Self(patterns),
        }
    }

    /// The pattern by which keys are made.
    pub fn into_first(self) -> AggregatePattern {
        self.0.into_iter().next().unwrap_or_default()
    }

    /// The patterns, in the order in which they are tried.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &AggregatePattern> {
        self.0.iter()
    }

    /// The type of the aggregate whose history a stream is: `Order` for `aggregate:Order:12345`, and for `events:orders#Order:12345`,
    /// which is a [part of a topic](StreamKey::topic_part).
    pub fn aggregate_type(&self, key: &StreamKey) -> Option<StreamKey> {
        let named = self.0.iter().find_map(|pattern| pattern.read(key));
        let of_type = named.map(|aggregate| aggregate.aggregate_type);
        of_type.or_else(|| key.topic_part().map(|part| part.aggregate_type))
    }

    /// How a stream is read.
    pub fn kind(&self, key: &StreamKey) -> StreamKind {
        match self.aggregate_type(key) {
            Some(_) => StreamKind::Aggregate,
            None => StreamKind::Topic,
        }
    }
}

impl Default for AggregatePatterns {
    fn default() -> Self {
        Self(vec![AggregatePattern::default()])
    }
}

impl FromStr for AggregatePattern {
    type Err = AggregatePatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let once = |part: &str| {
            let (before, after) = text.split_once(part).ok_or(AggregatePatternError::Parts)?;
            match after.contains(part) {
                true => Err(AggregatePatternError::Parts),
                false => Ok((before.len(), before.len() + part.len())),
            }
        };
        let (of_type, id) = (once("{type}")?, once("{id}")?);
        let type_is_first = of_type < id;
        let (first, second) = if type_is_first { (of_type, id) } else { (id, of_type) };
        let between = &text[first.1..second.0];
        if between.is_empty() {
            return Err(AggregatePatternError::Between);
        }
        Ok(Self {
            before: text[..first.0].to_owned(),
            between: between.to_owned(),
            after: text[second.1..].to_owned(),
            type_is_first,
        })
    }
}

impl fmt::Display for AggregatePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, between, after, type_is_first } = self;
        let (first, second) = if *type_is_first { ("type", "id") } else { ("id", "type") };
        write!(f, "{before}{{{first}}}{between}{{{second}}}{after}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pattern: &str, key: &str) -> Option<(String, String)> {
        let aggregate = pattern.parse::<AggregatePattern>().unwrap().read(&key.into())?;
        Some((aggregate.aggregate_type.to_string(), aggregate.id.to_string()))
    }

    #[test]
    fn a_key_that_fits_names_a_type_and_an_id() {
        let pair = |of_type: &str, id: &str| Some((of_type.to_owned(), id.to_owned()));
        for (pattern, key, expected) in [
            ("aggregate:{type}:{id}", "aggregate:Order:1", pair("Order", "1")),
            ("aggregate:{type}:{id}", "aggregate:Order:eu:1", pair("Order", "eu:1")),
            ("aggregate:{type}:{id}", "aggregate:Order", None),
            ("aggregate:{type}:{id}", "aggregate:Order:", None),
            ("aggregate:{type}:{id}", "aggregate::1", None),
            ("aggregate:{type}:{id}", "events:orders", None),
            ("aggregate:{type}:{id}", "", None),
            ("{type}-{id}", "Order-1", pair("Order", "1")),
            ("{type}-{id}", "Order-a-b", pair("Order", "a-b")),
            ("{type}-{id}", "-Order-1", pair("-Order", "1")),
            ("es/{id}/{type}.log", "es/42/Order.log", pair("Order", "42")),
            ("es/{id}/{type}.log", "es/42/Order", None),
            ("{{type}}::{id}", "{Order}::1", pair("Order", "1")),
        ] {
            assert_eq!(read(pattern, key), expected, "{pattern} {key}");
        }
    }

    #[test]
    fn other_texts_are_no_patterns() {
        for text in ["", "aggregate", "{type}", "{id}", "{type}:{id}:{id}", "{type}{type}:{id}"] {
            assert_eq!(
                text.parse::<AggregatePattern>(),
                Err(AggregatePatternError::Parts),
                "{text}"
            );
        }
        let error = "a{type}{id}".parse::<AggregatePattern>();
        assert_eq!(error, Err(AggregatePatternError::Between));
    }

    #[test]
    fn the_first_pattern_that_fits_counts_and_a_part_of_a_topic_is_an_aggregate() {
        let patterns = ["order-{type}/{id}", "{type}-{id}"].map(|text| text.parse().unwrap());
        let patterns = AggregatePatterns::new(patterns.to_vec());
        let of_type = |key: &str| patterns.aggregate_type(&key.into()).map(|key| key.to_string());
        assert_eq!(of_type("order-X/1").as_deref(), Some("X"));
        assert_eq!(of_type("Order-1").as_deref(), Some("Order"));
        assert_eq!(of_type("events:orders#Order:7").as_deref(), Some("Order"));
        assert_eq!(patterns.kind(&"aggregate:Order:1".into()), StreamKind::Topic);
        let default = AggregatePatterns::new(Vec::new());
        assert_eq!(default.kind(&"aggregate:Order:1".into()), StreamKind::Aggregate);
    }

    proptest! {
        #[test]
        fn a_key_is_read_back_as_what_it_was_made_of(
            (before, between, after) in ("[a-z:]{0,3}", "[:/-]{1,2}", "[a-z:]{0,3}"),
            of_type in "[A-Z]{1,8}", id in "[A-Z0-9]{1,8}", type_is_first: bool,
        ) {
            let pattern = AggregatePattern { before, between, after, type_is_first };
            let again = pattern.to_string().parse::<AggregatePattern>();
            prop_assert_eq!(again.as_ref(), Ok(&pattern));
            let aggregate = Aggregate::new(&of_type, &id);
            prop_assert_eq!(pattern.read(&pattern.key(&aggregate)), Some(aggregate));
        }

        #[test]
        fn any_text_and_any_key_are_read_or_not(text: String, bytes: Vec<u8>) {
            let pattern = text.parse().unwrap_or_default();
            let _ = AggregatePatterns::new(vec![pattern]).aggregate_type(&StreamKey::from_bytes(bytes));
        }
    }
}
