//! Times: Unix milliseconds in, calendar text out, and back.
//!
//! A moment is a [`UtcTime`]. [`zone`] shows it on the clocks of a time zone, and [`read`] reads what someone wrote on such
//! clocks.
//!
//! The calendar arithmetic is Howard Hinnant's `days_from_civil` and `civil_from_days`
//! (<https://howardhinnant.github.io/date_algorithms.html>), which is exact for the proleptic Gregorian calendar.

pub mod backoff;
pub mod read;
pub mod zone;

use std::fmt;

const DAY_MS: i64 = 86_400_000;

/// A moment, in milliseconds since 1970-01-01T00:00:00Z; negative before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UtcTime(pub i64);

impl UtcTime {
    /// The day: `2024-01-25`.
    pub fn date(self) -> String {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY_MS));
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// The time of day: `12:23:20.000`.
    pub fn clock(self) -> String {
        let ms = self.0.rem_euclid(DAY_MS);
        let (s, ms) = (ms / 1000, ms % 1000);
        format!("{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
    }

    /// Reads an RFC 3339 time such as `2024-01-25T12:23:20.5+01:00`; digits beyond the millisecond are cut.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |range: std::ops::Range<usize>| -> Option<i64> {
            bytes
                .get(range)?
                .iter()
                .try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
        };
        let is = |at: usize, among: &[u8]| bytes.get(at).is_some_and(|b| among.contains(b));
        let punctuated =
            is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":");
        if !punctuated {
            return None;
        }
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let in_range = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !in_range {
            return None;
        }
        let mut at = 19;
        let mut ms = 0;
        if is(at, b".") {
            let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            for place in 0..3 {
                let digit =
                    if place < digits { number(at + 1 + place..at + 2 + place)? } else { 0 };
                ms = ms * 10 + digit;
            }
            at += 1 + digits;
        }
        let offset_minutes = match &bytes[at..] {
            [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
                let (hours, minutes) = (number(at + 1..at + 3)?, number(at + 4..at + 6)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                (hours * 60 + minutes) * if *sign == b'-' { -1 } else { 1 }
            }
            _ => return None,
        };
        let minutes =
            (days_from_civil(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
        Some(Self((minutes * 60 + second) * 1000 + ms))
    }
}

impl fmt::Display for UtcTime {
    /// RFC 3339, to the millisecond.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}T{}Z", self.date(), self.clock())
    }
}

/// A duration in words that fit a table cell: `840 ms`, `12.3 s`, `5 min 02 s`, `3 h 20 min`, `12 d 4 h`.
pub fn duration_text(ms: u64) -> String {
    let (s, min, h, d) = (ms / 1000, ms / 60_000, ms / 3_600_000, ms / 86_400_000);
    match () {
        () if ms < 1000 => format!("{ms} ms"),
        () if min == 0 => format!("{s}.{} s", ms % 1000 / 100),
        () if h == 0 => format!("{min} min {:02} s", s % 60),
        () if d == 0 => format!("{h} h {:02} min", min % 60),
        () => format!("{d} d {} h", h % 24),
    }
}

fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments_have_their_dates() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_706_185_200_000, "2024-01-25T12:20:00.000Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(UtcTime(ms).to_string(), text);
        }
    }

    #[test]
    fn an_offset_and_a_fraction_are_read() {
        let read = |text| UtcTime::parse_rfc3339(text).map(|t| t.to_string());
        assert_eq!(
            read("2011-10-01T00:38:44.546+02:00").as_deref(),
            Some("2011-09-30T22:38:44.546Z")
        );
        assert_eq!(read("2024-01-25 12:20:00z").as_deref(), Some("2024-01-25T12:20:00.000Z"));
        assert_eq!(
            read("2024-01-25T12:20:00.1234567Z").as_deref(),
            Some("2024-01-25T12:20:00.123Z")
        );
    }

    #[test]
    fn what_is_not_a_time_is_none() {
        for bad in [
            "",
            "2024",
            "2024-01-25",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-25T24:00:00Z",
            "2024-01-25T12:20:00",
            "2024-01-25T12:20:00.Z",
            "2024-01-25T12:20:00+1:00",
            "2024-01-25T12:20:00Zx",
        ] {
            assert_eq!(UtcTime::parse_rfc3339(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_read_well_at_every_size() {
        for (ms, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (12_345, "12.3 s"),
            (302_000, "5 min 02 s"),
            (12_000_000, "3 h 20 min"),
            (1_051_200_000, "12 d 4 h"),
        ] {
            assert_eq!(duration_text(ms), text);
        }
    }

    proptest! {
        #[test]
        fn a_time_survives_being_written_and_read(ms in -62_135_596_800_000i64..253_402_300_800_000) {
            let time = UtcTime(ms);
            prop_assert_eq!(UtcTime::parse_rfc3339(&time.to_string()), Some(time));
        }

        #[test]
        fn any_number_is_a_time(ms: i64) {
            let _ = UtcTime(ms).to_string();
        }

        #[test]
        fn any_text_is_a_time_or_not(text: String) {
            let _ = UtcTime::parse_rfc3339(&text);
        }
    }
}
