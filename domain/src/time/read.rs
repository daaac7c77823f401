//! Reading a time that someone wrote: on the clocks of their zone, unless it says which zone it means.

use super::zone::{Offset, OnClock, Zone, on_clock};
use super::{DAY_MS, UtcTime};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A time that was read. What it leaves open is all meant: a day is all of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadTime {
    /// Its first millisecond, in Unix time.
    pub first_ms: i64,
    /// Its last millisecond, in Unix time.
    pub last_ms: i64,
    /// Whether it means the same in every zone, since it names one.
    pub is_zoned: bool,
}

/// Why a text is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadTimeError {
    /// It does not look like one.
    #[error(
        "`{text}` is not a time; write `2012-01-14`, `2012-01-14T10:00`, with `Z` or `+01:00` for another zone, or Unix milliseconds"
    )]
    NotATime {
        /// What was written.
        text: String,
    },
    /// The clocks of the zone were set forward over it.
    #[error(
        "`{text}` does not exist: the clocks were set forward from {before} to {after} then; write `{text}{before}` or `{text}{after}`"
    )]
    Skipped {
        /// What was written.
        text: String,
        /// The offset of the zone until then.
        before: String,
        /// The offset of the zone from then on.
        after: String,
    },
    /// The clocks of the zone were set back, so they showed it twice.
    #[error(
        "`{text}` was twice, since the clocks were set back; write `{text}{first}` for the first time or `{text}{second}` for the second"
    )]
    Repeated {
        /// What was written.
        text: String,
        /// The offset of the first time.
        first: String,
        /// The offset of the second time.
        second: String,
    },
}

/// Reads a day, an hour, a minute, a second or a fraction of one, such as `2012-01-14`, `2012-01-14T10:00` or
/// `2012-01-14 10:00:07.5`; or Unix milliseconds. `Z`, `UTC` or an offset such as `+01:00` behind it says which zone is meant,
/// else it is the given one.
///
/// # Errors
/// If it is no time, or where the clocks of the zone do not tell which moment it is.
pub fn read_time(text: &str, zone: &impl Zone) -> Result<ReadTime, ReadTimeError> {
    let not_a_time = || ReadTimeError::NotATime { text: text.to_owned() };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let ms = text.parse().map_err(|_| not_a_time())?;
        return Ok(ReadTime { first_ms: ms, last_ms: ms, is_zoned: true });
    }
    let (stamp, offset) = split_zone(text).ok_or_else(not_a_time)?;
    let (wall, width_ms) = wall(stamp).ok_or_else(not_a_time)?;
    let end = wall + width_ms - 1;
    if let Some(Offset(minutes)) = offset {
        let shift = i64::from(minutes) * MINUTE_MS;
        return Ok(ReadTime { first_ms: wall - shift, last_ms: end - shift, is_zoned: true });
    }
    let (first_ms, last_ms) = match width_ms {
        // A day has its beginning and its end, however long it is.
        DAY_MS => (earliest(wall, zone), latest(end, zone)),
        _ => {
            let first = moment(stamp, wall, zone)?;
            (first, first + width_ms - 1)
        }
    };
    Ok(ReadTime { first_ms, last_ms, is_zoned: false })
}

/// The first millisecond and how many there are of what is written, as if it was in UTC.
fn wall(stamp: &str) -> Option<(i64, i64)> {
    let (date, clock) = stamp.split_at_checked("2012-01-14".len())?;
    let (clock, width_ms) = match clock.len() {
        0 => ("T00:00:00".to_owned(), DAY_MS),
        3 => (format!("{clock}:00:00"), HOUR_MS),
        6 => (format!("{clock}:00"), MINUTE_MS),
        9 => (clock.to_owned(), 1_000),
        _ => (clock.to_owned(), 1),
    };
    let UtcTime(start) = UtcTime::parse_rfc3339(&format!("{date}{clock}Z"))?;
    Some((start, width_ms))
}

/// What is written of a time, and the offset that it names, if any; `None` where what stands behind it is none.
fn split_zone(text: &str) -> Option<(&str, Option<Offset>)> {
    // The signs before that belong to the day.
    let from = "2012-01-14".len();
    let at = text.get(from..)?.find(['Z', 'z', 'U', 'u', '+', '-']).map(|at| at + from);
    let Some(at) = at else { return Some((text, None)) };
    let (stamp, zone) = (text.get(..at)?.trim_end(), text.get(at..)?);
    let is_utc = |name: &str| name.eq_ignore_ascii_case("z") || name.eq_ignore_ascii_case("utc");
    if is_utc(zone) {
        return Some((stamp, Some(Offset(0))));
    }
    // As moments are shown: `UTC+05:30`.
    let zone = zone.strip_prefix("UTC").unwrap_or(zone);
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = zone.get(1..)?;
    let (hours, minutes) = match digits.len() {
        2 => (digits, "00"),
        4 => digits.split_at_checked(2)?,
        _ => digits.split_once(':')?,
    };
    let number = |text: &str, max: i32| -> Option<i32> {
        let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|number| is_number && *number <= max)
    };
    Some((stamp, Some(Offset(sign * (number(hours, 23)? * 60 + number(minutes, 59)?)))))
}

fn moment(stamp: &str, wall: i64, zone: &impl Zone) -> Result<i64, ReadTimeError> {
    let text = stamp.to_owned();
    let offset_at = |UtcTime(ms)| Offset(zone.offset_minutes(UtcTime(ms)).unwrap_or(0)).to_string();
    match on_clock(UtcTime(wall), zone) {
        OnClock::Once(UtcTime(ms)) => Ok(ms),
        OnClock::Twice(one, other) => {
            Err(ReadTimeError::Repeated { text, first: offset_at(one), second: offset_at(other) })
        }
        OnClock::Never(UtcTime(ms)) => {
            let (before, after) = (UtcTime(ms - DAY_MS), UtcTime(ms + DAY_MS));
            Err(ReadTimeError::Skipped { text, before: offset_at(before), after: offset_at(after) })
        }
    }
}

/// The first moment at which the clocks show this or, where they pass over it, something later.
fn earliest(wall: i64, zone: &impl Zone) -> i64 {
    match on_clock(UtcTime(wall), zone) {
        OnClock::Once(UtcTime(ms)) | OnClock::Twice(UtcTime(ms), _) => ms,
        OnClock::Never(at) => first_after(at, zone),
    }
}

/// The last moment at which the clocks show this or, where they pass over it, something earlier.
fn latest(wall: i64, zone: &impl Zone) -> i64 {
    match on_clock(UtcTime(wall), zone) {
        OnClock::Once(UtcTime(ms)) | OnClock::Twice(_, UtcTime(ms)) => ms,
        OnClock::Never(at) => first_after(at, zone) - 1,
    }
}

/// The moment at which the clocks were set forward over what they would show at this one.
fn first_after(UtcTime(at): UtcTime, zone: &impl Zone) -> i64 {
    let offset = |ms: i64| zone.offset_minutes(UtcTime(ms));
    let (mut before, mut after) = (at.saturating_sub(DAY_MS), at.saturating_add(DAY_MS));
    let old = offset(before);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if offset(middle) == old {
            before = middle;
        } else {
            after = middle;
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::super::zone::Utc;
    use super::super::zone::tests::{Berlin, Kolkata};
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str, zone: &impl Zone) -> Result<(String, String), ReadTimeError> {
        let ReadTime { first_ms, last_ms, .. } = read_time(text, zone)?;
        Ok((UtcTime(first_ms).to_string(), UtcTime(last_ms).to_string()))
    }

    fn whole(from: &str, to: &str) -> Result<(String, String), ReadTimeError> {
        Ok((from.to_owned(), to.to_owned()))
    }

    #[test]
    fn a_time_without_a_zone_is_read_on_the_clocks_of_the_zone() {
        for (text, from, to) in [
            ("2012-01-14", "2012-01-13T18:30:00.000Z", "2012-01-14T18:29:59.999Z"),
            ("2012-01-14T10", "2012-01-14T04:30:00.000Z", "2012-01-14T05:29:59.999Z"),
            ("2012-01-14 10:05", "2012-01-14T04:35:00.000Z", "2012-01-14T04:35:59.999Z"),
            ("2012-01-14T10:05:07.5", "2012-01-14T04:35:07.500Z", "2012-01-14T04:35:07.500Z"),
        ] {
            assert_eq!(written(text, &Kolkata), whole(from, to), "{text}");
        }
    }

    #[test]
    fn a_time_with_a_zone_is_the_same_in_every_zone() {
        for text in [
            "2012-01-14T10:05Z",
            "2012-01-14 10:05 UTC",
            "2012-01-14T11:05+01:00",
            "2012-01-14 15:35 UTC+05:30",
            "2012-01-14T07:05-0300",
            "2012-01-14T12:05+02",
        ] {
            let expected = whole("2012-01-14T10:05:00.000Z", "2012-01-14T10:05:59.999Z");
            assert_eq!(written(text, &Kolkata), expected, "{text}");
            assert!(read_time(text, &Utc).unwrap().is_zoned);
        }
    }

    #[test]
    fn a_time_that_the_clocks_show_twice_or_never_is_refused_with_what_to_write() {
        let twice = written("2024-10-27T02:30", &Berlin).unwrap_err().to_string();
        assert!(twice.contains("`2024-10-27T02:30+02:00`"), "{twice}");
        assert!(twice.contains("`2024-10-27T02:30+01:00`"), "{twice}");
        let never = written("2024-03-31T02:30", &Berlin).unwrap_err().to_string();
        assert!(never.contains("from +01:00 to +02:00"), "{never}");
        assert_eq!(
            written("2024-10-27T02:30+01:00", &Berlin),
            whole("2024-10-27T01:30:00.000Z", "2024-10-27T01:30:59.999Z")
        );
    }

    #[test]
    fn a_day_is_as_long_as_it_was() {
        assert_eq!(
            written("2024-10-27", &Berlin),
            whole("2024-10-26T22:00:00.000Z", "2024-10-27T22:59:59.999Z")
        );
        assert_eq!(
            written("2024-03-31", &Berlin),
            whole("2024-03-30T23:00:00.000Z", "2024-03-31T21:59:59.999Z")
        );
    }

    /// A zone whose clocks are set forward at midnight, so that a day begins at one.
    struct Midnight;

    impl Zone for Midnight {
        fn offset_minutes(&self, at: UtcTime) -> Option<i32> {
            Some(if at.0 < DAY_MS { 0 } else { 60 })
        }
    }

    #[test]
    fn a_day_without_a_midnight_begins_when_the_clocks_are_set() {
        assert_eq!(
            written("1970-01-02", &Midnight),
            whole("1970-01-02T00:00:00.000Z", "1970-01-02T22:59:59.999Z")
        );
    }

    #[test]
    fn what_is_no_time_says_so() {
        for text in [
            "",
            "-",
            "yesterday",
            "2012-02-30",
            "2012-01-14T25",
            "2012-01-14T1",
            "12-01-14",
            "２０１２",
            "2012-01-14T10:00+1",
            "2012-01-14T10:00 UTC+",
            "2012-01-14Zx",
        ] {
            let error = ReadTimeError::NotATime { text: text.to_owned() };
            assert_eq!(read_time(text, &Utc), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_not(text: String) {
            let _ = (read_time(&text, &Utc), read_time(&text, &Berlin));
        }

        #[test]
        fn a_shown_moment_is_read_as_what_it_is(ms in 1_704_067_200_000i64..1_735_689_600_000) {
            let shown = super::super::zone::ZonedTime::new(UtcTime(ms), &Berlin).to_string();
            prop_assert_eq!(read_time(&shown, &Kolkata).map(|time| time.first_ms), Ok(ms));
        }
    }
}
