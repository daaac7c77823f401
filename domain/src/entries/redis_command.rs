//! Entries as commands that `redis-cli` reads: `XADD key id field value …`.

use std::fmt::Write as _;

use crate::{EntryId, Fields, StreamKey};

/// The line that adds the entry under its own id, without a line break at its end.
///
/// `redis-cli` reads it back to the very same bytes. What is not a plain word stands in double quotes, in which anything that could not
/// be seen is `\xNN`; so the line is one line, whatever is in the entry.
pub fn xadd(stream: &StreamKey, id: EntryId, fields: &Fields) -> String {
    let mut line = "XADD ".to_owned();
    push_word(&mut line, stream.as_bytes());
    // Writing to a string cannot fail.
    let _ = write!(line, " {id}");
    for (name, value) in fields.iter() {
        for word in [name, value] {
            line.push(' ');
            push_word(&mut line, word);
        }
    }
    line
}

fn push_word(line: &mut String, word: &[u8]) {
    if let Ok(text) = std::str::from_utf8(word)
        && is_plain(text)
    {
        line.push_str(text);
        return;
    }
    line.push('"');
    for chunk in word.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '"' | '\\' => line.extend(['\\', char]),
                '\n' => line.push_str("\\n"),
                '\r' => line.push_str("\\r"),
                '\t' => line.push_str("\\t"),
                ' ' => line.push(' '),
                unseen if unseen.is_control() || unseen.is_whitespace() => {
                    push_bytes(line, unseen.encode_utf8(&mut [0; 4]).as_bytes());
                }
                seen => line.push(seen),
            }
        }
        push_bytes(line, chunk.invalid());
    }
    line.push('"');
}

/// Whether a word needs no quotes: it has nothing that a command line, a shell or an eye could take for something else.
fn is_plain(word: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:/@+,=%-".contains(&byte);
    !word.is_empty() && word.bytes().all(is_plain)
}

fn push_bytes(line: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(line, "\\x{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Splits a line as `redis-cli` does.
    fn split(line: &str) -> Option<Vec<Vec<u8>>> {
        let mut words = Vec::new();
        let mut rest = line.as_bytes();
        while !rest.is_empty() {
            let mut word = Vec::new();
            if let Some(mut quoted) = rest.strip_prefix(b"\"") {
                loop {
                    quoted = match quoted {
                        [b'"', after @ ..] => {
                            rest = after;
                            break;
                        }
                        [b'\\', b'x', high, low, after @ ..]
                            if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
                        {
                            let digits = [*high, *low];
                            let digits = std::str::from_utf8(&digits).ok()?;
                            word.push(u8::from_str_radix(digits, 16).ok()?);
                            after
                        }
                        [b'\\', escaped, after @ ..] => {
                            word.push(match escaped {
                                b'n' => b'\n',
                                b'r' => b'\r',
                                b't' => b'\t',
                                b'b' => 8,
                                b'a' => 7,
                                other => *other,
                            });
                            after
                        }
                        [byte, after @ ..] => {
                            word.push(*byte);
                            after
                        }
                        [] => return None,
                    };
                }
            } else {
                let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
                word.extend_from_slice(&rest[..end]);
                rest = &rest[end..];
            }
            words.push(word);
            match rest {
                [] => {}
                [b' ', after @ ..] => rest = after,
                _ => return None,
            }
        }
        Some(words)
    }

    fn line(stream: &[u8], pairs: &[(&[u8], &[u8])]) -> String {
        let fields = pairs.iter().copied().collect();
        xadd(&StreamKey::from_bytes(stream), EntryId::new(5, 1), &fields)
    }

    #[test]
    fn plain_words_stand_as_they_are_and_others_in_quotes() {
        assert_eq!(
            line(b"aggregate:Order:1", &[(b"type", b"OrderPaid"), (b"data", br#"{"n": "\"}"#)]),
            r#"XADD aggregate:Order:1 5-1 type OrderPaid data "{\"n\": \"\\\"}""#
        );
        assert_eq!(
            line("Größe".as_bytes(), &[(b"", b"a\n\xff\x1b['\xe2\x80\xa8")]),
            "XADD \"Größe\" 5-1 \"\" \"a\\n\\xff\\x1b['\\xe2\\x80\\xa8\""
        );
    }

    proptest! {
        #[test]
        fn the_line_is_read_back_to_the_same_bytes(
            stream: Vec<u8>, pairs: Vec<(Vec<u8>, Vec<u8>)>, ms: u64, seq: u64
        ) {
            let id = EntryId::new(ms, seq);
            let mut words = vec![b"XADD".to_vec(), stream.clone(), id.to_string().into_bytes()];
            words.extend(pairs.iter().flat_map(|(name, value)| [name.clone(), value.clone()]));
            let fields = pairs.into_iter().collect();
            let line = xadd(&StreamKey::from_bytes(stream), id, &fields);
            prop_assert!(!line.chars().any(char::is_control), "{}", line);
            prop_assert_eq!(split(&line), Some(words));
        }

        #[test]
        fn so_is_any_text(text: String) {
            let words = [&b"XADD"[..], b"s", b"5-1", text.as_bytes(), text.as_bytes()];
            let line = line(b"s", &[(text.as_bytes(), text.as_bytes())]);
            prop_assert_eq!(split(&line).unwrap(), words);
        }
    }
}
