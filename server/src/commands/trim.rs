//! `rewind trim`: the oldest entries of a stream are removed.

use std::time::Duration;

use clap::Args;
use rewind_domain::{EntryId, StreamKey};
use rewind_store::EventStore;
use rewind_store::publish::Precision;
use rewind_store::trim::{TrimBy, TrimError, TrimPreview, preview, trim};
use serde::Serialize;

use super::output::{OutputOptions, Record, counted, note};
use super::{Failure, arguments};
use crate::config::RedisOptions;

/// What to remove, and from which stream.
#[derive(Args)]
pub struct TrimArgs {
    /// The key of the stream
    #[arg(value_name = "STREAM")]
    stream: StreamKey,
    #[command(flatten)]
    by: ByOptions,
    /// Let Redis remove whole blocks only, which costs less and keeps more than asked for
    #[arg(long)]
    about: bool,
    /// Trim also where groups lose entries that they were not given or have not acknowledged
    #[arg(long)]
    force: bool,
    /// Print what would go, and who would lose it, and remove nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redis: RedisOptions,
}

/// What is removed.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct ByOptions {
    /// Keep this many of the newest entries
    #[arg(long, value_name = "COUNT")]
    max_len: Option<u64>,
    /// Keep the entries from this id on
    #[arg(long, value_name = "ID")]
    min_id: Option<EntryId>,
    /// Remove the entries that are older than this, by the clock of Redis: `90m`, `36h`, `30d`
    #[arg(long, value_name = "TIME", value_parser = arguments::duration)]
    older_than: Option<Duration>,
    /// Remove the oldest entries, as far as every group has acknowledged them
    #[arg(long)]
    acknowledged: bool,
}

impl ByOptions {
    fn by(&self) -> TrimBy {
        match (self.max_len, self.min_id, self.older_than) {
            (Some(length), ..) => TrimBy::Length(length),
            (_, Some(id), _) => TrimBy::From(id),
            (.., Some(age)) => TrimBy::Age(age),
            // Clap sees to it that there is one of them.
            _ => TrimBy::Acknowledged,
        }
    }
}

/// What went, or would go.
#[derive(Serialize)]
struct TrimRecord<'a> {
    stream: &'a StreamKey,
    /// Whether nothing was removed.
    dry_run: bool,
    removed: u64,
    kept: u64,
    keep_from: EntryId,
    losses: Vec<LossRecord>,
}

/// What a group loses.
#[derive(Serialize)]
struct LossRecord {
    group: String,
    undelivered: u64,
    pending: u64,
}

impl Record for TrimRecord<'_> {
    const COLUMNS: &'static [&'static str] = &["stream", "removed", "kept", "keep from", "losses"];

    fn cells(&self) -> Vec<String> {
        let loss = |loss: &LossRecord| {
            format!("{}: {} undelivered, {} pending", loss.group, loss.undelivered, loss.pending)
        };
        let losses: Vec<String> = self.losses.iter().map(loss).collect();
        let losses = if losses.is_empty() { "none".to_owned() } else { losses.join("; ") };
        let numbers = [self.removed.to_string(), self.kept.to_string(), self.keep_from.to_string()];
        [vec![self.stream.to_string()], numbers.to_vec(), vec![losses]].concat()
    }
}

impl<'a> TrimRecord<'a> {
    fn of(preview: &'a TrimPreview) -> Self {
        let losses = preview.losses.iter().map(|loss| LossRecord {
            group: String::from_utf8_lossy(&loss.group).into_owned(),
            undelivered: loss.undelivered,
            pending: loss.pending,
        });
        let TrimPreview { stream, removed, kept, keep_from, .. } = preview;
        let (removed, kept, keep_from) = (*removed, *kept, *keep_from);
        Self { stream, dry_run: true, removed, kept, keep_from, losses: losses.collect() }
    }
}

impl From<TrimError> for Failure {
    fn from(error: TrimError) -> Self {
        match error {
            TrimError::NoGroups => Self::NotFound(error.to_string()),
            TrimError::Write(error) => error.into(),
        }
    }
}

impl TrimArgs {
    /// Trims the stream and prints what went; with `--dry-run`, what would.
    pub async fn run(self) -> Result<(), Failure> {
        let store = EventStore::new(self.redis.url()?);
        let about =
            |error: TrimError| Failure::from(error).about(&format!("stream `{}`", self.stream));
        let by = self.by.by();
        let planned = preview(store.reads(), &self.stream, by).await.map_err(about)?;
        let (mut report, mut record) = (self.output.report(), TrimRecord::of(&planned));
        if !record.losses.is_empty() && !self.force {
            report.details(&record);
            let refused = Failure::Conflict(
                "groups would lose entries that they were not given or have not acknowledged; `--force` trims all the same".to_owned(),
            );
            return report.end(Err(refused), "nothing was removed", false);
        }
        if self.dry_run {
            report.details(&record);
            let removed = counted(record.removed, "entry", "entries");
            return report.end(Ok(()), &format!("{removed} would be removed"), false);
        }
        let precision = if self.about { Precision::AtLeast } else { Precision::Exact };
        // What was previewed, whatever was added since. What all groups have acknowledged is looked at again in the same step.
        let by = match by {
            TrimBy::Acknowledged => by,
            _ => TrimBy::From(planned.keep_from),
        };
        record.removed = trim(&store, &self.stream, by, precision).await.map_err(about)?;
        record.kept = (planned.removed + planned.kept).saturating_sub(record.removed);
        record.dry_run = false;
        if self.about && record.removed < planned.removed {
            note("Redis kept more than asked for, since it removes whole blocks only");
        }
        report.details(&record);
        let removed = counted(record.removed, "entry", "entries");
        report.end(Ok(()), &format!("removed {removed}"), false)
    }
}
