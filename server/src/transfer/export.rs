//! `rewind export`: entries in Redis become lines of text.
//!
//! What is exported is settled first: the streams, and the last entry that each has at that moment, so that streams which
//! are being written to come to an end as well. Then they are read in rounds, each of one long stream's part or of many
//! short streams. Lines stand stream by stream, in the order of the keys, entries in the order of their ids.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::str::FromStr as _;
use std::thread;
use std::time::{Duration, Instant};

use clap::builder::FalseyValueParser;
use rewind_domain::{Entry, EntryId, FilterError, FoldError, StreamKey};
use tokio::sync::{mpsc, oneshot};

use super::choice::{self, Choice};
use super::interrupt::Interrupt;
use super::output::{Order, Output, Page};
use super::progress::{Measure, Progress};
use super::source::plain_io_error;
use super::words;
use crate::store::bulk::{BulkReader, Span};
use crate::store::{StoreError, StoreUrl, StreamInfo};

/// How many rounds wait to be written. One is enough to keep both sides busy.
const ROUNDS_AHEAD: usize = 1;
/// How many streams are asked about at once; between two such steps the user can interrupt.
const INFO_STREAMS: usize = 1_000;
/// How many streams one round reads from, which bounds how long Redis is busy with it where they are short.
const ROUND_STREAMS: usize = 500;
/// How many entries one round reads at most. Redis needs a millisecond or two for so many; more gain little.
const ROUND_ENTRIES: u64 = 2_000;
/// How many entries the first round reads, while nobody knows yet how large they are.
const FIRST_ROUND_ENTRIES: u64 = 100;
/// How much a round shall come to. Entries of megabytes are read a few at a time.
const ROUND_BYTES: u64 = 1 << 20;

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
    /// Show neither progress nor the summary
    #[arg(long, short, env = "REWIND_QUIET", value_parser = FalseyValueParser::new())]
    pub quiet: bool,
}

/// What an export did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportReport {
    /// How many entries were written.
    pub entries: u64,
    /// Of how many streams.
    pub streams: u64,
    /// How many events the filter failed on; they count as not meant.
    pub failed: u64,
    /// How many entries were trimmed or deleted after the export began and before it came to them.
    pub vanished: u64,
    /// The file written; nothing for standard output.
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
    /// The filter is none.
    #[error("filter, at character {}: {}", .0.column, .0.message)]
    Filter(#[from] FilterError),
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
/// Where it cannot be completed. A file is written wholly or not at all.
pub async fn run(options: ExportOptions, url: &StoreUrl) -> Result<ExportReport, ExportError> {
    let started = Instant::now();
    let ExportOptions { streams, prefix, filter, output: path, quiet } = options;
    let filter = filter.as_deref().map(choice::compile).transpose()?;
    let mut choice = Choice::new(filter.as_ref());
    let path = path.filter(|path| path.as_os_str() != "-");
    // Lines and a progress bar on one terminal would garble each other.
    let quiet = quiet || (path.is_none() && io::stdout().is_terminal());
    let mut interrupt = Interrupt::new();
    let mut reader = BulkReader::connect(url).await?;

    let settled = tokio::select! {
        biased;
        () = interrupt.pressed(1) => return Err(ExportError::Interrupted),
        settled = settle(&mut reader, streams, prefix, quiet) => settled?,
    };
    let streams = settled.len() as u64;
    let mut plan = Plan { streams: settled.into(), ..Plan::default() };

    let name = path.as_ref().map_or("<stdout>".into(), |path| path.display().to_string());
    let cannot = |error| ExportError::Output { name: name.clone(), error };
    let output = Output::create(path.as_deref()).map_err(cannot)?;
    let (orders, mut written) = {
        let (orders, mut receiver) = mpsc::channel(ROUNDS_AHEAD);
        let (done, written) = oneshot::channel();
        thread::spawn(move || done.send(output.write_all(&mut receiver)));
        (orders, written)
    };

    let progress = Progress::new(Measure::Entries(plan.remaining()), quiet);
    let is_read = tokio::select! {
        biased;
        () = interrupt.pressed(1) => None,
        // Where writing fails it ends before reading does.
        is_read = read_all(&mut reader, &mut plan, &mut choice, &orders, &progress) => Some(is_read),
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
    let lost = || io::Error::other("writing failed in an unforeseen way; please report it");
    let is_cut_short = match outcome.unwrap_or_else(|_| Err(lost())) {
        Ok(()) => false,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => true,
        Err(error) => return Err(cannot(error)),
    };
    Ok(ExportReport {
        entries: choice.kept,
        failed: choice.failed,
        streams,
        vanished: plan.vanished,
        output: path,
        elapsed: started.elapsed(),
        is_cut_short,
    })
}

/// Reads all that is planned, in rounds, and passes it on to be written; ends early where nobody takes it any more.
async fn read_all(
    reader: &mut BulkReader,
    plan: &mut Plan,
    choice: &mut Choice<'_>,
    orders: &mpsc::Sender<Order>,
    progress: &Progress,
) -> Result<(), ExportError> {
    while let Some(spans) = plan.next_round() {
        let mut pages = Vec::with_capacity(spans.len());
        for (span, entries) in spans.iter().zip(reader.read(&spans).await?) {
            let stream = span.stream.clone();
            match entries {
                Ok(entries) => pages.push((stream, entries)),
                Err(error) => return Err(ExportError::Stream { stream, error }),
            }
        }
        plan.take(&spans, &pages);
        choice.narrow(&mut pages)?;
        if orders.send(Order::Pages(pages)).await.is_err() {
            return Ok(());
        }
        progress.advance(plan.read + plan.vanished, plan.read);
    }
    // Whoever does not take this has failed, and says so itself.
    let _ = orders.send(Order::Finish).await;
    Ok(())
}

/// Finds the streams, and how far each goes at this moment.
async fn settle(
    reader: &mut BulkReader,
    streams: Vec<StreamKey>,
    prefix: Option<StreamKey>,
    quiet: bool,
) -> Result<Vec<Remaining>, ExportError> {
    let progress = Progress::new(Measure::Unknown, quiet);
    progress.say("looking at the streams");
    let mut plan = Vec::new();
    let named = look_at(reader, &streams, &progress).await?;
    for (stream, info) in streams.into_iter().zip(named) {
        match info {
            Ok(info) => plan.push(Remaining::new(stream, &info)),
            Err(error) => return Err(ExportError::Stream { stream, error }),
        }
    }
    if let Some(prefix) = prefix {
        let found = find(reader, &prefix, &progress).await?;
        let infos = look_at(reader, &found, &progress).await?;
        let is_nothing = found.is_empty();
        for (stream, info) in found.into_iter().zip(infos) {
            match info {
                Ok(info) => plan.push(Remaining::new(stream, &info)),
                // It was a stream a moment ago.
                Err(StoreError::NotFound | StoreError::WrongType) => {}
                Err(error) => return Err(ExportError::Stream { stream, error }),
            }
        }
        if is_nothing && plan.is_empty() {
            return Err(ExportError::NothingFound { prefix });
        }
    }
    plan.sort_by(|a, b| a.stream.cmp(&b.stream));
    plan.dedup_by(|a, b| a.stream == b.stream);
    Ok(plan)
}

async fn find(
    reader: &mut BulkReader,
    prefix: &StreamKey,
    progress: &Progress,
) -> Result<Vec<StreamKey>, StoreError> {
    let mut found = Vec::new();
    let mut cursor = Some(0);
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

/// What is still to be read.
struct Plan {
    streams: VecDeque<Remaining>,
    /// How many entries the next round reads, by the size of those before.
    round_entries: u64,
    /// How many entries were read.
    read: u64,
    /// How many entries were not there any more.
    vanished: u64,
}

/// What is still to be read of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Remaining {
    stream: StreamKey,
    after: Option<EntryId>,
    until: EntryId,
    entries: u64,
}

impl Default for Plan {
    fn default() -> Self {
        let round_entries = FIRST_ROUND_ENTRIES;
        Self { streams: VecDeque::new(), round_entries, read: 0, vanished: 0 }
    }
}

impl Remaining {
    fn new(stream: StreamKey, info: &StreamInfo) -> Self {
        let until = info.extent.last_id.unwrap_or(EntryId::MIN);
        Self { stream, after: None, until, entries: info.extent.length }
    }
}

impl Plan {
    fn remaining(&self) -> u64 {
        self.streams.iter().map(|stream| stream.entries).sum()
    }

    /// What to read next: the next streams as far as they fit, only the last of them in part. Nothing at the end.
    fn next_round(&mut self) -> Option<Vec<Span>> {
        while self.streams.front().is_some_and(|stream| stream.entries == 0) {
            self.streams.pop_front();
        }
        let mut spans = Vec::new();
        let mut room = self.round_entries;
        for Remaining { stream, after, until, entries } in self.streams.iter().take(ROUND_STREAMS) {
            if room == 0 {
                break;
            }
            let count = room.min(*entries);
            if count > 0 {
                room -= count;
                spans.push(Span { stream: stream.clone(), after: *after, until: *until, count });
            }
        }
        (!spans.is_empty()).then_some(spans)
    }

    /// Notes what was read.
    fn take(&mut self, spans: &[Span], pages: &[Page]) {
        for (span, (_, entries)) in spans.iter().zip(pages) {
            while self.streams.front().is_some_and(|front| front.stream != span.stream) {
                self.streams.pop_front();
            }
            let Some(front) = self.streams.front_mut() else { return };
            let read = entries.len() as u64;
            self.read += read;
            front.entries = front.entries.saturating_sub(read);
            front.after = entries.last().map(|entry| entry.id).or(front.after);
            if read < span.count || front.after == Some(front.until) {
                self.vanished += front.entries;
                front.entries = 0;
            }
        }
        let bytes = pages.iter().flat_map(|(_, entries)| entries).map(entry_bytes).sum();
        let entries = pages.iter().map(|(_, entries)| entries.len() as u64).sum();
        self.round_entries = next_round_entries(self.round_entries, entries, bytes);
    }
}

/// As many entries as make up a round if they are as large as the last ones; more only step by step, since one small entry
/// says little of the next.
fn next_round_entries(last: u64, entries: u64, bytes: u64) -> u64 {
    const GROWTH: u64 = 4;
    if entries == 0 {
        return last;
    }
    let fitting = ROUND_BYTES / (bytes / entries).max(1);
    fitting.clamp(1, last.saturating_mul(GROWTH).min(ROUND_ENTRIES))
}

fn entry_bytes(entry: &Entry) -> u64 {
    entry.fields.iter().map(|(name, value)| name.len() as u64 + value.len() as u64).sum()
}

fn stream_text(stream: &StreamKey, error: &StoreError) -> String {
    match error {
        StoreError::NotFound => format!("stream `{stream}` does not exist"),
        StoreError::WrongType => format!("`{stream}` holds something else than a stream"),
        error => format!("stream `{stream}` cannot be read: {error}"),
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
        if self.failed > 0 {
            let failed = words::entries(self.failed);
            write!(f, "; the filter failed on {failed}, which count as not meant")?;
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
    use rewind_domain::Fields;

    fn remaining(stream: &str, entries: u64) -> Remaining {
        Remaining { stream: stream.into(), after: None, until: EntryId::new(entries, 0), entries }
    }

    fn plan(streams: &[(&str, u64)], round_entries: u64) -> Plan {
        let streams = streams.iter().map(|(stream, entries)| remaining(stream, *entries)).collect();
        Plan { streams, round_entries, ..Plan::default() }
    }

    /// The entries of a stream whose ids are 1-0, 2-0, …, but for those that are gone.
    fn answer(span: &Span, gone: std::ops::Range<u64>) -> Page {
        let first = span.after.map_or(1, |after| after.ms() + 1);
        let ids = (first..=span.until.ms()).filter(|id| !gone.contains(id));
        let entries = ids.map(|id| Entry {
            id: EntryId::new(id, 0),
            fields: Fields::from_iter([("a", "b".repeat(1_000))]),
        });
        let count = usize::try_from(span.count).unwrap();
        (span.stream.clone(), entries.take(count).collect())
    }

    fn read(plan: &mut Plan, gone: &std::ops::Range<u64>) -> Vec<(String, u64)> {
        let mut read = Vec::new();
        while let Some(spans) = plan.next_round() {
            let pages: Vec<_> = spans.iter().map(|span| answer(span, gone.clone())).collect();
            plan.take(&spans, &pages);
            for (stream, entries) in pages {
                read.extend(entries.iter().map(|entry| (stream.to_string(), entry.id.ms())));
            }
        }
        read
    }

    fn all(streams: &[(&str, u64)]) -> Vec<(String, u64)> {
        let each = streams.iter();
        each.flat_map(|(stream, n)| (1..=*n).map(|id| ((*stream).to_owned(), id))).collect()
    }

    #[test]
    fn a_round_takes_short_streams_together_and_long_ones_in_parts() {
        let mut plan = plan(&[("a", 2), ("b", 0), ("c", 3), ("d", 9)], 7);
        let spans = plan.next_round().unwrap();
        let counts: Vec<_> = spans.iter().map(|s| (s.stream.to_string(), s.count)).collect();
        assert_eq!(counts, [("a".to_owned(), 2), ("c".to_owned(), 3), ("d".to_owned(), 2)]);
    }

    #[test]
    fn every_entry_is_read_once_and_in_order() {
        let streams = [("a", 2), ("b", 0), ("c", 3_000), ("d", 9), ("e", 1), ("f", 700)];
        for round_entries in [1, 3, 100, 2_000] {
            let mut plan = plan(&streams, round_entries);
            assert_eq!(read(&mut plan, &(0..0)), all(&streams), "{round_entries}");
            assert_eq!((plan.read, plan.vanished), (3_712, 0));
        }
    }

    #[test]
    fn entries_that_vanish_meanwhile_are_counted() {
        for gone in [1..50, 30..60, 90..101, 1..101] {
            let mut plan = plan(&[("a", 100), ("b", 100)], 10);
            let read = read(&mut plan, &gone).len() as u64;
            assert_eq!((plan.read, plan.read + plan.vanished), (read, 200), "{gone:?}");
            assert_eq!(plan.vanished, 2 * (gone.end - gone.start));
        }
    }

    #[test]
    fn rounds_fit_the_size_of_entries() {
        assert_eq!(next_round_entries(100, 100, 20_000), 400);
        assert_eq!(next_round_entries(2_000, 2_000, 400_000), ROUND_ENTRIES);
        assert_eq!(next_round_entries(100, 100, 500 << 20), 1);
        assert_eq!(next_round_entries(8, 8, 8 << 18), 4);
        assert_eq!(next_round_entries(100, 0, 0), 100);
    }

    #[test]
    fn the_report_is_one_clear_line() {
        let report = ExportReport {
            failed: 0,
            entries: 262_200,
            streams: 13_087,
            vanished: 0,
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

    #[test]
    fn a_stream_that_is_none_is_named() {
        let text = |error| ExportError::Stream { stream: "orders".into(), error }.to_string();
        assert_eq!(text(StoreError::NotFound), "stream `orders` does not exist");
        assert_eq!(text(StoreError::WrongType), "`orders` holds something else than a stream");
    }
}
