//! `rewind publish`: events are added to the end of a stream.

use std::io::BufRead;

use clap::Args;
use rewind_domain::{EntryId, StreamKey};
use rewind_store::publish::{Limit, Precision, Publisher};
use rewind_store::{EventStore, IdempotencyKey, NewEvent};
use serde::Serialize;

use super::Failure;
use super::new_events::NewEventOptions;
use super::output::{OutputOptions, Record, Report, counted, is_done};
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
    /// Not known of an event that would be published.
    id: Option<EntryId>,
    #[serde(skip_serializing_if = "is_done")]
    dry_run: bool,
}

impl Record for Published<'_> {
    const COLUMNS: &'static [&'static str] = &["stream", "id"];

    fn cells(&self) -> Vec<String> {
        let id = self.id.map_or_else(|| "not yet".to_owned(), |id| id.to_string());
        vec![self.stream.to_string(), id]
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
        let input = std::io::stdin().lock();
        let mut report = self.output.report();
        if self.one_by_one && self.events.is_input() {
            let mut published = 0;
            let outcome = self.one_by_one(&publisher, input, &mut report, &mut published).await;
            let is_told = self.dry_run || outcome.is_err();
            return report.end(outcome, &self.done(published), is_told);
        }
        let events = self.events.read(input, &self.output.progress())?;
        let ids = self.publish_all(&publisher, &events).await?;
        let ids = ids.into_iter().map(Some).chain(std::iter::repeat(None)).take(events.len());
        let published: Vec<Published<'_>> = ids.map(|id| self.published(id)).collect();
        report.records(&published);
        report.end(Ok(()), &self.done(published.len() as u64), self.dry_run)
    }

    /// Publishes each event as it is read.
    async fn one_by_one(
        &self,
        publisher: &Publisher,
        input: impl BufRead,
        report: &mut Report,
        published: &mut u64,
    ) -> Result<(), Failure> {
        let progress = self.output.progress_beside_rows();
        for event in self.events.lines(input) {
            let event = event?;
            let id = match self.dry_run {
                true => {
                    publisher.preview(None, &[event]).await?;
                    None
                }
                false => Some(publisher.publish(&event).await?),
            };
            *published += 1;
            progress.advance(0, *published);
            report.record(&self.published(id));
        }
        Ok(())
    }

    /// The ids of the events; none in a dry run, unless they were published before.
    async fn publish_all(
        &self,
        publisher: &Publisher,
        events: &[NewEvent],
    ) -> Result<Vec<EntryId>, Failure> {
        let key = self.once.key();
        if self.dry_run {
            return Ok(publisher.preview(key.as_ref(), events).await?);
        }
        let progress = self.output.progress();
        progress.say(format!("storing {}", counted(events.len() as u64, "event", "events")));
        Ok(match (key, events) {
            (Some(key), events) => publisher.publish_once(&key, events).await?,
            (None, [event]) => vec![publisher.publish(event).await?],
            (None, events) => publisher.publish_all(events).await?,
        })
    }

    fn published(&self, id: Option<EntryId>) -> Published<'_> {
        Published { stream: &self.stream, id, dry_run: self.dry_run }
    }

    /// What was done, or would be.
    fn done(&self, count: u64) -> String {
        let verb = if self.dry_run { "would add" } else { "added" };
        format!("{verb} {} to `{}`", counted(count, "event", "events"), self.stream)
    }
}
