//! Moving through versions: from a key to the frame that shows the next version.

use anyhow::{Context as _, Result, bail};

use super::{Setting, tab};
use crate::bare::BareClient;
use crate::data;
use crate::report::{Report, Row, Unit};

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
    let Some(driver) = tab::driver(setting, report, WHAT).await? else { return Ok(()) };
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    data::fill_stream(&mut bare, STREAM, EVENTS).await?;
    let mut browser = driver.browser().await?;
    let address = setting.rewind.address();
    browser.open(&format!("http://{address}/travel?stream={STREAM}&version={VERSION}")).await?;
    tab::wait_for(&mut browser, SHOWN, |shown| shown == VERSION.to_string().as_str()).await?;

    let turns = setting.effort.pick(20, 4);
    browser.evaluate_with(MOVES, &[REACH.into(), (2 * turns).into()]).await?;
    let moves =
        tab::wait_for(&mut browser, "return window.moves", |moves| !moves.is_null()).await?;
    let moves: Vec<f64> = serde_json::from_value(moves).context("moves are numbers")?;
    let shown = browser.evaluate(SHOWN).await?;
    if shown != VERSION.to_string().as_str() {
        bail!("after going back and forth the page shows version {shown}");
    }
    let p95 = tab::samples_of_ms(&moves).percentile(95)?;
    report.add(Row::measured(WHAT, Unit::Time, p95, Some(MAX_SECS)));
    bare.delete(STREAM).await
}
