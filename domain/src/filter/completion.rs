//! Completing a filter while it is typed.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::native::begins_expression;
use super::path::is_plain;
use super::reader::quote;

/// How many completions are offered: as many as are looked through.
pub const MAX_COMPLETIONS: usize = 12;

/// What is known of the events that are to be found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'k> {
    /// Their types, those first that come most often.
    pub types: &'k [String],
    /// Paths to their values as filters have them, such as `data.total` or `fields.user`.
    pub paths: &'k [String],
}

/// A way to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Completion {
    /// Which characters of the text it replaces, counted from 0.
    pub replaces: Range<u32>,
    /// What it puts there.
    pub text: String,
    /// What that is, in a few words.
    pub hint: String,
}

/// Terms to begin with, and what they are.
const BEGINNINGS: [(&str, &str); 9] = [
    ("type:", "a type of event, or several"),
    ("data.", "a value of the data"),
    ("has:", "what has to be there"),
    ("time:", "a day, or a range of times"),
    ("time>=", "from a time on"),
    ("time<", "before a time"),
    ("timestamp:", "the time that the event tells"),
    ("fields.", "a raw field"),
    ("id:", "an entry id, or a range of them"),
];

/// What a path can be compared with.
const OPERATORS: [(&str, &str); 7] = [
    (":", "is one of these, `*` for anything"),
    ("=", "is this"),
    ("!=", "is something else"),
    (">", "is more"),
    (">=", "is this or more"),
    ("<", "is less"),
    ("<=", "is this or less"),
];

/// The ways to go on where the cursor is, `cursor` being the number of characters before it. Within an expression in JavaScript there
/// are none.
pub fn complete(text: &str, cursor: usize, known: &Known<'_>) -> Vec<Completion> {
    let end = text.char_indices().nth(cursor).map_or(text.len(), |(at, _)| at);
    let before = text.get(..end).unwrap_or(text);
    let Some(term) = last_term(before) else { return Vec::new() };
    let term = term.strip_prefix('-').unwrap_or(term);
    let mut offers = Offers { before, found: Vec::new() };
    if let Some(values) = term.strip_prefix("type:") {
        let typed = values.rsplit(',').next().unwrap_or_default();
        for name in known.types.iter().filter(|name| begins(name, typed.trim_start_matches('"'))) {
            let is_bare = name.chars().all(|char| is_plain(char) || char == '.');
            offers.add(typed, if is_bare { name.clone() } else { quote(name) }, "a type of event");
        }
    } else if let Some(path) = term.strip_prefix("has:") {
        offers.paths(path, known, "has to be there");
    } else if term.starts_with("data") || term.starts_with("fields") {
        offers.paths(term, known, "a value of the event");
        let is_known = known.paths.iter().any(|path| path == term);
        for (sign, hint) in OPERATORS.iter().filter(|_| is_known) {
            offers.add("", (*sign).to_owned(), hint);
        }
    }
    for (beginning, hint) in BEGINNINGS {
        if begins(beginning, term) && beginning != term {
            offers.add(term, beginning.to_owned(), hint);
        }
    }
    offers.paths_by_name(term, known);
    offers.found.truncate(MAX_COMPLETIONS);
    offers.found
}

struct Offers<'t> {
    /// The text before the cursor.
    before: &'t str,
    found: Vec<Completion>,
}

impl Offers<'_> {
    /// Offers a text for what was typed last.
    fn add(&mut self, typed: &str, text: String, hint: &str) {
        let chars = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let end = chars(self.before);
        let replaces = end.saturating_sub(chars(typed))..end;
        self.found.push(Completion { replaces, text, hint: hint.to_owned() });
    }

    /// Offers the paths that go on as was begun.
    fn paths(&mut self, typed: &str, known: &Known<'_>, hint: &str) {
        for path in known.paths.iter().filter(|path| begins(path, typed) && *path != typed) {
            self.add(typed, path.clone(), hint);
        }
    }

    /// Offers the paths whose last name begins as was typed: who types `tot` may mean `data.total`.
    fn paths_by_name(&mut self, typed: &str, known: &Known<'_>) {
        let last_name = |path: &str| path.rsplit(['.', ']']).next().unwrap_or_default().to_owned();
        for path in known.paths {
            if !typed.is_empty() && begins(&last_name(path), typed) {
                self.add(typed, path.clone(), "a value of the event");
            }
        }
    }
}

/// Whether a name begins with what was typed, and whether in small letters or in capitals does not matter.
fn begins(name: &str, typed: &str) -> bool {
    let mut name = name.chars().flat_map(char::to_lowercase);
    typed.chars().flat_map(char::to_lowercase).all(|char| name.next() == Some(char))
}

/// The term that the text ends in, empty where the next one is still to be begun. Nothing within an expression.
fn last_term(text: &str) -> Option<&str> {
    if begins_expression(text) {
        return None;
    }
    let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
    for (at, char) in text.char_indices() {
        match char {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            '=' if at == start => return None,
            _ if char.is_whitespace() && !is_quoted => start = at + char.len_utf8(),
            _ => {}
        }
    }
    text.get(start..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The texts that there are if one of the completions is taken, `|` being the cursor.
    fn completed(text: &str) -> Vec<String> {
        let types = ["OrderCreated", "OrderPaid", "Stock taken"].map(str::to_owned);
        let paths = ["data.total", "data.items[].sku", "fields.user"].map(str::to_owned);
        let known = Known { types: &types, paths: &paths };
        let cursor = text.chars().position(|char| char == '|').unwrap();
        let chars: Vec<char> = text.chars().filter(|char| *char != '|').collect();
        let text: String = chars.iter().collect();
        complete(&text, cursor, &known)
            .into_iter()
            .map(|found| {
                let (start, end) = (found.replaces.start as usize, found.replaces.end as usize);
                let part = |range: &[char]| range.iter().collect::<String>();
                format!("{}{}{}", part(&chars[..start]), found.text, part(&chars[end..]))
            })
            .collect()
    }

    #[test]
    fn types_are_offered_where_a_type_is_meant() {
        assert_eq!(completed("type:orderp|"), ["type:OrderPaid"]);
        assert_eq!(completed("ä -type:OrderPaid,st|"), [r#"ä -type:OrderPaid,"Stock taken""#]);
        assert_eq!(completed("type:|").len(), 3);
    }

    #[test]
    fn a_path_is_offered_from_its_beginning_or_its_last_name() {
        assert_eq!(completed("data.t|"), ["data.total"]);
        assert_eq!(completed("tot|"), ["data.total"]);
        assert_eq!(completed("has:fi|"), ["has:fields.user"]);
        assert_eq!(completed("sk| x"), ["data.items[].sku x"]);
    }

    #[test]
    fn a_path_that_is_complete_is_to_be_compared() {
        assert_eq!(completed("data.total|")[..3], ["data.total:", "data.total=", "data.total!="]);
    }

    #[test]
    fn an_empty_box_shows_what_there_is() {
        assert_eq!(completed("|").len(), BEGINNINGS.len());
        assert_eq!(completed("ti|"), ["time:", "time>=", "time<", "timestamp:"]);
    }

    #[test]
    fn within_an_expression_or_quotes_nothing_is_offered() {
        for text in ["=event.ty|", "a =t|", "event.data.t|", "\"a ti|"] {
            assert_eq!(completed(text), [] as [&str; 0], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_and_cursor_are_answered(text: String, cursor in 0..40usize, name: String) {
            let names = [name];
            let length = u32::try_from(text.chars().count()).unwrap();
            for found in complete(&text, cursor, &Known { types: &names, paths: &names }) {
                prop_assert!(found.replaces.start <= found.replaces.end && found.replaces.end <= length);
            }
        }
    }
}
