//! Pages in files of their own: fetched ahead, or when they are opened, or not to be had.

use std::collections::BTreeSet;

use rewind_tests::{TestApp, TestRedis, eventually};

use crate::browser::Browser;
use crate::orders;

const ERROR: &str = "[data-testid=error]";
const VERSION: &str = "[data-testid=version]";
const STREAMS: &str = "/streams?category=aggregate%3AOrder%3A";
const TRAVEL: &str = "[data-key='aggregate:Order:1001'] a[href^='/travel?']";
/// How many of the program's files were fetched.
const FETCHED: &str =
    "performance.getEntriesByType('resource').filter(r => r.name.endsWith('.wasm')).length";

/// What a browser downloads at its first visit, in bytes. More is noticed on a slow line.
const MAX_FIRST_VISIT: usize = 220_000;

async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser)
}

#[tokio::test]
async fn the_first_visit_fetches_little() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let fetch = async |path: &str, encoding: &str| {
        let request = app.request(path).header("accept-encoding", encoding);
        request.send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap()
    };
    let document = fetch("/", "identity").await;
    let document = std::str::from_utf8(&document).unwrap();
    // Everything that it names is fetched at once.
    let named: BTreeSet<&str> =
        document.split('"').filter(|text| text.starts_with("/assets-")).collect();
    assert!(named.iter().any(|path| path.ends_with(".wasm")), "{document}");
    let mut total = fetch("/", "br").await.len();
    for path in named {
        total += fetch(path, "br").await.len();
    }
    assert!(total <= MAX_FIRST_VISIT, "{total} bytes; take what is new into a page of its own");
}

#[tokio::test]
async fn pages_are_fetched_before_someone_goes_to_them() {
    let (_redis, _app, browser) = start().await;
    browser.open(STREAMS).await;
    let has_all =
        "['overview', 'streams', 'events', 'travel', 'workbench', 'operating'].every(name => performance.getEntriesByType('resource')
        .some(r => r.name.endsWith(`/split_${name}.wasm`) && r.responseEnd > 0))";
    eventually("all pages are here", || async {
        (browser.evaluate(has_all).await == true).then_some(())
    })
    .await;
    let before = browser.evaluate(FETCHED).await;
    browser.click(TRAVEL).await;
    browser.read(VERSION, "5").await;
    assert_eq!(browser.evaluate(FETCHED).await, before);
    browser.close().await;
}

#[tokio::test]
async fn a_page_that_the_server_does_not_have_any_more_offers_to_reload() {
    let (_redis, _app, browser) = start().await;
    browser.block(&["*/split_travel.wasm"]).await;
    browser.open(STREAMS).await;
    browser.click(TRAVEL).await;
    browser.read(ERROR, "updated").await;
    browser.see("[data-testid=error][data-code=part_missing]").await;

    browser.evaluate("history.back()").await;
    browser.click_text("[data-testid=stream-row] a", "1001").await;
    browser.count("[data-testid=event-row]", 5).await;
    browser.evaluate("history.back()").await;
    browser.click(TRAVEL).await;
    browser.see(ERROR).await;

    browser.block(&[]).await;
    browser.click("[data-testid=reload]").await;
    browser.read(VERSION, "5").await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn a_page_that_failed_once_can_be_tried_again() {
    let (_redis, _app, browser) = start().await;
    browser.block(&["*/split_travel.wasm"]).await;
    browser.open("/travel?stream=aggregate%3AOrder%3A1001&version=3").await;
    browser.read(ERROR, "updated").await;
    browser.block(&[]).await;
    // Pages are fetched ahead as well, so this one may be here before the button is pressed.
    let press = "document.querySelector('[data-testid=error] [data-testid=try-again]')?.click()";
    browser.evaluate(press).await;
    browser.read(VERSION, "3").await;
    browser.see_none(ERROR).await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn a_page_opened_while_the_server_is_away_comes_by_itself() {
    let (_redis, _app, browser) = start().await;
    browser.block(&["*/split_workbench.wasm", "*/api/about*"]).await;
    browser.open("/fold?stream=aggregate%3AOrder%3A1001").await;
    browser.see("[data-testid=error][data-code=server_unreachable]").await;
    browser.block(&[]).await;
    browser.see("[data-testid=fold-source]").await;
    browser.see_none(ERROR).await;
    browser.close_regardless().await;
}
