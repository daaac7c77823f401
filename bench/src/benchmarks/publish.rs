//! Publishing with the library, against `XADD` on the same kind of connection.

use std::time::Instant;

use anyhow::{Result, bail};
use rewind_store::publish::Publisher;
use rewind_store::{EventStore, NewEvent};
use tokio::task::JoinSet;

use super::Setting;
use crate::bare::BareClient;
use crate::data;
use crate::report::{Aim, Report, Row, Unit};
use crate::rounds::interleaved;
use crate::stats::{Pair, Summary};

/// How much longer than `XADD` it may take.
const MAX_RATIO: f64 = 1.15;
/// How many events are published in a round.
const EVENTS: usize = 8_000;
/// How many are on their way at a time.
const IN_FLIGHT: [usize; 2] = [1, 32];
const STREAM: &str = "bench:published";
const TYPE: &str = "OrderPaid";
const TIME: &str = "2024-01-25T12:20:00Z";

/// Measures one after the other, and many at a time.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    let store = EventStore::new(setting.redis.url().parse()?);
    let publisher = Publisher::new(&store, STREAM);
    let data = data::payload(&mut data::Random::default());
    let fields = [("type", TYPE), ("timestamp", TIME), ("data", data.as_str())];
    let event = NewEvent::of_fields(fields.into_iter().collect());
    for in_flight in IN_FLIGHT {
        let (store_side, bare_side) = (bare.clone(), bare.clone());
        let results = interleaved(
            setting.effort.pick(9, 5),
            async |_| {
                let one = || {
                    let (publisher, event) = (publisher.clone(), event.clone());
                    async move { publisher.publish(&event).await.map(drop).map_err(Into::into) }
                };
                all(in_flight, one, store_side.clone()).await
            },
            async |_| {
                let one = || {
                    let (mut bare, data) = (bare_side.clone(), data.clone());
                    async move {
                        let fields = [("type", TYPE), ("timestamp", TIME), ("data", data.as_str())];
                        bare.add(STREAM, &fields).await.map(drop)
                    }
                };
                all(in_flight, one, bare_side.clone()).await
            },
        )
        .await?;
        let pairs: Vec<Pair> =
            results.into_iter().map(|(rewind, bare)| Pair { rewind, bare }).collect();
        let what = format!("publishing {EVENTS} events, {in_flight} in flight");
        report.add(Row::compared(&what, Unit::Time, &Summary::of(&pairs)?, Aim::Ratio(MAX_RATIO)));
    }
    bare.delete(STREAM).await
}

/// Publishes all, so many at a time, and gives the seconds that it took.
async fn all<F>(in_flight: usize, one: impl Fn() -> F, mut client: BareClient) -> Result<f64>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    client.delete(STREAM).await?;
    let start = Instant::now();
    let mut begun = in_flight.min(EVENTS);
    let mut running: JoinSet<Result<()>> = (0..begun).map(|_| one()).collect();
    while let Some(published) = running.join_next().await {
        published??;
        if begun < EVENTS {
            running.spawn(one());
            begun += 1;
        }
    }
    let elapsed = start.elapsed().as_secs_f64();
    let published = client.length(STREAM).await?;
    if published != EVENTS {
        bail!("{published} of {EVENTS} events were published");
    }
    Ok(elapsed)
}
