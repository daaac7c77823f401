//! Moments on the clocks of a time zone.

use std::fmt;

use super::{DAY_MS, UtcTime};

/// A time zone, by what its clocks say.
pub trait Zone {
    /// How far its clocks are ahead of UTC at a moment, in minutes; `None` where the zone is UTC itself.
    fn offset_minutes(&self, at: UtcTime) -> Option<i32>;
}

/// Coordinated Universal Time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utc;

/// A moment as a zone's clocks show it. Its `Display` has the date, the time of day and the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZonedTime {
    utc: UtcTime,
    offset_minutes: Option<i32>,
    is_repeated: bool,
}

/// The moments at which a zone's clocks show some date and time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnClock {
    /// One moment, as nearly always.
    Once(UtcTime),
    /// The clocks were set back, so they showed it twice; the earlier moment comes first.
    Twice(UtcTime, UtcTime),
    /// The clocks were set forward over it. This is the moment at which they would have shown it without that.
    Never(UtcTime),
}

impl Zone for Utc {
    fn offset_minutes(&self, _: UtcTime) -> Option<i32> {
        None
    }
}

impl ZonedTime {
    /// The moment on the clocks of a zone.
    pub fn new(utc: UtcTime, zone: &impl Zone) -> Self {
        let offset_minutes = zone.offset_minutes(utc);
        let time = Self { utc, offset_minutes, is_repeated: false };
        let is_repeated =
            offset_minutes.is_some() && matches!(on_clock(time.wall(), zone), OnClock::Twice(..));
        Self { is_repeated, ..time }
    }

    /// The moment itself.
    pub fn utc(self) -> UtcTime {
        self.utc
    }

    /// The day: `2024-01-25`.
    pub fn date(self) -> String {
        self.wall().date()
    }

    /// The time of day to the millisecond: `12:23:20.000`.
    pub fn clock(self) -> String {
        self.wall().clock()
    }

    /// The time of day to the second: `12:23:20`.
    pub fn clock_to_second(self) -> String {
        let mut clock = self.clock();
        clock.truncate("00:00:00".len());
        clock
    }

    /// The zone: `UTC`, or the offset at this moment as `UTC+05:30`.
    pub fn zone(self) -> String {
        self.offset_minutes
            .map_or_else(|| "UTC".to_owned(), |minutes| format!("UTC{}", Offset(minutes)))
    }

    /// As [`Display`](fmt::Display), without the milliseconds: `2024-01-25 12:23:20 UTC`.
    pub fn to_second(self) -> String {
        format!("{} {} {}", self.date(), self.clock_to_second(), self.zone())
    }

    /// Whether the clocks show this date and time of day twice, since they are set back, so that the zone has to stand beside it.
    pub fn is_repeated(self) -> bool {
        self.is_repeated
    }

    /// What the clocks show, as if they were in UTC.
    fn wall(self) -> UtcTime {
        let minutes = self.offset_minutes.unwrap_or(0);
        UtcTime(self.utc.0.saturating_add(i64::from(minutes) * 60_000))
    }
}

impl fmt::Display for ZonedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.date(), self.clock(), self.zone())
    }
}

/// An offset from UTC in minutes, shown as `+05:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset(pub i32);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        let minutes = self.0.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// The moments at which a zone's clocks show this, which is given as if it was in UTC.
pub fn on_clock(wall: UtcTime, zone: &impl Zone) -> OnClock {
    // No zone is a day away from UTC, and none changes its clocks twice in two days.
    let offset_at = |ms: i64| zone.offset_minutes(UtcTime(ms)).unwrap_or(0);
    let moment = |offset: i32| wall.0.saturating_sub(i64::from(offset) * 60_000);
    let before = offset_at(wall.0.saturating_sub(DAY_MS));
    let after = offset_at(wall.0.saturating_add(DAY_MS));
    let is_shown = |offset: i32| offset_at(moment(offset)) == offset;
    match (is_shown(before), is_shown(after)) {
        (true, true) if before != after => {
            let (one, other) = (moment(before), moment(after));
            OnClock::Twice(UtcTime(one.min(other)), UtcTime(one.max(other)))
        }
        (true, _) => OnClock::Once(UtcTime(moment(before))),
        (false, true) => OnClock::Once(UtcTime(moment(after))),
        (false, false) => OnClock::Never(UtcTime(moment(before))),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A zone that is ahead by one hour in winter and by two from 2024-03-31 01:00 to 2024-10-27 01:00, as Berlin is.
    pub(crate) struct Berlin;

    /// A zone without summer time.
    pub(crate) struct Kolkata;

    impl Zone for Berlin {
        fn offset_minutes(&self, at: UtcTime) -> Option<i32> {
            let summer = 1_711_846_800_000..1_729_990_800_000;
            Some(if summer.contains(&at.0) { 120 } else { 60 })
        }
    }

    impl Zone for Kolkata {
        fn offset_minutes(&self, _: UtcTime) -> Option<i32> {
            Some(330)
        }
    }

    fn at(text: &str) -> UtcTime {
        UtcTime::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_moment_is_shown_with_the_offset_that_it_has() {
        let moment = at("2024-01-25T20:23:20.250Z");
        let shown = |zone: &dyn Fn() -> ZonedTime| zone().to_string();
        assert_eq!(shown(&|| ZonedTime::new(moment, &Utc)), "2024-01-25 20:23:20.250 UTC");
        assert_eq!(
            shown(&|| ZonedTime::new(moment, &Kolkata)),
            "2024-01-26 01:53:20.250 UTC+05:30"
        );
        assert_eq!(ZonedTime::new(moment, &Berlin).to_second(), "2024-01-25 21:23:20 UTC+01:00");
        assert_eq!(
            (Offset(-210).to_string(), Offset(0).to_string()),
            ("-03:30".into(), "+00:00".into())
        );
    }

    #[test]
    fn an_hour_that_the_clocks_show_twice_has_both_moments() {
        let both = OnClock::Twice(at("2024-10-27T00:30:00Z"), at("2024-10-27T01:30:00Z"));
        assert_eq!(on_clock(at("2024-10-27T02:30:00Z"), &Berlin), both);
        for (moment, is_repeated) in [
            ("2024-10-26T23:59:59Z", false),
            ("2024-10-27T00:00:00Z", true),
            ("2024-10-27T01:59:59Z", true),
            ("2024-10-27T02:00:00Z", false),
        ] {
            assert_eq!(ZonedTime::new(at(moment), &Berlin).is_repeated(), is_repeated, "{moment}");
        }
    }

    #[test]
    fn an_hour_that_the_clocks_pass_over_has_none() {
        let wall = at("2024-03-31T02:30:00Z");
        assert_eq!(on_clock(wall, &Berlin), OnClock::Never(at("2024-03-31T01:30:00Z")));
        let wall = at("2024-03-31T03:00:00Z");
        assert_eq!(on_clock(wall, &Berlin), OnClock::Once(at("2024-03-31T01:00:00Z")));
    }

    proptest! {
        #[test]
        fn what_the_clocks_show_leads_back_to_the_moment(
            ms in 1_704_067_200_000i64..1_735_689_600_000,
        ) {
            let time = ZonedTime::new(UtcTime(ms), &Berlin);
            let found = match on_clock(time.wall(), &Berlin) {
                OnClock::Once(moment) => moment == time.utc(),
                OnClock::Twice(one, other) => one == time.utc() || other == time.utc(),
                OnClock::Never(_) => false,
            };
            prop_assert!(found);
        }

        #[test]
        fn any_moment_can_be_shown(ms: i64) {
            let _ = (ZonedTime::new(UtcTime(ms), &Berlin).to_string(), on_clock(UtcTime(ms), &Kolkata));
        }
    }
}
