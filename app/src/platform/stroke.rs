//! Which key was pressed, as the handlers of the pages name it.
//!
//! The name that a browser gives depends on the layout of the keyboard and on what else goes on: while text is composed, as for Chinese or
//! Japanese, every key belongs to the input method; on a Cyrillic or Hebrew keyboard the key of `p` gives another letter; and with Option or
//! AltGr a key writes a character that no shortcut may take.

/// A key that was pressed, as the browser tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stroke {
    /// What it writes, or what it is called where it writes nothing.
    pub(crate) key: String,
    /// Its place on the keyboard, whatever is written on it there.
    pub(crate) code: String,
    /// Whether Shift is held.
    pub(crate) is_shifted: bool,
    /// Whether Ctrl, Alt, Option, AltGr or the system's own key is held.
    pub(crate) has_modifier: bool,
    /// Whether it belongs to a text that is being composed.
    pub(crate) is_composing: bool,
}

impl Stroke {
    /// The key, for a box in which text is typed; `None` while text is composed.
    pub(crate) fn typed(self) -> Option<String> {
        (!self.is_composing).then_some(self.key)
    }

    /// The key, where it is pressed alone or with Shift.
    pub(crate) fn plain(self) -> Option<String> {
        if self.has_modifier { None } else { self.typed() }
    }

    /// The key as shortcuts name it, where it is pressed alone or with Shift.
    pub(crate) fn shortcut(self) -> Option<String> {
        if self.has_modifier { None } else { self.letter() }
    }

    /// The key as shortcuts name it, whatever is held: by what it writes where that is ASCII, else by its place.
    pub(crate) fn letter(self) -> Option<String> {
        if self.is_composing {
            return None;
        }
        if self.key.is_ascii() {
            return Some(self.key);
        }
        let at_its_place = match self.code.as_str() {
            "BracketLeft" => "[",
            "BracketRight" => "]",
            "Slash" if self.is_shifted => "?",
            "Slash" => "/",
            "Comma" if self.is_shifted => "<",
            "Period" if self.is_shifted => ">",
            code => {
                let letter = code.strip_prefix("Key").filter(|letter| letter.len() == 1)?;
                return Some(match self.is_shifted {
                    true => letter.to_ascii_uppercase(),
                    false => letter.to_ascii_lowercase(),
                });
            }
        };
        Some(at_its_place.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stroke(key: &str, code: &str) -> Stroke {
        Stroke { key: key.to_owned(), code: code.to_owned(), ..Stroke::default() }
    }

    fn shortcut(key: &str, code: &str) -> Option<String> {
        stroke(key, code).shortcut()
    }

    #[test]
    fn a_shortcut_is_the_letter_that_a_latin_keyboard_writes_wherever_its_key_is() {
        assert_eq!(shortcut("p", "KeyP").as_deref(), Some("p"));
        // Dvorak has `p` where others have `r`.
        assert_eq!(shortcut("p", "KeyR").as_deref(), Some("p"));
        assert_eq!(shortcut("ArrowDown", "ArrowDown").as_deref(), Some("ArrowDown"));
    }

    #[test]
    fn on_other_keyboards_a_shortcut_is_the_key_at_its_place() {
        for (key, code, means) in [
            ("з", "KeyP", "p"),
            ("π", "KeyP", "p"),
            ("פ", "KeyP", "p"),
            ("ل", "KeyG", "g"),
            ("х", "BracketLeft", "["),
            ("ü", "BracketLeft", "["),
        ] {
            assert_eq!(shortcut(key, code).as_deref(), Some(means), "{key}");
        }
        let shifted = Stroke { is_shifted: true, ..stroke("У", "KeyE") };
        assert_eq!(shifted.shortcut().as_deref(), Some("E"));
        assert_eq!(shortcut("é", "Digit2"), None);
    }

    #[test]
    fn what_is_written_with_a_modifier_is_no_shortcut() {
        let option = Stroke { has_modifier: true, ..stroke("π", "KeyP") };
        assert_eq!((option.clone().shortcut(), option.clone().plain()), (None, None));
        assert_eq!(option.letter().as_deref(), Some("p"));
    }

    #[test]
    fn while_text_is_composed_no_key_is_ours() {
        let composing = Stroke { is_composing: true, ..stroke("Enter", "Enter") };
        let all = [
            composing.clone().typed(),
            composing.clone().plain(),
            composing.clone().shortcut(),
            composing.letter(),
        ];
        assert_eq!(all, [const { None }; 4]);
    }
}
