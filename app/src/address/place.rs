//! Reading what is typed to go somewhere: a version, an entry or a time.

use rewind_domain::EntryId;
use rewind_domain::time::read::{ReadTimeError, read_time};
use rewind_domain::time::zone::Zone;

use crate::address::Point;

/// A number from here on is a time in Unix milliseconds, not a version: the year 1973, and more events than a stream
/// has.
const EARLIEST_MS: u64 = 100_000_000_000;

/// The place that a text names. A time without a zone is on the clocks of the given one.
///
/// # Errors
/// If it names none; the error says what would.
pub(crate) fn parse(text: &str, zone: &impl Zone) -> Result<Point, String> {
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
    let no_place = || {
        format!(
            "`{text}` is no version (42), entry id (1706185200000-0) or time (2024-01-25 12:20)"
        )
    };
    match read_time(text, zone) {
        Ok(time) => u64::try_from(time.first_ms).map(Point::TimeMs).map_err(|_| no_place()),
        Err(ReadTimeError::NotATime { .. }) => Err(no_place()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::time::UtcTime;
    use rewind_domain::time::zone::Utc;

    #[test]
    fn a_version_may_have_its_digits_in_groups() {
        for (text, version) in [("42", 42), (" 0 ", 0), ("13,087", 13_087), ("1_000", 1_000)] {
            assert_eq!(parse(text, &Utc), Ok(Point::Version(version)), "{text}");
        }
    }

    #[test]
    fn an_entry_id_is_told_from_a_day() {
        assert_eq!(
            parse("1706185200000-0", &Utc),
            Ok(Point::Id(EntryId::new(1_706_185_200_000, 0)))
        );
        assert_eq!(parse("5-1", &Utc), Ok(Point::Id(EntryId::new(5, 1))));
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
            assert_eq!(parse(text, &Utc), at(1_706_185_200_000), "{text}");
        }
        assert_eq!(parse("2024-01-25", &Utc), at(1_706_140_800_000));
        assert_eq!(parse("2024-01-25 12:20:00.250", &Utc), at(1_706_185_200_250));
    }

    #[test]
    fn anything_else_is_refused_with_examples() {
        for text in ["", "yesterday", "2024-13-01", "2024-01-25 25:00", "-5", "1969-01-01", "ä"] {
            let error = parse(text, &Utc).unwrap_err();
            assert!(error.contains(&format!("`{text}`")) && error.contains("12:20"), "{error}");
        }
    }

    /// Clocks that are ahead by an hour until a moment, and by two from then on.
    struct SetForward;

    impl Zone for SetForward {
        fn offset_minutes(&self, at: UtcTime) -> Option<i32> {
            Some(if at < UtcTime(1_711_846_800_000) { 60 } else { 120 })
        }
    }

    #[test]
    fn a_time_is_read_on_the_clocks_of_the_zone_unless_it_names_one() {
        let at = |ms: u64| Ok(Point::TimeMs(ms));
        assert_eq!(parse("2024-01-25 13:20", &SetForward), at(1_706_185_200_000));
        assert_eq!(parse("2024-01-25 12:20 UTC", &SetForward), at(1_706_185_200_000));
        let never = parse("2024-03-31 02:30", &SetForward).unwrap_err();
        assert!(never.contains("does not exist"), "{never}");
    }
}
