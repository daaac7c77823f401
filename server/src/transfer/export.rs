//! `rewind export`: entries in Redis become lines of text.
//!
//! What is exported is settled first: the streams, and the last entry that each has at that moment, so that streams which
//! are being written to come to an end as well. Then they are read in rounds, each of one long stream's part or of many
//! short streams. Lines stand stream by stream, in the order of the keys, entries in the order of their ids.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::str::FromStr as _;
use std::thread;
use std::time::{Duration, Instant};

use clap::builder::FalseyValueParser;
use rewind_domain::filter::{EventPath, read_list};
use rewind_domain::terminal::Escaped;
use rewind_domain::{FilterError, FoldError, ScanCursor, StreamKey};
use tokio::sync::{mpsc, oneshot};

use super::choice::{self, Choice, Failed};
use super::format::{FileText, Format, FormatName, NoColumns};
use super::interrupt::Interrupt;
use super::numbers::Numbers;
use super::output::{Order, Output, Writing};
use super::plan::{Plan, Remaining};
use super::progress::{Measure, Progress};
use super::refused::{NotAll, Refused, stream_text};
use super::source::plain_io_error;
use super::words;
use crate::config::ReadConfig;
use crate::event_reader::EventReader;
use crate::topics::TopicAggregate;
use rewind_store::bulk::{BulkReader, Span};
use rewind_store::{StoreError, StreamInfo};

/// How many rounds wait to be written. One is enough to keep both sides busy.
const ROUNDS_AHEAD: usize = 1;
/// How many streams are asked about at once; between two such steps the user can interrupt.
const INFO_STREAMS: usize = 1_000;

/// What to export.
#[derive(Clone, Debug, clap::Args)]
pub struct ExportOptions {
    /// Keys of the streams to export
    ///
    /// A byte that is not UTF-8 is written `\xNN`, a backslash `\\`.
    // Left to itself clap takes the text for the bytes of the key.
    #[arg(
        required_unless_present = "prefix",
        value_name = "STREAM",
        value_parser = StreamKey::from_str
    )]
    pub streams: Vec<StreamKey>,
    /// Export all streams whose keys begin with this, such as `aggregate:Order:`; all there are where it is empty
    ///
    /// Aggregates in topics are exported by their names, or with their topic.
    #[arg(long, value_name = "PREFIX", value_parser = StreamKey::from_str)]
    pub prefix: Option<StreamKey>,
    /// Export only the events that this filter means, such as `type:OrderPaid data.total>100`; see docs/filters.md
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Where to write; compressed with gzip where it ends in `.gz`; `-` is standard output [default: -]
    ///
    /// The file appears when it is complete. Until then it has `.partial` behind its name.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How to write: lines for `rewind import`, a table, or an array of decoded events [default: what the name of the file ends in, else ndjson]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<FormatName>,
    /// The columns of a table beside stream, id, time and type: paths such as `data.total,fields.user`
    #[arg(long, value_name = "PATHS", default_value = "", hide_default_value = true)]
    pub columns: String,
    /// Show neither progress nor the summary
    #[arg(long, short, env = "REWIND_QUIET", value_parser = FalseyValueParser::new())]
    pub quiet: bool,
}

impl ExportOptions {
    /// How to write.
    fn format(&self) -> Result<Format, ExportError> {
        let of_file = self.output.as_deref().and_then(FormatName::of_file);
        let columns = read_list(&self.columns).map_err(ExportError::Columns)?;
        let name = match self.format.or(of_file) {
            Some(name) => name,
            None if columns.is_empty() => FormatName::Ndjson,
            None => FormatName::Csv,
        };
        Ok(Format::new(name, columns)?)
    }
}

/// What an export did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportReport {
    /// How many entries were written.
    pub entries: u64,
    /// Of how many streams.
    pub streams: u64,
    /// The events that the filter failed on; they count as not meant.
    pub failed: Option<Failed>,
    /// How many entries were trimmed or deleted after the export began and before it came to them.
    pub vanished: u64,
    /// The streams that Redis did not let this user read, and why. All others were written.
    pub refused: Vec<Refused>,
    /// The file written; `None` for standard output.
    pub output: Option<PathBuf>,
    /// How long it took.
    pub elapsed: Duration,
    /// Whether the program that read the output has ended first, as `head` does. Then not all was written.
    pub is_cut_short: bool,
}

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A stream cannot be read.
    #[error("{}", stream_text(stream, error))]
    Stream {
        /// Which one.
        stream: StreamKey,
        /// Why.
        error: StoreError,
    },
    /// There is nothing with the prefix.
    #[error("there is no stream whose key begins with `{prefix}`; keys are case-sensitive")]
    NothingFound {
        /// The prefix.
        prefix: StreamKey,
    },
    /// There are only aggregates in a topic with the prefix.
    #[error(
        "the aggregates of `{prefix}` are in `{stream}`; name them, or export that stream, with a filter on `{by}` perhaps"
    )]
    InsideTopic {
        /// The prefix.
        prefix: StreamKey,
        /// The topic.
        stream: StreamKey,
        /// Where its events name their aggregate.
        by: EventPath,
    },
    /// The filter is none.
    #[error("filter, at character {}: {}", .0.column, .0.message)]
    Filter(#[from] FilterError),
    /// The columns are none.
    #[error("columns, at character {}: {}", .0.column, .0.message)]
    Columns(FilterError),
    /// There are columns, but no table.
    #[error(transparent)]
    NoColumns(#[from] NoColumns),
    /// The expression of the filter cannot be evaluated.
    #[error("filter: {0}")]
    Expression(#[from] FoldError),
    /// Redis is not there, or went away.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The output cannot be written.
    #[error("`{name}` cannot be written: {}", plain_io_error(error))]
    Output {
        /// The file, or `<stdout>`.
        name: String,
        /// Why.
        error: io::Error,
    },
    /// The user pressed Ctrl-C.
    #[error("interrupted; the export is not complete")]
    Interrupted,
}

/// Exports the streams.
///
/// # Errors
/// If it cannot be completed. A file is written wholly or not at all.
pub async fn run(options: ExportOptions, config: &ReadConfig) -> Result<ExportReport, ExportError> {
    let started = Instant::now();
    let format = options.format()?;
    let ExportOptions { streams, prefix, filter, output: path, quiet, .. } = options;
    let filter = filter.as_deref().map(choice::compile).transpose()?;
    let inside: HashMap<StreamKey, TopicAggregate> =
        streams.iter().filter_map(|key| Some((key.clone(), config.inside(key)?))).collect();
    let event_reader = EventReader::new(config.codecs.clone());
    let mut choice = Choice::new(filter.as_ref(), &event_reader, &inside);
    let path = path.filter(|path| path.as_os_str() != "-");
    // Lines and a progress bar on one terminal would garble each other.
    let quiet = quiet || (path.is_none() && io::stdout().is_terminal());
    let mut interrupt = Interrupt::new();
    let mut reader = BulkReader::connect(&config.redis_url).await?;

    let settled = tokio::select! {
        biased;
        () = interrupt.pressed(1) => return Err(ExportError::Interrupted),
        settled = settle(&mut reader, config, &inside, streams, prefix, quiet) => settled?,
    };
    let Settled { plan: settled, mut refused } = settled;
    let (streams, refused_before) = (settled.len() as u64, refused.len());
    let mut plan = Plan::new(settled);

    let name = path.as_ref().map_or("<stdout>".into(), |path| path.display().to_string());
    let cannot = |error| ExportError::Output { name: name.clone(), error };
    let file = Writing { text: FileText::new(format), event_reader: event_reader.clone() };
    let output = Output::create(path.as_deref(), file).map_err(cannot)?;
    let (orders, mut written) = write_beside(output);

    let progress = Progress::new(Measure::Entries(plan.remaining()), quiet);
    let is_read = tokio::select! {
        biased;
        () = interrupt.pressed(1) => None,
        // Where writing fails it ends before reading does.
        is_read = read_all(&mut reader, &mut plan, &mut choice, &mut refused, &orders, &progress) => Some(is_read),
    };
    // Without its last order the writer tidies up. Where there is nothing to tidy up, nobody waits for it.
    drop(orders);
    let patience = if path.is_some() { 2 } else { 1 };
    let outcome = tokio::select! {
        biased;
        () = interrupt.pressed(patience) => return Err(ExportError::Interrupted),
        outcome = &mut written => outcome,
    };
    is_read.ok_or(ExportError::Interrupted)??;
    let late = (refused.len() - refused_before) as u64;
    let lost = || io::Error::other("writing failed in an unforeseen way; please report it");
    let is_cut_short = match outcome.unwrap_or_else(|_| Err(lost())) {
        Ok(()) => false,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => true,
        Err(error) => return Err(cannot(error)),
    };
    Ok(ExportReport {
        entries: choice.kept,
        failed: choice.failed,
        streams: streams - late,
        refused,
        vanished: plan.vanished,
        output: path,
        elapsed: started.elapsed(),
        is_cut_short,
    })
}

/// Writes what is ordered, on a thread of its own, and says how that ended.
fn write_beside(output: Output) -> (mpsc::Sender<Order>, oneshot::Receiver<io::Result<()>>) {
    let (orders, mut receiver) = mpsc::channel(ROUNDS_AHEAD);
    let (done, written) = oneshot::channel();
    thread::spawn(move || done.send(output.write_all(&mut receiver)));
    (orders, written)
}

/// Reads all that is planned, in rounds, and passes it on to be written; ends early where nobody takes it any more.
async fn read_all(
    reader: &mut BulkReader,
    plan: &mut Plan,
    choice: &mut Choice<'_>,
    refused: &mut Vec<Refused>,
    orders: &mpsc::Sender<Order>,
    progress: &Progress,
) -> Result<(), ExportError> {
    let mut numbers = Numbers::default();
    while let Some(spans) = plan.next_round() {
        let mut pages = Vec::with_capacity(spans.len());
        let asked: Vec<Span> = spans.iter().map(|(_, span)| span.clone()).collect();
        let sources: Vec<StreamKey> = asked.iter().map(|span| span.stream.clone()).collect();
        let before = match choice.asks_version() {
            true => reader.infos(&sources).await?,
            false => Vec::new(),
        };
        for ((stream, _), entries) in spans.iter().zip(reader.read(&asked).await?) {
            let stream = stream.clone();
            match entries {
                Ok(entries) => pages.push((stream, entries)),
                // Of one that is read in part nobody could tell how much is there.
                Err(error) if error.is_passing() || plan.has_begun(&stream) => {
                    return Err(ExportError::Stream { stream, error });
                }
                Err(error) => {
                    plan.leave_out(&stream);
                    refused.push(Refused { stream: stream.clone(), error });
                    pages.push((stream, Vec::new()));
                }
            }
        }
        let after = match choice.asks_version() {
            true => reader.infos(&sources).await?,
            false => Vec::new(),
        };
        plan.take(&spans, &pages);
        let versions = numbers.of_round(&spans, &pages, &(before, after));
        choice.narrow(&mut pages, &versions)?;
        if orders.send(Order::Pages(pages)).await.is_err() {
            return Ok(());
        }
        progress.advance(plan.read + plan.vanished, plan.read);
    }
    // Only now is it known which aggregates a topic has.
    let is_refused = |stream: &&StreamKey| refused.iter().any(|other| other.stream == **stream);
    if let Some(stream) = choice.unmet().filter(|stream| !is_refused(stream)) {
        let error = StoreError::NotFound;
        return Err(ExportError::Stream { stream: stream.clone(), error });
    }
    // Whoever does not take this has failed, and says so itself.
    let _ = orders.send(Order::Finish).await;
    Ok(())
}

/// What is to be exported.
struct Settled {
    plan: Vec<Remaining>,
    /// What cannot be.
    refused: Vec<Refused>,
}

/// Finds the streams, and how far each goes at this moment. Those that this user may not read are left out, unless that is all of them.
async fn settle(
    reader: &mut BulkReader,
    config: &ReadConfig,
    inside: &HashMap<StreamKey, TopicAggregate>,
    streams: Vec<StreamKey>,
    prefix: Option<StreamKey>,
    quiet: bool,
) -> Result<Settled, ExportError> {
    let progress = Progress::new(Measure::Unknown, quiet);
    progress.say("looking at the streams");
    let (mut plan, mut refused) = (Vec::new(), Vec::new());
    // An aggregate in a topic is read where it is.
    let source = |key: &StreamKey| inside.get(key).map_or(key, |inside| &inside.stream).clone();
    let sources: Vec<StreamKey> = streams.iter().map(source).collect();
    let named = look_at(reader, &sources, &progress).await?;
    for ((stream, source), info) in streams.into_iter().zip(sources).zip(named) {
        match info {
            Ok(info) => plan.push(Remaining::new(stream, source, &info)),
            Err(error) if is_mistaken(&error) || error.is_passing() => {
                return Err(ExportError::Stream { stream, error });
            }
            Err(error) => refused.push(Refused { stream, error }),
        }
    }
    if let Some(prefix) = prefix {
        let found = find(reader, &prefix, &progress).await?;
        let infos = look_at(reader, &found, &progress).await?;
        let is_nothing = found.is_empty();
        let topic = config.topics.iter().find(|topic| topic.is_of(&prefix));
        if let Some(topic) = topic.filter(|_| is_nothing) {
            let (stream, by) = (topic.stream.clone(), topic.by.clone());
            return Err(ExportError::InsideTopic { prefix, stream, by });
        }
        for (stream, info) in found.into_iter().zip(infos) {
            match info {
                Ok(info) => plan.push(Remaining::new(stream.clone(), stream, &info)),
                // It was a stream a moment ago.
                Err(error) if is_mistaken(&error) => {}
                Err(error) if error.is_passing() => {
                    return Err(ExportError::Stream { stream, error });
                }
                Err(error) => refused.push(Refused { stream, error }),
            }
        }
        if is_nothing && plan.is_empty() {
            return Err(ExportError::NothingFound { prefix });
        }
    }
    plan.sort_by(|a, b| a.stream.cmp(&b.stream));
    plan.dedup_by(|a, b| a.stream == b.stream);
    refused.sort_by(|a, b| a.stream.cmp(&b.stream));
    refused.dedup_by(|a, b| a.stream == b.stream);
    match refused.first() {
        Some(Refused { stream, error }) if plan.is_empty() => {
            Err(ExportError::Stream { stream: stream.clone(), error: error.clone() })
        }
        _ => Ok(Settled { plan, refused }),
    }
}

/// Whether a key is not that of a stream.
fn is_mistaken(error: &StoreError) -> bool {
    matches!(error, StoreError::NotFound | StoreError::WrongType)
}

async fn find(
    reader: &mut BulkReader,
    prefix: &StreamKey,
    progress: &Progress,
) -> Result<Vec<StreamKey>, StoreError> {
    let mut found = Vec::new();
    let mut cursor = Some(ScanCursor::START);
    while let Some(from) = cursor {
        let (keys, next) = reader.scan(prefix, from).await?;
        found.extend(keys);
        cursor = next;
        progress.say(format!("{} found", words::streams(found.len() as u64)));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

async fn look_at(
    reader: &mut BulkReader,
    streams: &[StreamKey],
    progress: &Progress,
) -> Result<Vec<Result<StreamInfo, StoreError>>, StoreError> {
    let mut infos = Vec::with_capacity(streams.len());
    for some in streams.chunks(INFO_STREAMS) {
        infos.extend(reader.infos(some).await?);
        let (done, all) =
            (words::grouped(infos.len() as u64), words::streams(streams.len() as u64));
        progress.say(format!("looked at {done} of {all}"));
    }
    Ok(infos)
}

impl ExportReport {
    /// That it does not have all that it should have, where that is so.
    ///
    /// # Errors
    /// With the streams that could not be read.
    pub fn has_all(&self) -> Result<(), NotAll> {
        if self.refused.is_empty() { Ok(()) } else { Err(NotAll(self.refused.clone())) }
    }
}

impl fmt::Display for ExportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (entries, streams) = (words::entries(self.entries), words::streams(self.streams));
        let elapsed = words::elapsed(self.elapsed);
        if self.is_cut_short {
            return write!(f, "stopped after {elapsed}: the output was closed by its reader");
        }
        write!(f, "{entries} of {streams} written")?;
        if let Some(path) = &self.output {
            write!(f, " to `{}`", path.display())?;
        }
        write!(f, " in {elapsed}")?;
        if let Some(Failed { entries, message }) = &self.failed {
            let failed = words::entries(*entries);
            let message = Escaped(message);
            write!(f, "; the filter failed on {failed}, which count as not meant ({message})")?;
        }
        if self.vanished > 0 {
            let (vanished, were) = (words::entries(self.vanished), words::were(self.vanished));
            write!(f, "; {vanished} {were} trimmed or deleted meanwhile")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_one_clear_line() {
        let report = ExportReport {
            failed: None,
            entries: 262_200,
            streams: 13_087,
            vanished: 0,
            refused: Vec::new(),
            output: Some("out.ndjson.gz".into()),
            elapsed: Duration::from_millis(4_100),
            is_cut_short: false,
        };
        assert_eq!(
            report.to_string(),
            "262,200 entries of 13,087 streams written to `out.ndjson.gz` in 4.1 s"
        );
        let report = ExportReport { output: None, entries: 1, streams: 1, vanished: 12, ..report };
        assert_eq!(
            report.to_string(),
            "1 entry of 1 stream written in 4.1 s; 12 entries were trimmed or deleted meanwhile"
        );
    }

    #[test]
    fn keys_on_the_command_line_are_texts_of_keys() {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            options: ExportOptions,
        }
        let parse = |arguments: &[&str]| {
            <Cli as clap::Parser>::try_parse_from([&["export"], arguments].concat())
        };
        let options = parse(&[r"a\\b\xff", "--prefix", r"\xfe"]).ok().unwrap().options;
        assert_eq!(options.streams, [StreamKey::from_bytes(&b"a\\b\xff"[..])]);
        assert_eq!(options.prefix, Some(StreamKey::from_bytes(&b"\xfe"[..])));
        assert!(parse(&[r"a\b"]).is_err());
        assert!(parse(&[]).is_err());
    }
}
