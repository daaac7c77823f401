//! `rewind pending`, `rewind ack` and `rewind claim`: entries that were delivered to a group and not acknowledged.

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use rewind_domain::{Entry, EntryId, layout};
use rewind_store::consume::{AckDeleted, Group, PendingEntry, PendingQuery};
use rewind_store::{EventStore, IdRange, PageOrder, RangeRead, StoreError};
use serde::Serialize;

use super::groups::{GroupArgs, text};
use super::output::{Record, note};
use super::{Failure, arguments};

/// Of how many entries the types are asked for in one round trip.
const TYPES_AT_ONCE: usize = 100;

/// Which pending entries.
#[derive(Args)]
pub struct PendingArgs {
    #[command(flatten)]
    group: GroupArgs,
    #[command(flatten)]
    choice: PendingChoice,
    /// List entries behind this one
    #[arg(long, value_name = "ID")]
    after: Option<EntryId>,
    /// How many to list at most
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    count: usize,
}

/// Which pending entries, by who has them and for how long.
#[derive(Args)]
struct PendingChoice {
    /// Only those of this consumer
    #[arg(long, value_name = "NAME")]
    consumer: Option<String>,
    /// Only those that were delivered at least this long ago, such as `5m`; released entries always are
    #[arg(long, value_name = "DURATION", value_parser = arguments::duration, default_value = "0s")]
    min_idle: Duration,
}

/// Which entries to acknowledge.
#[derive(Args)]
pub struct AckArgs {
    #[command(flatten)]
    group: GroupArgs,
    /// The ids of the entries
    #[arg(value_name = "ID", required = true)]
    ids: Vec<EntryId>,
    /// Delete each of them from the stream as well, once every group was given and has acknowledged it
    #[arg(long)]
    delete: bool,
    /// Say how many of them are pending, and acknowledge none
    #[arg(long)]
    dry_run: bool,
}

/// Which entries to claim, and for whom.
#[derive(Args)]
pub struct ClaimArgs {
    #[command(flatten)]
    group: GroupArgs,
    /// The consumer that gets them
    #[arg(value_name = "CONSUMER")]
    to: String,
    /// The ids of the entries; without them, all that are idle for long enough
    #[arg(value_name = "ID")]
    ids: Vec<EntryId>,
    /// Only entries that were delivered at least this long ago
    #[arg(long, value_name = "DURATION", value_parser = arguments::duration, default_value = "60s")]
    min_idle: Duration,
    /// List the entries, and claim none
    #[arg(long)]
    dry_run: bool,
}

/// A pending entry.
#[derive(Serialize)]
struct PendingRow {
    id: EntryId,
    /// Empty if its consumer released it.
    consumer: String,
    idle_ms: Option<u64>,
    deliveries: u64,
    #[serde(rename = "type")]
    event_type: Option<String>,
    /// Whether the entry no longer exists.
    is_deleted: bool,
}

impl Record for PendingRow {
    const COLUMNS: &'static [&'static str] = &["id", "consumer", "idle ms", "deliveries", "type"];

    fn cells(&self) -> Vec<String> {
        let event_type = match (&self.event_type, self.is_deleted) {
            (_, true) => "(deleted)".to_owned(),
            (event_type, false) => event_type.clone().unwrap_or_default(),
        };
        vec![
            self.id.to_string(),
            self.consumer.clone(),
            self.idle_ms.map_or_else(|| "released".to_owned(), |ms| ms.to_string()),
            self.deliveries.to_string(),
            event_type,
        ]
    }
}

#[derive(Serialize)]
struct Acknowledged {
    acknowledged: u64,
    not_pending: u64,
    deleted: u64,
}

impl Record for Acknowledged {
    const COLUMNS: &'static [&'static str] = &["acknowledged", "not pending", "deleted"];

    fn cells(&self) -> Vec<String> {
        let numbers = [self.acknowledged, self.not_pending, self.deleted];
        numbers.iter().map(u64::to_string).collect()
    }
}

#[derive(Serialize)]
struct Claimed<'a> {
    id: EntryId,
    consumer: &'a str,
}

impl Record for Claimed<'_> {
    const COLUMNS: &'static [&'static str] = &["id", "consumer"];

    fn cells(&self) -> Vec<String> {
        vec![self.id.to_string(), self.consumer.to_owned()]
    }
}

impl PendingChoice {
    fn query(&self, after: Option<EntryId>) -> PendingQuery {
        PendingQuery {
            after,
            consumer: self.consumer.clone().map(String::into_bytes),
            min_idle_ms: ms(self.min_idle),
        }
    }
}

impl PendingArgs {
    /// Lists pending entries with their types.
    pub async fn run(self) -> Result<(), Failure> {
        let group = self.group.open()?;
        let store = EventStore::new(self.group.redis.url()?);
        let found = group.pending(&self.choice.query(self.after), self.count).await;
        let found = found.map_err(|error| self.group.failure(error))?;
        let types = self.types(&store, &found).await.map_err(|error| self.group.failure(error))?;
        let row = |entry: PendingEntry| {
            let event_type = types.get(&entry.id);
            PendingRow {
                id: entry.id,
                consumer: text(&entry.consumer),
                idle_ms: entry.idle_ms,
                deliveries: entry.deliveries,
                is_deleted: event_type.is_none(),
                event_type: event_type.cloned().flatten(),
            }
        };
        Ok(self.group.output.open().records(&found.into_iter().map(row).collect::<Vec<_>>())?)
    }

    /// The types of the entries that exist.
    async fn types(
        &self,
        store: &EventStore,
        entries: &[PendingEntry],
    ) -> Result<HashMap<EntryId, Option<String>>, StoreError> {
        let mut types = HashMap::new();
        let read = |entry: &PendingEntry| RangeRead {
            stream: self.group.stream.clone(),
            range: IdRange::within(entry.id, entry.id),
            order: PageOrder::OldestFirst,
            count: 1,
        };
        let reads: Vec<RangeRead> = entries.iter().map(read).collect();
        let mut at = 0;
        while at < reads.len() {
            let answers =
                store.reads().ranges(&reads[at..reads.len().min(at + TYPES_AT_ONCE)]).await?;
            // As many of them as there was room for.
            at += answers.len().max(1);
            for answer in answers {
                let found: Vec<Entry> = answer?.entries;
                types.extend(
                    found.into_iter().map(|entry| (entry.id, layout::decode(entry).event_type)),
                );
            }
        }
        Ok(types)
    }
}

impl AckArgs {
    /// Acknowledges entries.
    pub async fn run(self) -> Result<(), Failure> {
        let group = self.group.open()?;
        // Redis acknowledges for a group that does not exist without saying so.
        group.info().await.map_err(|error| self.group.failure(error))?;
        if self.dry_run {
            let mut pending = 0;
            for id in &self.ids {
                pending += u64::from(
                    is_pending(&group, *id).await.map_err(|error| self.group.failure(error))?,
                );
            }
            note(&format!(
                "{pending} of {} entries are pending and would be acknowledged",
                self.ids.len()
            ));
            return Ok(());
        }
        let done = if self.delete {
            let done = group.ack_and_delete(&self.ids).await;
            let done = done.map_err(|error| self.group.failure(error))?;
            let AckDeleted { deleted, kept, not_pending } = done;
            Acknowledged { acknowledged: deleted + kept, not_pending, deleted }
        } else {
            let acknowledged = group.ack(&self.ids).await;
            let acknowledged = acknowledged.map_err(|error| self.group.failure(error))?;
            let not_pending = (self.ids.len() as u64).saturating_sub(acknowledged);
            Acknowledged { acknowledged, not_pending, deleted: 0 }
        };
        Ok(self.group.output.open().details(&done)?)
    }
}

async fn is_pending(group: &Group, id: EntryId) -> Result<bool, StoreError> {
    let query = PendingQuery { after: id.prev(), ..PendingQuery::default() };
    Ok(group.pending(&query, 1).await?.first().is_some_and(|entry| entry.id == id))
}

impl ClaimArgs {
    /// Claims entries.
    pub async fn run(self) -> Result<(), Failure> {
        let group = self.group.open()?;
        let min_idle_ms = ms(self.min_idle);
        let mut ids = self.ids.clone();
        if self.dry_run || ids.is_empty() {
            let query = PendingQuery { min_idle_ms, ..PendingQuery::default() };
            let idle = group.pending(&query, usize::MAX).await;
            let idle = idle.map_err(|error| self.group.failure(error))?;
            let is_meant = |id: &EntryId| self.ids.is_empty() || self.ids.contains(id);
            ids = idle.into_iter().map(|entry| entry.id).filter(is_meant).collect();
        }
        if self.dry_run {
            note(&format!("{} entries would be given to `{}`", ids.len(), self.to));
            return Ok(());
        }
        let claimed = group.claim(self.to.as_bytes(), min_idle_ms, &ids).await;
        let claimed = claimed.map_err(|error| self.group.failure(error))?;
        let rows: Vec<_> =
            claimed.into_iter().map(|id| Claimed { id, consumer: &self.to }).collect();
        Ok(self.group.output.open().records(&rows)?)
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
