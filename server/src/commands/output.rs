//! What commands print: JSON for programs, aligned tables for people.

use std::io::{self, IsTerminal as _, Write as _};

use clap::Args;
use rewind_domain::terminal::Escaped;
use serde::Serialize;

use super::Failure;
use crate::transfer::{Measure, Progress};

/// How wide a column is at most where rows are printed one at a time, in characters.
const MAX_COLUMN_CHARS: usize = 48;

/// How a command prints what it found or did.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct OutputOptions {
    /// Print JSON, one object a line, also on a terminal; elsewhere it is JSON anyway
    #[arg(long)]
    json: bool,
}

/// Something that a command prints: as JSON by serde, and as a row of a table.
pub trait Record: Serialize {
    /// The titles of the columns.
    const COLUMNS: &'static [&'static str];

    /// The text in each column. It may be foreign: it is escaped where it is printed.
    fn cells(&self) -> Vec<String>;
}

/// Standard output, for one command.
pub struct Output {
    is_json: bool,
}

/// Standard output of a command that changes something. What cannot be printed does not keep the work from being done to its end.
pub struct Report {
    output: Output,
    /// Why something could not be printed.
    lost: Option<io::Error>,
}

impl OutputOptions {
    /// Standard output, as these options want it.
    pub fn open(self) -> Output {
        Output { is_json: self.json || !io::stdout().is_terminal() }
    }

    /// How far long work is, on standard error where that is a terminal.
    pub(crate) fn progress(self) -> Progress {
        Progress::new(Measure::Unknown, false)
    }

    /// The same while rows are printed. On one terminal the two would garble each other.
    pub(crate) fn progress_beside_rows(self) -> Progress {
        Progress::new(Measure::Unknown, io::stdout().is_terminal())
    }

    /// The same, for a command that changes something.
    pub fn report(self) -> Report {
        Report { output: self.open(), lost: None }
    }
}

impl Report {
    /// Prints records, see [`Output::records`].
    pub fn records<R: Record>(&mut self, records: &[R]) {
        self.print(|output| output.records(records));
    }

    /// Prints records that come page after page, see [`Output::page`].
    pub fn page<R: Record>(&mut self, records: &mut Vec<R>, is_last: bool) {
        self.print(|output| output.page(records, is_last));
    }

    /// Prints one of many records, see [`Output::record`].
    pub fn record<R: Record>(&mut self, record: &R) {
        self.print(|output| output.record(record));
    }

    /// Prints one record whole, see [`Output::details`].
    pub fn details<R: Record>(&mut self, record: &R) {
        self.print(|output| output.details(record));
    }

    /// How a command ends whose work ended like this. `done` says what it did; people are told where `is_told`, and where the output could
    /// not be written.
    ///
    /// # Errors
    /// That of the work; else that the output could not be written, or that nobody reads it.
    pub fn end(
        self,
        outcome: Result<(), Failure>,
        done: &str,
        is_told: bool,
    ) -> Result<(), Failure> {
        if is_told || self.lost.is_some() {
            note(done);
        }
        match self.lost {
            None => outcome,
            Some(error) => outcome.and(Err(error.into())),
        }
    }

    fn print(&mut self, print: impl FnOnce(&Output) -> io::Result<()>) {
        if self.lost.is_none() {
            self.lost = print(&self.output).err();
        }
    }
}

impl Output {
    /// Whether programs read it.
    pub fn is_json(&self) -> bool {
        self.is_json
    }

    /// Prints records: a line of JSON each, or a table of aligned columns.
    ///
    /// # Errors
    /// If nobody reads it any more, or it cannot be written.
    pub fn records<R: Record>(&self, records: &[R]) -> io::Result<()> {
        let text: String = match self.is_json {
            true => records.iter().map(json_line).collect(),
            false => table(R::COLUMNS, records.iter().map(Record::cells)),
        };
        print(&text)
    }

    /// Prints what there is of records that come page after page, and takes them: programs get each page as it comes, and a table is aligned
    /// as a whole.
    ///
    /// # Errors
    /// As [`Output::records`].
    pub fn page<R: Record>(&self, records: &mut Vec<R>, is_last: bool) -> io::Result<()> {
        if !self.is_json && !is_last {
            return Ok(());
        }
        self.records(&std::mem::take(records))
    }

    /// Prints one of the records of a stream that has no end: a line of JSON, or of columns.
    ///
    /// # Errors
    /// As [`Output::records`].
    pub fn record<R: Record>(&self, record: &R) -> io::Result<()> {
        match self.is_json {
            true => print(&json_line(record)),
            false => print(&(shown(&record.cells()).join("  ") + "\n")),
        }
    }

    /// Prints one record whole: a line of JSON, or a line for each column with its title.
    ///
    /// # Errors
    /// As [`Output::records`].
    pub fn details<R: Record>(&self, record: &R) -> io::Result<()> {
        if self.is_json {
            return print(&json_line(record));
        }
        let width = R::COLUMNS.iter().map(|title| title.chars().count()).max().unwrap_or_default();
        let lines = R::COLUMNS.iter().zip(record.cells());
        let text = lines.map(|(title, cell)| format!("{title:width$}  {}\n", Escaped(&cell)));
        print(&text.collect::<String>())
    }
}

/// Whether a record is of something that was done, for serde: only a dry run says so.
pub fn is_done(dry_run: &bool) -> bool {
    !dry_run
}

/// `1 event`, `3 events`.
pub fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// Says something to people beside the output, on standard error. It may hold foreign text.
pub fn note(text: &str) {
    // A closed pipe is no reason to fail.
    let _ = writeln!(io::stderr(), "{}", Escaped(text));
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn json_line(record: &impl Serialize) -> String {
    // Plain structs with string keys, for which writing to memory cannot fail.
    serde_json::to_string(record).unwrap_or_default() + "\n"
}

fn shown(cells: &[String]) -> Vec<String> {
    cells.iter().map(|cell| Escaped(cell).to_string()).collect()
}

/// Columns as wide as their widest text, up to [`MAX_COLUMN_CHARS`], two spaces apart. A longer text pushes the rest of its row.
fn table(titles: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head = titles.iter().map(|title| title.to_uppercase()).collect();
    let rows: Vec<Vec<String>> =
        std::iter::once(head).chain(rows.map(|cells| shown(&cells))).collect();
    let width = |column: usize| {
        let widths = rows.iter().filter_map(|row| row.get(column));
        widths.map(|text| text.chars().count().min(MAX_COLUMN_CHARS)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(text, width)| format!("{text:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_foreign_text_does_nothing_to_a_terminal() {
        let rows = [["a\u{1b}[31m", "1"], ["größe", "22"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(
            table(&["name", "n"], rows.into_iter()),
            "NAME         N\na\\u{1b}[31m  1\ngröße        22\n"
        );
    }

    #[test]
    fn a_long_text_does_not_make_all_rows_long() {
        let long = "x".repeat(2 * MAX_COLUMN_CHARS);
        let rows = [vec![long.clone(), "1".to_owned()], vec!["a".to_owned(), "2".to_owned()]];
        let text = table(&["name", "n"], rows.into_iter());
        let lengths: Vec<usize> = text.lines().map(str::len).collect();
        assert_eq!(lengths, [MAX_COLUMN_CHARS + 3, long.len() + 3, MAX_COLUMN_CHARS + 3]);
    }
}
