//! `rewind publish`: events are added to the end of a stream.

use clap::Args;
use rewind_domain::{EntryId, StreamKey};
use rewind_store::publish::Publisher;
use rewind_store::{EventStore, NewEvent};
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
    /// Publish each event of standard input as soon as it is read, instead of all of them in one step
    #[arg(long)]
    one_by_one: bool,
    /// Read and check the events, and publish none
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redis: RedisOptions,
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
        let publisher = Publisher::new(&EventStore::new(self.redis.url()?), self.stream.clone());
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
            note(&format!("{} events would be added to `{}`", events.len(), self.stream));
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
        let ids = match events {
            [event] => vec![publisher.publish(event).await?],
            events => publisher.publish_all(events).await?,
        };
        let published = ids.into_iter().map(|id| Published { stream: &self.stream, id });
        Ok(output.records(&published.collect::<Vec<_>>())?)
    }
}
