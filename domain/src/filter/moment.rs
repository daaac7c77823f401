//! Ids and times as they are written in a filter: each stands for a range, a day for all of the day.

use crate::EntryId;
use crate::time::UtcTime;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The ids that a text names: one as in `1706185200000-0`, or all of a millisecond as in `1706185200000`.
pub(super) fn ids(text: &str) -> Option<(EntryId, EntryId)> {
    if text.contains('-') {
        return text.parse().ok().map(|id| (id, id));
    }
    // The same digits as in an id.
    let id: EntryId = format!("{text}-0").parse().ok()?;
    Some((id, EntryId::new(id.ms(), u64::MAX)))
}

/// The ids of the entries that Redis accepted at these times.
pub(super) fn ids_of_times((from, to): (i64, i64)) -> (EntryId, EntryId) {
    let Ok(last_ms) = u64::try_from(to) else {
        // No id is from before 1970.
        return (EntryId::MAX, EntryId::MIN);
    };
    let last = if to == i64::MAX { EntryId::MAX } else { EntryId::new(last_ms, u64::MAX) };
    (EntryId::new(u64::try_from(from).unwrap_or(0), 0), last)
}

/// The first and the last millisecond of a day, an hour, a minute, a second or a millisecond, in Unix time: `2012-01-14`,
/// `2012-01-14T10:00`, with an offset such as `+01:00` or in UTC; or of one millisecond as a number.
pub(super) fn times(text: &str) -> Option<(i64, i64)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(|ms| (ms, ms));
    }
    let (date, rest) = text.split_at_checked("2012-01-14".len())?;
    let (clock, offset) = split_offset(rest);
    let (clock, width_ms) = match clock.len() {
        0 => ("T00:00:00".to_owned(), DAY_MS),
        3 => (format!("{clock}:00:00"), HOUR_MS),
        6 => (format!("{clock}:00"), MINUTE_MS),
        9 => (clock.to_owned(), 1_000),
        _ => (clock.to_owned(), 1),
    };
    let UtcTime(start) = UtcTime::parse_rfc3339(&format!("{date}{clock}{offset}"))?;
    Some((start, start + width_ms - 1))
}

/// The time of day and the offset behind it, which is that of UTC where there is none.
fn split_offset(text: &str) -> (&str, &str) {
    match text.find(['Z', 'z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, "Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> Option<(String, String)> {
        times(text).map(|(from, to)| (UtcTime(from).to_string(), UtcTime(to).to_string()))
    }

    #[test]
    fn a_time_stands_for_all_that_it_leaves_open() {
        for (text, from, to) in [
            ("2012-01-14", "2012-01-14T00:00:00.000Z", "2012-01-14T23:59:59.999Z"),
            ("2012-01-14T10", "2012-01-14T10:00:00.000Z", "2012-01-14T10:59:59.999Z"),
            ("2012-01-14T10:05", "2012-01-14T10:05:00.000Z", "2012-01-14T10:05:59.999Z"),
            ("2012-01-14T10:05:07", "2012-01-14T10:05:07.000Z", "2012-01-14T10:05:07.999Z"),
            ("2012-01-14T10:05:07.5", "2012-01-14T10:05:07.500Z", "2012-01-14T10:05:07.500Z"),
            ("2012-01-14+01:00", "2012-01-13T23:00:00.000Z", "2012-01-14T22:59:59.999Z"),
            ("2012-01-14T10:05-05:00", "2012-01-14T15:05:00.000Z", "2012-01-14T15:05:59.999Z"),
            ("1326535200000", "2012-01-14T10:00:00.000Z", "2012-01-14T10:00:00.000Z"),
        ] {
            assert_eq!(written(text), Some((from.to_owned(), to.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "-",
            "yesterday",
            "2012-02-30",
            "2012-01-14T25",
            "2012-01-14T1",
            "12-01-14",
            "２０１２",
        ] {
            assert_eq!(times(text), None, "{text}");
        }
    }

    #[test]
    fn an_id_may_lack_its_second_part() {
        assert_eq!(ids("5-3"), Some((EntryId::new(5, 3), EntryId::new(5, 3))));
        assert_eq!(ids("5"), Some((EntryId::new(5, 0), EntryId::new(5, u64::MAX))));
        assert_eq!(ids("x"), None);
        assert_eq!(ids(""), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_not(text: String) {
            let _ = (times(&text), ids(&text));
        }
    }
}
