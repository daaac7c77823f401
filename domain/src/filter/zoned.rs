//! Times of a filter on the clocks of a zone: read from there when a term is typed, and shown there. What is kept, sent and
//! linked is in UTC, so that it means the same for everybody.

use super::parse::{OPERATORS, Operator};
use super::{Filter, FilterError, Term, TermKind};
use crate::time::UtcTime;
use crate::time::read::{ReadTime, ReadTimeError, read_time};
use crate::time::zone::{Offset, Utc, Zone};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;

impl Filter {
    /// Reads a filter whose times are on the clocks of a zone, unless they name another one. The text of the filter has them
    /// in UTC.
    ///
    /// # Errors
    /// As for [`Filter::parse`]; and where the clocks of the zone show a time twice or never.
    pub fn parse_in(text: &str, zone: &impl Zone) -> Result<Self, FilterError> {
        let filter = Self::parse(text)?;
        if zone.offset_minutes(UtcTime(0)).is_none() {
            return Ok(filter);
        }
        let mut terms = Vec::with_capacity(filter.terms.len());
        for (term, written) in filter.terms.iter().zip(filter.written()) {
            terms.push(match Timed::read(term, &written) {
                Some(timed) => timed.in_utc(zone).map_err(|error| fault(term, &error))?,
                None => written,
            });
        }
        Self::parse(&terms.join(" "))
    }

    /// The text of a term with its times as the clocks of a zone show them, and their offset.
    pub fn text_in(&self, term: &Term, zone: &impl Zone) -> String {
        let text = self.text_of(term);
        let is_utc = zone.offset_minutes(UtcTime(0)).is_none();
        match Timed::read(term, &text).filter(|_| !is_utc) {
            Some(timed) => timed.on_clocks(zone).unwrap_or(text),
            None => text,
        }
    }
}

fn fault(term: &Term, error: &ReadTimeError) -> FilterError {
    let number = |chars: usize| u32::try_from(chars).unwrap_or(u32::MAX);
    FilterError {
        message: error.to_string(),
        column: number(term.place.start).saturating_add(1),
        length: number(term.place.len()),
    }
}

/// A term about times, in its parts.
struct Timed<'t> {
    is_negated: bool,
    name: &'t str,
    sign: &'static str,
    operator: Operator,
    values: Vec<&'t str>,
}

impl<'t> Timed<'t> {
    /// The parts of a term that was read before.
    fn read(term: &Term, text: &'t str) -> Option<Self> {
        let name = match term.kind() {
            TermKind::Time => "time",
            TermKind::Timestamp => "timestamp",
            _ => return None,
        };
        let rest = text.strip_prefix('-').unwrap_or(text).strip_prefix(name)?;
        let (sign, operator) = OPERATORS.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
        let written = rest.get(sign.len()..)?;
        let unquoted = |value: &'t str| {
            value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
        };
        let values = match operator {
            Operator::OneOf => written.split(',').map(unquoted).collect(),
            _ => vec![unquoted(written)],
        };
        Some(Self { is_negated: term.is_negated(), name, sign, operator, values })
    }

    /// The same in UTC, where the zone is that of whoever wrote it.
    fn in_utc(&self, zone: &impl Zone) -> Result<String, ReadTimeError> {
        self.rewritten(&|text| read_time(text, zone), &Utc, |time| !time.is_zoned)
    }

    /// The same on the clocks of a zone, where the zone of what names none is UTC.
    fn on_clocks(&self, zone: &impl Zone) -> Result<String, ReadTimeError> {
        // Digits alone are a moment without a clock.
        let is_clock = |time: &ReadTime| time.first_ms != time.last_ms || !time.is_zoned;
        self.rewritten(&|text| read_time(text, &Utc), zone, is_clock)
    }

    fn rewritten(
        &self,
        read: &impl Fn(&str) -> Result<ReadTime, ReadTimeError>,
        zone: &impl Zone,
        is_rewritten: impl Fn(&ReadTime) -> bool,
    ) -> Result<String, ReadTimeError> {
        let (mut is_negated, mut sign) = (self.is_negated, self.sign);
        let first = |time: &ReadTime| stamp(time.first_ms, time.first_ms, zone);
        let last = |time: &ReadTime| stamp(time.last_ms, time.last_ms.saturating_add(1), zone);
        let mut values = Vec::with_capacity(self.values.len());
        for value in &self.values {
            if let Some((from, to)) = value.split_once("..") {
                let end = |text: &str, end: &dyn Fn(&ReadTime) -> String| match text {
                    "" => Ok(String::new()),
                    _ => read(text).map(|time| match is_rewritten(&time) {
                        true => end(&time),
                        false => text.to_owned(),
                    }),
                };
                values.push(format!("{}..{}", end(from, &first)?, end(to, &last)?));
                continue;
            }
            let time = read(value)?;
            values.push(match self.operator {
                _ if !is_rewritten(&time) => (*value).to_owned(),
                // What comes before or after all of it is told by one of its ends.
                Operator::Ordered { .. } => match self.sign {
                    "<" | ">=" => first(&time),
                    _ => last(&time),
                },
                _ => {
                    let (from, to) = (first(&time), last(&time));
                    if from == to {
                        from
                    } else {
                        // Only `:` has ranges.
                        is_negated ^= sign == "!=";
                        sign = ":";
                        format!("{from}..{to}")
                    }
                }
            });
        }
        let dash = if is_negated { "-" } else { "" };
        Ok(format!("{dash}{}{sign}{}", self.name, values.join(",")))
    }
}

/// A moment as it is written in a filter, no more exact than has to be: `edge` is where a minute or a second would begin or end.
fn stamp(ms: i64, edge: i64, zone: &impl Zone) -> String {
    let offset = zone.offset_minutes(UtcTime(ms));
    let wall = UtcTime(ms.saturating_add(i64::from(offset.unwrap_or(0)) * MINUTE_MS));
    let mut clock = wall.clock();
    if edge % MINUTE_MS == 0 {
        clock.truncate("00:00".len());
    } else if edge % SECOND_MS == 0 {
        clock.truncate("00:00:00".len());
    }
    let offset = offset.map_or_else(|| "Z".to_owned(), |minutes| Offset(minutes).to_string());
    format!("{}T{clock}{offset}", wall.date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::zone::tests::{Berlin, Kolkata};
    use proptest::prelude::*;

    fn in_utc(text: &str, zone: &impl Zone) -> String {
        Filter::parse_in(text, zone).unwrap().to_string()
    }

    #[test]
    fn what_is_typed_on_the_clocks_of_a_zone_is_kept_in_utc() {
        for (typed, kept) in [
            ("time:2012-01-14T10:05", "time:2012-01-14T04:35Z"),
            ("time:2012-01-14", "time:2012-01-13T18:30Z..2012-01-14T18:29Z"),
            ("time:2012-01-14T10", "time:2012-01-14T04:30Z..2012-01-14T05:29Z"),
            ("time:2012-01-14T10:05:07", "time:2012-01-14T04:35:07Z"),
            ("time:2012-01-14T10:05:07.5", "time:2012-01-14T04:35:07.500Z"),
            ("time:\"2012-01-14 10:05\"", "time:2012-01-14T04:35Z"),
            ("-timestamp:2012-01-14..", "-timestamp:2012-01-13T18:30Z.."),
            ("time:..2012-01-14", "time:..2012-01-14T18:29Z"),
            ("time>=2012-01-14", "time>=2012-01-13T18:30Z"),
            ("time<2012-01-14", "time<2012-01-13T18:30Z"),
            ("time>2012-01-14", "time>2012-01-14T18:29Z"),
            ("time<=2012-01-14T10:05", "time<=2012-01-14T04:35Z"),
            ("time=2012-01-14T10:05", "time=2012-01-14T04:35Z"),
            ("time!=2012-01-14", "-time:2012-01-13T18:30Z..2012-01-14T18:29Z"),
            ("-time!=2012-01-14", "time:2012-01-13T18:30Z..2012-01-14T18:29Z"),
            (
                "time:2012-01-14T10:05,2012-01-15T10:05Z type:A",
                "time:2012-01-14T04:35Z,2012-01-15T10:05Z type:A",
            ),
            ("time:1326535200000", "time:1326535200000"),
            ("time:2012-01-14T10:05+02:00", "time:2012-01-14T10:05+02:00"),
            ("type:A =event.timestamp > 3", "type:A =event.timestamp > 3"),
        ] {
            assert_eq!(in_utc(typed, &Kolkata), kept);
            assert_eq!(in_utc(typed, &Utc), typed);
        }
    }

    #[test]
    fn a_time_that_is_not_one_moment_is_refused_where_it_stands() {
        let error = Filter::parse_in("type:A time:2024-10-27T02:30", &Berlin).unwrap_err();
        assert_eq!((error.column, error.length), (8, 21));
        assert!(error.message.contains("+01:00"), "{}", error.message);
        assert!(Filter::parse_in("time:2024-03-31T02:30..", &Berlin).is_err());
    }

    #[test]
    fn a_kept_time_is_shown_on_the_clocks_of_a_zone() {
        let shown = |text: &str| {
            let filter = Filter::parse(text).unwrap();
            filter.text_in(&filter.terms()[0], &Kolkata)
        };
        assert_eq!(shown("time:2012-01-14T04:35Z"), "time:2012-01-14T10:05+05:30");
        assert_eq!(
            shown("-time:2012-01-14"),
            "-time:2012-01-14T05:30+05:30..2012-01-15T05:29+05:30"
        );
        assert_eq!(shown("type:A"), "type:A");
    }

    proptest! {
        #[test]
        fn what_is_shown_means_what_is_kept(
            ms in 1_704_067_200_000i64..1_735_689_600_000,
            places in 10usize..=23,
            sign in prop::sample::select(vec![":", "=", "!=", "<", "<=", ">", ">="]),
            is_negated: bool,
        ) {
            let mut time = UtcTime(ms).to_string();
            time.truncate([10, 13, 16, 19, 23].into_iter().rfind(|at| *at <= places).unwrap_or(10));
            let text = format!("{}time{sign}{time}", if is_negated { "-" } else { "" });
            let kept = Filter::parse(&text).unwrap();
            let shown = kept.text_in(&kept.terms()[0], &Berlin);
            let read = Filter::parse_in(&shown, &Kolkata).unwrap();
            let range = |filter: &Filter| filter.id_range();
            prop_assert_eq!(range(&read), range(&kept), "{} as {}", text, shown);
        }

        #[test]
        fn any_text_is_a_filter_of_a_zone_or_not(text: String) {
            let _ = Filter::parse_in(&text, &Berlin).map(|filter| {
                filter.terms().iter().map(|term| filter.text_in(term, &Berlin)).collect::<Vec<_>>()
            });
        }
    }
}
