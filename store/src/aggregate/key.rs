//! Where aggregates are.

use std::str::FromStr;

use rewind_domain::StreamKey;

const TYPE: &str = "{type}";
const ID: &str = "{id}";

/// Which aggregate: its type, and which of those.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Aggregate {
    /// Such as `Order`.
    pub kind: String,
    /// Such as `12345`.
    pub id: String,
}

impl Aggregate {
    /// The aggregate of this type with this id.
    #[must_use]
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { kind: kind.into(), id: id.into() }
    }
}

/// How the key of an aggregate's stream is made of its type and id: `aggregate:{type}:{id}` unless something else is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPattern(String);

/// Why a text is no such pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{pattern}` has to have `{{type}}` and `{{id}}` once each, as `aggregate:{{type}}:{{id}}` does, so that each aggregate has a key of its own"
)]
pub struct KeyPatternError {
    pattern: String,
}

impl Default for KeyPattern {
    fn default() -> Self {
        Self("aggregate:{type}:{id}".to_owned())
    }
}

impl FromStr for KeyPattern {
    type Err = KeyPatternError;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        let has_once = |part| pattern.matches(part).count() == 1;
        match has_once(TYPE) && has_once(ID) {
            true => Ok(Self(pattern.to_owned())),
            false => Err(KeyPatternError { pattern: pattern.to_owned() }),
        }
    }
}

impl KeyPattern {
    /// The key of the stream of an aggregate.
    #[must_use]
    pub fn key(&self, aggregate: &Aggregate) -> StreamKey {
        // In one pass, since a type may contain what stands for the id.
        let mut key = String::new();
        let mut rest = self.0.as_str();
        while let Some((at, part, value)) = [(TYPE, &aggregate.kind), (ID, &aggregate.id)]
            .into_iter()
            .filter_map(|(part, value)| Some((rest.find(part)?, part, value)))
            .min_by_key(|(at, ..)| *at)
        {
            key.push_str(rest.get(..at).unwrap_or_default());
            key.push_str(value);
            rest = rest.get(at + part.len()..).unwrap_or_default();
        }
        key.push_str(rest);
        StreamKey::from(key.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_of_type_and_id() {
        let order = Aggregate::new("Order", "1");
        assert_eq!(KeyPattern::default().key(&order), StreamKey::from("aggregate:Order:1"));
        let pattern: KeyPattern = "{id}/{type}/events".parse().unwrap();
        assert_eq!(pattern.key(&order), StreamKey::from("1/Order/events"));
        assert_eq!(
            KeyPattern::default().key(&Aggregate::new("{id}", "{type}")),
            StreamKey::from("aggregate:{id}:{type}")
        );
    }

    #[test]
    fn a_pattern_gives_each_aggregate_a_key_of_its_own() {
        for pattern in ["orders:{id}", "{type}", "{type}:{id}:{id}", ""] {
            assert!(pattern.parse::<KeyPattern>().is_err(), "{pattern}");
        }
    }
}
