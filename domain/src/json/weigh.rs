//! How much a JSON text comes to as a value, told from the text alone.

/// How many values the JSON text of one payload may have. Each takes about 64 bytes of memory, so that this comes to 16 MiB.
pub const MAX_VALUES: usize = 250_000;
/// As how many values an object counts that has members: it takes as much more memory than what is in it.
const OBJECT_VALUES: usize = 3;
/// The shortest text of a value, with what separates it from the next.
const SHORTEST: usize = 2;

/// Whether a JSON text has more values than [`MAX_VALUES`], where an object with members counts as three. Of a text that is no JSON the
/// answer means nothing.
pub fn has_too_many_values(text: &str) -> bool {
    // Nearly all texts are too short for that, and need no look.
    text.len() > MAX_VALUES * SHORTEST / OBJECT_VALUES && count_up_to(text, MAX_VALUES) > MAX_VALUES
}

/// About how many values a text has, counted no further than behind `limit`. A value follows each comma, and one is the first in each
/// array or object that has any.
fn count_up_to(text: &str, limit: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut count, mut at) = (1, 0);
    while let Some(byte) = bytes.get(at)
        && count <= limit
    {
        at += 1;
        match byte {
            b'"' => at = string_end(bytes, at),
            b',' => count += 1,
            b'[' if !closes(bytes, at, b']') => count += 1,
            b'{' if !closes(bytes, at, b'}') => count += OBJECT_VALUES,
            _ => {}
        }
    }
    count
}

/// Whether the array or object whose content begins here has none.
fn closes(bytes: &[u8], at: usize, end: u8) -> bool {
    let content = bytes.get(at..).unwrap_or_default();
    content.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&end)
}

/// The place behind the string whose content begins here.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        at += match byte {
            b'\\' => 2,
            b'"' => return at + 1,
            _ => 1,
        };
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Json;

    fn count(value: &Json) -> usize {
        1 + match value {
            Json::Array(items) => items.iter().map(count).sum(),
            Json::Object(members) if members.is_empty() => 0,
            Json::Object(members) => OBJECT_VALUES - 1 + members.values().map(count).sum::<usize>(),
            _ => 0,
        }
    }

    fn json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            Just(Json::Bool(true)),
            "[a,{}\\[\\]\\\\\"]{0,4}".prop_map(Json::string),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::array),
                prop::collection::vec(("[a-e,{\"]{0,2}", inner), 0..5).prop_map(Json::object),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_values_of_a_text_are_those_of_what_is_read_from_it(value in json(), limit in 0..30_usize) {
            let text = value.to_string();
            prop_assert_eq!(count_up_to(&text, usize::MAX), count(&value));
            prop_assert_eq!(count_up_to(&text, limit) > limit, count(&value) > limit);
        }

        #[test]
        fn any_text_is_counted(text in ".{0,40}") {
            let _ = count_up_to(&text, usize::MAX);
        }
    }

    #[test]
    fn only_texts_of_very_many_values_have_too_many() {
        let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(", "));
        assert!(!has_too_many_values(&list("1", MAX_VALUES - 1)));
        assert!(has_too_many_values(&list("1", MAX_VALUES)));
        assert!(!has_too_many_values(&list("{}", MAX_VALUES - 1)));
        assert!(!has_too_many_values(&list("{\"a\":1}", MAX_VALUES / 4 - 1)));
        assert!(has_too_many_values(&list("{\"a\":1}", MAX_VALUES / 4)));
        assert!(!has_too_many_values(&format!("\"{}\"", ",[{".repeat(MAX_VALUES))));
    }
}
