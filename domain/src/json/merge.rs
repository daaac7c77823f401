//! Deep merging: objects member by member, at every depth; anything else replaces what was there.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::parse::{self, Build, JsonError};
use super::value::{Json, Number};

/// Merges a value into another one.
pub fn merge(into: &mut Json, from: &Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            if from.is_empty() {
                return;
            }
            let into = Arc::make_mut(into);
            for (key, value) in from.iter() {
                match into.get_mut(key) {
                    Some(member) => merge(member, value),
                    None => {
                        into.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// Merges a value that is still text, which spares making a value of what is merged into others or is there already.
///
/// # Errors
/// If the text is not JSON; nothing has changed then.
pub fn merge_text(into: &mut Json, text: &str) -> Result<(), JsonError> {
    parse::parse_as::<Borrowed<'_>>(text).map(|from| from.merge_into(into))
}

/// A value that borrows its texts.
enum Borrowed<'a> {
    Null,
    Bool(bool),
    Number(&'a str),
    String(Cow<'a, str>),
    Array(Vec<Borrowed<'a>>),
    /// Each key once.
    Object(Vec<(Cow<'a, str>, Borrowed<'a>)>),
}

impl<'a> Build<'a> for Borrowed<'a> {
    type Members = Vec<(Cow<'a, str>, Self)>;

    fn null() -> Self {
        Self::Null
    }

    fn boolean(value: bool) -> Self {
        Self::Bool(value)
    }

    fn number(text: &'a str) -> Self {
        Self::Number(text)
    }

    fn string(text: Cow<'a, str>) -> Self {
        Self::String(text)
    }

    fn array(items: Vec<Self>) -> Self {
        Self::Array(items)
    }

    fn add_member(members: &mut Self::Members, key: Cow<'a, str>, value: Self) {
        if members.capacity() == 0 {
            // As many as most objects have, so that they are not moved while they grow.
            members.reserve(8);
        }
        members.push((key, value));
    }

    fn object(mut members: Self::Members) -> Self {
        if repeats(&members) {
            keep_last(&mut members);
        }
        Self::Object(members)
    }
}

fn repeats(members: &[(Cow<'_, str>, Borrowed<'_>)]) -> bool {
    // Most objects have a handful of members, where comparing each with each is quickest.
    const FEW: usize = 16;
    if members.len() <= FEW {
        members
            .iter()
            .enumerate()
            .any(|(i, (key, _))| members[..i].iter().any(|(before, _)| before == key))
    } else {
        let mut seen = HashSet::with_capacity(members.len());
        !members.iter().all(|(key, _)| seen.insert(key.as_ref()))
    }
}

/// Of keys that repeat the last value counts, in the place of the first.
fn keep_last<'a>(members: &mut Vec<(Cow<'a, str>, Borrowed<'a>)>) {
    let mut places = std::collections::HashMap::with_capacity(members.len());
    let mut kept: Vec<(Cow<'a, str>, Borrowed<'a>)> = Vec::with_capacity(members.len());
    for (key, value) in members.drain(..) {
        let next = kept.len();
        let place = *places.entry(key.clone()).or_insert(next);
        match kept.get_mut(place) {
            Some(member) => member.1 = value,
            None => kept.push((key, value)),
        }
    }
    *members = kept;
}

impl Borrowed<'_> {
    fn merge_into(self, into: &mut Json) {
        match (into, self) {
            (Json::Object(into), Self::Object(from)) => {
                if from.is_empty() {
                    return;
                }
                let into = Arc::make_mut(into);
                for (key, value) in from {
                    match into.get_mut(key.as_ref()) {
                        Some(member) => value.merge_into(member),
                        None => {
                            into.insert(key.into(), value.into_json());
                        }
                    }
                }
            }
            // What is there already need not be made again.
            (Json::String(old), Self::String(new)) if **old == *new => {}
            (Json::Number(old), Self::Number(new)) if old.as_str() == new => {}
            (into, from) => *into = from.into_json(),
        }
    }

    fn into_json(self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(value),
            Self::Number(text) => Json::Number(Number::from_valid(text)),
            Self::String(text) => Json::String(text.into()),
            Self::Array(items) => Json::array(items.into_iter().map(Self::into_json)),
            Self::Object(members) => {
                Json::object(members.into_iter().map(|(key, value)| (key, value.into_json())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_text() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("1.10".to_owned()),
            "[0-2]",
            "\"[a\\\\n]{0,2}\"".prop_filter("an escape is whole", |text| Json::parse(text).is_ok()),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3)
                    .prop_map(|items| format!("[{}]", items.join(","))),
                // Keys may repeat.
                prop::collection::vec(("[a-c]", inner), 0..4).prop_map(|members| {
                    let members: Vec<_> =
                        members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn merging_a_text_is_merging_its_value(into in any_text(), from in any_text()) {
            let mut by_value = Json::parse(&into).unwrap();
            let mut by_text = by_value.clone();
            merge(&mut by_value, &Json::parse(&from).unwrap());
            merge_text(&mut by_text, &from).unwrap();
            prop_assert_eq!(by_text.to_string(), by_value.to_string());
        }

        #[test]
        fn a_text_that_is_no_json_changes_nothing(from in any_text(), cut: prop::sample::Index) {
            let mut state = Json::parse(r#"{"a":1}"#).unwrap();
            let broken = &from[..cut.index(from.len())];
            if Json::parse(broken).is_err() {
                prop_assert!(merge_text(&mut state, broken).is_err());
                prop_assert_eq!(state.to_string(), r#"{"a":1}"#);
            }
        }
    }

    #[test]
    fn of_many_keys_that_repeat_the_last_counts_too() {
        let members: Vec<String> = (0..40).map(|n| format!("\"k{}\":{n}", n % 20)).collect();
        let text = format!("{{{}}}", members.join(","));
        let mut merged = Json::empty_object();
        merge_text(&mut merged, &text).unwrap();
        assert_eq!(merged.to_string(), Json::parse(&text).unwrap().to_string());
    }
}
