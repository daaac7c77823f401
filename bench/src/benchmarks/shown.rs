//! Live events on the page: how soon each stands in the document, and whether many at once leave it smooth.

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, ensure};

use super::Setting;
use super::tab::{self, WATCH_FRAMES};
use crate::bare::BareClient;
use crate::data::{self, Random};
use crate::report::{Report, Row, Unit};
use crate::webdriver::Driver;

/// The stream of single events.
const STREAM: &str = "bench:shown";
/// The stream of many.
const BURST_STREAM: &str = "bench:burst";
/// Between two events: more than a few frames, so that each is shown by itself.
const PACE: Duration = Duration::from_millis(70);
/// How much later than it is added an event may stand on the page, in seconds.
const MAX_P95_SECS: f64 = 0.050;
/// How many events a second make a burst.
const BURST_A_SECOND: usize = 5_000;
/// How many of them are added at a time, and how often.
const BATCH: usize = 100;
const BATCH_PACE: Duration = Duration::from_millis(20);
/// What the work of a frame may take meanwhile, in seconds: what a screen of 60 Hz leaves for it.
const MAX_WORK_SECS: f64 = 0.016;
/// How many elements the document may have at any moment.
const MAX_NODES: f64 = 2_000.0;

/// Notes when each event came to stand in the document, as Unix milliseconds.
const WATCH_ROWS: &str = "
    window.shown = {};
    const note = () => {
        const now = performance.timeOrigin + performance.now();
        for (const row of document.querySelectorAll('[data-testid=event-row]')) {
            window.shown[row.dataset.id] ??= now;
        }
    };
    note();
    new MutationObserver(note).observe(document.body, { childList: true, subtree: true, characterData: true });
";
const IS_LIVE: &str =
    "return document.querySelector('[data-testid=live-status]')?.dataset.state === 'live'";
/// How many rows the list has.
const ROWS: &str =
    "return Number(document.querySelector('#events')?.getAttribute('aria-rowcount') ?? 0)";

/// Measures both.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let what = "live event to the page";
    let Some(driver) = tab::driver(setting, report, what).await? else { return Ok(()) };
    single(setting, &driver, report).await?;
    burst(setting, &driver, report).await
}

/// Events one by one.
async fn single(setting: &Setting, driver: &Driver, report: &mut Report) -> Result<()> {
    let mut publisher = BareClient::connect(setting.redis.url()).await?;
    let mut browser = open(setting, driver, &mut publisher, STREAM).await?;
    browser.evaluate(WATCH_ROWS).await?;
    let mut random = Random::default();
    let mut added = Vec::new();
    for _ in 0..setting.effort.pick(300, 80) {
        tokio::time::sleep(PACE).await;
        let payload = data::payload(&mut random);
        let begun = SystemTime::now();
        let id = publisher.add(STREAM, &[("type", "Measured"), ("data", &payload)]).await?;
        added.push((id, begun));
    }
    let last = added.last().context("events were added")?.0.clone();
    let is_shown = format!("return window.shown['{last}'] !== undefined");
    tab::wait_for(&mut browser, &is_shown, |is| is == true).await?;
    let shown = browser.evaluate("return window.shown").await?;
    let mut delays = Vec::with_capacity(added.len());
    for (id, begun) in added {
        let begun = begun.duration_since(SystemTime::UNIX_EPOCH)?.as_secs_f64() * 1000.0;
        let at =
            shown[&id].as_f64().with_context(|| format!("event {id} never was on the page"))?;
        delays.push(at - begun);
    }
    let delays = tab::samples_of_ms(&delays);
    report.add(Row::measured("XADD to the page, p50", Unit::Time, delays.percentile(50)?, None));
    let p95 = delays.percentile(95)?;
    report.add(Row::measured("XADD to the page, p95", Unit::Time, p95, Some(MAX_P95_SECS)));
    publisher.delete(STREAM).await
}

/// Many events for some seconds.
async fn burst(setting: &Setting, driver: &Driver, report: &mut Report) -> Result<()> {
    let mut publisher = BareClient::connect(setting.redis.url()).await?;
    let mut browser = open(setting, driver, &mut publisher, BURST_STREAM).await?;
    let before = tab::number(&mut browser, ROWS).await?;
    browser.evaluate(WATCH_FRAMES).await?;
    let seconds = setting.effort.pick(10, 4);
    let mut random = Random::default();
    let mut pace = tokio::time::interval(BATCH_PACE);
    for _ in 0..seconds * BURST_A_SECOND / BATCH {
        pace.tick().await;
        let mut pipeline = redis::pipe();
        for _ in 0..BATCH {
            let payload = data::payload(&mut random);
            pipeline.cmd("XADD").arg(BURST_STREAM).arg("*").arg("type").arg("Measured");
            pipeline.arg("data").arg(payload).ignore();
        }
        publisher.send(&pipeline).await?;
    }
    let all = before + (seconds * BURST_A_SECOND) as f64;
    tab::wait_for(&mut browser, ROWS, |rows| rows.as_f64() >= Some(all)).await?;
    let frames = tab::frames(&mut browser).await?;
    let rows = tab::number(&mut browser, ROWS).await?;
    ensure!(rows == all, "the page has {rows} of {all} events");
    let name = |what: &str| format!("{BURST_A_SECOND} live events a second on the page, {what}");
    let work = frames.works.percentile(95)?;
    let most = Some(MAX_WORK_SECS);
    report.add(Row::measured(&name("p95 of a frame's work"), Unit::Time, work, most));
    let gap = frames.gaps.percentile(95)?;
    report.add(Row::measured(&name("p95 between frames"), Unit::Time, gap, None));
    report.add(Row::measured(&name("elements"), Unit::Count, frames.nodes, Some(MAX_NODES)));
    publisher.delete(BURST_STREAM).await
}

/// A browser that watches a stream which has an event.
async fn open(
    setting: &Setting,
    driver: &Driver,
    publisher: &mut BareClient,
    stream: &str,
) -> Result<crate::webdriver::Browser> {
    publisher.add(stream, &[("type", "First"), ("data", "{}")]).await?;
    let mut browser = driver.browser().await?;
    browser.open(&format!("http://{}/events?stream={stream}", setting.rewind.address())).await?;
    tab::wait_for(&mut browser, IS_LIVE, |is| is == true).await?;
    tab::wait_for(&mut browser, ROWS, |rows| rows == 1).await?;
    Ok(browser)
}
