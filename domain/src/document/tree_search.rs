//! Finding things in a document by what they are called or by what they say.

use crate::{Json, Pointer};

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// Where, in document order; as many as were asked for at most.
    pub paths: Vec<Pointer>,
    /// How many there are in all.
    pub total: usize,
}

/// The values whose key, or whose text where they are scalars, has `query` in it, whether in small letters or in capitals.
///
/// The text of a string is what it says, that of other scalars how JSON writes them. Indexes of arrays are no keys. At most
/// `limit` paths are returned, though all matches are counted; an empty query matches nothing.
pub fn search(document: &Json, query: &str, limit: usize) -> Matches {
    if query.is_empty() {
        return Matches::default();
    }
    let mut search =
        Search { needle: Needle::new(query), limit, way: Vec::new(), matches: Matches::default() };
    search.visit(document, false);
    search.matches
}

struct Search<'d> {
    needle: Needle,
    limit: usize,
    /// What leads to the value visited. A path is made of it only where something was found.
    way: Vec<Token<'d>>,
    matches: Matches,
}

#[derive(Clone, Copy)]
enum Token<'d> {
    Key(&'d str),
    Index(usize),
}

impl<'d> Search<'d> {
    fn visit(&mut self, value: &'d Json, is_key_match: bool) {
        if is_key_match || self.needle.is_in_scalar(value) {
            self.found();
        }
        match value {
            Json::Object(members) => {
                for (key, member) in members.iter() {
                    self.way.push(Token::Key(key));
                    let is_key_match = self.needle.is_in(key);
                    self.visit(member, is_key_match);
                    self.way.pop();
                }
            }
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.way.push(Token::Index(index));
                    self.visit(item, false);
                    self.way.pop();
                }
            }
            _ => {}
        }
    }

    fn found(&mut self) {
        self.matches.total += 1;
        if self.matches.paths.len() < self.limit {
            let path = self.way.iter().fold(Pointer::root(), |path, token| match token {
                Token::Key(key) => path.key(key),
                Token::Index(index) => path.index(*index),
            });
            self.matches.paths.push(path);
        }
    }
}

/// What is looked for, in small letters.
enum Needle {
    /// Nearly always; bytes are compared as they stand.
    Ascii { text: Vec<u8>, first: u8 },
    /// The texts searched have to be put into small letters first.
    Unicode(String),
}

impl Needle {
    fn new(query: &str) -> Self {
        let text = query.to_lowercase();
        match text.as_bytes().first() {
            Some(first) if query.is_ascii() => {
                Self::Ascii { first: *first, text: text.into_bytes() }
            }
            _ => Self::Unicode(text),
        }
    }

    fn is_in(&self, text: &str) -> bool {
        match self {
            Self::Ascii { text: needle, first } => {
                text.as_bytes().windows(needle.len()).any(|window| {
                    window.first().is_some_and(|byte| byte.to_ascii_lowercase() == *first)
                        && window.eq_ignore_ascii_case(needle)
                })
            }
            Self::Unicode(needle) => text.to_lowercase().contains(needle.as_str()),
        }
    }

    fn is_in_scalar(&self, value: &Json) -> bool {
        match value {
            Json::Null => self.is_in("null"),
            Json::Bool(true) => self.is_in("true"),
            Json::Bool(false) => self.is_in("false"),
            Json::Number(number) => self.is_in(number.as_str()),
            Json::String(text) => self.is_in(text),
            Json::Array(_) | Json::Object(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tests::any_json;
    use proptest::prelude::*;

    fn found(document: &str, query: &str) -> Vec<String> {
        let matches = search(&Json::parse(document).unwrap(), query, 10);
        assert_eq!(matches.total, matches.paths.len());
        matches.paths.iter().map(Pointer::to_string).collect()
    }

    #[test]
    fn keys_and_scalars_are_found_in_document_order() {
        let document = r#"{"status":"open","items":[{"Status":1},"reopened"],"a/b":true}"#;
        assert_eq!(found(document, "status"), ["/status", "/items/0/Status"]);
        assert_eq!(found(document, "OPEN"), ["/status", "/items/1"]);
        assert_eq!(found(document, "tru"), ["/a~1b"]);
        assert_eq!(found("12.50", "2.5"), [""]);
    }

    #[test]
    fn a_key_and_its_value_are_one_match() {
        assert_eq!(found(r#"{"open":"open"}"#, "open"), ["/open"]);
    }

    #[test]
    fn an_index_is_not_a_key() {
        assert_eq!(found(r#"["a","b"]"#, "0"), [] as [&str; 0]);
    }

    #[test]
    fn letters_of_any_script_are_found_in_capitals_too() {
        assert_eq!(found(r#"{"a":"MÜNCHEN","b":"straße"}"#, "mün"), ["/a"]);
        assert_eq!(found(r#"{"a":"Ωmega"}"#, "ω"), ["/a"]);
    }

    #[test]
    fn an_empty_query_matches_nothing() {
        assert_eq!(found(r#"{"":""}"#, ""), [] as [&str; 0]);
    }

    #[test]
    fn beyond_the_limit_matches_are_only_counted() {
        let document = Json::array((0..1_000).map(|_| Json::string("x")));
        let matches = search(&document, "x", 3);
        assert_eq!((matches.paths.len(), matches.total), (3, 1_000));
    }

    fn is_match(value: &Json, query: &str) -> bool {
        let text = match value {
            Json::Array(_) | Json::Object(_) => return false,
            Json::String(text) => text.to_string(),
            scalar => scalar.to_string(),
        };
        text.to_lowercase().contains(query)
    }

    fn count(value: &Json, query: &str) -> usize {
        let inside: usize = match value {
            Json::Array(items) => items.iter().map(|item| count(item, query)).sum(),
            Json::Object(members) => members
                .iter()
                .map(|(key, member)| {
                    let is_only_key =
                        key.to_lowercase().contains(query) && !is_match(member, query);
                    usize::from(is_only_key) + count(member, query)
                })
                .sum(),
            _ => 0,
        };
        inside + usize::from(is_match(value, query))
    }

    proptest! {
        #[test]
        fn every_match_is_counted_and_named_once(document in any_json(), query in "[ab/~01ntr]{1,2}") {
            let matches = search(&document, &query, usize::MAX);
            prop_assert_eq!(matches.total, count(&document, &query));
            let paths: std::collections::HashSet<_> = matches.paths.iter().collect();
            prop_assert_eq!(paths.len(), matches.total);
            for path in &matches.paths {
                prop_assert!(path.find(&document).is_some());
            }
        }

        #[test]
        fn any_query_is_answered(document in any_json(), query: String, limit in 0..5usize) {
            let matches = search(&document, &query, limit);
            prop_assert_eq!(matches.paths.len(), matches.total.min(limit));
        }
    }
}
