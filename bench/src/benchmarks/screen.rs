//! From navigation to the first streams on screen, in a browser that has never been here.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::{Setting, tab};
use crate::report::{Report, Row, Unit};
use crate::stats::median;
use crate::webdriver::Driver;

/// How long it may take, in seconds: what people take for at once.
const MAX_SECS: f64 = 0.5;
/// How the row is called.
const WHAT: &str = "first streams on screen";
/// How long a browser that just started is left alone: it has things of its own to do.
const REST: Duration = Duration::from_secs(1);

/// What has to be on screen.
const CATEGORY: &str = "[data-testid=category]";
/// Runs in the page before its own scripts. Looks before each frame whether there is what is waited for, and takes the
/// time after the frame that has it was drawn. Times count from the beginning of the navigation.
const STOPWATCH: &str = "
    const look = () => {
        if (!document.querySelector('SELECTOR')) return requestAnimationFrame(look);
        requestAnimationFrame(() => setTimeout(() => { window.firstStreamsAt = performance.now(); }));
    };
    requestAnimationFrame(look);
";

/// Opens the page in one new browser after the other.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let Some(driver) = tab::driver(setting, report, WHAT).await? else { return Ok(()) };
    let address = format!("http://{}/streams", setting.rewind.address());
    let mut loads = Vec::new();
    for _ in 0..setting.effort.pick(5, 3) {
        let secs = cold_load(&driver, &address, CATEGORY).await?;
        println!("  a cold load: {}", Unit::Time.show(secs));
        loads.push(secs);
    }
    report.add(Row::measured(WHAT, Unit::Time, median(loads)?, Some(MAX_SECS)));
    Ok(())
}

/// How many seconds it takes a new browser to have an element that matches `selector` on screen.
pub(super) async fn cold_load(driver: &Driver, address: &str, selector: &str) -> Result<f64> {
    let mut browser = driver.browser().await?;
    tokio::time::sleep(REST).await;
    browser.run_in_new_documents(&STOPWATCH.replace("SELECTOR", selector)).await?;
    browser.open(address).await?;
    let ms =
        tab::wait_for(&mut browser, "return window.firstStreamsAt ?? null", |at| at.is_number());
    let ms = ms.await?.as_f64().context("a time")?;
    Ok(ms / 1000.0)
}
