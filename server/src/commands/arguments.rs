//! How commands read durations, and the place where a group begins.

use std::time::Duration;

use rewind_domain::EntryId;
use rewind_domain::time::read::read_time;
use rewind_domain::time::zone::Utc;
use rewind_store::consume::Start;

/// Reads a duration: a whole number of `ms`, `s`, `m`, `h` or `d`, such as `90s`. A number alone is in seconds.
///
/// # Errors
/// If it is none.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let ms_each = match unit {
        "ms" => 1,
        "s" | "" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err("write a number and `ms`, `s`, `m`, `h` or `d`, such as `90s`".to_owned()),
    };
    let ms = number.parse::<u64>().ok().and_then(|number| number.checked_mul(ms_each));
    ms.map(Duration::from_millis).ok_or_else(|| "write a whole number, such as `90s`".to_owned())
}

/// Reads where a group begins: `start`, `end`, the id of the entry behind which it begins, or a time in UTC.
///
/// # Errors
/// If it is none of these.
pub fn start(text: &str) -> Result<Start, String> {
    match text {
        "start" | "0" => return Ok(Start::Beginning),
        "end" | "$" => return Ok(Start::End),
        _ => {}
    }
    // Milliseconds alone are the id of an entry and a time alike, and mean nearly the same.
    if text.contains('-')
        && let Ok(id) = text.parse::<EntryId>()
    {
        return Ok(Start::After(id));
    }
    match read_time(text, &Utc) {
        Ok(time) => Ok(Start::Since(u64::try_from(time.first_ms).unwrap_or_default())),
        Err(_) => Err("write `start`, `end`, an id such as `1706185200000-0`, or a time such as `2024-01-25T12:00Z`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        for (text, ms) in [("250ms", 250), ("90s", 90_000), ("5", 5_000), ("2h", 7_200_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in ["", "s", "5x", "-5s", "1.5s", "99999999999999999999d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_group_begins_at_an_end_behind_an_id_or_at_a_time() {
        for (text, expected) in [
            ("start", Start::Beginning),
            ("0", Start::Beginning),
            ("$", Start::End),
            ("5-1", Start::After(EntryId::new(5, 1))),
            ("1970-01-01T00:00:01Z", Start::Since(1_000)),
            ("1970-01-02", Start::Since(86_400_000)),
            ("1706185200000", Start::Since(1_706_185_200_000)),
        ] {
            assert_eq!(start(text), Ok(expected), "{text}");
        }
        assert!(start("yesterday").is_err());
    }
}
