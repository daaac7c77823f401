//! More than one search finds at a time: every event that was found can be reached.

use rewind_tests::{TestApp, TestRedis, eventually};
use thirtyfour::prelude::*;

use crate::browser::Browser;

const COVERAGE: &str = "[data-testid=coverage]";
const GO_ON: &str = "[data-testid=find-continue]";
const ROW: &str = "[data-testid=event-row]";
const TO_END: &str = "document.querySelector('.long-list').scrollTo(0, 1e9)";

fn stage(stage: &str) -> String {
    format!("{COVERAGE}[data-state={stage}]")
}

/// Two streams with 700 and 600 events, more than two parts of a search.
async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    redis.add_many("many:a", 700).await;
    redis.add_many("many:b", 600).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser)
}

/// Scrolls to the end until an event is there: what is found on the way makes the list longer.
async fn scroll_to(browser: &Browser, id: &str) {
    eventually(&format!("the list ends with {id}"), || async {
        browser.evaluate(TO_END).await;
        let script = format!("document.querySelector(\"{ROW}[data-id='{id}']\") !== null");
        (browser.evaluate(&script).await == true).then_some(())
    })
    .await;
}

#[tokio::test]
async fn all_events_are_reached_by_the_button_and_by_scrolling_in_every_kind_of_list_and_order() {
    let (_redis, _app, browser) = start().await;
    for (list, total) in [
        ("category=many", "1,300"),
        ("all=1", "1,300"),
        ("stream=many:a&stream=many:b", "1,300"),
        ("stream=many:a&filter=type%3ACounted", "700"),
        ("category=many&filter=data.n%3E0", "1,300"),
    ] {
        for (order, last) in [("asc", "700-0"), ("desc", "1-0")] {
            browser.open(&format!("/events?{list}&order={order}")).await;
            browser.see(&stage("resting")).await;
            browser.read(COVERAGE, "; 500 found").await;
            if total == "1,300" {
                browser.click(GO_ON).await;
                browser.read(COVERAGE, "; 1,000 found").await;
                browser.see(&stage("resting")).await;
            }
            scroll_to(&browser, last).await;
            browser.see(&stage("finished")).await;
            browser.read(COVERAGE, &format!("; {total} found")).await;
            browser.see_none("[data-testid=error]").await;
        }
    }
    browser.close().await;
}

#[tokio::test]
async fn a_search_goes_on_after_another_filter_and_after_going_back() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?category=many").await;
    browser.click(GO_ON).await;
    browser.read(COVERAGE, "; 1,000 found").await;
    browser.see("[data-testid=filter]").await.send_keys("data.n>50").await.unwrap();
    browser.press(Key::Escape + "").await;
    browser.press(Key::Enter + "").await;
    browser.at("filter=").await;
    browser.read(COVERAGE, "; 500 found").await;
    browser.click(GO_ON).await;
    browser.read(COVERAGE, "; 1,000 found").await;
    browser.evaluate("history.back()").await;
    browser.see_none("[data-testid=filter-chip]").await;
    browser.read(COVERAGE, "; 500 found").await;
    browser.click(GO_ON).await;
    browser.read(COVERAGE, "; 1,000 found").await;
    browser.click(GO_ON).await;
    browser.read(COVERAGE, "; 1,300 found").await;
    browser.see(&stage("finished")).await;
    browser.close().await;
}

#[tokio::test]
async fn a_search_that_was_held_goes_on_and_finds_each_event_once() {
    let redis = TestRedis::start().await;
    redis.add_many("long", 1_500).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    // Enough work for each event that the search can be held on its way.
    let filter = "%3D(()%3D%3E%7Blet+n%3D0;for(let+i%3D0;i%3C20000;i%2B%2B)n%2B%3Di;return+event.data.n%2510%3D%3D0%26%26n%3E0%7D)()";
    browser.open(&format!("/events?stream=long&filter={filter}")).await;
    browser.see(ROW).await;
    browser.click("[data-testid=find-pause]").await;
    browser.see(&stage("resting")).await;
    let focused = "document.activeElement.dataset.testid";
    assert_eq!(
        browser.evaluate(focused).await,
        "find-continue",
        "the keyboard stays at the button"
    );
    browser.click(GO_ON).await;
    browser.see(&stage("finished")).await;
    browser.read(COVERAGE, "; 150 found").await;
    browser.close().await;
}
