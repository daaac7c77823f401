//! Finding 100,000 streams among 200,000 keys: how soon the first are there, when all are, and how long a search takes then.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::Value as Json;

use super::{Setting, screen};
use crate::bare::BareClient;
use crate::programs;
use crate::redis_server::RedisServer;
use crate::report::{Report, Row, Unit};
use crate::rewind::Rewind;
use crate::rounds::timed;
use crate::stats::median;
use crate::webdriver::Driver;

/// How many streams there are.
const STREAMS: usize = 100_000;
/// How many keys of another kind.
const OTHERS: usize = 100_000;
/// How many commands are sent in one go.
const BATCH: usize = 1_000;
/// How long the first of them may take, in seconds.
const MAX_FIRST_SECS: f64 = 1.0;
/// How long a search may take, in seconds: what nobody notices while typing.
const MAX_SEARCH_SECS: f64 = 0.02;
/// How long all of them may take before something must be wrong.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Between two questions.
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// How the rows are called.
const FIRST: &str = "first of 100,000 streams on screen, none found before";

/// Fills a Redis of its own, and has a Rewind that has never seen it look for streams in it.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let folder = setting.scratch.join("discovery");
    fs::create_dir_all(&folder)?;
    let redis = RedisServer::start(&programs::redis_server()?, &folder).await?;
    fill(&redis).await?;
    first_screen(setting, &redis, report).await?;

    let rewind = Rewind::start(&programs::rewind()?, &redis, &folder).await?;
    let start = Instant::now();
    let mut client = rewind.client().await?;
    let page: Json = serde_json::from_slice(&client.get("/api/catalog").await?)?;
    if page["streams"].as_array().is_none_or(Vec::is_empty) {
        bail!("the first answer has no streams in it");
    }
    let first = start.elapsed().as_secs_f64();
    let what = "first answer, none found before";
    report.add(Row::measured(what, Unit::Time, first, Some(MAX_FIRST_SECS)));
    loop {
        let page: Json = serde_json::from_slice(&client.get("/api/categories").await?)?;
        if page["discovery"]["is_complete"] == true {
            if page["discovery"]["found"] != STREAMS {
                bail!("found {} streams", page["discovery"]["found"]);
            }
            break;
        }
        if start.elapsed() > TIMEOUT {
            bail!("not all streams were found within {TIMEOUT:?}");
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
    let all = start.elapsed().as_secs_f64();
    report.add(Row::measured("all 100,000 streams found", Unit::Time, all, None));
    let searches = timed(setting.effort.pick(200, 50), async |number| {
        let path = format!("/api/catalog?search={}&limit=100", number * 37 % 1_000);
        client.get(&path).await.map(drop)
    })
    .await?;
    let p99 = searches.percentile(99)?;
    let what = "search in 100,000 streams, p99";
    report.add(Row::measured(what, Unit::Time, p99, Some(MAX_SEARCH_SECS)));
    Ok(())
}

/// Opens the page in one new browser after the other, each on a server that has just started.
async fn first_screen(setting: &Setting, redis: &RedisServer, report: &mut Report) -> Result<()> {
    let Some(chromedriver) = programs::chromedriver()? else {
        report.add(Row::skipped(FIRST, "there is no `chromedriver` on PATH"));
        return Ok(());
    };
    if !setting.rewind.has_front_end().await? {
        report.add(Row::skipped(FIRST, super::NO_FRONT_END));
        return Ok(());
    }
    let driver = Driver::start(&chromedriver, programs::chromium()?, &setting.scratch)?;
    let mut loads = Vec::new();
    for number in 0..setting.effort.pick(5, 3) {
        let folder = setting.scratch.join(format!("discovery-{number}"));
        fs::create_dir_all(&folder)?;
        let rewind = Rewind::start(&programs::rewind()?, redis, &folder).await?;
        let address = format!("http://{}/streams", rewind.address());
        loads.push(screen::cold_load(&driver, &address, "[data-testid=stream-row]").await?);
    }
    report.add(Row::measured(FIRST, Unit::Time, median(loads)?, Some(MAX_FIRST_SECS)));
    Ok(())
}

async fn fill(redis: &RedisServer) -> Result<()> {
    let mut client = BareClient::connect(redis.url()).await?;
    let mut pipeline = redis::pipe();
    for number in 0..STREAMS.max(OTHERS) {
        if number < STREAMS {
            let key = format!("aggregate:Order:{number}");
            pipeline.cmd("XADD").arg(key).arg("*").arg("type").arg("OrderCreated").ignore();
        }
        if number < OTHERS {
            pipeline.cmd("SET").arg(format!("cache:{number}")).arg("x").ignore();
        }
        if pipeline.len() >= BATCH {
            client.send(&pipeline).await?;
            pipeline.clear();
        }
    }
    if pipeline.is_empty() { Ok(()) } else { client.send(&pipeline).await }
}
