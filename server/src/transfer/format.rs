//! The formats of exported files, from the page and from the command line.

use std::path::Path;

use rewind_app::api::find::FoundEvent;
use rewind_domain::filter::EventPath;
use rewind_domain::ndjson::Line;
use rewind_domain::{Entry, PayloadDecoder, StreamKey, csv, layout};

/// How a file is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Format {
    /// Entries as Redis holds them, as `rewind import` reads them.
    Ndjson,
    /// A table with these columns.
    Csv(Vec<EventPath>),
    /// An array of events.
    Json,
}

/// The formats by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FormatName {
    /// A line for each entry, for `rewind import`; loses nothing
    Ndjson,
    /// A table; see `--columns`
    Csv,
    /// An array of events, decoded
    Json,
}

/// Columns are asked for where there are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("columns are of tables; add the format `csv`, or leave the columns out")]
pub struct NoColumns;

impl FormatName {
    /// What the name of a file says of its format; `None` if it says nothing.
    pub(crate) fn of_file(path: &Path) -> Option<Self> {
        let is_gzip = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
        let path = if is_gzip { Path::new(path.file_stem()?) } else { path };
        let ending = path.extension()?.to_str()?;
        <Self as clap::ValueEnum>::from_str(ending, true).ok()
    }
}

impl Format {
    /// A format by its name.
    ///
    /// # Errors
    /// If it has no columns.
    pub(crate) fn new(name: FormatName, columns: Vec<EventPath>) -> Result<Self, NoColumns> {
        match name {
            FormatName::Csv => Ok(Self::Csv(columns)),
            _ if !columns.is_empty() => Err(NoColumns),
            FormatName::Ndjson => Ok(Self::Ndjson),
            FormatName::Json => Ok(Self::Json),
        }
    }
}

/// Makes the text of a file, event by event.
#[derive(Clone, Debug)]
pub(crate) struct FileText {
    format: Format,
    is_first: bool,
}

impl FileText {
    /// A file of this format.
    pub(crate) fn new(format: Format) -> Self {
        Self { format, is_first: true }
    }

    /// How it begins.
    pub(crate) fn head(&self) -> String {
        match &self.format {
            Format::Ndjson => String::new(),
            Format::Csv(columns) => csv::head(columns),
            Format::Json => "[".to_owned(),
        }
    }

    /// An entry, decoded where the format has events.
    pub(crate) fn entry(
        &mut self,
        stream: &StreamKey,
        entry: &Entry,
        decoder: &dyn PayloadDecoder,
    ) -> String {
        match self.format {
            Format::Ndjson => Line::to_json(stream, entry) + "\n",
            Format::Csv(_) | Format::Json => {
                let event = layout::decode_with(entry.clone(), decoder);
                self.event(&FoundEvent { stream: stream.clone(), event })
            }
        }
    }

    /// An event.
    pub(crate) fn event(&mut self, found: &FoundEvent) -> String {
        let is_first = std::mem::replace(&mut self.is_first, false);
        let FoundEvent { stream, event } = found;
        match &self.format {
            Format::Ndjson => {
                let entry = Entry { id: event.id, fields: event.fields.clone() };
                Line::to_json(stream, &entry) + "\n"
            }
            Format::Csv(columns) => csv::row(stream, event, columns),
            Format::Json => {
                // These are plain structs with string keys, for which writing to memory cannot fail.
                let event = serde_json::to_string(found).unwrap_or_default();
                format!("{}{event}", if is_first { "\n" } else { ",\n" })
            }
        }
    }

    /// How it ends.
    pub(crate) fn foot(&self) -> &'static str {
        match self.format {
            Format::Json => "\n]\n",
            Format::Ndjson | Format::Csv(_) => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_tells_its_format() {
        for (path, format) in [
            ("a/events.csv", Some(FormatName::Csv)),
            ("events.JSON.gz", Some(FormatName::Json)),
            ("events.ndjson", Some(FormatName::Ndjson)),
            ("events.csv.bak", None),
            ("events.gz", None),
            ("events", None),
        ] {
            assert_eq!(FormatName::of_file(Path::new(path)), format, "{path}");
        }
    }

    #[test]
    fn only_tables_have_columns() {
        let columns = vec!["data.total".parse().unwrap()];
        assert!(Format::new(FormatName::Csv, columns.clone()).is_ok());
        assert_eq!(Format::new(FormatName::Json, columns), Err(NoColumns));
        assert_eq!(Format::new(FormatName::Json, Vec::new()), Ok(Format::Json));
    }
}
