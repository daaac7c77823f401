//! `rewind events`: the events of a stream are printed, and those that are added.

use std::borrow::Cow;
use std::time::Duration;

use clap::Args;
use rewind_domain::numbering::{Numbering, PageEnds};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, Event, Json, StreamKey};
use rewind_store::{Backoff, EntryRange, IdRange, PageOrder, Store, StoreError, WholeEntries};
use serde::Serialize;

use super::Failure;
use super::output::{Output, OutputOptions, Record, note};
use crate::config::{ReadConfig, RedisOptions};
use crate::event_reader::EventReader;

/// How many events are read at a time.
const PAGE_EVENTS: u64 = 500;
/// How long is waited while Redis is away.
const WHILE_AWAY: Backoff =
    Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(5) };
/// How much of the data of an event a table shows, in bytes.
const SHOWN_BYTES: usize = 160;
/// The fields that are printed under other names.
const KNOWN_FIELDS: [&[u8]; 3] = [b"type", b"timestamp", b"data"];

/// Which events to print.
#[derive(Args)]
pub struct EventsArgs {
    /// The key of the stream
    #[arg(value_name = "STREAM")]
    stream: StreamKey,
    /// Only events behind this one
    #[arg(long, value_name = "ID")]
    after: Option<EntryId>,
    /// Only events behind this version
    #[arg(long, value_name = "VERSION", conflicts_with = "after")]
    after_version: Option<u64>,
    /// Only events before this one
    #[arg(long, value_name = "ID", conflicts_with = "follow")]
    before: Option<EntryId>,
    /// At most this many events
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<u64>,
    /// The newest events first
    #[arg(long, conflicts_with_all = ["follow", "after_version"])]
    newest: bool,
    /// Only events of this type; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Go on with events as they are added, until interrupted
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redis: RedisOptions,
}

/// An event as it is printed.
#[derive(Serialize)]
pub struct Shown<'a> {
    stream: &'a StreamKey,
    id: EntryId,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(rename = "type")]
    event_type: Option<&'a str>,
    timestamp_ms: i64,
    data: &'a Json,
    /// What the data was read from, where that is no JSON text.
    #[serde(skip_serializing_if = "Option::is_none")]
    decoded: Option<&'a str>,
    /// The other fields of the entry, as text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Why the data could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    decode_error: Option<String>,
}

impl<'a> Shown<'a> {
    /// An event of a stream.
    pub fn of(stream: &'a StreamKey, event: &'a Event) -> Self {
        let others = event
            .fields
            .iter()
            .filter(|(name, _)| !KNOWN_FIELDS.contains(name) || event.decode_error.is_some());
        let text = |bytes| String::from_utf8_lossy(bytes);
        Self {
            stream,
            id: event.id,
            version: event.version,
            event_type: event.event_type.as_deref(),
            timestamp_ms: event.timestamp_ms,
            data: &event.data,
            decoded: event.decoded.as_deref(),
            fields: others.map(|(name, value)| (text(name), text(value))).collect(),
            decode_error: event.decode_error.as_ref().map(ToString::to_string),
        }
    }
}

impl Record for Shown<'_> {
    const COLUMNS: &'static [&'static str] = &["id", "version", "type", "data"];

    fn cells(&self) -> Vec<String> {
        let version = self.version.map(|version| version.to_string()).unwrap_or_default();
        let data = self.decode_error.clone().unwrap_or_else(|| self.data.to_string());
        let data = rewind_domain::terminal::excerpt(&data, SHOWN_BYTES).into_owned();
        let event_type = self.event_type.unwrap_or("-").to_owned();
        vec![self.id.to_string(), version, event_type, data]
    }
}

impl EventsArgs {
    /// Prints the events.
    pub async fn run(self) -> Result<(), Failure> {
        let ReadConfig { redis_url, codecs, .. } = self.redis.resolve()?;
        let store = Store::new(redis_url);
        let order = if self.newest { PageOrder::NewestFirst } else { PageOrder::OldestFirst };
        let mut range = IdRange { after: self.after, before: self.before };
        let mut numbering = Numbering::new(order.into());
        if let Some(version) = self.after_version {
            let after = id_of(&store, &self.stream, version).await;
            let after = after.map_err(|failure| self.about(failure))?;
            range.after = Some(after);
            if let Some(next) = after.next() {
                numbering = Numbering::begin(order.into(), next, version.saturating_add(1));
            }
        }
        let left = self.limit.unwrap_or(u64::MAX);
        let mut printer = Printer {
            args: &self,
            output: self.output.open(),
            event_reader: EventReader::new(codecs),
            numbering,
            next_version: None,
            has_told_unnumbered: false,
            left,
        };
        let mut failures = 0;
        loop {
            let count =
                if self.types.is_empty() { printer.left.min(PAGE_EVENTS) } else { PAGE_EVENTS };
            let wanted = EntryRange::new(range, order, count.max(1));
            let is_last = match store.whole_entries(&self.stream, wanted).await {
                Ok(page) => {
                    failures = 0;
                    let (is_last, last) = (page.is_last, page.entries.last().map(|entry| entry.id));
                    printer.print(page).await?;
                    match order {
                        PageOrder::OldestFirst => range.after = last.or(range.after),
                        PageOrder::NewestFirst => range.before = last.or(range.before),
                    }
                    is_last
                }
                // It may be made while it is followed.
                Err(StoreError::NotFound) if self.follow => true,
                Err(error) if self.follow && error.is_passing() => {
                    if failures == 0 {
                        note(&format!("{error}; going on once it is back"));
                    }
                    failures += 1;
                    tokio::time::sleep(WHILE_AWAY.after(failures)).await;
                    continue;
                }
                Err(error) => return Err(self.about(error.into())),
            };
            if printer.left == 0 || (is_last && !self.follow) {
                break;
            }
            // Whatever keeps it from waiting is met again, and told, by the next read.
            if is_last && let Ok(mut watcher) = store.watcher().await {
                let position = [(self.stream.clone(), range.after.unwrap_or_default())];
                while let Ok(news) = watcher.wait(&position).await {
                    if !news.streams.is_empty() || !news.failed.is_empty() {
                        break;
                    }
                    let info = store.info(&self.stream).await;
                    let is_behind = |last| range.after.is_some_and(|after| last < after);
                    if info.is_ok_and(|info| is_behind(info.extent.last_generated_id)) {
                        note("the stream was made again; going on from its beginning");
                        range.after = None;
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn about(&self, failure: Failure) -> Failure {
        failure.about(&format!("stream `{}`", self.stream))
    }
}

/// The id behind which the events after a version are.
async fn id_of(store: &Store, stream: &StreamKey, version: u64) -> Result<EntryId, Failure> {
    let extent = store.info(stream).await?.extent;
    if !extent.is_exact() && version > 0 {
        let why = extent.incomplete().map(|incomplete| incomplete.unnumbered());
        return Err(Failure::Refused(format!(
            "events cannot be found by their version: {}; use `--after`",
            why.unwrap_or_default()
        )));
    }
    let first = extent.first_version();
    if version >= extent.latest_version() {
        return Ok(extent.last_generated_id);
    }
    match version.saturating_add(1).checked_sub(first) {
        Some(count) => {
            let id = store.id_at(stream, &extent, count).await?.ok_or(StoreError::Changed)?;
            Ok(id.prev().unwrap_or_default())
        }
        None if version == 0 => Ok(EntryId::MIN),
        None => Err(Failure::NotFound(format!(
            "events up to version {} were trimmed",
            first.saturating_sub(1)
        ))),
    }
}

/// Prints events page after page.
struct Printer<'a> {
    args: &'a EventsArgs,
    output: Output,
    event_reader: EventReader,
    numbering: Numbering,
    /// The version of the next event, where events are read in their order.
    next_version: Option<u64>,
    /// Whether it was told why events have no versions.
    has_told_unnumbered: bool,
    /// How many events are still wanted.
    left: u64,
}

impl Printer<'_> {
    async fn print(&mut self, page: WholeEntries) -> Result<(), Failure> {
        let (Some(first), Some(last)) = (page.entries.first(), page.entries.last()) else {
            return Ok(());
        };
        let ends = PageEnds { first: first.id, last: last.id, count: page.entries.len() as u64 };
        let order = PageOrder::from(self.numbering.direction());
        let mut version = self.number(ends, &page.info.extent);
        for entry in page.entries {
            if self.left == 0 {
                break;
            }
            let mut event = self.event_reader.one(&self.args.stream, entry).await;
            event.version = version;
            version = version.and_then(|version| order.onward(version, 1));
            if self.is_wanted(&event) {
                self.left -= 1;
                self.output.record(&Shown::of(&self.args.stream, &event))?;
            }
        }
        self.next_version = version.filter(|_| order == PageOrder::OldestFirst);
        Ok(())
    }

    /// The version of the first event of a page. Where that is not certain events have none, which is told once.
    fn number(&mut self, ends: PageEnds, extent: &StreamExtent) -> Option<u64> {
        let version = self.numbering.number(ends, extent);
        if !extent.is_exact() {
            if !std::mem::replace(&mut self.has_told_unnumbered, true) {
                let why = extent.incomplete().map(|incomplete| incomplete.unnumbered());
                note(&format!("events are printed without versions: {}", why.unwrap_or_default()));
            }
            return None;
        }
        if let (Some(expected), Some(version)) = (self.next_version, version)
            && version > expected
        {
            note(&format!(
                "events {expected} to {} were trimmed before they could be read",
                version - 1
            ));
        }
        version
    }

    fn is_wanted(&self, event: &Event) -> bool {
        let is_of = |name: &String| event.event_type.as_deref() == Some(name.as_str());
        self.args.types.is_empty() || self.args.types.iter().any(is_of)
    }
}
