//! A thousand viewers of one stream: how soon each of them has each event, and what they cost.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;

use super::Setting;
use crate::bare::BareClient;
use crate::data::{self, Random};
use crate::report::{Report, Row, Unit};
use crate::sse::EventLine;
use crate::stats::Samples;

/// What everybody watches.
const STREAM: &str = "events:crowd";
/// How many do.
const VIEWERS: usize = 1_000;
/// How many watch a server that has nothing to do.
const IDLE_VIEWERS: usize = 100;
/// Between two events: a hundred a second.
const PACE: Duration = Duration::from_millis(10);
/// How late the slowest viewers may have an event, in seconds.
const MAX_P99_SECS: f64 = 0.1;
/// What the server may take while a thousand watch, in bytes.
const MAX_BYTES: f64 = 150e6;
/// How much of a core idle viewers may take: the time in seconds that it works in a second.
const MAX_IDLE_SHARE: f64 = 0.01;
/// How long to wait before it is looked again who reads.
const QUIET: Duration = Duration::from_millis(200);
/// How long everything may take to arrive.
const TIMEOUT: Duration = Duration::from_secs(60);

/// When each event was published.
type Published = Arc<Mutex<Vec<Instant>>>;

/// Measures both.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    idle(setting, report).await?;
    let events = setting.effort.pick(1_000, 300);
    let published = Published::default();
    let mut viewers = JoinSet::new();
    for _ in 0..VIEWERS {
        let watching = watch(setting).await?;
        let published = Arc::clone(&published);
        viewers.spawn(async move {
            // As a whole: taken apart, its connection would end here.
            let mut watching = watching;
            let mut delays = Vec::with_capacity(events);
            for event in 0..events {
                watching.line.wait_for("entry").await?;
                let at = published.lock().unwrap_or_else(PoisonError::into_inner)[event];
                delays.push(at.elapsed());
            }
            Ok::<_, anyhow::Error>(delays)
        });
    }
    let mut publisher = BareClient::connect(setting.redis.url()).await?;
    let mut random = Random::default();
    let mut pace = tokio::time::interval(PACE);
    for _ in 0..events {
        pace.tick().await;
        let payload = data::payload(&mut random);
        published.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        publisher.add(STREAM, &[("type", "Measured"), ("data", &payload)]).await?;
    }
    let memory = setting.rewind.memory()?;
    let delays = tokio::time::timeout(TIMEOUT, viewers.join_all()).await;
    let delays = delays.context("not every viewer got every event")?;
    let delays: Vec<Vec<Duration>> = delays.into_iter().collect::<Result<_>>()?;
    // Everything has arrived, so whoever reads comes to wait for the next event.
    let deadline = Instant::now() + TIMEOUT;
    let mut readers = 0;
    while readers == 0 && Instant::now() < deadline {
        tokio::time::sleep(QUIET).await;
        readers = publisher.clients().await?.matches(" cmd=xread ").count();
    }
    ensure!(readers == 1, "{readers} connections read for {VIEWERS} viewers");
    let samples: Samples = delays.into_iter().flatten().collect();
    let name = |what: &str| format!("live event to {VIEWERS} viewers, {what}");
    report.add(Row::measured(&name("p50"), Unit::Time, samples.percentile(50)?, None));
    let p99 = samples.percentile(99)?;
    report.add(Row::measured(&name("p99"), Unit::Time, p99, Some(MAX_P99_SECS)));
    if let Some(memory) = memory {
        let bytes = memory.resident as f64;
        report.add(Row::measured(&name("memory"), Unit::Size, bytes, Some(MAX_BYTES)));
    }
    Ok(())
}

/// What viewers cost while nothing happens.
async fn idle(setting: &Setting, report: &mut Report) -> Result<()> {
    let mut viewers = Vec::with_capacity(IDLE_VIEWERS);
    for _ in 0..IDLE_VIEWERS {
        viewers.push(watch(setting).await?);
    }
    let time = Duration::from_secs(setting.effort.pick(10, 5));
    let Some(before) = setting.rewind.processor_time()? else { return Ok(()) };
    tokio::time::sleep(time).await;
    let after = setting.rewind.processor_time()?.unwrap_or_default();
    let share = (after - before).as_secs_f64() / time.as_secs_f64();
    let name = format!("work in a second for {IDLE_VIEWERS} idle viewers");
    report.add(Row::measured(&name, Unit::Time, share, Some(MAX_IDLE_SHARE)));
    Ok(())
}

struct Watching {
    line: EventLine,
    /// The line lives as long as its connection.
    _client: crate::http_client::HttpClient,
}

async fn watch(setting: &Setting) -> Result<Watching> {
    let mut client = setting.rewind.client().await?;
    let response = client.open(&format!("/api/live?stream={STREAM}")).await?;
    let mut line = EventLine::new(response.into_body());
    // Sent once the line is open.
    line.wait_for("status").await?;
    Ok(Watching { line, _client: client })
}
