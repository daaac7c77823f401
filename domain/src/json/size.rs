//! How much memory values take.

use std::mem::size_of;
use std::sync::Arc;

use super::value::Json;

/// What an `Arc` and an allocation take beside their content, about.
const ALLOCATION: usize = 32;

impl Json {
    /// How many values it consists of, itself included, counted no further than `limit`: so it takes no longer for large ones.
    pub fn nodes_up_to(&self, limit: usize) -> usize {
        let mut count = 0;
        let mut waiting = vec![self];
        while let Some(value) = waiting.pop().filter(|_| count < limit) {
            count += 1;
            let room = limit - count;
            match value {
                Json::Array(items) => waiting.extend(items.iter().take(room)),
                Json::Object(members) => waiting.extend(members.values().take(room)),
                _ => {}
            }
        }
        count
    }

    /// About how many bytes of memory this value takes that `other` does not take already, the two having parts in common.
    pub fn bytes_beside(&self, other: Option<&Json>) -> usize {
        match self {
            Json::Null | Json::Bool(_) => 0,
            Json::Number(number) => ALLOCATION + number.as_str().len(),
            Json::String(text) => match other {
                Some(Json::String(other)) if Arc::ptr_eq(text, other) => 0,
                _ => ALLOCATION + text.len(),
            },
            Json::Array(items) => match other {
                Some(Json::Array(others)) if Arc::ptr_eq(items, others) => 0,
                other => {
                    let others = match other {
                        Some(Json::Array(others)) => others.as_slice(),
                        _ => &[],
                    };
                    let inside =
                        items.iter().enumerate().map(|(i, item)| item.bytes_beside(others.get(i)));
                    ALLOCATION + items.len() * size_of::<Json>() + inside.sum::<usize>()
                }
            },
            Json::Object(members) => match other {
                Some(Json::Object(others)) if Arc::ptr_eq(members, others) => 0,
                other => {
                    let inside = members.iter().map(|(key, value)| {
                        value.bytes_beside(other.and_then(|other| other.get(key)))
                    });
                    // The key, its hash and its place in the table, which is a quarter larger than what is in it.
                    let each = size_of::<Json>() + size_of::<Arc<str>>() + 3 * size_of::<usize>();
                    2 * ALLOCATION + members.len() * each + inside.sum::<usize>()
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_up_to_a_limit() {
        let json = Json::parse(r#"{"a":[1,2,{"b":null}],"c":"x"}"#).unwrap();
        assert_eq!(json.nodes_up_to(100), 7);
        assert_eq!(json.nodes_up_to(3), 3);
        assert_eq!(Json::Null.nodes_up_to(1), 1);
    }

    #[test]
    fn what_is_shared_is_counted_once() {
        let parse = |text: &str| Json::parse(text).unwrap();
        let large = parse(&format!("[{}1]", "\"text\",".repeat(1_000)));
        let first = Json::object([("a", large.clone()), ("b", parse("1"))]);
        let second = Json::object([("a", large), ("b", parse("2"))]);
        assert!(first.bytes_beside(None) > 1_000 * (size_of::<Json>() + 4));
        assert!(second.bytes_beside(Some(&first)) < 400);
        assert_eq!(first.bytes_beside(Some(&first)), 0);
    }
}
