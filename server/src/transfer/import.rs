//! `rewind import`: lines of text become entries in Redis.
//!
//! The only command that writes. It stops at the first line that it cannot take, with everything before that line written
//! and nothing behind it, and it can be repeated: what is there already is recognised and left alone.

use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clap::builder::FalseyValueParser;
use rewind_domain::{EntryId, StreamKey};
use tokio::sync::mpsc;

use super::interrupt::Interrupt;
use super::progress::{Measure, Progress};
use super::source::{self, Batch, Source, SourceError};
use super::words;
use rewind_store::bulk::{AppendOutcome, BulkWriter, Conflict};
use rewind_store::{StoreError, StoreUrl};

pub use super::source::Place;

/// How many batches wait to be written. One is enough to keep both sides busy, since reading is the quicker one.
const BATCHES_AHEAD: usize = 1;
/// How much of an entry an error shows, in characters.
const SHOWN_CHARS: usize = 200;

/// What to import.
#[derive(Clone, Debug, clap::Args)]
pub struct ImportOptions {
    /// Files to import, one entry a line; `-` is standard input
    ///
    /// A line is an object such as
    /// {"stream": "aggregate:Order:1", "id": "1706185200000-0", "fields": {"type": "OrderCreated", "data": "{…}"}}.
    /// A value that is not UTF-8 is {"$base64": "…"}; fields with repeated names are [["name", "value"], …].
    /// Files may be compressed with gzip. Importing again is safe: entries that are there already are skipped.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Show neither progress nor the summary
    #[arg(long, short, env = "REWIND_QUIET", value_parser = FalseyValueParser::new())]
    pub quiet: bool,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// How many entries were added.
    pub added: u64,
    /// To how many streams.
    pub streams: u64,
    /// How many entries were in Redis before.
    pub already_there: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// What an import did before it stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// How many entries were added.
    pub added: u64,
    /// How many entries were in Redis before.
    pub already_there: u64,
    /// Whether that is all, or Redis may have added more than it could tell of.
    pub is_exact: bool,
}

/// An entry of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryAt {
    /// Its line.
    pub place: Place,
    /// Its stream.
    pub stream: StreamKey,
    /// Its id.
    pub id: EntryId,
}

/// Why an import stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file or a line of it cannot be read.
    #[error("{problem}; {done}")]
    Input {
        /// Which one, and what is wrong with it.
        problem: String,
        /// What was done before.
        done: Done,
    },
    /// An entry cannot be added where it belongs.
    #[error("{}: {}; {done}", entry.place, conflict_text(entry, conflict))]
    Conflict {
        /// Which one.
        entry: Box<EntryAt>,
        /// What is in the way.
        conflict: Conflict,
        /// What was done before.
        done: Done,
    },
    /// Redis refuses an entry.
    #[error(
        "{}: entry `{}` cannot be added to stream `{}`: {error}; {done}",
        entry.place, entry.id, entry.stream
    )]
    Refused {
        /// Which one.
        entry: Box<EntryAt>,
        /// Why.
        error: StoreError,
        /// What was done before.
        done: Done,
    },
    /// Redis is not there, or went away.
    #[error("{error}; {done}")]
    Store {
        /// What happened.
        error: StoreError,
        /// What was done before.
        done: Done,
    },
    /// The user pressed Ctrl-C.
    #[error("interrupted; {done}")]
    Interrupted {
        /// What was done before.
        done: Done,
    },
}

/// Imports all files, in order.
///
/// # Errors
/// At the first thing that is not as it should be; the error says how far it came.
pub async fn run(options: ImportOptions, url: &StoreUrl) -> Result<ImportReport, ImportError> {
    let started = Instant::now();
    let mut tally = Tally::default();
    let sources = options.files.into_iter().map(Source::new).collect::<Result<Vec<_>, _>>();
    let sources = sources.map_err(|error| tally.input_error(&error))?;
    let mut writer = BulkWriter::connect(url).await.map_err(|error| tally.store_error(error))?;

    let total_bytes = sources.iter().map(Source::bytes).sum::<Option<u64>>();
    let progress =
        Progress::new(total_bytes.map_or(Measure::Unknown, Measure::Bytes), options.quiet);
    let bytes_read = Arc::new(AtomicU64::new(0));
    let (sender, mut batches) = mpsc::channel(BATCHES_AHEAD);
    let reader = {
        let bytes_read = Arc::clone(&bytes_read);
        thread::spawn(move || source::read_all(sources, &bytes_read, &sender))
    };

    let mut interrupt = Interrupt::new();
    loop {
        let batch = tokio::select! {
            biased;
            () = interrupt.pressed(1) => return Err(tally.interrupted()),
            batch = batches.recv() => batch,
        };
        let Some(batch) = batch else { break };
        let batch = batch.map_err(|error| tally.input_error(&error))?;
        let outcomes = tokio::select! {
            biased;
            // A batch that is on its way is waited for, unless the user insists.
            () = interrupt.pressed(2) => return Err(tally.at_least().interrupted()),
            outcomes = writer.append(&batch.lines) => outcomes,
        };
        let outcomes = outcomes.map_err(|error| tally.at_least().store_error(error))?;
        tally.take(&batch, outcomes)?;
        progress.advance(bytes_read.load(Ordering::Relaxed), tally.done.total());
    }
    if reader.join().is_err() {
        let problem = "reading failed in an unforeseen way; please report it".into();
        return Err(ImportError::Input { problem, done: tally.done });
    }
    Ok(tally.report(started.elapsed()))
}

/// Keeps count.
struct Tally {
    done: Done,
    /// Streams that entries were added to, as hashes: a tenth of the memory that the keys would take, and a miscount is
    /// less likely than one in a million with ten million streams.
    streams: HashSet<u64>,
    hasher: RandomState,
}

impl Default for Tally {
    fn default() -> Self {
        let done = Done { added: 0, already_there: 0, is_exact: true };
        Self { done, streams: HashSet::new(), hasher: RandomState::new() }
    }
}

impl Tally {
    /// Counts a batch.
    fn take(&mut self, batch: &Batch, outcomes: Vec<AppendOutcome>) -> Result<(), ImportError> {
        let mut obstacle = None;
        for (index, (line, outcome)) in batch.lines.iter().zip(outcomes).enumerate() {
            match outcome {
                AppendOutcome::Added => {
                    self.done.added += 1;
                    self.streams.insert(self.hasher.hash_one(&line.stream));
                }
                AppendOutcome::AlreadyThere => self.done.already_there += 1,
                AppendOutcome::NotTried => {}
                outcome @ (AppendOutcome::Conflict(_) | AppendOutcome::Failed(_)) => {
                    obstacle.get_or_insert((index, line, outcome));
                }
            }
        }
        let done = self.done;
        let Some((index, line, outcome)) = obstacle else { return Ok(()) };
        let (place, stream, id) = (batch.place(index), line.stream.clone(), line.entry.id);
        let entry = Box::new(EntryAt { place, stream, id });
        match outcome {
            AppendOutcome::Conflict(conflict) => {
                Err(ImportError::Conflict { entry, conflict, done })
            }
            AppendOutcome::Failed(error) => Err(ImportError::Refused { entry, error, done }),
            _ => Ok(()),
        }
    }

    /// From here on, what was counted is the least that was done.
    fn at_least(&mut self) -> &Self {
        self.done.is_exact = false;
        self
    }

    fn input_error(&self, error: &SourceError) -> ImportError {
        ImportError::Input { problem: error.to_string(), done: self.done }
    }

    fn store_error(&self, error: StoreError) -> ImportError {
        ImportError::Store { error, done: self.done }
    }

    fn interrupted(&self) -> ImportError {
        ImportError::Interrupted { done: self.done }
    }

    fn report(&self, elapsed: Duration) -> ImportReport {
        let Done { added, already_there, .. } = self.done;
        ImportReport { added, streams: self.streams.len() as u64, already_there, elapsed }
    }
}

impl Done {
    fn total(self) -> u64 {
        self.added + self.already_there
    }
}

impl fmt::Display for ImportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let elapsed = words::elapsed(self.elapsed);
        let there = self.already_there;
        match (self.added, there) {
            (0, 0) => f.write_str("nothing to import: no line holds an entry"),
            (0, 1) => write!(f, "nothing added in {elapsed}: the entry was already there"),
            (0, _) => {
                let all = words::entries(there);
                write!(f, "nothing added in {elapsed}: all {all} were already there")
            }
            (added, _) => {
                let (added, streams) = (words::entries(added), words::streams(self.streams));
                let (there, were) = (words::grouped(there), words::were(there));
                write!(f, "{added} added to {streams} in {elapsed}; {there} {were} already there")
            }
        }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.added, self.is_exact) {
            (0, true) => f.write_str("nothing was added")?,
            (0, false) => f.write_str("little or nothing was added before")?,
            (added, is_exact) => {
                let at_least = if is_exact { "" } else { "at least " };
                let (entries, were) = (words::entries(added), words::were(added));
                write!(f, "{at_least}{entries} {were} added before")?;
            }
        }
        if self.already_there > 0 {
            let (there, were) =
                (words::entries(self.already_there), words::were(self.already_there));
            write!(f, ", {there} {were} already there")?;
        }
        if self.total() > 0 || !self.is_exact {
            f.write_str("; importing again is safe and skips what is there")?;
        }
        Ok(())
    }
}

fn conflict_text(EntryAt { stream, id, .. }: &EntryAt, conflict: &Conflict) -> String {
    match conflict {
        Conflict::OtherFields(fields) => {
            let mut there = serde_json::to_string(fields).unwrap_or_default();
            if let Some((cut, _)) = there.char_indices().nth(SHOWN_CHARS) {
                there.truncate(cut);
                there.push('…');
            }
            format!("stream `{stream}` already has another entry `{id}`: {there}")
        }
        Conflict::Passed { last_id } => format!(
            "stream `{stream}` has no entry `{id}` and can get none any more, since it has reached `{last_id}`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::Fields;

    fn report(added: u64, streams: u64, already_there: u64) -> String {
        let elapsed = Duration::from_millis(4_100);
        ImportReport { added, streams, already_there, elapsed }.to_string()
    }

    #[test]
    fn the_report_is_one_clear_line() {
        assert_eq!(
            report(262_200, 13_087, 0),
            "262,200 entries added to 13,087 streams in 4.1 s; 0 were already there"
        );
        assert_eq!(report(1, 1, 1), "1 entry added to 1 stream in 4.1 s; 1 was already there");
        assert_eq!(
            report(0, 0, 262_200),
            "nothing added in 4.1 s: all 262,200 entries were already there"
        );
        assert_eq!(report(0, 0, 0), "nothing to import: no line holds an entry");
    }

    #[test]
    fn an_error_says_what_was_done_before() {
        let text =
            |added, already_there, is_exact| Done { added, already_there, is_exact }.to_string();
        assert_eq!(text(0, 0, true), "nothing was added");
        assert_eq!(
            text(16, 2, true),
            "16 entries were added before, 2 entries were already there; importing again is safe and skips what is there"
        );
        assert_eq!(
            text(1_000, 0, false),
            "at least 1,000 entries were added before; importing again is safe and skips what is there"
        );
    }

    #[test]
    fn a_conflict_names_its_line_and_what_is_there() {
        let place = Place { source: "orders.ndjson".into(), line: 17 };
        let conflict = Conflict::OtherFields(Fields::from_iter([("type", "x".repeat(1_000))]));
        let done = Done { added: 0, already_there: 0, is_exact: true };
        let entry = EntryAt { place, stream: "orders".into(), id: EntryId::new(5, 0) };
        let text = ImportError::Conflict { entry: Box::new(entry), conflict, done }.to_string();
        assert!(
            text.starts_with(
                "orders.ndjson:17: stream `orders` already has another entry `5-0`: {\"type\":\"xxx"
            ),
            "{text}"
        );
        assert!(text.ends_with("x…; nothing was added"), "{text}");
    }
}
