//! Finding values in a JSON text without making values of the rest.
//!
//! A filter asks a million payloads for one member each. What does not lie on the way to it is only gone over. All of the text is
//! still checked: what is found is exactly what [`Json::parse`] would give, of keys that repeat the last one included, and where
//! the text is broken nothing is found.

use std::borrow::Cow;

use super::parse::{Build, Fault, Parser};
use super::value::Json;

/// One step on the way to a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// To the member of this name.
    Key(Box<str>),
    /// To the item at this place, counted from 0.
    Index(usize),
    /// To each of the items.
    Each,
}

/// A value as far as it can be told without looking into arrays and objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, with its digits.
    Number(&'a str),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array, whatever is in it.
    Array,
    /// An object, whatever is in it.
    Object,
}

impl<'a> Scalar<'a> {
    /// What a text says that [`select`] or [`trail`] found.
    pub fn of_text(text: &'a str) -> Self {
        match text.as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b'"') => Parser::new(text).string().map_or(Self::Null, Self::String),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'-' | b'0'..=b'9') => Self::Number(text),
            _ => Self::Null,
        }
    }

    /// What a value says.
    pub fn of(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => Self::Number(number.as_str()),
            Json::String(text) => Self::String(Cow::Borrowed(text)),
            Json::Array(_) => Self::Array,
            Json::Object(_) => Self::Object,
        }
    }
}

/// The texts of the values to which a path leads, in their order; `None` if the text as a whole is not JSON.
pub fn select<'a>(text: &'a str, path: &[Step]) -> Option<Vec<&'a str>> {
    let mut found = Vec::new();
    Parser::new(text).document(|parser| follow(parser, path, 0, &mut found)).ok()?;
    Some(found)
}

/// How far a path of keys leads into a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trail<'a> {
    /// How many of the keys lead somewhere.
    pub steps: usize,
    /// The text of the value where the last of them leads; all of the text where there is none.
    pub value: &'a str,
}

/// Follows keys as far as they lead; `None` if the text as a whole is not JSON.
///
/// A key is also the place of an item, where it is an index as JavaScript writes it.
pub fn trail<'a>(text: &'a str, keys: &[Box<str>]) -> Option<Trail<'a>> {
    let mut parser = Parser::new(text);
    parser.document(|parser| track(parser, keys, 0)).ok()
}

/// A key as the place of an item.
pub(crate) fn as_index(key: &str) -> Option<usize> {
    let is_canonical = key == "0" || (!key.starts_with('0') && !key.is_empty());
    let index = key.bytes().all(|byte| byte.is_ascii_digit()).then(|| key.parse().ok())??;
    is_canonical.then_some(index)
}

fn follow<'a>(
    parser: &mut Parser<'a>,
    path: &[Step],
    depth: usize,
    found: &mut Vec<&'a str>,
) -> Result<(), Fault> {
    let Some((step, rest)) = path.split_first() else {
        found.push(skip(parser, depth)?);
        return Ok(());
    };
    match (step, parser.peek()) {
        (Step::Key(wanted), Some(b'{')) => {
            let before = found.len();
            parser.members(depth, |parser, key| {
                if key != **wanted {
                    return skip(parser, depth + 1).map(drop);
                }
                // What a member of the same name led to before does not count any more.
                found.truncate(before);
                follow(parser, rest, depth + 1, found)
            })
        }
        (Step::Index(_) | Step::Each, Some(b'[')) => parser.items(depth, |parser, index| {
            let is_wanted = matches!(step, Step::Each) || *step == Step::Index(index);
            match is_wanted {
                true => follow(parser, rest, depth + 1, found),
                false => skip(parser, depth + 1).map(drop),
            }
        }),
        _ => skip(parser, depth).map(drop),
    }
}

fn track<'a>(parser: &mut Parser<'a>, keys: &[Box<str>], depth: usize) -> Result<Trail<'a>, Fault> {
    let start = parser.at;
    let mut further = None;
    match (keys.split_first(), parser.peek()) {
        (Some((wanted, rest)), Some(b'{')) => parser.members(depth, |parser, key| {
            match key == **wanted {
                true => further = Some(track(parser, rest, depth + 1)?),
                false => skip(parser, depth + 1).map(drop)?,
            }
            Ok(())
        })?,
        (Some((wanted, rest)), Some(b'[')) => {
            let wanted = as_index(wanted);
            parser.items(depth, |parser, index| {
                match Some(index) == wanted {
                    true => further = Some(track(parser, rest, depth + 1)?),
                    false => skip(parser, depth + 1).map(drop)?,
                }
                Ok(())
            })?;
        }
        _ => skip(parser, depth).map(drop)?,
    }
    Ok(match further {
        Some(trail) => Trail { steps: trail.steps + 1, ..trail },
        None => Trail { steps: 0, value: &parser.text[start..parser.at] },
    })
}

/// Goes over the value that begins here; gives its text.
fn skip<'a>(parser: &mut Parser<'a>, depth: usize) -> Result<&'a str, Fault> {
    let start = parser.at;
    let Checked = parser.value(depth)?;
    Ok(&parser.text[start..parser.at])
}

/// What is made of a value that is only gone over.
struct Checked;

impl<'a> Build<'a> for Checked {
    type Members = ();

    fn null() -> Self {
        Self
    }

    fn boolean(_: bool) -> Self {
        Self
    }

    fn number(_: &'a str) -> Self {
        Self
    }

    fn string(_: Cow<'a, str>) -> Self {
        Self
    }

    fn array(_: Vec<Self>) -> Self {
        Self
    }

    fn add_member(_: &mut (), _: Cow<'a, str>, _: Self) {}

    fn object(_: ()) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(key: &str) -> Step {
        Step::Key(key.into())
    }

    #[test]
    fn a_path_leads_through_members_and_items() {
        let text = r#" {"a":{"b":[10,{"c":"x"},{"c":null}]},"d":1.50} "#;
        let selected = |path: &[Step]| select(text, path).unwrap();
        assert_eq!(selected(&[key("d")]), ["1.50"]);
        assert_eq!(selected(&[key("a"), key("b"), Step::Index(0)]), ["10"]);
        assert_eq!(selected(&[key("a"), key("b"), Step::Each, key("c")]), [r#""x""#, "null"]);
        assert_eq!(selected(&[key("a"), key("x")]), [] as [&str; 0]);
        assert_eq!(selected(&[Step::Index(0)]), [] as [&str; 0]);
        assert_eq!(selected(&[]), [text.trim()]);
    }

    #[test]
    fn of_keys_that_repeat_the_last_one_counts() {
        let text = r#"{"a":[{"b":1},{"b":2}],"a":[{"b":3}],"\u0061":{"b":4}}"#;
        assert_eq!(select(text, &[key("a"), Step::Each, key("b")]), Some(vec![]));
        assert_eq!(select(text, &[key("a"), key("b")]), Some(vec!["4"]));
    }

    #[test]
    fn in_a_broken_text_nothing_is_found_even_before_the_fault() {
        assert_eq!(select(r#"{"a":1,}"#, &[key("a")]), None);
        assert_eq!(trail(r#"{"a":1"#, &["a".into()]), None);
    }

    #[test]
    fn a_trail_ends_where_the_keys_lead_no_further() {
        let text = r#"{"a":[5,{"b":null}]}"#;
        for (keys, steps, value) in [
            (&["a", "1", "b"][..], 3, "null"),
            (&["a", "1", "b", "c"], 3, "null"),
            (&["a", "2"], 1, r#"[5,{"b":null}]"#),
            (&["a", "01"], 1, r#"[5,{"b":null}]"#),
            (&["x", "a"], 0, text),
        ] {
            let keys: Vec<Box<str>> = keys.iter().map(|key| (*key).into()).collect();
            assert_eq!(trail(text, &keys), Some(Trail { steps, value }), "{keys:?}");
        }
    }

    fn selected<'j>(value: &'j Json, path: &[Step]) -> Vec<&'j Json> {
        let Some((step, rest)) = path.split_first() else { return vec![value] };
        match (step, value) {
            (Step::Key(key), _) => value.get(key).map_or(vec![], |value| selected(value, rest)),
            (Step::Index(index), Json::Array(items)) => {
                items.get(*index).map_or(vec![], |value| selected(value, rest))
            }
            (Step::Each, Json::Array(items)) => {
                items.iter().flat_map(|value| selected(value, rest)).collect()
            }
            _ => vec![],
        }
    }

    /// JSON with keys that repeat and are escaped, and what is nearly JSON.
    fn text() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            Just("-1.50e3".to_owned()),
            Just(r#""a\"\u00e4""#.to_owned()),
            Just("{}".to_owned()),
            r#"[\[\]{}",:0-9a\\ ]{0,3}"#,
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            let name = prop::sample::select(vec!["a", "b", r"\u0061", "0"]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[{}]", items.join(", "))),
                prop::collection::vec((name, inner), 0..4).prop_map(|members| {
                    let members = members.iter().map(|(k, v)| format!("\"{k}\": {v}"));
                    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }

    fn path() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            Just(key("a")),
            Just(key("b")),
            (0..3usize).prop_map(Step::Index),
            Just(Step::Each)
        ];
        prop::collection::vec(step, 0..4)
    }

    proptest! {
        #[test]
        fn what_is_selected_is_what_the_parser_reads(text in text(), path in path()) {
            let parsed = Json::parse(&text).ok();
            let found = select(&text, &path);
            prop_assert_eq!(found.is_some(), parsed.is_some());
            if let (Some(found), Some(parsed)) = (found, parsed) {
                let found: Vec<_> = found.into_iter().map(|text| Json::parse(text).unwrap()).collect();
                prop_assert_eq!(found.iter().collect::<Vec<_>>(), selected(&parsed, &path));
                for value in &found {
                    let text = value.to_string();
                    prop_assert_eq!(Scalar::of_text(&text), Scalar::of(value));
                }
            }
        }

        #[test]
        fn a_trail_leads_where_the_parser_finds_the_keys(text in text(), keys in prop::collection::vec("[ab012]", 0..4)) {
            let keys: Vec<Box<str>> = keys.into_iter().map(Into::into).collect();
            let parsed = Json::parse(&text).ok();
            let trail = trail(&text, &keys);
            prop_assert_eq!(trail.is_some(), parsed.is_some());
            if let (Some(trail), Some(parsed)) = (trail, parsed) {
                let mut value = &parsed;
                let mut steps = 0;
                for key in &keys {
                    let next = match value {
                        Json::Array(items) => as_index(key).and_then(|index| items.get(index)),
                        _ => value.get(key),
                    };
                    let Some(next) = next else { break };
                    (value, steps) = (next, steps + 1);
                }
                prop_assert_eq!(trail.steps, steps);
                prop_assert_eq!(&Json::parse(trail.value).unwrap(), value);
            }
        }

        #[test]
        fn any_text_is_gone_through_or_not(text: String, path in path()) {
            prop_assert_eq!(select(&text, &path).is_some(), Json::parse(&text).is_ok());
        }
    }
}
