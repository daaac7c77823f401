//! Free text: what stands anywhere in an event, whether in small letters or in capitals.

use super::subject::Subject;

/// A text that is looked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Words {
    /// In small letters.
    needle: String,
}

impl Words {
    pub(super) fn new(text: &str) -> Self {
        Self { needle: text.to_lowercase() }
    }

    /// Whether the name or the value of a field has the text in it, or the data that a decoder read from one. The type is always
    /// within one of them.
    pub(super) fn are_in(&self, subject: &Subject<'_, '_>) -> bool {
        let fields = subject.event.fields();
        (0..fields.count()).filter_map(|at| fields.pair(at)).any(|(name, value)| {
            self.is_in(&String::from_utf8_lossy(name))
                || self.is_in_value(&String::from_utf8_lossy(value))
        }) || subject.unpacked().is_some_and(|data| self.is_in_value(&data.to_string()))
    }

    fn is_in_value(&self, text: &str) -> bool {
        self.is_in(text) || unescaped(text).is_some_and(|text| self.is_in(&text))
    }

    fn is_in(&self, text: &str) -> bool {
        if text.is_ascii() {
            return self.needle.is_ascii() && text.to_ascii_lowercase().contains(&self.needle);
        }
        text.to_lowercase().contains(&self.needle)
    }
}

/// The text with the escapes of JSON resolved, if it looks like JSON and has some: who looks for `Müller` means
/// `M\u00fcller` as well.
fn unescaped(text: &str) -> Option<String> {
    let looks_like_json = text.trim_start().starts_with(['{', '[', '"']);
    if !looks_like_json || !text.contains('\\') {
        return None;
    }
    let mut parts = text.split('\\');
    let mut out = String::from(parts.next()?);
    let mut units = Vec::new();
    while let Some(part) = parts.next() {
        let hex = part.strip_prefix('u').and_then(|rest| Some((rest.get(..4)?, rest.get(4..)?)));
        if let Some((unit, rest)) =
            hex.and_then(|(hex, rest)| u16::from_str_radix(hex, 16).ok().map(|unit| (unit, rest)))
        {
            units.push(unit);
            if !rest.is_empty() {
                flush(&mut units, &mut out);
                out.push_str(rest);
            }
            continue;
        }
        flush(&mut units, &mut out);
        let (escape, rest) = match part.chars().next() {
            // Nothing between two backslashes: one of them, and what follows the second one stands for itself.
            None => ("\\", parts.next().unwrap_or_default()),
            Some('n') => ("\n", &part[1..]),
            Some('r') => ("\r", &part[1..]),
            Some('t') => ("\t", &part[1..]),
            Some('b') => ("\u{8}", &part[1..]),
            Some('f') => ("\u{c}", &part[1..]),
            Some(_) => ("", part),
        };
        out.push_str(escape);
        out.push_str(rest);
    }
    flush(&mut units, &mut out);
    Some(out)
}

/// Appends characters that came as escapes, in halves where they are rare ones.
fn flush(units: &mut Vec<u16>, out: &mut String) {
    out.push_str(&String::from_utf16_lossy(units));
    units.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Json;
    use proptest::prelude::*;

    #[test]
    fn escapes_are_what_they_stand_for() {
        for (text, plain) in [
            (r#"{"a":"M\u00fcller"}"#, r#"{"a":"Müller"}"#),
            (r#"["\ud83d\ude00!"]"#, r#"["😀!"]"#),
            (r#"["say \"hi\", a\/b"]"#, r#"["say "hi", a/b"]"#),
            (r#"["C:\\new\\"]"#, r#"["C:\new\"]"#),
            (r#"["a\nb"]"#, "[\"a\nb\"]"),
            (r"[\u12", "[u12"),
        ] {
            assert_eq!(unescaped(text).as_deref(), Some(plain), "{text}");
        }
        assert_eq!(unescaped(r"C:\new"), None);
        assert_eq!(unescaped("[1]"), None);
    }

    proptest! {
        #[test]
        fn a_string_is_unescaped_to_what_it_says(text in r#"[\n\t"\\a-cnu0äπ😀]{0,12}"#) {
            let written: String = Json::string(text.as_str()).to_string();
            let expected = format!("\"{text}\"");
            prop_assert_eq!(unescaped(&written).unwrap_or(written), expected);
        }

        #[test]
        fn any_text_is_unescaped(text in r#"[\["\\ud8cnä0-9a-f]{0,20}"#) {
            let _ = unescaped(&text);
        }
    }
}
