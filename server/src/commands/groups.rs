//! `rewind groups`: the consumer groups of a stream.

use clap::{Args, Subcommand};
use rewind_domain::EntryId;
use rewind_domain::StreamKey;
use rewind_domain::lag::{GroupProgress, Lag, lag};
use rewind_domain::versions::StreamExtent;
use rewind_store::consume::{ConsumerInfo, Group, GroupMade, PendingOf, Start};
use rewind_store::{EventStore, GroupInfo, StoreError};
use serde::Serialize;

use super::output::{OutputOptions, Record, counted, is_done};
use super::{Failure, arguments};
use crate::config::RedisOptions;

/// What to do with the groups of a stream.
#[derive(Args)]
pub struct GroupsArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// List the groups of a stream, and how far each is
    List(ListArgs),
    /// Make a group, and the stream if there is none; a group that exists is left as it is
    Create(PlaceArgs),
    /// Have a group begin again from another place; what is pending stays pending
    Reset(PlaceArgs),
    /// Delete a group with its pending list
    Delete(DeleteArgs),
    /// List the consumers of a group
    Consumers(GroupArgs),
    /// Remove a consumer, after what it has pending was claimed by another one or acknowledged
    DeleteConsumer(DeleteConsumerArgs),
}

#[derive(Args)]
struct ListArgs {
    /// The key of the stream
    #[arg(value_name = "STREAM")]
    stream: StreamKey,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redis: RedisOptions,
}

/// A group, and how to reach it.
#[derive(Args)]
pub struct GroupArgs {
    /// The key of the stream
    #[arg(value_name = "STREAM")]
    pub stream: StreamKey,
    /// The name of the group
    #[arg(value_name = "GROUP")]
    pub group: String,
    /// How to print.
    #[command(flatten)]
    pub output: OutputOptions,
    /// Which Redis to use.
    #[command(flatten)]
    pub redis: RedisOptions,
}

#[derive(Args)]
struct PlaceArgs {
    #[command(flatten)]
    group: GroupArgs,
    /// Where it begins: `start`, `end`, an id to begin behind, or a time in UTC
    #[arg(long, value_name = "PLACE", default_value = "start", value_parser = arguments::start)]
    from: Start,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
struct DeleteArgs {
    #[command(flatten)]
    group: GroupArgs,
    /// Say what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Args)]
struct DeleteConsumerArgs {
    #[command(flatten)]
    group: GroupArgs,
    /// The name of the consumer
    #[arg(value_name = "CONSUMER")]
    consumer: String,
    #[command(flatten)]
    pending: PendingOptions,
    /// Say what would become of its pending entries, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// What becomes of what a consumer has pending.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct PendingOptions {
    /// Give what it has pending to this consumer
    #[arg(long, value_name = "CONSUMER")]
    claim_to: Option<String>,
    /// Acknowledge what it has pending: nobody handles it any more
    #[arg(long)]
    ack: bool,
}

/// A group of a stream.
#[derive(Serialize)]
struct GroupRow {
    group: String,
    consumers: u64,
    pending: u64,
    last_delivered_id: EntryId,
    /// How many entries it was not given yet; an upper bound unless `lag_is_exact` is set.
    lag: u64,
    lag_is_exact: bool,
}

impl Record for GroupRow {
    const COLUMNS: &'static [&'static str] =
        &["group", "consumers", "pending", "last delivered", "lag"];

    fn cells(&self) -> Vec<String> {
        let lag = if self.lag_is_exact { "" } else { "≤ " }.to_owned() + &self.lag.to_string();
        let Self { group, consumers, pending, last_delivered_id, .. } = self;
        vec![
            group.clone(),
            consumers.to_string(),
            pending.to_string(),
            last_delivered_id.to_string(),
            lag,
        ]
    }
}

impl GroupRow {
    fn new(info: &GroupInfo, stream: &StreamExtent) -> Self {
        let progress = GroupProgress {
            last_delivered_id: info.last_delivered_id,
            told: info.lag,
            is_supported: !info.is_lag_unsupported,
            is_replica: false,
        };
        let (lag, lag_is_exact) = match lag(&progress, stream) {
            Lag::Exact(lag) => (lag, true),
            Lag::AtMost(most, _) => (most, false),
        };
        Self {
            group: text(&info.name),
            consumers: info.consumers,
            pending: info.pending,
            last_delivered_id: info.last_delivered_id,
            lag,
            lag_is_exact,
        }
    }
}

#[derive(Serialize)]
struct ConsumerRow {
    consumer: String,
    pending: u64,
    idle_ms: u64,
    inactive_ms: Option<u64>,
}

impl Record for ConsumerRow {
    const COLUMNS: &'static [&'static str] = &["consumer", "pending", "idle ms", "inactive ms"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.consumer.clone(),
            self.pending.to_string(),
            self.idle_ms.to_string(),
            self.inactive_ms.map(|ms| ms.to_string()).unwrap_or_default(),
        ]
    }
}

impl From<ConsumerInfo> for ConsumerRow {
    fn from(info: ConsumerInfo) -> Self {
        let ConsumerInfo { name, pending, idle_ms, inactive_ms } = info;
        Self { consumer: text(&name), pending, idle_ms, inactive_ms }
    }
}

/// What was done.
#[derive(Serialize)]
struct Done<'a> {
    stream: &'a StreamKey,
    group: &'a str,
    done: &'static str,
    #[serde(skip_serializing_if = "is_done")]
    dry_run: bool,
}

impl Record for Done<'_> {
    const COLUMNS: &'static [&'static str] = &["stream", "group", "done"];

    fn cells(&self) -> Vec<String> {
        vec![self.stream.to_string(), self.group.to_owned(), self.done.to_owned()]
    }
}

/// What became of a consumer's pending entries.
#[derive(Serialize)]
struct Removed<'a> {
    consumer: &'a str,
    settled: u64,
    gone: u64,
    #[serde(skip_serializing_if = "is_done")]
    dry_run: bool,
}

impl Record for Removed<'_> {
    const COLUMNS: &'static [&'static str] = &["consumer", "settled", "gone"];

    fn cells(&self) -> Vec<String> {
        vec![self.consumer.to_owned(), self.settled.to_string(), self.gone.to_string()]
    }
}

impl GroupArgs {
    /// The group.
    ///
    /// # Errors
    /// If the Redis URL is none.
    pub fn open(&self) -> Result<Group, Failure> {
        let store = EventStore::new(self.redis.url()?);
        Ok(Group::new(&store, self.stream.clone(), self.group.as_str()))
    }

    /// An error, with the group that it is about.
    pub fn failure(&self, error: impl Into<Failure>) -> Failure {
        error.into().about(&format!("group `{}` of stream `{}`", self.group, self.stream))
    }

    fn done(&self, done: &'static str) -> Result<(), Failure> {
        let row = Done { stream: &self.stream, group: &self.group, done, dry_run: false };
        let mut report = self.output.report();
        report.details(&row);
        report.end(Ok(()), &format!("the group was {done}"), false)
    }

    /// Ends a dry run, at whose end this would be `done`; `text` says so to people.
    fn would(&self, done: &'static str, text: &str) -> Result<(), Failure> {
        let row = Done { stream: &self.stream, group: &self.group, done, dry_run: true };
        let mut report = self.output.report();
        report.details(&row);
        report.end(Ok(()), text, true)
    }
}

impl GroupsArgs {
    /// Does what the command line says.
    pub async fn run(self) -> Result<(), Failure> {
        match self.action {
            Action::List(args) => args.run().await,
            Action::Create(args) => args.create().await,
            Action::Reset(args) => args.reset().await,
            Action::Delete(args) => args.run().await,
            Action::Consumers(args) => {
                let consumers = args.open()?.consumers().await;
                let consumers = consumers.map_err(|error| args.failure(error))?;
                let rows: Vec<ConsumerRow> = consumers.into_iter().map(Into::into).collect();
                Ok(args.output.open().records(&rows)?)
            }
            Action::DeleteConsumer(args) => args.run().await,
        }
    }
}

impl ListArgs {
    async fn run(self) -> Result<(), Failure> {
        let store = EventStore::new(self.redis.url()?);
        let about =
            |error: StoreError| Failure::from(error).about(&format!("stream `{}`", self.stream));
        let found = store.reads().groups(std::slice::from_ref(&self.stream)).await;
        let found = found.map_err(about)?.pop().unwrap_or(Err(StoreError::NotFound));
        let (groups, stream) = found.map_err(about)?;
        let rows: Vec<_> = groups.iter().map(|info| GroupRow::new(info, &stream)).collect();
        Ok(self.output.open().records(&rows)?)
    }
}

impl PlaceArgs {
    async fn create(self) -> Result<(), Failure> {
        let group = self.group.open()?;
        if self.dry_run {
            return match group.info().await {
                Ok(_) => {
                    self.group.would("existed", "the group exists, and would be left as it is")
                }
                Err(StoreError::NoGroup) => self.group.would("made", "the group would be made"),
                Err(error) => Err(self.group.failure(error)),
            };
        }
        match group.create(self.from).await.map_err(|error| self.group.failure(error))? {
            GroupMade::Made => self.group.done("made"),
            GroupMade::Existed => self.group.done("existed"),
        }
    }

    async fn reset(self) -> Result<(), Failure> {
        let group = self.group.open()?;
        let about = |error: StoreError| self.group.failure(error);
        let info = group.info().await.map_err(about)?;
        if self.dry_run {
            let last = info.last_delivered_id;
            let text = format!("the group, which was last given `{last}`, would begin again");
            return self.group.would("reset", &text);
        }
        group.reset(self.from).await.map_err(|error| self.group.failure(error))?;
        self.group.done("reset")
    }
}

impl DeleteArgs {
    async fn run(self) -> Result<(), Failure> {
        let group = self.group.open()?;
        let info = group.info().await.map_err(|error| self.group.failure(error))?;
        if self.dry_run {
            let GroupInfo { consumers, pending, .. } = info;
            let consumers = counted(consumers, "consumer", "consumers");
            let pending = counted(pending, "pending entry", "pending entries");
            let text = format!("the group with its {consumers} and {pending} would be deleted");
            return self.group.would("deleted", &text);
        }
        match group.delete().await.map_err(|error| self.group.failure(error))? {
            true => self.group.done("deleted"),
            false => Err(self.group.failure(StoreError::NoGroup)),
        }
    }
}

impl DeleteConsumerArgs {
    async fn run(self) -> Result<(), Failure> {
        let group = self.group.open()?;
        let consumers = group.consumers().await.map_err(|error| self.group.failure(error))?;
        let known = consumers.into_iter().find(|known| known.name == self.consumer.as_bytes());
        let Some(known) = known else {
            return Err(Failure::NotFound(format!(
                "group `{}` of stream `{}` has no consumer `{}`",
                self.group.group, self.group.stream, self.consumer
            )));
        };
        if self.pending.claim_to.as_ref() == Some(&self.consumer) {
            return Err(Failure::Usage(
                "`--claim-to` names the consumer that is removed; name another one".to_owned(),
            ));
        }
        if self.dry_run {
            let what = match &self.pending.claim_to {
                Some(heir) => format!("be given to `{heir}`"),
                None => "be acknowledged".to_owned(),
            };
            let settled = known.pending;
            let consumer = &self.consumer;
            let mut report = self.group.output.report();
            report.details(&Removed { consumer, settled, gone: 0, dry_run: true });
            let pending = counted(settled, "pending entry", "pending entries");
            return report.end(Ok(()), &format!("its {pending} would {what}"), true);
        }
        let pending = match self.pending.claim_to {
            Some(ref heir) => PendingOf::ClaimedBy(heir.clone().into_bytes()),
            None => PendingOf::Acknowledged,
        };
        let removed = group.delete_consumer(self.consumer.as_bytes(), &pending).await;
        let removed = removed.map_err(|error| self.group.failure(error))?;
        let (consumer, settled, gone) = (&self.consumer, removed.settled, removed.gone);
        let mut report = self.group.output.report();
        report.details(&Removed { consumer, settled, gone, dry_run: false });
        report.end(Ok(()), &format!("consumer `{consumer}` was removed"), false)
    }
}

/// A name of others, as text.
pub(super) fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
