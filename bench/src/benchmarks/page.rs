//! A page of events over HTTP, against the same `XRANGE` by a bare client.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;

use super::Setting;
use crate::bare::{self, BareClient};
use crate::data;
use crate::http_client::HttpClient;
use crate::report::{Aim, Report, Row, Unit};
use crate::rounds::{Effort, interleaved, timed};
use crate::stats::{Pair, Summary};

/// How many events a page has: what the browser asks for.
const PAGE_EVENTS: usize = 100;
/// How many connections ask for pages at once.
const CONNECTIONS: usize = 32;
/// How much longer than the bare client a page may take.
const MAX_RATIO: f64 = 2.0;

/// Measures both latency and throughput.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    check(setting).await?;
    latency(setting, report).await?;
    throughput(setting, report).await
}

/// Something that pages can be had from.
trait PageSource: Send + 'static {
    /// Gets the page behind an entry.
    fn page(&mut self, after: &str) -> impl Future<Output = Result<()>> + Send;
}

impl PageSource for HttpClient {
    async fn page(&mut self, after: &str) -> Result<()> {
        let body = self.get(&page_path(after)).await?;
        if body.is_empty() { bail!("an empty answer") } else { Ok(()) }
    }
}

impl PageSource for BareClient {
    async fn page(&mut self, after: &str) -> Result<()> {
        let page = self.range(data::LONG_STREAM, after, PAGE_EVENTS).await?;
        if bare::entry_count(&page) == PAGE_EVENTS {
            Ok(())
        } else {
            bail!("a page of another size")
        }
    }
}

fn page_path(after: &str) -> String {
    let stream = data::LONG_STREAM;
    format!("/api/events?stream={stream}&order=asc&limit={PAGE_EVENTS}&after={after}")
}

/// Makes sure that both sides do the same.
async fn check(setting: &Setting) -> Result<()> {
    let after = data::entry_id(data::place(1, PAGE_EVENTS));
    let body = setting.rewind.client().await?.get(&page_path(&after)).await?;
    let page: Json = serde_json::from_slice(&body)?;
    let events = page["events"].as_array().context("a page without events")?;
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    let expected = bare.range(data::LONG_STREAM, &after, PAGE_EVENTS).await?;
    let last = events.last().and_then(|event| event["id"].as_str()).map(str::to_owned);
    if events.len() != bare::entry_count(&expected) || last != bare::last_entry_id(&expected) {
        bail!("Rewind's page is not that of the bare client");
    }
    println!("  a page of {PAGE_EVENTS} events: {} of JSON", Unit::Size.show(body.len() as f64));
    Ok(())
}

async fn latency(setting: &Setting, report: &mut Report) -> Result<()> {
    let (rounds, pages) = setting.effort.pick((10, 500), (3, 200));
    let mut rewind = setting.rewind.client().await?;
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    // The first pages warm up both sides, and are not counted.
    timed(pages / 5, async |number| rewind.page(&position(number)).await).await?;
    timed(pages / 5, async |number| bare.page(&position(number)).await).await?;
    let results = interleaved(
        rounds,
        async |round| {
            timed(pages, async |number| rewind.page(&position(round * pages + number)).await).await
        },
        async |round| {
            let page =
                async |number| PageSource::page(&mut bare, &position(round * pages + number)).await;
            timed(pages, page).await
        },
    )
    .await?;
    let p50 = Summary::of_percentile(&results, 50)?;
    report.add(Row::compared("page, p50", Unit::Time, &p50, Aim::Ratio(MAX_RATIO)));
    let p99 = Summary::of_percentile(&results, 99)?;
    report.add(Row::compared("page, p99", Unit::Time, &p99, Aim::None));
    Ok(())
}

async fn throughput(setting: &Setting, report: &mut Report) -> Result<()> {
    let effort = setting.effort;
    let (address, url) = (setting.rewind.address(), setting.redis.url().to_owned());
    // One thread would be the limit before the servers are.
    let measuring = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let (mut rewind, mut bare) = (Vec::new(), Vec::new());
            for _ in 0..CONNECTIONS {
                rewind.push(HttpClient::connect(address).await?);
                bare.push(BareClient::connect(&url).await?);
            }
            let (rounds, time) = match effort {
                Effort::Full => (5, Duration::from_millis(1_500)),
                Effort::Quick => (3, Duration::from_millis(500)),
            };
            let rewind = async |_| time_per_page(&mut rewind, time).await;
            let bare = async |_| time_per_page(&mut bare, time).await;
            interleaved(rounds, rewind, bare).await
        })
    });
    let rounds = measuring.await??;
    let pairs: Vec<Pair> = rounds.into_iter().map(|(rewind, bare)| Pair { rewind, bare }).collect();
    let what = format!("pages, {CONNECTIONS} connections");
    report.add(Row::compared(&what, Unit::Rate, &Summary::of(&pairs)?, Aim::None));
    Ok(())
}

/// Lets all sources get pages for some time, and gives the seconds that each page took on the whole.
async fn time_per_page<S: PageSource>(sources: &mut Vec<S>, time: Duration) -> Result<f64> {
    let start = Instant::now();
    let deadline = start + time;
    let tasks: Vec<_> = std::mem::take(sources)
        .into_iter()
        .enumerate()
        .map(|(worker, source)| tokio::spawn(get_until(source, worker, deadline)))
        .collect();
    let mut pages = 0_u32;
    for task in tasks {
        let (source, count) = task.await??;
        pages += count;
        sources.push(source);
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(pages))
}

async fn get_until<S: PageSource>(
    mut source: S,
    worker: usize,
    deadline: Instant,
) -> Result<(S, u32)> {
    let mut count = 0;
    // Workers begin at different places, and so do not follow each other.
    let mut number = worker * 1_000;
    while Instant::now() < deadline {
        source.page(&position(number)).await?;
        number += 1;
        count += 1;
    }
    Ok((source, count))
}

fn position(number: usize) -> String {
    data::entry_id(data::place(number, PAGE_EVENTS))
}
