//! `rewind append`: events are appended to an aggregate, if it is as expected.

use std::str::FromStr;

use clap::Args;
use rewind_domain::{EntryId, StreamKey};
use rewind_store::EventStore;
use rewind_store::aggregate::{
    Aggregate, AggregateStore, AppendError, Appended, Conflict, Expected, ReadError,
};
use serde::Serialize;

use super::Failure;
use super::events::Shown;
use super::new_events::NewEventOptions;
use super::output::{Output, OutputOptions, Record, note};
use super::publish::OnceOptions;
use crate::config::{KeyOptions, RedisOptions};

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
    ids: &'a [EntryId],
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
        let store = AggregateStore::new(&EventStore::new(self.redis.url()?))
            .with_keys(keys.patterns().into_first());
        let stream = store.stream(&aggregate);
        let (output, Expectation(expected)) = (self.output.open(), self.expect);
        let events = self.events.read(std::io::stdin().lock())?;
        if self.dry_run {
            let version = match store.version(&aggregate).await {
                Ok(version) => version,
                Err(ReadError::Store(error)) => return Err(error.into()),
                Err(ReadError::Missing(missing)) => {
                    return Err(AppendError::VersionUntold(missing).into());
                }
            };
            let is_as_expected = match expected {
                Expected::Any => true,
                Expected::New => version == 0,
                Expected::Exists => version > 0,
                Expected::Version(expected) => expected == version,
            };
            if !is_as_expected {
                let conflict =
                    Conflict { expected, actual: Some(version), missed: Vec::new(), is_all: false };
                return Err(Failure::Conflict(conflict.to_string()));
            }
            let count = events.len();
            let events = if count == 1 { "event" } else { "events" };
            note(&format!("would append {count} {events} to `{stream}` at version {version}"));
            return Ok(());
        }
        let outcome = match self.once.key() {
            Some(key) => store.append_once(&key, &aggregate, &events, expected).await,
            None => store.append(&aggregate, &events, expected).await,
        };
        match outcome {
            Ok(Appended { ids, version }) => {
                Ok(output.details(&AppendedRecord { stream: &stream, version, ids: &ids })?)
            }
            Err(AppendError::Conflict(conflict)) => {
                missed(&stream, &conflict, &output)?;
                Err(AppendError::Conflict(conflict).into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Prints what was missed.
fn missed(stream: &StreamKey, conflict: &Conflict, output: &Output) -> Result<(), Failure> {
    let missed: Vec<Shown<'_>> =
        conflict.missed.iter().map(|event| Shown::of(stream, event)).collect();
    if !missed.is_empty() {
        output.records(&missed)?;
    }
    if !conflict.is_all {
        note("more events were missed than these; `rewind events --after-version` reads them");
    }
    Ok(())
}
