//! Time in the sample: when people shop and when the warehouse works, all in UTC.

use crate::sample::random::Random;

/// Milliseconds in a second.
pub(crate) const SECOND: u64 = 1000;
/// Milliseconds in a minute.
pub(crate) const MINUTE: u64 = 60 * SECOND;
/// Milliseconds in an hour.
pub(crate) const HOUR: u64 = 60 * MINUTE;
/// Milliseconds in a day.
pub(crate) const DAY: u64 = 24 * HOUR;

/// How much people shop, by hour: little at night, most in the evening.
const BY_HOUR: [usize; 24] =
    [3, 2, 1, 1, 1, 2, 4, 7, 10, 12, 12, 13, 14, 13, 12, 11, 12, 14, 17, 20, 20, 16, 10, 6];
/// The largest of [`BY_HOUR`].
pub(crate) const BUSIEST: usize = 20;

const OPENS: u64 = 7;
const CLOSES: u64 = 17;

/// How much people shop at this moment, up to [`BUSIEST`].
pub(crate) fn busyness(at_ms: u64) -> usize {
    BY_HOUR[hour(at_ms)]
}

/// The hour of the day.
pub(crate) fn hour(at_ms: u64) -> usize {
    // Below 24, so it always fits.
    usize::try_from(at_ms / HOUR % 24).unwrap_or(0)
}

/// The moment itself when the warehouse is open, otherwise soon after it opens again.
pub(crate) fn when_open(random: &mut Random, at_ms: u64) -> u64 {
    let mut day = at_ms / DAY;
    let mut of_day_ms = at_ms % DAY;
    let late = of_day_ms >= CLOSES * HOUR;
    if late || of_day_ms < OPENS * HOUR || is_weekend(day) {
        day += u64::from(late);
        while is_weekend(day) {
            day += 1;
        }
        of_day_ms = OPENS * HOUR + random.between(0, 150 * MINUTE);
    }
    day * DAY + of_day_ms
}

/// The date as in `2026-11-23`.
pub(crate) fn date(at_ms: u64) -> String {
    // Years that start in March have the leap day at their end, which makes the months regular.
    let since_march_of_0000 = at_ms / DAY + 719_468;
    let era = since_march_of_0000 / 146_097;
    let day_of_era = since_march_of_0000 % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// 1 January 1970 was a Thursday.
fn is_weekend(day: u64) -> bool {
    matches!((day + 4) % 7, 0 | 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_around_leap_days_and_new_year() {
        let dates = [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_709_164_800, "2024-02-29"),
            (1_709_251_200, "2024-03-01"),
            (1_767_225_599, "2025-12-31"),
            (1_795_392_000, "2026-11-23"),
        ];
        for (seconds, expected) in dates {
            assert_eq!(date(seconds * SECOND), expected);
        }
    }

    #[test]
    fn parcels_leave_in_working_hours_only() {
        let mut random = Random::new(1);
        for hour in 0..24 * 14 {
            let at_ms = 1_795_392_000_000 + hour * HOUR;
            let open_ms = when_open(&mut random, at_ms);
            assert!(open_ms >= at_ms && open_ms < at_ms + 4 * DAY);
            assert!((OPENS..CLOSES).contains(&(open_ms % DAY / HOUR)));
            assert!(!is_weekend(open_ms / DAY));
        }
    }

    #[test]
    fn no_hour_is_busier_than_the_busiest() {
        assert_eq!(BY_HOUR.iter().max(), Some(&BUSIEST));
    }
}
