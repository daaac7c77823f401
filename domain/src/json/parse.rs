//! A JSON parser (RFC 8259) that keeps the digits of numbers and bounds the depth.
//!
//! What it makes of what it reads is a [`Build`]er's to say: a [`Json`] that stands for itself, or a value that borrows from
//! the text and lives as long as it takes to merge it.

use std::borrow::Cow;
use std::sync::Arc;

use super::value::{Json, Number, Object};

/// How deep arrays and objects may nest. Every walk over a value recurses, also in the browser, whose
/// stack is small; the same bound as that of `serde_json`.
pub const MAX_DEPTH: usize = 128;

/// Why a text is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at line {line} column {column}")]
pub struct JsonError {
    what: &'static str,
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
}

impl Json {
    /// Reads a JSON text. Of keys that repeat in an object the last value counts.
    ///
    /// # Errors
    /// If the text is not JSON, or nests deeper than [`MAX_DEPTH`].
    pub fn parse(text: &str) -> Result<Json, JsonError> {
        parse_as::<Json>(text)
    }
}

pub(super) fn parse_as<'a, B: Build<'a>>(text: &'a str) -> Result<B, JsonError> {
    let mut parser = Parser::new(text);
    parser.document(|parser| parser.value(0)).map_err(|what| error_at(text, parser.at, what))
}

/// Whether a text is a JSON number and nothing else.
pub fn is_number(text: &str) -> bool {
    let mut parser = Parser::new(text);
    parser.number().is_ok() && parser.at == text.len()
}

/// What a parser makes of the values that it reads.
pub(super) trait Build<'a>: Sized {
    /// An object under construction.
    type Members: Default;

    fn null() -> Self;
    fn boolean(value: bool) -> Self;
    /// `text` is a JSON number.
    fn number(text: &'a str) -> Self;
    fn string(text: Cow<'a, str>) -> Self;
    fn array(items: Vec<Self>) -> Self;
    fn add_member(members: &mut Self::Members, key: Cow<'a, str>, value: Self);
    fn object(members: Self::Members) -> Self;
}

impl<'a> Build<'a> for Json {
    type Members = Object;

    fn null() -> Self {
        Self::Null
    }

    fn boolean(value: bool) -> Self {
        Self::Bool(value)
    }

    fn number(text: &'a str) -> Self {
        Self::Number(Number::from_valid(text))
    }

    fn string(text: Cow<'a, str>) -> Self {
        Self::String(text.into())
    }

    fn array(items: Vec<Self>) -> Self {
        Self::Array(Arc::new(items))
    }

    fn add_member(members: &mut Object, key: Cow<'a, str>, value: Self) {
        members.insert(key.into(), value);
    }

    fn object(members: Object) -> Self {
        Self::Object(Arc::new(members))
    }
}

fn error_at(text: &str, at: usize, what: &'static str) -> JsonError {
    let before = String::from_utf8_lossy(&text.as_bytes()[..at.min(text.len())]);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    JsonError {
        what,
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

/// What is wrong at `Parser::at`.
pub(super) type Fault = &'static str;

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes(), at: 0 }
    }

    /// The value that `read` reads, alone in the text but for white space.
    pub(super) fn document<B>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<B, Fault>,
    ) -> Result<B, Fault> {
        self.skip_space();
        let value = read(self)?;
        self.skip_space();
        if self.at < self.bytes.len() { Err("trailing characters") } else { Ok(value) }
    }

    pub(super) fn value<B: Build<'a>>(&mut self, depth: usize) -> Result<B, Fault> {
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Ok(B::string(self.string()?)),
            Some(b'-' | b'0'..=b'9') => Ok(B::number(self.number()?)),
            Some(b't') => self.literal("true", B::boolean(true)),
            Some(b'f') => self.literal("false", B::boolean(false)),
            Some(b'n') => self.literal("null", B::null()),
            Some(_) => Err("expected a JSON value"),
            None => Err("expected a JSON value, found the end"),
        }
    }

    fn object<B: Build<'a>>(&mut self, depth: usize) -> Result<B, Fault> {
        let mut members = B::Members::default();
        self.members(depth, |parser, key| {
            let value = parser.value(depth + 1)?;
            B::add_member(&mut members, key, value);
            Ok(())
        })?;
        Ok(B::object(members))
    }

    fn array<B: Build<'a>>(&mut self, depth: usize) -> Result<B, Fault> {
        let mut items = Vec::new();
        self.items(depth, |parser, _| {
            items.push(parser.value(depth + 1)?);
            Ok(())
        })?;
        Ok(B::array(items))
    }

    /// Goes through the object that begins here. `member` is to read the value of each key.
    pub(super) fn members(
        &mut self,
        depth: usize,
        mut member: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.open(depth)?;
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err("expected a key in double quotes");
            }
            let key = self.string()?;
            self.skip_space();
            if !self.eat(b':') {
                return Err("expected `:`");
            }
            self.skip_space();
            member(self, key)?;
            self.skip_space();
            if self.eat(b'}') {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err("expected `,` or `}`");
            }
        }
    }

    /// Goes through the array that begins here. `item` is to read the value at each index.
    pub(super) fn items(
        &mut self,
        depth: usize,
        mut item: impl FnMut(&mut Self, usize) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.open(depth)?;
        if self.eat(b']') {
            return Ok(());
        }
        for index in 0.. {
            self.skip_space();
            item(self, index)?;
            self.skip_space();
            if self.eat(b']') {
                break;
            }
            if !self.eat(b',') {
                return Err("expected `,` or `]`");
            }
        }
        Ok(())
    }

    fn open(&mut self, depth: usize) -> Result<(), Fault> {
        if depth >= MAX_DEPTH {
            return Err("nested too deep");
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn literal<B>(&mut self, word: &str, value: B) -> Result<B, Fault> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            Err("expected a JSON value")
        }
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.eat(b'-');
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return Err("expected a digit"),
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err("a number does not start with 0");
        }
        if self.eat(b'.') {
            self.some_digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            self.some_digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn some_digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.digits();
        if self.at == start { Err("expected a digit") } else { Ok(()) }
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.at += 1;
        let start = self.at;
        self.skip_plain();
        // Nearly all strings have no escape, and are taken as they stand.
        if self.eat(b'"') {
            return Ok(Cow::Borrowed(&self.text[start..self.at - 1]));
        }
        let mut unescaped = String::from(&self.text[start..self.at]);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(unescaped));
                }
                Some(b'\\') => {
                    self.at += 1;
                    unescaped.push(self.escape()?);
                }
                Some(_) => return Err("control character in a string; write it as an escape"),
                None => return Err("string without its closing quote"),
            }
            let plain = self.at;
            self.skip_plain();
            unescaped.push_str(&self.text[plain..self.at]);
        }
    }

    /// Goes over what stands for itself in a string.
    fn skip_plain(&mut self) {
        while matches!(self.peek(), Some(byte) if byte >= 0x20 && byte != b'"' && byte != b'\\') {
            self.at += 1;
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let escape = self.peek().ok_or("string without its closing quote")?;
        self.at += 1;
        Ok(match escape {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err("unknown escape"),
        })
    }

    fn unicode_escape(&mut self) -> Result<char, Fault> {
        const LONE: Fault = "half of a surrogate pair";
        let unit = self.hex4()?;
        let code = match unit {
            0xD800..=0xDBFF => {
                if !(self.eat(b'\\') && self.eat(b'u')) {
                    return Err(LONE);
                }
                match self.hex4()? {
                    low @ 0xDC00..=0xDFFF => 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00),
                    _ => return Err(LONE),
                }
            }
            _ => unit,
        };
        char::from_u32(code).ok_or(LONE)
    }

    fn hex4(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            code = code << 4 | digit.ok_or("expected four hexadecimal digits")?;
            self.at += 1;
        }
        Ok(code)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        Json::parse(text).unwrap().to_string()
    }

    #[test]
    fn numbers_keep_their_digits() {
        for digits in [
            "0",
            "-0",
            "1.10",
            "12345678901234567890",
            "-9223372036854775809",
            "1E+2",
            "1e400",
            "0.1000000000000000055511151231257827",
        ] {
            assert_eq!(written(digits), digits);
        }
    }

    #[test]
    fn of_repeated_keys_the_last_value_counts() {
        assert_eq!(written(r#"{"a":1,"b":2,"a":3}"#), r#"{"a":3,"b":2}"#);
    }

    #[test]
    fn an_error_says_what_and_where() {
        for (text, error) in [
            ("", "expected a JSON value, found the end at line 1 column 1"),
            ("{\"a\": 1,\n  b: 2}", "expected a key in double quotes at line 2 column 3"),
            ("[\"äö\", x]", "expected a JSON value at line 1 column 8"),
            ("01", "a number does not start with 0 at line 1 column 2"),
            ("1.", "expected a digit at line 1 column 3"),
            ("1 2", "trailing characters at line 1 column 3"),
            (r#""\ud800""#, "half of a surrogate pair at line 1 column 8"),
            (r#""abc"#, "string without its closing quote at line 1 column 5"),
        ] {
            assert_eq!(Json::parse(text).unwrap_err().to_string(), error, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded_and_the_bound_itself_is_fine() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(Json::parse(&nested(MAX_DEPTH)).is_ok());
        assert!(
            Json::parse(&nested(MAX_DEPTH + 1))
                .unwrap_err()
                .to_string()
                .starts_with("nested too deep")
        );
        assert!(Json::parse(&"[".repeat(1_000_000)).is_err());
    }

    /// A JSON text made by someone else's writer.
    fn json_text() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                prop::collection::btree_map(any::<String>(), inner, 0..8)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
        .prop_map(|value| value.to_string())
    }

    proptest! {
        #[test]
        fn what_another_writer_wrote_comes_back_as_it_was(text in json_text()) {
            prop_assert_eq!(written(&text), text);
        }

        #[test]
        fn any_text_is_json_exactly_where_serde_json_says_so(text in r#"[\[\]{}",:0-9.eE+\-a-z\\ u]{0,24}"#) {
            // serde_json reads numbers into an f64 and refuses those beyond its range.
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            let out_of_range = theirs.as_ref().is_err_and(|e| e.to_string().starts_with("number out of range"));
            prop_assert!(out_of_range || Json::parse(&text).is_ok() == theirs.is_ok(), "{:?}", theirs);
        }

        #[test]
        fn any_text_at_all_is_a_value_or_an_error(text: String) {
            let _ = Json::parse(&text);
        }
    }
}
