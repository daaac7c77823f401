//! `rewind append`: events are appended to an aggregate, if it is as expected.

use std::str::FromStr;

use clap::Args;
use rewind_domain::{Entry, EntryId, Event, StreamKey};
use rewind_store::EventStore;
use rewind_store::aggregate::{
    Aggregate, AggregateStore, AppendError, Appended, Conflict, Expected,
};
use serde::Serialize;

use super::Failure;
use super::events::Shown;
use super::new_events::NewEventOptions;
use super::output::{OutputOptions, Record, Report, counted, is_done, note};
use super::publish::OnceOptions;
use crate::config::{KeyOptions, ReadConfig, RedisOptions};
use crate::event_reader::EventReader;

/// What to append, and to what.
#[derive(Args)]
pub struct AppendArgs {
    #[command(flatten)]
    aggregate: AggregateOptions,
    /// What the aggregate is expected to be: `any`, `new`, `exists`, or its version
    #[arg(long, value_name = "EXPECTED", default_value = "any", value_parser = Expectation::from_str)]
    expect: Expectation,
    #[command(flatten)]
    events: NewEventOptions,
    #[command(flatten)]
    once: OnceOptions,
    /// Read and check the events, compare the version, and append nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redis: RedisOptions,
}

/// Which aggregate.
#[derive(Args)]
pub struct AggregateOptions {
    /// The type of the aggregate, such as `Order`
    #[arg(value_name = "TYPE")]
    kind: String,
    /// Its id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    keys: KeyOptions,
}

/// An expected state, as it is written on the command line.
#[derive(Clone, Copy, Debug)]
struct Expectation(Expected);

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "any" => Expected::Any,
            "new" => Expected::New,
            "exists" => Expected::Exists,
            version => Expected::Version(version.parse().map_err(|_| {
                format!("`{text}` is neither `any`, `new`, `exists` nor a version")
            })?),
        }))
    }
}

/// Events that were appended.
#[derive(Serialize)]
struct AppendedRecord<'a> {
    stream: &'a StreamKey,
    /// The version of the aggregate after them.
    version: Option<u64>,
    /// None are known of events that would be appended.
    ids: &'a [EntryId],
    #[serde(skip_serializing_if = "is_done")]
    dry_run: bool,
}

impl Record for AppendedRecord<'_> {
    const COLUMNS: &'static [&'static str] = &["stream", "version", "ids"];

    fn cells(&self) -> Vec<String> {
        let ids: Vec<String> = self.ids.iter().map(EntryId::to_string).collect();
        let version = self.version.map_or("not known".to_owned(), |version| version.to_string());
        vec![self.stream.to_string(), version, ids.join(" ")]
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict(conflict) => Self::Conflict(conflict.to_string()),
            AppendError::Events(_) | AppendError::SharedKey { .. } => {
                Self::Usage(error.to_string())
            }
            AppendError::Write(error) => error.into(),
            AppendError::VersionUntold(_) => Self::Refused(error.to_string()),
        }
    }
}

impl AppendArgs {
    /// Appends the events and prints their ids and the version; the missed events on a conflict.
    pub async fn run(self) -> Result<(), Failure> {
        let AggregateOptions { kind, id, keys } = self.aggregate;
        let aggregate = Aggregate::new(&kind, &id);
        let ReadConfig { redis_url, codecs, .. } = self.redis.resolve()?;
        let store = AggregateStore::new(&EventStore::new(redis_url))
            .with_keys(keys.patterns().into_first());
        let stream = store.stream(&aggregate);
        let (mut report, Expectation(expected)) = (self.output.report(), self.expect);
        let events = self.events.read(std::io::stdin().lock(), &self.output.progress())?;
        let (key, count) = (self.once.key(), counted(events.len() as u64, "event", "events"));
        let outcome = match (self.dry_run, key) {
            (true, key) => store.preview_append(key.as_ref(), &aggregate, &events, expected).await,
            (false, Some(key)) => store.append_once(&key, &aggregate, &events, expected).await,
            (false, None) => store.append(&aggregate, &events, expected).await,
        };
        let dry_run = self.dry_run;
        match outcome {
            Ok(Appended { ids, version }) => {
                report.details(&AppendedRecord { stream: &stream, version, ids: &ids, dry_run });
                let reached = version.map(|version| format!(", which reaches version {version}"));
                let verb = if dry_run { "would append" } else { "appended" };
                let done = format!("{verb} {count} to `{stream}`{}", reached.unwrap_or_default());
                report.end(Ok(()), &done, dry_run)
            }
            Err(AppendError::Conflict(conflict)) => {
                let reader = EventReader::new(codecs);
                missed(&reader, &stream, &conflict, &mut report).await;
                let failure = AppendError::Conflict(conflict).into();
                report.end(Err(failure), "nothing was appended", false)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Prints what was missed.
async fn missed(
    reader: &EventReader,
    stream: &StreamKey,
    conflict: &Conflict,
    report: &mut Report,
) {
    let mut missed = Vec::with_capacity(conflict.missed.len());
    for event in &conflict.missed {
        let entry = Entry { id: event.id, fields: event.fields.clone() };
        let version = event.version;
        missed.push(Event { version, ..reader.one(stream, entry).await });
    }
    if !missed.is_empty() {
        let rows: Vec<Shown<'_>> = missed.iter().map(|event| Shown::of(stream, event)).collect();
        report.records(&rows);
    }
    if !conflict.is_all {
        note("more events were missed than these; `rewind events --after-version` reads them");
    }
}
