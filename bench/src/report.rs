//! What is said about the results: a line for each as it comes, and a table at the end.

use std::fmt;

use crate::stats::Summary;

/// Stands where there is nothing to say.
const NONE: &str = "–";

/// All results so far.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    failures: usize,
}

/// One result, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    what: String,
    rewind: String,
    bare: String,
    compared: String,
    aim: String,
    verdict: Verdict,
    /// Why there is no number.
    why: Option<String>,
}

/// What is measured. Times are in seconds, sizes in bytes, a rate is the seconds that one thing takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A time.
    Time,
    /// How many a second.
    Rate,
    /// A size.
    Size,
    /// How many.
    Count,
}

/// What a comparison should come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aim {
    /// At most this many times the bare client.
    Ratio(f64),
    /// At most this many seconds more than the bare client.
    Extra(f64),
    /// None is set: the number is there to be watched.
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Met,
    Missed,
    NoAim,
    Skipped,
    Failed,
}

impl Report {
    /// Adds a result and prints it.
    pub(crate) fn add(&mut self, row: Row) {
        println!("{row}");
        self.failures += usize::from(row.verdict == Verdict::Failed);
        self.rows.push(row);
    }

    /// How many benchmarks came to no result though they should have.
    pub(crate) fn failures(&self) -> usize {
        self.failures
    }
}

impl fmt::Display for Report {
    /// A table in Markdown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEADER: [&str; 6] = ["Benchmark", "Rewind", "Bare", "Against bare", "Aim", "Met"];
        let cells: Vec<[&str; 6]> =
            std::iter::once(HEADER).chain(self.rows.iter().map(Row::cells)).collect();
        let width = |column: usize| {
            cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()
        };
        let widths: [usize; 6] = std::array::from_fn(width);
        for (index, row) in cells.iter().enumerate() {
            for (cell, width) in row.iter().zip(widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")?;
            if index == 0 {
                for (column, width) in widths.into_iter().enumerate() {
                    // Numbers stand to the right.
                    let is_number = (1..4).contains(&column);
                    write!(f, "|{:-<1$}{2}", "", width + 1, if is_number { ":" } else { "-" })?;
                }
                writeln!(f, "|")?;
            }
        }
        let reasons = self.rows.iter().filter(|row| row.why.is_some());
        for (index, row) in reasons.enumerate() {
            let gap = if index == 0 { "\n" } else { "" };
            writeln!(f, "{gap}- {row}")?;
        }
        Ok(())
    }
}

impl Row {
    /// A comparison of both sides.
    pub(crate) fn compared(what: &str, unit: Unit, summary: &Summary, aim: Aim) -> Self {
        let Summary { rewind, bare, ratio, difference } = *summary;
        let (compared, wanted, verdict) = match aim {
            Aim::Ratio(most) => {
                (format!("{ratio:.2}×"), format!("≤ {most}×"), Verdict::of(ratio <= most))
            }
            Aim::Extra(most) => {
                let sign = if difference < 0.0 { '−' } else { '+' };
                let compared = format!("{sign}{}", Unit::Time.show(difference.abs()));
                let wanted = format!("≤ bare + {}", Unit::Time.show(most));
                (compared, wanted, Verdict::of(difference <= most))
            }
            Aim::None => (format!("{ratio:.2}×"), NONE.to_owned(), Verdict::NoAim),
        };
        Self {
            what: what.to_owned(),
            rewind: unit.show(rewind),
            bare: unit.show(bare),
            compared,
            aim: wanted,
            verdict,
            why: None,
        }
    }

    /// A number that stands for itself, and what it should be at most.
    pub(crate) fn measured(what: &str, unit: Unit, value: f64, most: Option<f64>) -> Self {
        Self {
            rewind: unit.show(value),
            aim: most.map_or_else(|| NONE.to_owned(), |most| format!("≤ {}", unit.show(most))),
            verdict: most.map_or(Verdict::NoAim, |most| Verdict::of(value <= most)),
            ..Self::blank(what, Verdict::NoAim)
        }
    }

    /// Something that cannot be measured here, and why.
    pub(crate) fn skipped(what: &str, why: &str) -> Self {
        Self { why: Some(one_line(why)), ..Self::blank(what, Verdict::Skipped) }
    }

    /// Something that should have been measured, and why it was not.
    pub(crate) fn failed(what: &str, why: &str) -> Self {
        Self { why: Some(one_line(why)), ..Self::blank(what, Verdict::Failed) }
    }

    fn blank(what: &str, verdict: Verdict) -> Self {
        let none = || NONE.to_owned();
        Self {
            what: what.to_owned(),
            rewind: none(),
            bare: none(),
            compared: none(),
            aim: none(),
            verdict,
            why: None,
        }
    }

    fn cells(&self) -> [&str; 6] {
        let Self { what, rewind, bare, compared, aim, verdict, .. } = self;
        [what, rewind, bare, compared, aim, verdict.word()]
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, rewind, bare, compared, aim, verdict, why } = self;
        if let Some(why) = why {
            return write!(f, "{what}: {} ({why})", verdict.word());
        }
        write!(f, "{what}: {rewind}")?;
        if bare != NONE {
            write!(f, ", bare {bare}: {compared}")?;
        }
        match verdict {
            Verdict::NoAim => Ok(()),
            _ => write!(
                f,
                " (aim {aim}: {})",
                if *verdict == Verdict::Met { "met" } else { "missed" }
            ),
        }
    }
}

impl Verdict {
    fn of(is_met: bool) -> Self {
        if is_met { Self::Met } else { Self::Missed }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Met => "yes",
            Self::Missed => "**no**",
            Self::NoAim => NONE,
            Self::Skipped => "skipped",
            Self::Failed => "**failed**",
        }
    }
}

impl Unit {
    /// A value with its unit.
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Time if value < 0.001 => format!("{:.0} µs", value * 1e6),
            Self::Time if value < 0.01 => format!("{:.2} ms", value * 1e3),
            Self::Time if value < 1.0 => format!("{:.0} ms", value * 1e3),
            Self::Time => format!("{value:.2} s"),
            Self::Rate => format!("{:.0} /s", 1.0 / value),
            Self::Size if value < 1e3 => format!("{value:.0} B"),
            Self::Size if value < 1e6 => format!("{:.0} KB", value / 1e3),
            Self::Size => format!("{:.1} MB", value / 1e6),
            Self::Count => format!("{value:.0}"),
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUMMARY: Summary =
        Summary { rewind: 0.0004, bare: 0.0002, ratio: 2.0, difference: 0.0002 };

    #[test]
    fn a_row_says_whether_the_aim_is_met() {
        let row = |aim| Row::compared("page", Unit::Time, &SUMMARY, aim).to_string();
        assert_eq!(row(Aim::Ratio(2.0)), "page: 400 µs, bare 200 µs: 2.00× (aim ≤ 2×: met)");
        assert_eq!(row(Aim::Ratio(1.5)), "page: 400 µs, bare 200 µs: 2.00× (aim ≤ 1.5×: missed)");
        assert_eq!(
            row(Aim::Extra(0.0005)),
            "page: 400 µs, bare 200 µs: +200 µs (aim ≤ bare + 500 µs: met)"
        );
        assert_eq!(row(Aim::None), "page: 400 µs, bare 200 µs: 2.00×");
    }

    #[test]
    fn a_number_by_itself_has_no_other_side() {
        let row = Row::measured("first load", Unit::Size, 123_456.0, Some(300_000.0));
        assert_eq!(row.to_string(), "first load: 123 KB (aim ≤ 300 KB: met)");
        let row = Row::skipped("first screen", "no\nbrowser");
        assert_eq!(row.to_string(), "first screen: skipped (no browser)");
    }

    #[test]
    fn values_have_as_many_digits_as_they_are_worth() {
        for (unit, value, shown) in [
            (Unit::Time, 0.000_217_3, "217 µs"),
            (Unit::Time, 0.001_234, "1.23 ms"),
            (Unit::Time, 0.123_4, "123 ms"),
            (Unit::Time, 1.234, "1.23 s"),
            (Unit::Rate, 0.000_1, "10000 /s"),
            (Unit::Size, 412.0, "412 B"),
            (Unit::Size, 25_400_000.0, "25.4 MB"),
        ] {
            assert_eq!(unit.show(value), shown);
        }
    }

    #[test]
    fn the_table_is_markdown() {
        let mut report = Report::default();
        report.add(Row::compared("page", Unit::Time, &SUMMARY, Aim::Ratio(2.0)));
        report.add(Row::failed("live", "gone"));
        let table = report.to_string();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines,
            [
                "| Benchmark | Rewind | Bare   | Against bare | Aim  | Met        |",
                "|-----------|-------:|-------:|-------------:|------|------------|",
                "| page      | 400 µs | 200 µs | 2.00×        | ≤ 2× | yes        |",
                "| live      | –      | –      | –            | –    | **failed** |",
                "",
                "- live: **failed** (gone)",
            ]
        );
        assert_eq!(report.failures(), 1);
    }
}
