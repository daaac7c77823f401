//! Writing JSON text.

use std::fmt::{self, Write as _};

use super::value::Json;

impl fmt::Display for Json {
    /// The value without any white space, or with `{:#}` indented by two spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = f.alternate().then_some(0);
        write_value(f, self, indent)
    }
}

impl Json {
    /// The beginning of the value as text, cut with an ellipsis after at most `max_chars` characters; takes no
    /// longer for a large value than for a small one.
    pub fn preview(&self, max_chars: usize) -> String {
        let mut out = Bounded { text: String::new(), left: max_chars };
        // The only error is that the bound was reached, which the ellipsis says.
        let _ = write!(out, "{self}");
        out.text
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, value: &Json, indent: Option<usize>) -> fmt::Result {
    match value {
        Json::Null => f.write_str("null"),
        Json::Bool(true) => f.write_str("true"),
        Json::Bool(false) => f.write_str("false"),
        Json::Number(number) => f.write_str(number.as_str()),
        Json::String(text) => write_string(f, text),
        Json::Array(items) => {
            f.write_char('[')?;
            for (i, item) in items.iter().enumerate() {
                separate(f, i, indent)?;
                write_value(f, item, indent.map(|n| n + 1))?;
            }
            close(f, items.is_empty(), indent, ']')
        }
        Json::Object(members) => {
            f.write_char('{')?;
            for (i, (key, member)) in members.iter().enumerate() {
                separate(f, i, indent)?;
                write_string(f, key)?;
                f.write_str(if indent.is_some() { ": " } else { ":" })?;
                write_value(f, member, indent.map(|n| n + 1))?;
            }
            close(f, members.is_empty(), indent, '}')
        }
    }
}

fn separate(f: &mut fmt::Formatter<'_>, index: usize, indent: Option<usize>) -> fmt::Result {
    if index > 0 {
        f.write_char(',')?;
    }
    new_line(f, indent.map(|n| n + 1))
}

fn close(
    f: &mut fmt::Formatter<'_>,
    is_empty: bool,
    indent: Option<usize>,
    bracket: char,
) -> fmt::Result {
    if !is_empty {
        new_line(f, indent)?;
    }
    f.write_char(bracket)
}

fn new_line(f: &mut fmt::Formatter<'_>, indent: Option<usize>) -> fmt::Result {
    let Some(indent) = indent else { return Ok(()) };
    f.write_char('\n')?;
    (0..indent).try_for_each(|_| f.write_str("  "))
}

fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        f.write_str(&text[plain..at])?;
        plain = at + 1;
        match byte {
            b'"' => f.write_str("\\\"")?,
            b'\\' => f.write_str("\\\\")?,
            b'\n' => f.write_str("\\n")?,
            b'\r' => f.write_str("\\r")?,
            b'\t' => f.write_str("\\t")?,
            0x08 => f.write_str("\\b")?,
            0x0c => f.write_str("\\f")?,
            _ => write!(f, "\\u{byte:04x}")?,
        }
    }
    f.write_str(&text[plain..])?;
    f.write_char('"')
}

struct Bounded {
    text: String,
    left: usize,
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        match part.char_indices().nth(self.left) {
            None => {
                self.left -= part.chars().count();
                self.text.push_str(part);
                Ok(())
            }
            Some((cut, _)) => {
                self.left = 0;
                self.text.push_str(&part[..cut]);
                self.text.push('…');
                Err(fmt::Error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn indented_text_has_a_member_a_line() {
        let value = Json::parse(r#"{"a":[1,2],"b":{},"c":[]}"#).unwrap();
        assert_eq!(
            format!("{value:#}"),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}"
        );
    }

    #[test]
    fn a_preview_is_cut_at_its_bound() {
        let value = Json::parse(r#"["ä","b"]"#).unwrap();
        assert_eq!(value.preview(9), r#"["ä","b"]"#);
        assert_eq!(value.preview(4), r#"["ä"…"#);
        assert_eq!(value.preview(0), "…");
    }

    proptest! {
        #[test]
        fn a_string_is_written_as_serde_json_does(text: String) {
            prop_assert_eq!(Json::string(text.as_str()).to_string(), serde_json::to_string(&text).unwrap());
        }
    }
}
