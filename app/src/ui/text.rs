//! Numbers, times and bytes as they are shown.

use std::fmt::{self, Write as _};

use rewind_domain::EntryId;
use rewind_domain::foreign_text::visible_message;
pub(crate) use rewind_domain::numbers::{counted, grouped};

/// The beginning of what would be written, cut with an ellipsis after about `max` bytes; nothing behind that is written.
pub(crate) fn beginning(whole: impl fmt::Display, max: usize, is_indented: bool) -> String {
    let mut out = Beginning { text: String::new(), max };
    // The only error is that the bound was reached, which the ellipsis says.
    let _ = match is_indented {
        true => write!(out, "{whole:#}"),
        false => write!(out, "{whole}"),
    };
    out.text
}

struct Beginning {
    text: String,
    max: usize,
}

impl fmt::Write for Beginning {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = self.max.saturating_sub(self.text.len());
        if part.len() <= room {
            self.text.push_str(part);
            return Ok(());
        }
        self.text.push_str(&part[..part.floor_char_boundary(room)]);
        self.text.push('…');
        Err(fmt::Error)
    }
}

/// A size in one unit: `812 B`, `15.6 KiB`, `47.7 MiB`.
pub(crate) fn byte_size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) => format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size),
        None => format!("{bytes} B"),
    }
}

/// How long after something else, signed and in the two largest units: `+0 ms`, `+1.250 s`, `+3 min 5 s`, `−2 d 4 h`.
pub(crate) fn offset(ms: i64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    let sign = if ms < 0 { '−' } else { '+' };
    let ms = ms.unsigned_abs();
    match UNITS.iter().position(|(size, _)| ms >= *size) {
        None => format!("{sign}{ms} ms"),
        Some(3) => format!("{sign}{}.{:03} s", ms / 1_000, ms % 1_000),
        Some(at) => {
            let ((size, unit), (smaller, smaller_unit)) = (UNITS[at], UNITS[at + 1]);
            match ms % size / smaller {
                0 => format!("{sign}{} {unit}", ms / size),
                rest => format!("{sign}{} {unit} {rest} {smaller_unit}", ms / size),
            }
        }
    }
}

/// A message as a sentence of its own, with what is hidden in the names that it has made visible. Messages begin small and without a
/// period, so that they fit into others. Only ASCII letters are raised: messages begin with one, and the tables of all others would be in the
/// first load.
pub(crate) fn sentence(message: &str) -> String {
    let message = visible_message(message);
    let mut rest = message.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", rest.as_str().trim_end_matches('.'))
}

/// How long ago, in one unit: `just now`, `5 min ago`, `3 d ago`, `2 y ago`; or how far ahead, as `in 5 min`. Clocks differ a
/// little, so a few seconds ahead are now.
pub(crate) fn ago(now_ms: i64, then_ms: i64) -> String {
    /// What is less far away is now, in seconds.
    const NOW: u64 = 5;
    let seconds = now_ms.saturating_sub(then_ms) / 1_000;
    let distance = seconds.unsigned_abs();
    let units = [(31_557_600, "y"), (2_629_800, "mo"), (86_400, "d"), (3_600, "h"), (60, "min")];
    let length = match units.iter().find(|(size, _)| distance >= *size) {
        Some((size, unit)) => format!("{} {unit}", distance / size),
        None if distance < NOW => return "just now".to_owned(),
        None => format!("{distance} s"),
    };
    if seconds < 0 { format!("in {length}") } else { format!("{length} ago") }
}

/// A duration in one unit and as few characters as can be: `40s`, `12m`, `18h`, `5d`, `3y`.
pub(crate) fn brief_duration(ms: u64) -> String {
    let units =
        [(31_557_600_000, "y"), (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    match units.iter().find(|(size, _)| ms >= *size) {
        Some((size, unit)) => format!("{}{unit}", (ms + size / 2) / size),
        None => format!("{ms}ms"),
    }
}

/// The time in an id, in Unix milliseconds, where it can be one: writers may choose ids freely, and
/// numbers such as `1-0` are no times.
pub(crate) fn id_time_ms(id: EntryId) -> Option<i64> {
    /// 1990-01-01, before any system that writes such ids.
    const EARLIEST_MS: i64 = 631_152_000_000;
    /// 2200-01-01.
    const LATEST_MS: i64 = 7_258_118_400_000;
    let ms = i64::try_from(id.ms()).ok()?;
    (EARLIEST_MS..LATEST_MS).contains(&ms).then_some(ms)
}

/// Bytes as text; what is not UTF-8 as `\xNN`. Also says whether all of it was text.
pub(crate) fn bytes_text(bytes: &[u8]) -> (String, bool) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (text.to_owned(), true);
    }
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    (text, false)
}

/// How many colours tell event types apart; as many as `tokens.css` defines.
const HUES: u32 = 8;

/// The colour of an event type: the same everywhere and always.
pub(crate) fn hue(event_type: &str) -> u32 {
    // FNV-1a: short, and even on short texts.
    let hash = event_type
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) % HUES
}

/// The term of a filter that means the events of a type.
pub(crate) fn type_term(name: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || "-_./".contains(char);
    match name.chars().all(is_plain) {
        true => format!("type:{name}"),
        false => format!("type:\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_cut_between_characters() {
        assert_eq!(beginning("äöü", 6, false), "äöü");
        assert_eq!(beginning("äöü", 5, false), "äö…");
        assert_eq!(beginning("", 0, true), "");
    }

    #[test]
    fn a_size_is_told_in_one_unit() {
        for (bytes, text) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.0 KiB"),
            (16_000, "15.6 KiB"),
            (50_000_000, "47.6 MiB"),
            (3 << 30, "3.0 GiB"),
        ] {
            assert_eq!(byte_size(bytes), text);
        }
        let _ = byte_size(u64::MAX);
    }

    #[test]
    fn an_offset_is_told_in_its_two_largest_units() {
        for (ms, text) in [
            (0, "+0 ms"),
            (-999, "−999 ms"),
            (1_250, "+1.250 s"),
            (185_000, "+3 min 5 s"),
            (7_200_000, "+2 h"),
            (-187_200_000, "−2 d 4 h"),
        ] {
            assert_eq!(offset(ms), text);
        }
        let _ = offset(i64::MIN);
    }

    #[test]
    fn a_message_becomes_a_sentence() {
        for (message, text) in
            [("a `b` c", "A `b` c."), ("Ä.", "Ä."), ("", "."), ("ß", "ß."), ("`a\nb`", "`a↵b`.")]
        {
            assert_eq!(sentence(message), text);
        }
    }

    #[test]
    fn the_past_and_the_future_are_told_in_one_unit() {
        let day = 86_400_000;
        for (past_ms, text) in [
            (0, "just now"),
            (30_000, "30 s ago"),
            (90_000, "1 min ago"),
            (2 * day, "2 d ago"),
            (400 * day, "1 y ago"),
            (-4_999, "just now"),
            (-30_000, "in 30 s"),
            (-60_000, "in 1 min"),
            (-2 * day, "in 2 d"),
        ] {
            assert_eq!(ago(1_700_000_000_000, 1_700_000_000_000 - past_ms), text);
        }
        let _ = (ago(i64::MAX, i64::MIN), ago(i64::MIN, i64::MAX));
    }

    #[test]
    fn a_brief_duration_is_rounded_to_its_unit() {
        for (ms, text) in [
            (7, "7ms"),
            (40_000, "40s"),
            (90_000, "2m"),
            (64_800_000, "18h"),
            (432_000_000, "5d"),
            (92_275_200_000, "3y"),
        ] {
            assert_eq!(brief_duration(ms), text);
        }
    }

    #[test]
    fn an_id_that_is_no_time_has_none() {
        assert_eq!(id_time_ms(EntryId::new(1, 0)), None);
        assert_eq!(id_time_ms(EntryId::MAX), None);
        assert_eq!(id_time_ms(EntryId::new(1_317_422_324_546, 0)), Some(1_317_422_324_546));
    }

    #[test]
    fn bytes_that_are_no_text_are_escaped() {
        assert_eq!(bytes_text("ä\\n".as_bytes()), ("ä\\n".to_owned(), true));
        assert_eq!(bytes_text(b"a\xffb\xc3"), ("a\\xffb\\xc3".to_owned(), false));
    }

    #[test]
    fn types_spread_over_the_colours() {
        let hues: std::collections::HashSet<u32> =
            (0..100).map(|n| hue(&format!("Type{n}"))).collect();
        assert_eq!(hues.len(), HUES as usize);
        assert_eq!(hue("OrderCreated"), hue("OrderCreated"));
    }
}
