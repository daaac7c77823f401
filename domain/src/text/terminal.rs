//! Text from elsewhere as terminals and log files can show it: on one line, without anything that they would act on.

use std::fmt::{self, Display, Formatter, Write as _};

/// A text whose control characters are written as escapes: `\n`, `\u{1b}`.
///
/// Escaped are the control characters of C0 and C1, DEL, the separators of lines and paragraphs, and what reorders text
/// (bidirectional controls). Keys and payloads may hold any of them, and a terminal would obey.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, char)) = rest.char_indices().find(|(_, char)| acts(*char)) {
            f.write_str(rest.get(..at).unwrap_or_default())?;
            match char {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                char => write!(f, "\\u{{{:x}}}", u32::from(char))?,
            }
            rest = rest.get(at + char.len_utf8()..).unwrap_or_default();
        }
        f.write_str(rest)
    }
}

/// Writes a value as [`Escaped`] text.
///
/// # Errors
/// If the formatter fails.
pub fn write_escaped(out: &mut dyn fmt::Write, value: &dyn Display) -> fmt::Result {
    struct Escaping<'a>(&'a mut dyn fmt::Write);
    impl fmt::Write for Escaping<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            write!(self.0, "{}", Escaped(text))
        }
    }
    write!(Escaping(out), "{value}")
}

/// The beginning of a text, of at most `max` bytes, and `…` where that is not all of it.
pub fn excerpt(text: &str, max: usize) -> std::borrow::Cow<'_, str> {
    if text.len() <= max {
        return text.into();
    }
    let end = (0..=max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", text.get(..end).unwrap_or_default()).into()
}

/// Whether a terminal does something other than draw it.
fn acts(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_act_on_is_written_as_an_escape() {
        for (text, shown) in [
            ("a:b", "a:b"),
            ("größe ✓ 日本", "größe ✓ 日本"),
            ("a\nb\r\tc", "a\\nb\\r\\tc"),
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("\u{7f}\u{9b}2J\0", "\\u{7f}\\u{9b}2J\\u{0}"),
            ("\u{202e}gpj\u{2066}\u{200f}", "\\u{202e}gpj\\u{2066}\\u{200f}"),
            ("a\u{2028}b", "a\\u{2028}b"),
        ] {
            assert_eq!(Escaped(text).to_string(), shown);
            let mut written = String::new();
            write_escaped(&mut written, &text).unwrap();
            assert_eq!(written, shown);
        }
    }

    #[test]
    fn an_excerpt_ends_between_characters() {
        assert_eq!(excerpt("größe", 5), "größe".get(..4).unwrap().to_owned() + "…");
        assert_eq!(excerpt("abc", 3), "abc");
        assert_eq!(excerpt("äb", 1), "…");
    }

    proptest! {
        #[test]
        fn no_text_acts(text in any::<String>()) {
            let shown = Escaped(&text).to_string();
            prop_assert!(!shown.chars().any(acts), "{}", shown);
        }

        #[test]
        fn an_excerpt_is_no_longer_than_it_may_be(text in any::<String>(), max in 0usize..20) {
            let cut = excerpt(&text, max);
            prop_assert!(cut.len() <= max.max(text.len().min(max)) + '…'.len_utf8());
            prop_assert!(text.starts_with(cut.trim_end_matches('…')) || text.contains('…'));
        }
    }
}
