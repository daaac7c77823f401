//! A page in a browser.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::{NO_FRONT_END, Setting};
use crate::programs;
use crate::report::{Report, Row};
use crate::stats::Samples;
use crate::webdriver::{Browser, Driver};

/// How long to wait before something must be wrong.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Between two looks at a page.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Notes how long each frame's work takes, from its beginning until it was drawn, how far frames are apart, and how many elements there
/// are at the most: in `window.frames`, until `window.frames.done`.
pub(super) const WATCH_FRAMES: &str = "
    const frames = window.frames = { works: [], gaps: [], nodes: 0, done: false };
    const channel = new MessageChannel();
    let begun = 0;
    let before = null;
    channel.port1.onmessage = () => frames.works.push(performance.now() - begun);
    const next = (now) => {
        if (frames.done) return;
        if (before !== null) frames.gaps.push(now - before);
        before = now;
        begun = performance.now();
        channel.port2.postMessage(null);
        if (frames.gaps.length % 10 === 0) {
            frames.nodes = Math.max(frames.nodes, document.querySelectorAll('*').length);
        }
        requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
";

/// What [`WATCH_FRAMES`] noted.
pub(super) struct Frames {
    /// How long the work of each frame took.
    pub(super) works: Samples,
    /// How far frames were apart.
    pub(super) gaps: Samples,
    /// How many elements there were at the most.
    pub(super) nodes: f64,
}

/// The browsers to measure in; `None` if there are none, which the report then says.
pub(super) async fn driver(
    setting: &Setting,
    report: &mut Report,
    what: &str,
) -> Result<Option<Driver>> {
    if !setting.rewind.has_front_end().await? {
        report.add(Row::skipped(what, NO_FRONT_END));
        return Ok(None);
    }
    let Some(chromedriver) = programs::chromedriver()? else {
        report.add(Row::skipped(what, "there is no `chromedriver` on PATH"));
        return Ok(None);
    };
    Driver::start(&chromedriver, programs::chromium()?, &setting.scratch).map(Some)
}

/// Asks the page again and again until it answers with what is waited for.
pub(super) async fn wait_for(
    browser: &mut Browser,
    script: &str,
    is_there: impl Fn(&Value) -> bool,
) -> Result<Value> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let value = browser.evaluate(script).await?;
        if is_there(&value) {
            return Ok(value);
        }
        if Instant::now() > deadline {
            bail!("`{script}` came to {value} and not to what it should within {TIMEOUT:?}");
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// A number that the page has.
pub(super) async fn number(browser: &mut Browser, script: &str) -> Result<f64> {
    let value = browser.evaluate(script).await?;
    value.as_f64().with_context(|| format!("`{script}` is {value}, and no number"))
}

/// Ends watching frames.
pub(super) async fn frames(browser: &mut Browser) -> Result<Frames> {
    let noted = browser.evaluate("window.frames.done = true; return window.frames").await?;
    let samples = |name: &str| {
        let all: Vec<f64> = serde_json::from_value(noted[name].clone()).context("times")?;
        Ok::<Samples, anyhow::Error>(samples_of_ms(&all))
    };
    let nodes = noted["nodes"].as_f64().context("a number of elements")?;
    Ok(Frames { works: samples("works")?, gaps: samples("gaps")?, nodes })
}

/// Milliseconds as samples.
pub(super) fn samples_of_ms(all: &[f64]) -> Samples {
    all.iter().map(|ms| Duration::from_secs_f64(ms.max(0.0) / 1000.0)).collect()
}
