//! `rewind consume`: events are given to a group, and printed or handed to a command.

mod command;

use std::io;
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use rewind_domain::{Event, StreamKey};
use rewind_store::consume::{
    Consumer, Delivery, LostGroup, RunOptions, RunReport, Start, Undecodable, Unhandled,
};
use rewind_store::{Backoff, EventStore, StoreError};
use serde::Serialize;
use tokio::sync::watch;

use super::output::{Output, OutputOptions, Record, note};
use super::taken::taken;
use super::{Failure, arguments};
use crate::config::{ReadConfig, RedisOptions};
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
    /// Take this many events at most, and end when they are acknowledged or dead letters
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
        let ReadConfig { redis_url, codecs, .. } = self.redis.resolve()?;
        let asked = signals::stop()
            .map_err(|error| Failure::Refused(format!("signals cannot be heard: {error}")))?;
        let consumer = Consumer::new(
            &EventStore::new(redis_url),
            self.stream.clone(),
            self.group.as_str(),
            self.consumer.as_str(),
        )
        .starting(self.from)
        .decoding_with(Arc::new(codecs.of(&self.stream)))
        .when_group_is_lost(match self.remake_group {
            true => LostGroup::MakeAgain,
            false => LostGroup::Fail,
        });
        let (outcome, unwritten) = match &self.exec {
            Some(line) => (self.hand_over(consumer, line, asked).await, None),
            None => self.print(consumer, asked).await,
        };
        let about = format!("group `{}` of stream `{}`", self.group, self.stream);
        let report = outcome.map_err(|error| Failure::from(error).about(&about))?;
        note(&summary(&report));
        unwritten.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Runs a command for each event.
    async fn hand_over(
        &self,
        consumer: Consumer,
        line: &str,
        asked: impl Future<Output = ()>,
    ) -> Result<RunReport, StoreError> {
        let (group, name) = (self.group.clone(), self.consumer.clone());
        let command = EventCommand::new(line.to_owned(), &self.stream, group, name);
        let command = Arc::new(command);
        let handler = move |delivery: Arc<Delivery>| {
            let command = Arc::clone(&command);
            async move { command.run(&delivery).await }
        };
        consumer.run(self.options(), asked, handler).await
    }

    /// Prints each event, and acknowledges it once its line was taken. Also returns why the output could not be written.
    async fn print(
        &self,
        consumer: Consumer,
        asked: impl Future<Output = ()>,
    ) -> (Result<RunReport, StoreError>, Option<io::Error>) {
        let (stopping, stops) = watch::channel(false);
        let stop = async move {
            asked.await;
            // Nobody need listen.
            let _ = stopping.send(true);
        };
        let printer = Arc::new(Printer {
            stream: self.stream.clone(),
            output: self.output.open(),
            stops,
            lost: Mutex::default(),
        });
        let shared = Arc::clone(&printer);
        let handler = move |delivery: Arc<Delivery>| {
            let printer = Arc::clone(&shared);
            async move { printer.print(&delivery).await }
        };
        let outcome = consumer.run_stoppable(self.options(), stop, handler).await;
        (outcome, printer.lost.lock().unwrap_or_else(PoisonError::into_inner).take())
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
    /// Whether the process is asked to end.
    stops: watch::Receiver<bool>,
    /// Why the output could not be written.
    lost: Mutex<Option<io::Error>>,
}

impl Printer {
    /// Prints an event. It counts as handled once whoever reads the output has its line, and is given back otherwise.
    async fn print(&self, delivery: &Delivery) -> Result<(), Unhandled> {
        let event = delivery.event();
        let consumed = Consumed { stream: &self.stream, deliveries: delivery.deliveries(), event };
        let mut stops = self.stops.clone();
        let written = match self.output.record(&consumed) {
            Ok(()) => tokio::select! {
                biased;
                taken = taken() => taken,
                _ = stops.wait_for(|stops| *stops) => return Err(Unhandled::Stopped),
            },
            error => error,
        };
        written.map_err(|error| {
            *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            Unhandled::Stopped
        })
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
