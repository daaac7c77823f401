//! Text that others wrote, on its way to where people read it: what cannot be seen in it, or would change how the text around it
//! is laid out, is shown by a mark.

use std::borrow::Cow;

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Characters that show what they are.
    Plain(&'t str),
    /// A character that does not.
    Hidden(Hidden),
}

/// A character that cannot be seen, or looks like another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden(pub char);

impl Hidden {
    /// What is shown in its place: `↵`, `⇥`, `␀`, or the number as `U+200B`.
    pub fn symbol(self) -> String {
        let control_picture = |code: u32| char::from_u32(0x2400 + code).map(String::from);
        let symbol = match self.0 {
            '\n' => Some("↵".to_owned()),
            '\t' => Some("⇥".to_owned()),
            ' ' => Some("␣".to_owned()),
            '\u{a0}' => Some("⍽".to_owned()),
            '\u{7f}' => Some("␡".to_owned()),
            char if u32::from(char) < 0x20 => control_picture(u32::from(char)),
            _ => None,
        };
        symbol.unwrap_or_else(|| self.number())
    }

    /// What it is, for those who wonder: `U+200B zero width space`.
    pub fn name(self) -> String {
        let name = match self.0 {
            '\n' => "line feed",
            '\r' => "carriage return",
            '\t' => "tab",
            '\0' => "null",
            '\u{1b}' => "escape",
            ' ' => "space",
            '\u{a0}' => "no-break space",
            '\u{ad}' => "soft hyphen",
            '\u{61c}' => "Arabic letter mark",
            '\u{200b}' => "zero width space",
            '\u{200c}' => "zero width non-joiner",
            '\u{200d}' => "zero width joiner",
            '\u{200e}' => "left-to-right mark",
            '\u{200f}' => "right-to-left mark",
            '\u{2028}' => "line separator",
            '\u{2029}' => "paragraph separator",
            '\u{202a}' => "left-to-right embedding",
            '\u{202b}' => "right-to-left embedding",
            '\u{202c}' => "pop directional formatting",
            '\u{202d}' => "left-to-right override",
            '\u{202e}' => "right-to-left override",
            '\u{202f}' => "narrow no-break space",
            '\u{2060}' => "word joiner",
            '\u{2066}' => "left-to-right isolate",
            '\u{2067}' => "right-to-left isolate",
            '\u{2068}' => "first strong isolate",
            '\u{2069}' => "pop directional isolate",
            '\u{3000}' => "ideographic space",
            '\u{feff}' => "byte order mark",
            char if char.is_whitespace() => "space of another width",
            char if char.is_control() => "control character",
            _ => "invisible character",
        };
        format!("{} {name}", self.number())
    }

    fn number(self) -> String {
        format!("U+{:04X}", u32::from(self.0))
    }
}

/// The parts of a text, in order. Together they have all of its characters.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut plain_from = 0;
    let mut before = None;
    let inner = text.trim_matches(' ');
    let edge = text.len() - text.trim_start_matches(' ').len();
    let edges = edge..edge + inner.len();
    for (at, char) in text.char_indices() {
        let is_edge = char == ' ' && !edges.contains(&at);
        if is_edge || is_hidden(char, before) {
            pieces.extend(text.get(plain_from..at).filter(|t| !t.is_empty()).map(Piece::Plain));
            pieces.push(Piece::Hidden(Hidden(char)));
            plain_from = at + char.len_utf8();
        }
        before = Some(char);
    }
    pieces.extend(text.get(plain_from..).filter(|t| !t.is_empty()).map(Piece::Plain));
    pieces
}

/// The text for places that take no markup, such as titles: hidden characters by their symbols, and what is read from right to
/// left kept apart from what stands around it.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_isolated = text.chars().any(is_right_to_left);
    let is_plain = matches!(pieces(text).as_slice(), [] | [Piece::Plain(_)]);
    if is_plain && !is_isolated {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    if is_isolated {
        shown.push('\u{2068}');
    }
    for piece in pieces(text) {
        match piece {
            Piece::Plain(plain) => shown.push_str(plain),
            Piece::Hidden(hidden) => match hidden.symbol() {
                symbol if symbol.len() > '↵'.len_utf8() => {
                    shown.extend(['⟨']);
                    shown.push_str(&symbol);
                    shown.push('⟩');
                }
                symbol => shown.push_str(&symbol),
            },
        }
    }
    if is_isolated {
        shown.push('\u{2069}');
    }
    Cow::Owned(shown)
}

/// A message that names things of others between backticks, for places that take no markup.
pub fn visible_message(message: &str) -> String {
    let parts: Vec<Cow<'_, str>> = message.split('`').map(visible_within).collect();
    parts.join("`")
}

/// As [`visible`], where spaces at the ends stand beside other words.
fn visible_within(text: &str) -> Cow<'_, str> {
    let inner = text.trim_matches(' ');
    match visible(inner) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(shown) => Cow::Owned(text.replacen(inner, &shown, 1)),
    }
}

/// Whether a character cannot be seen, or looks like another, behind this one.
fn is_hidden(char: char, before: Option<char>) -> bool {
    match char {
        ' ' => false,
        // They make one picture of several.
        '\u{200d}' | '\u{fe0f}' if before.is_some_and(is_picture) => false,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => {
            true
        }
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' => true,
        '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' => true,
        '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        char => char.is_control() || char.is_whitespace(),
    }
}

fn is_picture(char: char) -> bool {
    matches!(char, '\u{fe0f}' | '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Whether a character belongs to a script that is read from right to left.
fn is_right_to_left(char: char) -> bool {
    matches!(
        char,
        '\u{590}'..='\u{61b}'
            | '\u{61d}'..='\u{8ff}'
            | '\u{fb1d}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefe}'
            | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_seen_has_a_symbol_and_a_name() {
        for (text, shown) in [
            ("a:b c", "a:b c"),
            ("a\nb", "a↵b"),
            ("a\tb\0", "a⇥b␀"),
            ("a\u{200b}b", "a⟨U+200B⟩b"),
            ("a\u{200c}b", "a⟨U+200C⟩b"),
            ("invoice\u{202e}gnp.exe", "invoice⟨U+202E⟩gnp.exe"),
            (" a ", "␣a␣"),
            ("a\u{a0}b", "a⍽b"),
            ("a\u{2003}b\u{85}", "a⟨U+2003⟩b⟨U+0085⟩"),
            ("\u{feff}a\u{ad}", "⟨U+FEFF⟩a⟨U+00AD⟩"),
            ("שלום", "\u{2068}שלום\u{2069}"),
            ("Größe ✓ 注文", "Größe ✓ 注文"),
            ("❤\u{fe0f} 👩\u{200d}🚀", "❤\u{fe0f} 👩\u{200d}🚀"),
            ("", ""),
            ("  ", "␣␣"),
        ] {
            assert_eq!(visible(text), shown);
        }
        assert_eq!(Hidden('\u{202e}').name(), "U+202E right-to-left override");
        assert_eq!(Hidden('\u{1}').name(), "U+0001 control character");
    }

    #[test]
    fn a_message_keeps_apart_what_it_names() {
        assert_eq!(
            visible_message("stream `a\nשלום` has no version `7` "),
            "stream `\u{2068}a↵שלום\u{2069}` has no version `7` "
        );
    }

    proptest! {
        #[test]
        fn the_pieces_have_all_of_the_text(text: String) {
            let whole: String = pieces(&text)
                .iter()
                .map(|piece| match piece {
                    Piece::Plain(plain) => (*plain).to_owned(),
                    Piece::Hidden(Hidden(char)) => char.to_string(),
                })
                .collect();
            prop_assert_eq!(whole, text);
        }

        #[test]
        fn what_is_shown_has_nothing_hidden(text in "[ab \\n\\t\u{200b}\u{202e}\u{2066}\u{a0}\u{61c}\u{7f}é]{0,12}") {
            let shown = visible(&text);
            let is_plain = |char: char| !char.is_control() && !is_hidden(char, None);
            prop_assert!(shown.chars().all(is_plain), "{}", shown);
        }

        #[test]
        fn what_differs_looks_different(
            one in "[ab \\n\\t\u{200b}\u{202e}\u{2066}\u{a0}]{0,8}",
            other in "[ab \\n\\t\u{200b}\u{202e}\u{2066}\u{a0}]{0,8}",
        ) {
            prop_assert_eq!(visible(&one) == visible(&other), one == other);
        }

        #[test]
        fn any_message_can_be_shown(text: String) {
            let _ = visible_message(&text);
        }
    }
}
