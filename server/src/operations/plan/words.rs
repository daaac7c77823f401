//! Commands as they are shown.

use rewind_domain::EntryId;
use rewind_domain::StreamKey;

/// A command as people write it, and what stands for the rest of it.
pub(super) fn shown(command: &[&[u8]], more: &str) -> String {
    let mut text = command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    if !more.is_empty() {
        text.push(' ');
        text.push_str(more);
    }
    text
}

/// The ids of a command that has many: the first ones, and how many there are.
pub(super) fn ids(ids: &[EntryId]) -> String {
    let first: Vec<String> = ids.iter().take(3).map(ToString::to_string).collect();
    match ids.len() {
        0..=3 => first.join(" "),
        count => format!("{} … ({count} ids)", first.join(" ")),
    }
}

fn quoted(word: &[u8]) -> String {
    let text = StreamKey::from_bytes(word).to_string();
    let is_plain = |character: char| {
        !character.is_whitespace()
            && !character.is_control()
            && !matches!(character, '"' | '\'' | '\\')
    };
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text,
        false => format!("\"{}\"", text.replace('"', "\\\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let command: [&[u8]; 3] = [b"XACK", b"events:orders", b"my group"];
        assert_eq!(shown(&command, "1-0"), "XACK events:orders \"my group\" 1-0");
        let many: Vec<EntryId> = (1..=5).map(|ms| EntryId::new(ms, 0)).collect();
        assert_eq!(ids(&many), "1-0 2-0 3-0 … (5 ids)");
        assert_eq!(ids(&many[..2]), "1-0 2-0");
    }
}
