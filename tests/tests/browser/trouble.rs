//! Trouble: what is missing, wrong or away is said on the page, and recovers where it can.

use rewind_tests::{TestApp, TestRedis};

use crate::browser::Browser;
use crate::orders;

const ERROR: &str = "[data-testid=error]";

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let redis = TestRedis::start().await;
    redis.run("SET text x").await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=aggregate%3AOrder%3A9").await;
    browser.read(ERROR, "aggregate:Order:9").await;
    browser.open("/travel?stream=text").await;
    browser.read(ERROR, "something else than a stream").await;
    browser.open("/travel?stream=aggregate%3AOrder%3A1001&version=99").await;
    browser.read(ERROR, "latest is 5").await;
    browser.open("/events?stream=aggregate%3AOrder%3A1001&event=1-0").await;
    browser.read("[data-testid=event-detail]", "not there any more").await;
    browser.open("/no/such/page").await;
    browser.see("[data-testid=not-found]").await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn a_page_opened_while_redis_is_away_comes_by_itself() {
    let mut redis = TestRedis::start_persistent().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    redis.kill();
    browser.open("/events?stream=aggregate%3AOrder%3A1001").await;
    browser.read(ERROR, "not available").await;
    redis.start_again().await;
    browser.count("[data-testid=event-row]", 5).await;
    browser.see_none(ERROR).await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn an_empty_redis_is_explained() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/streams").await;
    browser.read("main", "No streams").await;
    browser.close().await;
}
