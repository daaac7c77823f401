//! Moving through versions: from a key to the frame that shows the next version.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{NO_FRONT_END, Setting};
use crate::bare::BareClient;
use crate::data;
use crate::programs;
use crate::report::{Report, Row, Unit};
use crate::stats::Samples;
use crate::webdriver::{Browser, Driver};

/// How the row is called.
const WHAT: &str = "moving by one version of 10,000, p95 of a frame's work";
/// How long all that a move needs may take, in seconds: what a screen of 60 Hz leaves for it.
const MAX_SECS: f64 = 0.016;
/// The aggregate that is travelled through.
const STREAM: &str = "aggregate:Bench:travel";
/// How many events it has.
const EVENTS: usize = 10_000;
/// Where to stand: in the middle, so that the window reaches both ways.
const VERSION: usize = 5_000;
/// How far to go before turning: not out of the window.
const REACH: usize = 40;
/// How long to wait before something must be wrong.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Between two looks at a page.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Presses an arrow key at the beginning of a frame, and takes the time until that frame is drawn, again and again.
const MOVES: &str = "
    const [reach, turns] = arguments;
    window.moves = null;
    (async () => {
        const frame = () => new Promise(requestAnimationFrame);
        const drawn = () => new Promise((done) => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = done;
            port2.postMessage(null);
        });
        const samples = [];
        for (let turn = 0; turn < turns; turn++) {
            for (let step = 0; step < reach; step++) {
                await frame();
                const start = performance.now();
                const key = turn % 2 ? 'ArrowLeft' : 'ArrowRight';
                document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
                await drawn();
                samples.push(performance.now() - start);
            }
        }
        window.moves = samples;
    })();
";

/// Where the page says which version it shows.
const SHOWN: &str = "return document.querySelector('[data-testid=version]')?.textContent ?? null";

/// Goes back and forth in a browser.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    if !setting.rewind.has_front_end().await? {
        report.add(Row::skipped(WHAT, NO_FRONT_END));
        return Ok(());
    }
    let Some(chromedriver) = programs::chromedriver()? else {
        report.add(Row::skipped(WHAT, "there is no `chromedriver` on PATH"));
        return Ok(());
    };
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    data::fill_stream(&mut bare, STREAM, EVENTS).await?;
    let driver = Driver::start(&chromedriver, programs::chromium()?, &setting.scratch)?;
    let mut browser = driver.browser().await?;
    let address = setting.rewind.address();
    browser.open(&format!("http://{address}/travel?stream={STREAM}&version={VERSION}")).await?;
    wait_for(&mut browser, SHOWN, |shown| shown == VERSION.to_string().as_str()).await?;

    let turns = setting.effort.pick(20, 4);
    browser.evaluate_with(MOVES, &[REACH.into(), (2 * turns).into()]).await?;
    let moves = wait_for(&mut browser, "return window.moves", |moves| !moves.is_null()).await?;
    let moves: Vec<f64> = serde_json::from_value(moves).context("moves are numbers")?;
    let shown = browser.evaluate(SHOWN).await?;
    if shown != VERSION.to_string().as_str() {
        bail!("after going back and forth the page shows version {shown}");
    }
    let samples: Samples =
        moves.into_iter().map(|ms| Duration::from_secs_f64(ms / 1000.0)).collect();
    report.add(Row::measured(WHAT, Unit::Time, samples.percentile(95)?, Some(MAX_SECS)));
    bare.delete(STREAM).await
}

async fn wait_for(
    browser: &mut Browser,
    script: &str,
    is_there: impl Fn(&serde_json::Value) -> bool,
) -> Result<serde_json::Value> {
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline {
        let value = browser.evaluate(script).await?;
        if is_there(&value) {
            return Ok(value);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    bail!("`{script}` did not come to what it should within {TIMEOUT:?}")
}
