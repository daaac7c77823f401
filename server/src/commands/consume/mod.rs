//! `rewind consume`: events are given to a group, and printed or handed to a command.

mod command;

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use rewind_domain::{Event, StreamKey};
use rewind_store::consume::{
    Consumer, Delivery, LostGroup, RunOptions, RunReport, Start, Undecodable,
};
use rewind_store::{Backoff, EventStore};
use serde::Serialize;
use tokio::sync::Notify;

use super::output::{Output, OutputOptions, Record, note};
use super::{Failure, arguments};
use crate::config::RedisOptions;
use crate::signals;
use command::EventCommand;

/// How long events under way may take when the process is asked to end: less than the time after which it is ended.
const STOP_WITHIN: Duration = Duration::from_secs(8);

/// What to consume, and what to do with it.
#[derive(Args)]
pub struct ConsumeArgs {
    /// The key of the stream
    #[arg(value_name = "STREAM")]
    stream: StreamKey,
    /// The name of the group; it is made if there is none
    #[arg(long, value_name = "NAME")]
    group: String,
    /// The name of this consumer. Two that run at the same time need different ones; one that starts again under its name gets what it had
    /// pending
    #[arg(long, value_name = "NAME", default_value = "rewind")]
    consumer: String,
    /// Where a group that is made begins: `start`, `end`, an id to begin behind, or a time in UTC
    #[arg(long, value_name = "PLACE", default_value = "start", value_parser = arguments::start)]
    from: Start,
    /// Run this command of the shell for each event: its data is on standard input, the rest in `REWIND_ID`, `REWIND_TYPE` and further
    /// variables. Status 0 acknowledges the event, any other one has it tried again. Without it, events are printed and acknowledged
    #[arg(long, value_name = "COMMAND")]
    exec: Option<String>,
    /// End when this many events were handled
    #[arg(long, value_name = "N")]
    count: Option<NonZeroU64>,
    /// End when there is nothing left, instead of waiting for more
    #[arg(long)]
    until_idle: bool,
    /// How many events are handled at the same time
    #[arg(long, value_name = "N", default_value = "1", requires = "exec")]
    concurrency: NonZeroUsize,
    /// Handle events that have the same value in this field, or at this member of their data, one after the other
    #[arg(long, value_name = "NAME", requires = "exec")]
    order_by: Option<String>,
    /// After how many deliveries an event that still fails becomes a dead letter; 0 to try for ever
    #[arg(long, value_name = "N", default_value_t = 5)]
    max_deliveries: u64,
    /// How long to wait before an event is tried again for the first time; each further wait is twice as long
    #[arg(long, value_name = "DURATION", default_value = "200ms", value_parser = arguments::duration)]
    retry_after: Duration,
    /// The longest wait before an event is tried again
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = arguments::duration)]
    retry_at_most: Duration,
    /// After how long entries of other consumers are claimed
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = arguments::duration)]
    claim_after: Duration,
    /// Make events whose data cannot be read dead letters at once
    #[arg(long)]
    bury_undecodable: bool,
    /// Make the group again if it is deleted meanwhile, instead of ending
    #[arg(long)]
    remake_group: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redis: RedisOptions,
}

/// An event that was consumed.
#[derive(Serialize)]
struct Consumed<'a> {
    stream: &'a StreamKey,
    deliveries: u64,
    #[serde(flatten)]
    event: &'a Event,
}

impl Record for Consumed<'_> {
    const COLUMNS: &'static [&'static str] = &["id", "type", "data"];

    fn cells(&self) -> Vec<String> {
        let Event { id, event_type, data, decode_error, .. } = self.event;
        let data = match decode_error.as_ref().filter(|_| !self.event.has_data()) {
            Some(error) => format!("({error})"),
            None => data.to_string(),
        };
        vec![id.to_string(), event_type.clone().unwrap_or_default(), data]
    }
}

impl ConsumeArgs {
    /// Consumes until there is nothing left to do, or the process is asked to end.
    pub async fn run(self) -> Result<(), Failure> {
        let url = self.redis.url()?;
        let asked = signals::stop()
            .map_err(|error| Failure::Refused(format!("signals cannot be heard: {error}")))?;
        let consumer = Consumer::new(
            &EventStore::new(url),
            self.stream.clone(),
            self.group.as_str(),
            self.consumer.as_str(),
        )
        .starting(self.from)
        .when_group_is_lost(match self.remake_group {
            true => LostGroup::MakeAgain,
            false => LostGroup::Fail,
        });
        let outcome = match &self.exec {
            Some(line) => {
                let command = EventCommand::new(
                    line.clone(),
                    &self.stream,
                    self.group.clone(),
                    self.consumer.clone(),
                );
                let command = Arc::new(command);
                let handler = move |delivery: Arc<Delivery>| {
                    let command = Arc::clone(&command);
                    async move { command.run(&delivery).await }
                };
                consumer.run(self.options(), asked, handler).await
            }
            None => {
                let printer = Arc::new(Printer {
                    stream: self.stream.clone(),
                    output: self.output.open(),
                    is_closed: Notify::new(),
                });
                let closed = Arc::clone(&printer);
                let stop = async move {
                    tokio::select! {
                        () = asked => {}
                        () = closed.is_closed.notified() => {}
                    }
                };
                let handler = move |delivery: Arc<Delivery>| {
                    let printer = Arc::clone(&printer);
                    async move { printer.print(&delivery) }
                };
                consumer.run(self.options(), stop, handler).await
            }
        };
        let about = format!("group `{}` of stream `{}`", self.group, self.stream);
        let report = outcome.map_err(|error| Failure::from(error).about(&about))?;
        note(&summary(&report));
        Ok(())
    }

    fn options(&self) -> RunOptions {
        let by = self.order_by.clone();
        RunOptions {
            concurrency: self.concurrency,
            order: by.map(|name| -> rewind_store::consume::OrderKey {
                Arc::new(move |delivery| order_key(delivery, &name))
            }),
            max_deliveries: NonZeroU64::new(self.max_deliveries),
            backoff: Backoff { first: self.retry_after, longest: self.retry_at_most },
            claim_after: self.claim_after,
            undecodable: match self.bury_undecodable {
                true => Undecodable::DeadLetter,
                false => Undecodable::Handler,
            },
            limit: self.count,
            until_idle: self.until_idle,
            stop_within: STOP_WITHIN,
            ..RunOptions::default()
        }
    }
}

/// What keeps an event in order: the value of a field, or of a member of its data.
fn order_key(delivery: &Delivery, name: &str) -> Option<Vec<u8>> {
    if let Some(value) = delivery.fields().get(name) {
        return Some(value.to_vec());
    }
    delivery.event().data.get(name).map(|value| value.to_string().into_bytes())
}

/// Prints events.
struct Printer {
    stream: StreamKey,
    output: Output,
    is_closed: Notify,
}

impl Printer {
    fn print(&self, delivery: &Delivery) -> Result<(), std::io::Error> {
        let event = delivery.event();
        let consumed = Consumed { stream: &self.stream, deliveries: delivery.deliveries(), event };
        match self.output.record(&consumed) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.is_closed.notify_one();
                Err(error)
            }
        }
    }
}

/// What is said at the end.
fn summary(report: &RunReport) -> String {
    let parts = [
        (report.handled, "handled"),
        (report.failed, "tries failed"),
        (report.dead, "became dead letters"),
        (report.deleted, "no longer existed"),
        (report.released, "given back"),
    ];
    let told = parts.iter().enumerate().filter(|(at, (count, _))| *at == 0 || *count > 0);
    told.map(|(_, (count, what))| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
}
