//! A very long stream in a browser: what comes over the wire, what stands in the document, and how smoothly it scrolls.

use anyhow::Result;

use super::Setting;
use super::tab::{self, WATCH_FRAMES};
use crate::bare::BareClient;
use crate::data;
use crate::report::{Report, Row, Unit};

/// The stream.
const STREAM: &str = "bench:browse";
/// What the answers to all that the page asks may take, in bytes.
const MAX_BYTES: f64 = 100e3;
/// How many elements the document may have at any moment.
const MAX_NODES: f64 = 2_000.0;
/// How far frames may be apart while it is scrolled through, in seconds.
const MAX_FRAME_SECS: f64 = 0.020;

/// Whether the first events are shown, and their number is told.
const IS_SHOWN: &str = "
    const grid = document.querySelector('#events');
    return Number(grid?.getAttribute('aria-rowcount') ?? 0) * document.querySelectorAll('[data-testid=event-row]').length;
";
/// Whether the chart over all of them is drawn.
const HAS_CHART: &str =
    "return document.querySelector('.histogram:not(.partial) .histogram-bar') !== null";
/// What came over the wire of data, in bytes.
const BYTES: &str = "
    return performance.getEntriesByType('resource')
        .filter((entry) => new URL(entry.name).pathname.startsWith('/api/'))
        .reduce((sum, entry) => sum + entry.transferSize, 0);
";
const NODES: &str = "return document.querySelectorAll('*').length";
/// Scrolls through all of it, in as many frames as it is told.
const SCROLL: &str = "
    const [steps] = arguments;
    const list = document.querySelector('.long-list');
    const length = list.scrollHeight - list.clientHeight;
    let step = 0;
    window.isScrolled = false;
    const next = () => {
        step += 1;
        list.scrollTop = length * step / steps;
        if (step < steps) requestAnimationFrame(next);
        else window.isScrolled = true;
    };
    requestAnimationFrame(next);
";

/// Opens it and scrolls through it.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let name = |what: &str| format!("{} events in a browser, {what}", data::MILLION);
    let Some(driver) = tab::driver(setting, report, &name("opening and scrolling")).await? else {
        return Ok(());
    };
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    data::fill_stream(&mut bare, STREAM, data::MILLION).await?;
    let mut browser = driver.browser().await?;
    let address = setting.rewind.address();
    browser.open(&format!("http://{address}/events?stream={STREAM}")).await?;
    let shown = |product: &serde_json::Value| product.as_f64() >= Some(data::MILLION as f64);
    tab::wait_for(&mut browser, IS_SHOWN, shown).await?;
    tab::wait_for(&mut browser, HAS_CHART, |has| has == true).await?;
    let bytes = tab::number(&mut browser, BYTES).await?;
    report.add(Row::measured(&name("data to open"), Unit::Size, bytes, Some(MAX_BYTES)));
    let opened = tab::number(&mut browser, NODES).await?;

    let steps = setting.effort.pick(600, 240);
    browser.evaluate(WATCH_FRAMES).await?;
    browser.evaluate_with(SCROLL, &[steps.into()]).await?;
    tab::wait_for(&mut browser, "return window.isScrolled", |is| is == true).await?;
    let frames = tab::frames(&mut browser).await?;
    let nodes = frames.nodes.max(opened);
    report.add(Row::measured(&name("elements"), Unit::Count, nodes, Some(MAX_NODES)));
    let p95 = frames.gaps.percentile(95)?;
    report.add(Row::measured(
        &name("p95 between frames in a scroll through all"),
        Unit::Time,
        p95,
        Some(MAX_FRAME_SECS),
    ));
    let work = frames.works.percentile(95)?;
    report.add(Row::measured(&name("p95 of a frame's work there"), Unit::Time, work, None));
    bare.delete(STREAM).await
}
