//! Which parameters a question has, found out from the way in which it is read.

use std::cell::Cell;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::Query;
use super::limit::MUST_BE;
use super::read::{Given, Parameters, Wrong};

/// A parameter of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: ParameterKind,
    /// Whether it has to be given.
    pub is_required: bool,
}

/// What a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A text.
    Text,
    /// A whole number, not below 0.
    Number,
    /// A whole number from 1 to this one.
    Limit(u64),
    /// Whether something is so.
    Switch,
    /// Any number of texts.
    Texts,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// An object, which its documentation describes.
    Object,
}

/// The parameters of a question, in their order.
pub fn parameters_of<Q: Query>() -> Vec<Parameter> {
    let fields = Cell::new(&[] as &[&str]);
    // Stops at once: only the names are wanted.
    let _ = Q::deserialize(Names(&fields));
    let required = required_of::<Q>();
    let parameter = |name: &&'static str| {
        let kind = Cell::new(ParameterKind::Text);
        let _ = Q::deserialize(Only { name, kind: &kind });
        let kind = match (kind.get(), most::<Q>(name)) {
            (ParameterKind::Number, Some(most)) => ParameterKind::Limit(most),
            (kind, _) => kind,
        };
        Parameter { name, kind, is_required: required.iter().any(|one| one == name) }
    };
    fields.get().iter().map(parameter).collect()
}

/// A value that a parameter which has to be given can have.
pub fn sample_of(name: &str) -> Option<&'static str> {
    Some(match name {
        "stream" => "aggregate:Order:1042",
        "id" => "1706185260000-0",
        "ticket" => "0123456789abcdef",
        "expression" => "state.total > 100",
        "source" => "export function apply(state, event) { return state; }",
        "action" => "resume",
        "group" => "billing",
        "name" => "order-stats",
        _ => return None,
    })
}

/// The names of those that have to be given: reading complains of one after the other.
fn required_of<Q: Query>() -> Vec<String> {
    let mut required: Vec<String> = Vec::new();
    loop {
        let given = required.iter().filter_map(|name| {
            let value = sample_of(name)?.to_owned();
            Some((name.clone(), Given(vec![value])))
        });
        match Q::deserialize(Parameters(given.collect())) {
            Err(Wrong { name: Some(name), .. }) if !required.contains(&name) => required.push(name),
            _ => return required,
        }
    }
}

/// The most that a number can be; `None` if it has no bound: one that is beyond it is refused with it.
fn most<Q: Query>(name: &str) -> Option<u64> {
    let beyond = vec![(name.to_owned(), Given(vec![u64::MAX.to_string()]))];
    let wrong = Q::deserialize(Parameters(beyond)).err()?;
    wrong.reason.strip_prefix(MUST_BE)?.parse().ok()
}

fn stop<T>() -> Result<T, Wrong> {
    Err(de::Error::custom("that was all"))
}

/// Notes the names of fields.
struct Names<'c>(&'c Cell<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Wrong;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Wrong> {
        self.0.set(fields);
        stop()
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Wrong> {
        stop()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Notes what one field is read as.
struct Only<'c> {
    name: &'static str,
    kind: &'c Cell<ParameterKind>,
}

impl<'de> Deserializer<'de> for Only<'_> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_map(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> MapAccess<'de> for Only<'_> {
    type Error = Wrong;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Wrong> {
        let name: StrDeserializer<'_, Wrong> = self.name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Wrong> {
        seed.deserialize(Kind(self.kind))
    }
}

struct Kind<'c>(&'c Cell<ParameterKind>);

impl Kind<'_> {
    fn note<T>(self, kind: ParameterKind) -> Result<T, Wrong> {
        self.0.set(kind);
        stop()
    }
}

impl<'de> Deserializer<'de> for Kind<'_> {
    type Error = Wrong;

    /// Only what tells by itself what it is can be read like this.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Wrong> {
        self.note(ParameterKind::Object)
    }

    fn deserialize_str<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Wrong> {
        self.note(ParameterKind::Text)
    }

    fn deserialize_string<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Wrong> {
        self.note(ParameterKind::Text)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Wrong> {
        self.note(ParameterKind::Number)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Wrong> {
        self.note(ParameterKind::Switch)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Wrong> {
        self.note(ParameterKind::Texts)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Wrong> {
        self.note(ParameterKind::OneOf(variants))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char bytes byte_buf unit
        unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CatalogQuery, EventsQuery, FindQuery, NoQuery, SaveFoldQuery};
    use super::*;

    fn parameter(name: &'static str, kind: ParameterKind, is_required: bool) -> Parameter {
        Parameter { name, kind, is_required }
    }

    #[test]
    fn what_a_question_is_read_as_is_what_its_parameters_are() {
        let events = parameters_of::<EventsQuery>();
        assert_eq!(events[0], parameter("stream", ParameterKind::Text, true));
        assert!(events.contains(&parameter("version", ParameterKind::Number, false)));
        assert!(events.contains(&parameter("limit", ParameterKind::Limit(1_000), false)));
        let order = ParameterKind::OneOf(&["asc", "desc"]);
        assert!(events.contains(&parameter("order", order, false)));
        let find = parameters_of::<FindQuery>();
        assert!(find.contains(&parameter("stream", ParameterKind::Texts, false)));
        assert!(find.contains(&parameter("all", ParameterKind::Switch, false)));
        assert!(parameters_of::<CatalogQuery>().iter().all(|parameter| !parameter.is_required));
        assert_eq!(parameters_of::<NoQuery>(), []);
    }

    #[test]
    fn all_that_have_to_be_given_are_known() {
        let save = parameters_of::<SaveFoldQuery>();
        let required: Vec<_> =
            save.iter().filter(|one| one.is_required).map(|one| one.name).collect();
        assert_eq!(required, ["stream", "source"]);
    }
}
