//! From `XADD` to an event in the browser's line, against `XADD` to the return of a blocking `XREAD`.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Setting;
use crate::bare::BareClient;
use crate::data::{self, Random};
use crate::report::{Aim, Report, Row, Unit};
use crate::rounds::interleaved;
use crate::sse::EventLine;
use crate::stats::{Samples, Summary};

/// Each side has its stream, so that neither has to do anything while the other one is measured.
const REWIND_STREAM: &str = "events:live:rewind";
const BARE_STREAM: &str = "events:live:bare";
/// How much later than the bare client a browser may have an event, in seconds.
const MAX_EXTRA_SECS: f64 = 0.000_5;
/// The same for the slowest of a hundred.
const MAX_P99_EXTRA_SECS: f64 = 0.003;
/// Between two events: time enough for either side to wait again.
const PACE: Duration = Duration::from_millis(3);
/// How long to wait for an event before something must be wrong.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Events are waited for one by one, so there is never more than one on its way.
const QUEUED_ARRIVALS: usize = 4;

/// Measures both.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let (rounds, events) = setting.effort.pick((6, 200), (3, 100));
    let mut publisher = BareClient::connect(setting.redis.url()).await?;
    let mut rewind = Watch::over_http(setting).await?;
    let mut bare = Watch::bare(setting).await?;
    let mut random = Random::default();
    let payloads: Vec<String> = (0..events).map(|_| data::payload(&mut random)).collect();

    // The first events warm up both sides, and are not counted.
    rewind.delays(&mut publisher, &payloads[..events / 5]).await?;
    bare.delays(&mut publisher, &payloads[..events / 5]).await?;
    let mut rewind_publisher = publisher.clone();
    let results = interleaved(
        rounds,
        async |_| rewind.delays(&mut rewind_publisher, &payloads).await,
        async |_| bare.delays(&mut publisher, &payloads).await,
    )
    .await?;
    let p50 = Summary::of_percentile(&results, 50)?;
    report.add(Row::compared("live event, p50", Unit::Time, &p50, Aim::Extra(MAX_EXTRA_SECS)));
    let p99 = Summary::of_percentile(&results, 99)?;
    report.add(Row::compared("live event, p99", Unit::Time, &p99, Aim::Extra(MAX_P99_EXTRA_SECS)));
    Ok(())
}

/// Someone who waits for the events of a stream.
struct Watch {
    stream: &'static str,
    arrivals: mpsc::Receiver<Arrival>,
    task: JoinHandle<Result<()>>,
}

/// An event that arrived.
struct Arrival {
    id: String,
    at: Instant,
}

impl Watch {
    /// Over Rewind's line of Server-Sent Events.
    async fn over_http(setting: &Setting) -> Result<Self> {
        let mut client = setting.rewind.client().await?;
        let response = client.open(&format!("/api/live?stream={REWIND_STREAM}")).await?;
        let mut line = EventLine::new(response.into_body());
        // Sent once the line is open.
        line.wait_for("status").await?;
        let (sender, arrivals) = mpsc::channel(QUEUED_ARRIVALS);
        let task = tokio::spawn(async move {
            // The line lives as long as its connection.
            let _client = client;
            loop {
                let id = line.wait_for("entry").await?;
                sender.send(Arrival { id, at: Instant::now() }).await?;
            }
        });
        Ok(Self { stream: REWIND_STREAM, arrivals, task })
    }

    /// By blocking reads on a connection of its own.
    async fn bare(setting: &Setting) -> Result<Self> {
        let mut client = BareClient::connect_blocking(setting.redis.url()).await?;
        let (sender, arrivals) = mpsc::channel(QUEUED_ARRIVALS);
        let task = tokio::spawn(async move {
            let mut after = "0-0".to_owned();
            loop {
                let id = client.wait_for_entry(BARE_STREAM, &after).await?;
                let at = Instant::now();
                after.clone_from(&id);
                sender.send(Arrival { id, at }).await?;
            }
        });
        Ok(Self { stream: BARE_STREAM, arrivals, task })
    }

    /// Publishes events, and gives how long each of them took to arrive.
    async fn delays(&mut self, publisher: &mut BareClient, payloads: &[String]) -> Result<Samples> {
        let mut delays = Vec::with_capacity(payloads.len());
        for payload in payloads {
            tokio::time::sleep(PACE).await;
            let start = Instant::now();
            let id = publisher.add(self.stream, &[("type", "Measured"), ("data", payload)]).await?;
            let arrival = tokio::time::timeout(TIMEOUT, self.arrivals.recv())
                .await
                .with_context(|| format!("no event of `{}` within {TIMEOUT:?}", self.stream))?;
            match arrival {
                Some(arrival) if arrival.id == id => delays.push(arrival.at - start),
                Some(arrival) => bail!("expected event {id}, {} came", arrival.id),
                None => bail!("the watch on `{}` has ended", self.stream),
            }
        }
        Ok(delays.into_iter().collect())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
