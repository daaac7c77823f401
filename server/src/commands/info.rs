//! `rewind info`: how a stream is, with its groups and their consumers.

use clap::Args;
use rewind_domain::lag::Lag;
use rewind_domain::{EntryId, StreamKey, layout};
use rewind_store::Store;
use rewind_store::inspect::{GroupReport, StreamReport, inspect};
use serde::Serialize;

use super::Failure;
use super::output::{OutputOptions, Record};
use crate::config::RedisOptions;

/// Which stream.
#[derive(Args)]
pub struct InfoArgs {
    /// The key of the stream
    #[arg(value_name = "STREAM")]
    stream: StreamKey,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redis: RedisOptions,
}

/// A stream, as it is printed.
#[derive(Serialize)]
struct InfoRecord<'a> {
    stream: &'a StreamKey,
    length: u64,
    /// How many entries were ever added; not told before Redis 7.
    added: Option<u64>,
    trimmed: Option<u64>,
    deleted: Option<u64>,
    first: Option<EndRecord>,
    last: Option<EndRecord>,
    last_generated_id: EntryId,
    memory_bytes: Option<u64>,
    groups: Vec<GroupRecord>,
}

/// The first or last event.
#[derive(Serialize)]
struct EndRecord {
    id: EntryId,
    #[serde(rename = "type")]
    event_type: Option<String>,
    timestamp_ms: i64,
}

/// A consumer group.
#[derive(Serialize)]
struct GroupRecord {
    group: String,
    last_delivered_id: EntryId,
    pending: u64,
    first_pending_id: Option<EntryId>,
    lag: u64,
    /// Whether the lag is that, and not at most that.
    lag_is_exact: bool,
    consumers: Vec<ConsumerRecord>,
}

/// A consumer.
#[derive(Serialize)]
struct ConsumerRecord {
    consumer: String,
    pending: u64,
    idle_ms: u64,
}

impl<'a> InfoRecord<'a> {
    fn of(report: &'a StreamReport) -> Self {
        let end = |entry: &rewind_domain::Entry| {
            let event = layout::decode(entry.clone());
            let (id, timestamp_ms) = (event.id, event.timestamp_ms);
            EndRecord { id, event_type: event.event_type, timestamp_ms }
        };
        Self {
            stream: &report.stream,
            length: report.length,
            added: report.added,
            trimmed: report.trimmed,
            deleted: report.deleted,
            first: report.first.as_ref().map(end),
            last: report.last.as_ref().map(end),
            last_generated_id: report.last_generated_id,
            memory_bytes: report.memory_bytes,
            groups: report.groups.iter().map(GroupRecord::of).collect(),
        }
    }
}

impl GroupRecord {
    fn of(report: &GroupReport) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (lag, lag_is_exact) = match report.lag {
            Lag::Exact(lag) => (lag, true),
            Lag::AtMost(lag, _) => (lag, false),
        };
        let consumers = report.consumers.iter().map(|consumer| ConsumerRecord {
            consumer: text(&consumer.name),
            pending: consumer.pending,
            idle_ms: consumer.idle_ms,
        });
        Self {
            group: text(&report.name),
            last_delivered_id: report.last_delivered_id,
            pending: report.pending,
            first_pending_id: report.first_pending_id,
            lag,
            lag_is_exact,
            consumers: consumers.collect(),
        }
    }
}

impl Record for InfoRecord<'_> {
    const COLUMNS: &'static [&'static str] =
        &["stream", "length", "added", "trimmed", "deleted", "first", "last", "memory"];

    fn cells(&self) -> Vec<String> {
        let number = |number: Option<u64>| number.map_or("not known".to_owned(), |n| n.to_string());
        let end = |end: &Option<EndRecord>| {
            let shown = |end: &EndRecord| {
                format!("{} {}", end.id, end.event_type.as_deref().unwrap_or("-"))
            };
            end.as_ref().map_or("none".to_owned(), shown)
        };
        let numbers = [number(self.added), number(self.trimmed), number(self.deleted)];
        let memory = self.memory_bytes.map_or("not known".to_owned(), |n| format!("{n} bytes"));
        let (first, last) = (end(&self.first), end(&self.last));
        let head = vec![self.stream.to_string(), self.length.to_string()];
        [head, numbers.to_vec(), vec![first, last, memory]].concat()
    }
}

impl Record for GroupRecord {
    const COLUMNS: &'static [&'static str] =
        &["group", "lag", "pending", "consumers", "last delivered"];

    fn cells(&self) -> Vec<String> {
        let lag =
            if self.lag_is_exact { self.lag.to_string() } else { format!("≤ {}", self.lag) };
        let numbers = [lag, self.pending.to_string(), self.consumers.len().to_string()];
        [vec![self.group.clone()], numbers.to_vec(), vec![self.last_delivered_id.to_string()]]
            .concat()
    }
}

impl InfoArgs {
    /// Prints how the stream is.
    pub async fn run(self) -> Result<(), Failure> {
        let store = Store::new(self.redis.url()?);
        let report = inspect(&store, &self.stream).await;
        let report = report
            .map_err(|error| Failure::from(error).about(&format!("stream `{}`", self.stream)))?;
        let (output, record) = (self.output.open(), InfoRecord::of(&report));
        output.details(&record)?;
        if !output.is_json() && !record.groups.is_empty() {
            output.records(&record.groups)?;
        }
        Ok(())
    }
}
