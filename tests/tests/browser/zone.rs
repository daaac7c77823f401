//! Times: in the zone that was chosen wherever they are shown and read, and on the clock of the server.

use rewind_tests::{TestApp, TestRedis};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

const ZONE: &str = "[data-testid=zone]";
const ROW: &str = "[data-testid=event-row]";
const FILTER: &str = "[data-testid=filter]";

async fn start_in(redis: &TestRedis, zone: &str) -> (TestApp, Browser) {
    let app = TestApp::start(redis).await;
    let browser = Browser::start(&app).await;
    browser.be_in_zone(zone).await;
    browser.open("/streams").await;
    browser.read(ZONE, "UTC").await;
    browser.click(ZONE).await;
    browser.read(ZONE, "Local").await;
    (app, browser)
}

#[tokio::test]
async fn every_page_shows_times_in_the_local_zone_and_names_it() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let (_app, browser) = start_in(&redis, "Asia/Kolkata").await;
    // 2024-01-25T12:20:00Z, and the version after it a minute later.
    let shown = "2024-01-25 17:50:00.000 UTC+05:30";
    let title = "document.querySelector('.zone-switch').title";
    assert!(browser.evaluate(title).await.as_str().unwrap().contains("Asia/"));
    browser.open("/events?stream=aggregate:Order:1001&event=1706185200000-0").await;
    browser.read("[data-testid=event-detail] time", shown).await;
    browser.read(&format!("{ROW} time"), "2024-01-25 17:50:00.000").await;
    browser.read(".event-head", "Local").await;
    browser.open("/travel?stream=aggregate:Order:1001&version=1").await;
    browser.read(".facts-time", shown).await;
    let text = "document.querySelector('[data-testid=timeline-track]').ariaValueText";
    assert!(browser.evaluate(text).await.as_str().unwrap().contains(shown));
    browser.open("/fold?stream=aggregate:Order:1001&version=1").await;
    browser.read(".bench-event-time", shown).await;
    // What is old does not pass for today's.
    browser.open("/").await;
    browser.read("[data-testid=newest] time", "2024-01-26 17:50:00.000").await;
    browser.read("[data-testid=newest-zone]", "Asia/").await;
    let titles = "[...document.querySelectorAll('[title], [aria-valuetext]')].map(e => e.title + e.ariaValueText).filter(t => / UTC(?![+-])/.test(t) && !/zone/.test(t))";
    assert_eq!(browser.evaluate(titles).await, serde_json::json!([]));
    browser.close().await;
}

#[tokio::test]
async fn what_is_typed_is_read_in_the_zone_and_linked_in_utc() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let (_app, browser) = start_in(&redis, "Asia/Kolkata").await;
    browser.open("/travel?stream=aggregate:Order:1001&version=5").await;
    browser.fill("[data-testid=version-input]", "2024-01-25 17:51").await;
    browser.press(Key::Enter + "").await;
    browser.read("[data-testid=version]", "2").await;
    browser.open("/events?stream=aggregate:Order:1001").await;
    browser.count(ROW, 5).await;
    browser.fill(FILTER, "time:2024-01-25T17:51").await;
    browser.press(Key::Enter + "").await;
    browser.count(ROW, 1).await;
    browser.see("[data-id='1706185260000-0']").await;
    assert!(browser.at("filter=").await.contains("time:2024-01-25T12:21Z"));
    browser.read("[data-testid=filter-chip]", "time:2024-01-25T17:51+05:30").await;
    // The same link is the same for those who look at UTC.
    browser.click(ZONE).await;
    browser.read("[data-testid=filter-chip]", "time:2024-01-25T12:21Z").await;
    browser.count(ROW, 1).await;
    browser.close().await;
}

#[tokio::test]
async fn an_hour_that_was_twice_or_never_is_said() {
    let redis = TestRedis::start().await;
    // Half past two, in summer time and an hour later in winter time.
    for id in ["1729989000000-0", "1729992600000-0"] {
        redis.add("aggregate:Order:1", id, "OrderPaid", "{}").await;
    }
    let (_app, browser) = start_in(&redis, "Europe/Berlin").await;
    browser.open("/events?stream=aggregate:Order:1").await;
    browser.read(&format!("{ROW} time"), "02:30:00.000 UTC+02:00").await;
    browser.read(&format!("{ROW} time"), "02:30:00.000 UTC+01:00").await;
    browser.fill(FILTER, "time:2024-10-27T02:30").await;
    browser.press(Key::Enter + "").await;
    browser.read(".filter-box", "was twice").await;
    browser.fill(FILTER, "time:2024-10-27T02:30+01:00").await;
    browser.press(Key::Enter + "").await;
    browser.count(ROW, 1).await;
    browser.see("[data-id='1729992600000-0']").await;
    browser.open("/travel?stream=aggregate:Order:1").await;
    browser.fill("[data-testid=version-input]", "2024-03-31 02:30").await;
    browser.press(Key::Enter + "").await;
    browser.read("[data-testid=place-problem]", "does not exist").await;
    browser.close().await;
}

#[tokio::test]
async fn what_is_new_is_of_now_however_wrong_the_clock_of_the_browser_is() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser
        .run_in_new_documents(
            "const now = Date.now.bind(Date); Date.now = () => now() - 3_600_000;",
        )
        .await;
    redis.add(orders::ORDER, "*", "OrderReturned", "{}").await;
    browser.open("/events?stream=aggregate:Order:1001").await;
    browser.count(ROW, 6).await;
    let title = "document.querySelector('[data-testid=event-row] time').title";
    rewind_tests::eventually("the newest event is of now", || async {
        let title = browser.evaluate(title).await;
        let title = title.as_str()?.to_owned();
        (title.contains("just now") || title.contains(" s ago")).then_some(())
    })
    .await;
    // Seconds pass by themselves.
    rewind_tests::eventually("its age grows", || async {
        let title = browser.evaluate(title).await;
        title.as_str()?.contains(" s ago").then_some(())
    })
    .await;
    browser.close().await;
}
