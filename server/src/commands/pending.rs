//! `rewind pending`, `rewind ack` and `rewind claim`: entries that were delivered to a group and not acknowledged.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use clap::Args;
use rewind_domain::{Entry, EntryId, StreamKey, layout};
use rewind_store::consume::{AckDeleted, Group, PendingEntry, PendingQuery};
use rewind_store::{EventStore, IdRange, PageOrder, RangeRead, StoreError};
use serde::Serialize;

use super::groups::{GroupArgs, text};
use super::output::{Record, Report, counted, is_done};
use super::{Failure, arguments};

/// Of how many entries the types are asked for in one round trip.
const TYPES_AT_ONCE: usize = 100;
/// How many pending entries are listed or claimed at a time.
const PAGE: usize = 1_000;

/// The types of entries that exist.
type Types = HashMap<EntryId, Option<String>>;

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
    count: u64,
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

impl PendingRow {
    fn of(entry: &PendingEntry, types: &Types) -> Self {
        let event_type = types.get(&entry.id);
        Self {
            id: entry.id,
            consumer: text(&entry.consumer),
            idle_ms: entry.idle_ms,
            deliveries: entry.deliveries,
            is_deleted: event_type.is_none(),
            event_type: event_type.cloned().flatten(),
        }
    }
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
    /// Not known before it is done.
    deleted: Option<u64>,
    #[serde(skip_serializing_if = "is_done")]
    dry_run: bool,
}

impl Record for Acknowledged {
    const COLUMNS: &'static [&'static str] = &["acknowledged", "not pending", "deleted"];

    fn cells(&self) -> Vec<String> {
        let deleted = self.deleted.map_or_else(|| "?".to_owned(), |deleted| deleted.to_string());
        vec![self.acknowledged.to_string(), self.not_pending.to_string(), deleted]
    }
}

#[derive(Serialize)]
struct Claimed<'a> {
    id: EntryId,
    consumer: &'a str,
    #[serde(skip_serializing_if = "is_done")]
    dry_run: bool,
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
        let output = self.group.output.open();
        let (mut after, mut rest) = (self.after, self.count);
        let mut rows = Vec::new();
        while rest > 0 {
            let wanted = usize::try_from(rest).unwrap_or(usize::MAX).min(PAGE);
            let found = group.pending(&self.choice.query(after), wanted).await;
            let found = found.map_err(|error| self.group.failure(error))?;
            let Some(last) = found.last() else { break };
            (after, rest) = (Some(last.id), rest.saturating_sub(found.len() as u64));
            let types = types(&store, &self.group.stream, &found).await;
            let types = types.map_err(|error| self.group.failure(error))?;
            rows.extend(found.iter().map(|entry| PendingRow::of(entry, &types)));
            output.page(&mut rows, false)?;
        }
        Ok(output.page(&mut rows, true)?)
    }
}

/// The types of those of these entries that exist.
async fn types(
    store: &EventStore,
    stream: &StreamKey,
    entries: &[PendingEntry],
) -> Result<Types, StoreError> {
    let mut types = Types::new();
    let read = |entry: &PendingEntry| RangeRead {
        stream: stream.clone(),
        range: IdRange::within(entry.id, entry.id),
        order: PageOrder::OldestFirst,
        count: 1,
    };
    let reads: Vec<RangeRead> = entries.iter().map(read).collect();
    let mut at = 0;
    while at < reads.len() {
        let answers = store.reads().ranges(&reads[at..reads.len().min(at + TYPES_AT_ONCE)]).await?;
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

impl AckArgs {
    /// Acknowledges entries.
    pub async fn run(self) -> Result<(), Failure> {
        let group = self.group.open()?;
        // Redis acknowledges for a group that does not exist without saying so.
        group.info().await.map_err(|error| self.group.failure(error))?;
        let mut report = self.group.output.report();
        let ids: BTreeSet<EntryId> = self.ids.iter().copied().collect();
        let ids: Vec<EntryId> = ids.into_iter().collect();
        if self.dry_run {
            let mut pending = 0;
            for id in &ids {
                let found = pending_entry(&group, *id).await;
                let found = found.map_err(|error| self.group.failure(error))?;
                pending += u64::from(found.is_some());
            }
            let not_pending = ids.len() as u64 - pending;
            // Which of them another group needs is looked at in the step that acknowledges them.
            let deleted = (!self.delete).then_some(0);
            report.details(&Acknowledged {
                acknowledged: pending,
                not_pending,
                deleted,
                dry_run: true,
            });
            let of = counted(ids.len() as u64, "entry", "entries");
            let done = format!("{pending} of {of} are pending and would be acknowledged");
            return report.end(Ok(()), &done, true);
        }
        let (acknowledged, not_pending, deleted) = if self.delete {
            let done = group.ack_and_delete(&ids).await;
            let done = done.map_err(|error| self.group.failure(error))?;
            let AckDeleted { deleted, kept, not_pending } = done;
            (deleted + kept, not_pending, deleted)
        } else {
            let acknowledged = group.ack(&ids).await;
            let acknowledged = acknowledged.map_err(|error| self.group.failure(error))?;
            (acknowledged, (ids.len() as u64).saturating_sub(acknowledged), 0)
        };
        let deleted = Some(deleted);
        report.details(&Acknowledged { acknowledged, not_pending, deleted, dry_run: false });
        let done = format!("acknowledged {}", counted(acknowledged, "entry", "entries"));
        report.end(Ok(()), &done, false)
    }
}

/// What is pending under this id.
async fn pending_entry(group: &Group, id: EntryId) -> Result<Option<PendingEntry>, StoreError> {
    let query = PendingQuery { after: id.prev(), ..PendingQuery::default() };
    Ok(group.pending(&query, 1).await?.pop().filter(|entry| entry.id == id))
}

impl ClaimArgs {
    /// Claims entries, page after page.
    pub async fn run(self) -> Result<(), Failure> {
        let mut report = self.group.output.report();
        let mut claimed = 0;
        let outcome = self.claim_all(&mut report, &mut claimed).await;
        let verb = if self.dry_run { "would be" } else { "were" };
        let count = counted(claimed, "entry", "entries");
        let done = format!("{count} {verb} given to `{}`", self.to);
        let is_told = self.dry_run || outcome.is_err();
        report.end(outcome, &done, is_told)
    }

    async fn claim_all(&self, report: &mut Report, claimed: &mut u64) -> Result<(), Failure> {
        let group = self.group.open()?;
        let store = EventStore::new(self.group.redis.url()?);
        let progress = self.group.output.progress_beside_rows();
        let named: BTreeSet<EntryId> = self.ids.iter().copied().collect();
        let named: Vec<EntryId> = named.into_iter().collect();
        let mut named = named.chunks(PAGE);
        let (mut after, mut rows) = (None, Vec::new());
        loop {
            let ids = if self.ids.is_empty() {
                let query = PendingQuery { after, min_idle_ms: ms(self.min_idle), consumer: None };
                let idle = group.pending(&query, PAGE).await;
                idle.map_err(|error| self.group.failure(error))?
                    .iter()
                    .map(|idle| idle.id)
                    .collect()
            } else {
                named.next().map(<[EntryId]>::to_vec).unwrap_or_default()
            };
            let Some(last) = ids.last() else { break };
            after = Some(*last);
            let ids = self.claim(&store, &group, &ids).await?;
            *claimed += ids.len() as u64;
            progress.advance(0, *claimed);
            let row = |id| Claimed { id, consumer: &self.to, dry_run: self.dry_run };
            rows.extend(ids.into_iter().map(row));
            report.page(&mut rows, false);
        }
        drop(progress);
        report.page(&mut rows, true);
        Ok(())
    }

    /// Claims entries, or looks which of them could be. Returns which.
    async fn claim(
        &self,
        store: &EventStore,
        group: &Group,
        ids: &[EntryId],
    ) -> Result<Vec<EntryId>, Failure> {
        let min_idle_ms = ms(self.min_idle);
        if !self.dry_run {
            let claimed = group.claim(self.to.as_bytes(), min_idle_ms, ids).await;
            return claimed.map_err(|error| self.group.failure(error));
        }
        let about = |error: StoreError| self.group.failure(error);
        let mut idle = Vec::new();
        for id in ids {
            let entry = pending_entry(group, *id).await.map_err(about)?;
            idle.extend(
                entry.filter(|entry| entry.idle_ms.is_none_or(|idle_ms| idle_ms >= min_idle_ms)),
            );
        }
        // Redis claims no entry that is gone from its stream.
        let there = types(store, &self.group.stream, &idle).await.map_err(about)?;
        Ok(idle.iter().map(|entry| entry.id).filter(|id| there.contains_key(id)).collect())
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
