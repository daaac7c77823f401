//! The query part of a URL, read and written exactly.
//!
//! Stream keys hold any characters, `&`, `%` and `+` included, and a link must lead back to the very same key. So
//! decoding happens once, here, from the raw text.

use std::fmt::Write as _;

/// The parameters of a query, decoded, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what stands behind the `?` of a URL. Any text is a query.
    pub(crate) fn parse(search: &str) -> Self {
        let pairs = search.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The first value of this name; an empty one counts as left out, as in the API.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(n, value)| n == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// All values of this name, without empty ones.
    pub(crate) fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        let meant = move |(n, value): &&(String, String)| n == name && !value.is_empty();
        self.0.iter().filter(meant).map(|(_, value)| value.as_str())
    }

    /// The first value of this name, even an empty one.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Adds a parameter.
    #[expect(clippy::needless_pass_by_value, reason = "most values are texts or ids made for it")]
    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }

    /// Adds a parameter where it has a value.
    pub(crate) fn with_some(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The URL of `path` with these parameters.
    pub(crate) fn on(&self, path: &str) -> String {
        match self.0.is_empty() {
            true => path.to_owned(),
            false => format!("{path}?{}", self.search()),
        }
    }

    /// As it stands behind the `?` of a URL.
    pub(crate) fn search(&self) -> String {
        let mut text = String::new();
        for (i, (name, value)) in self.0.iter().enumerate() {
            if i > 0 {
                text.push('&');
            }
            encode(name, &mut text);
            text.push('=');
            encode(value, &mut text);
        }
        text
    }
}

/// Leaves alone what is safe in a query and makes keys readable in the address bar.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                // Writing to a string cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'+', _) => bytes.push(b' '),
            (b'%', [high, low, after @ ..]) => match hex_byte(*high, *low) {
                Some(byte) => {
                    bytes.push(byte);
                    rest = after;
                }
                None => bytes.push(b'%'),
            },
            _ => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex_byte(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_survives_a_round_trip() {
        for value in ["a:b", "a&b=c", "100%", "%41", "a+b c", "Größe/?#", r"\xff\\", "🦀", "\"<'>"]
        {
            let url = Query::default().with("stream", value).on("/events");
            let search = url.split_once('?').unwrap().1;
            assert!(search.is_ascii(), "{search}");
            assert_eq!(Query::parse(search).get("stream"), Some(value), "{url}");
        }
    }

    #[test]
    fn usual_keys_stay_readable() {
        let query =
            Query::default().with("stream", "aggregate:Order:1").with_some("event", Some("1-0"));
        assert_eq!(query.on("/events"), "/events?stream=aggregate:Order:1&event=1-0");
    }

    #[test]
    fn broken_escapes_stand_for_themselves() {
        assert_eq!(Query::parse("?a=%&b=%4&c=%zz&d=%ff").get("a"), Some("%"));
        assert_eq!(Query::parse("c=%zz").get("c"), Some("%zz"));
        assert_eq!(Query::parse("d=%ff").get("d"), Some("\u{fffd}"));
    }

    #[test]
    fn an_empty_parameter_counts_as_left_out() {
        assert_eq!(Query::parse("a=&b&a=1").get("a"), Some("1"));
        assert_eq!(Query::parse("a=&b").get("b"), None);
    }
}
