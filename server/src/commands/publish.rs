//! `rewind publish`: events are added to the end of a stream.

use clap::Args;
use rewind_domain::{EntryId, StreamKey};
use rewind_store::publish::{Limit, Precision, Publisher};
use rewind_store::{EventStore, IdempotencyKey, NewEvent};
use serde::Serialize;

use super::Failure;
use super::new_events::NewEventOptions;
use super::output::{Output, OutputOptions, Record, note};
use crate::config::RedisOptions;

/// What to publish, and where.
#[derive(Args)]
pub struct PublishArgs {
    /// The key of the stream; the first event makes it
    #[arg(value_name = "STREAM")]
    stream: StreamKey,
    #[command(flatten)]
    events: NewEventOptions,
    #[command(flatten)]
    limit: LimitOptions,
    #[command(flatten)]
    once: OnceOptions,
    /// Publish each event of standard input as soon as it is read, instead of all of them in one step
    #[arg(long, conflicts_with = "idempotency_key")]
    one_by_one: bool,
    /// Read and check the events, and publish none
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redis: RedisOptions,
}

/// How long the stream may get.
#[derive(Args)]
struct LimitOptions {
    /// Keep about this many of the newest events, and never fewer
    #[arg(long, value_name = "COUNT")]
    max_len: Option<u64>,
    /// Keep the events from about this id on, and never fewer
    #[arg(long, value_name = "ID", conflicts_with = "max_len")]
    min_id: Option<EntryId>,
    /// Keep exactly what `--max-len` or `--min-id` says
    #[arg(long)]
    exact: bool,
}

impl LimitOptions {
    fn limit(&self) -> Option<Limit> {
        let limit = match (self.max_len, self.min_id) {
            (Some(count), _) => Limit::newest(count),
            (None, Some(id)) => Limit::from(id),
            (None, None) => return None,
        };
        Some(if self.exact { limit.with_precision(Precision::Exact) } else { limit })
    }
}

/// By what a repetition is told from another write.
#[derive(Args)]
pub struct OnceOptions {
    /// The name of this write: doing it again with the same key adds nothing and prints the ids of the first time
    ///
    /// The key is remembered for a day. With it, the command asks again by itself where a reply is lost.
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// Whose key it is. A single event is added with `XADD … IDMP` then, where the server has that
    #[arg(long, value_name = "NAME", requires = "idempotency_key")]
    producer: Option<String>,
}

impl OnceOptions {
    /// The key, if there is one.
    pub fn key(&self) -> Option<IdempotencyKey> {
        let id = self.idempotency_key.as_deref()?;
        Some(match &self.producer {
            Some(producer) => IdempotencyKey::of_producer(producer, id),
            None => IdempotencyKey::new(id),
        })
    }
}

/// An event that was published.
#[derive(Serialize)]
struct Published<'a> {
    stream: &'a StreamKey,
    id: EntryId,
}

impl Record for Published<'_> {
    const COLUMNS: &'static [&'static str] = &["stream", "id"];

    fn cells(&self) -> Vec<String> {
        vec![self.stream.to_string(), self.id.to_string()]
    }
}

impl PublishArgs {
    /// Publishes the events and prints their ids.
    pub async fn run(self) -> Result<(), Failure> {
        let store = EventStore::new(self.redis.url()?);
        let mut publisher = Publisher::new(&store, self.stream.clone());
        if let Some(limit) = self.limit.limit() {
            publisher = publisher.with_limit(limit);
        }
        let output = self.output.open();
        let input = std::io::stdin().lock();
        if self.one_by_one && self.events.is_input() && !self.dry_run {
            for event in self.events.lines(input) {
                let id = publisher.publish(&event?).await?;
                output.record(&Published { stream: &self.stream, id })?;
            }
            return Ok(());
        }
        let events = self.events.read(input)?;
        if self.dry_run {
            let count = events.len();
            note(&format!(
                "would add {count} {} to `{}`",
                if count == 1 { "event" } else { "events" },
                self.stream
            ));
            return Ok(());
        }
        self.publish_all(&publisher, &events, &output).await
    }

    async fn publish_all(
        &self,
        publisher: &Publisher,
        events: &[NewEvent],
        output: &Output,
    ) -> Result<(), Failure> {
        let ids = match (self.once.key(), events) {
            (Some(key), events) => publisher.publish_once(&key, events).await?,
            (None, [event]) => vec![publisher.publish(event).await?],
            (None, events) => publisher.publish_all(events).await?,
        };
        let published = ids.into_iter().map(|id| Published { stream: &self.stream, id });
        Ok(output.records(&published.collect::<Vec<_>>())?)
    }
}
