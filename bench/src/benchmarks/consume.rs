//! Consuming and acknowledging in batches with the library, against `XREADGROUP` and `XACK`.

use std::time::Instant;

use anyhow::{Result, bail};
use rewind_store::EventStore;
use rewind_store::consume::Consumer;

use super::Setting;
use crate::bare::BareClient;
use crate::data;
use crate::report::{Aim, Report, Row, Unit};
use crate::rounds::interleaved;
use crate::stats::{Pair, Summary};

/// How much longer than the bare commands it may take: the library is to reach 0.85 of their rate.
const MAX_RATIO: f64 = 1.18;
/// How many entries are read and acknowledged at a time.
const BATCH: usize = 100;
/// How many there are.
const EVENTS: usize = 100_000;
const STREAM: &str = "bench:consumed";

/// Measures groups that read a whole stream.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    data::fill_stream(&mut bare, STREAM, EVENTS).await?;
    let store = EventStore::new(setting.redis.url().parse()?);
    let mut arranging = bare.clone();
    let results = interleaved(
        setting.effort.pick(9, 3),
        async |round| {
            let mut consumer = Consumer::new(&store, STREAM, format!("rewind-{round}"), "one");
            let start = Instant::now();
            let mut consumed = 0;
            loop {
                let batch = consumer.next(BATCH, None).await?;
                if batch.is_empty() {
                    break;
                }
                consumed += consumer.ack(&batch.ids()).await?;
            }
            checked(consumed, start)
        },
        async |round| {
            let start = Instant::now();
            let consumed = bare.consume(STREAM, &format!("bare-{round}"), BATCH).await?;
            checked(consumed as u64, start)
        },
    )
    .await?;
    arranging.delete(STREAM).await?;
    let pairs: Vec<Pair> =
        results.into_iter().map(|(rewind, bare)| Pair { rewind, bare }).collect();
    let what = format!("consuming and acknowledging {EVENTS} events, {BATCH} at a time");
    report.add(Row::compared(&what, Unit::Time, &Summary::of(&pairs)?, Aim::Ratio(MAX_RATIO)));
    Ok(())
}

/// The seconds since the start, if everything was consumed.
fn checked(consumed: u64, start: Instant) -> Result<f64> {
    let elapsed = start.elapsed().as_secs_f64();
    if consumed != EVENTS as u64 {
        bail!("{consumed} of {EVENTS} events were consumed");
    }
    Ok(elapsed)
}
