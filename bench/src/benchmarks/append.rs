//! Appending to an aggregate with an expected version, against a script that only adds.

use std::time::Instant;

use anyhow::{Result, bail};
use rewind_domain::aggregate_pattern::Aggregate;
use rewind_store::aggregate::{AggregateStore, Expected};
use rewind_store::{EventStore, NewEvent};

use super::Setting;
use crate::bare::BareClient;
use crate::data;
use crate::report::{Aim, Report, Row, Unit};
use crate::rounds::interleaved;
use crate::stats::{Pair, Summary};

/// How much longer than the script it may take.
const MAX_RATIO: f64 = 1.3;
/// How many events are appended in a round, one after the other, as an aggregate's events are.
const EVENTS: usize = 5_000;
const SCRIPT: &str = "return redis.call('XADD', KEYS[1], '*', unpack(ARGV))";
const BARE_STREAM: &str = "aggregate:Appended:bare";
const TYPE: &str = "OrderPaid";
const TIME: &str = "2024-01-25T12:20:00Z";

/// Measures rounds of new aggregates.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    let mut arranging = bare.clone();
    let store = AggregateStore::new(&EventStore::new(setting.redis.url().parse()?));
    let data = data::payload(&mut data::Random::default());
    let fields = [("type", TYPE), ("timestamp", TIME), ("data", data.as_str())];
    let event = [NewEvent::of_fields(fields.into_iter().collect())];
    let args = ["type", TYPE, "timestamp", TIME, "data", data.as_str()];
    let hash = bare.load_script(SCRIPT).await?;
    let aggregate = Aggregate::new("Appended", "rewind");
    let stream = store.stream(&aggregate).to_string();
    let results = interleaved(
        setting.effort.pick(9, 5),
        async |_| {
            arranging.delete(&stream).await?;
            let start = Instant::now();
            for version in 0..EVENTS as u64 {
                let appended = store.append(&aggregate, &event, Expected::Version(version)).await?;
                if appended.version != Some(version + 1) {
                    bail!("{appended:?} after version {version}");
                }
            }
            Ok(start.elapsed().as_secs_f64())
        },
        async |_| {
            bare.delete(BARE_STREAM).await?;
            let start = Instant::now();
            for _ in 0..EVENTS {
                bare.run_script(&hash, BARE_STREAM, &args).await?;
            }
            Ok(start.elapsed().as_secs_f64())
        },
    )
    .await?;
    for stream in [stream.as_str(), BARE_STREAM] {
        arranging.delete(stream).await?;
    }
    let pairs: Vec<Pair> =
        results.into_iter().map(|(rewind, bare)| Pair { rewind, bare }).collect();
    let what = format!("appending {EVENTS} events with an expected version");
    report.add(Row::compared(&what, Unit::Time, &Summary::of(&pairs)?, Aim::Ratio(MAX_RATIO)));
    Ok(())
}
