//! Reading what is typed to go somewhere: a version, an entry or a time.

use rewind_domain::EntryId;
use rewind_domain::time::UtcTime;

use super::address::Point;

/// A number from here on is a time in Unix milliseconds, not a version: the year 1973, and more events than a stream
/// has.
const EARLIEST_MS: u64 = 100_000_000_000;

/// The place that a text names.
///
/// # Errors
/// Where it names none; the error says what would.
pub(crate) fn parse(text: &str) -> Result<Point, String> {
    let text = text.trim();
    let digits: String = text.chars().filter(|c| !matches!(c, ',' | '_' | ' ')).collect();
    if let Ok(number) = digits.parse::<u64>() {
        return Ok(match number >= EARLIEST_MS {
            true => Point::TimeMs(number),
            false => Point::Version(number),
        });
    }
    if let Ok(id) = text.parse::<EntryId>() {
        return Ok(Point::Id(id));
    }
    time(text).map(Point::TimeMs).ok_or_else(|| {
        format!(
            "`{text}` is no version (42), entry id (1706185200000-0) or UTC time \
             (2024-01-25 12:20)"
        )
    })
}

/// A time as RFC 3339 has it, of which everything behind the day may be left out; without an offset it is UTC.
fn time(text: &str) -> Option<u64> {
    let (stamp, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(stamp) => (stamp.trim_end(), "Z"),
        // An offset has a sign behind the time of day; the signs before it belong to the day.
        None => match text.get(10..).and_then(|rest| rest.rfind(['+', '-'])) {
            Some(at) => text.split_at(at + 10),
            None => (text, "Z"),
        },
    };
    // From the left: the day, the hour and minute, the second; a fraction of it fits as it is.
    const LEFT_OUT: &str = "0000-00-00T00:00:00";
    let rest = LEFT_OUT.get(stamp.len()..).unwrap_or_default();
    let is_cut_well = matches!(stamp.len(), 10 | 16 | 19..);
    let full = format!("{stamp}{rest}{offset}");
    let UtcTime(ms) = UtcTime::parse_rfc3339(&full).filter(|_| is_cut_well)?;
    u64::try_from(ms).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_may_have_its_digits_in_groups() {
        for (text, version) in [("42", 42), (" 0 ", 0), ("13,087", 13_087), ("1_000", 1_000)] {
            assert_eq!(parse(text), Ok(Point::Version(version)), "{text}");
        }
    }

    #[test]
    fn an_entry_id_is_told_from_a_day() {
        assert_eq!(parse("1706185200000-0"), Ok(Point::Id(EntryId::new(1_706_185_200_000, 0))));
        assert_eq!(parse("5-1"), Ok(Point::Id(EntryId::new(5, 1))));
    }

    #[test]
    fn a_time_may_leave_out_what_is_behind_the_day_and_the_offset() {
        let at = |ms: u64| Ok(Point::TimeMs(ms));
        for text in [
            "2024-01-25 12:20",
            "2024-01-25T12:20",
            "2024-01-25 12:20:00",
            "2024-01-25T12:20:00Z",
            "2024-01-25T12:20:00.000Z",
            "2024-01-25 12:20Z",
            "2024-01-25T13:20:00+01:00",
            "2024-01-25 11:50-00:30",
            "1706185200000",
        ] {
            assert_eq!(parse(text), at(1_706_185_200_000), "{text}");
        }
        assert_eq!(parse("2024-01-25"), at(1_706_140_800_000));
        assert_eq!(parse("2024-01-25 12:20:00.250"), at(1_706_185_200_250));
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        for text in ["", "yesterday", "2024-13-01", "2024-01-25 25:00", "-5", "1969-01-01", "ä"] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(&format!("`{text}`")) && error.contains("12:20"), "{error}");
        }
    }
}
