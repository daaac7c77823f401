//! Redis goes away and comes back: every page says so, and goes on by itself.

use rewind_tests::{TestApp, TestRedis};

use crate::browser::Browser;
use crate::orders;

const UP: &str = "[data-testid=connection][data-state=up]";
const AWAY: &str = "[data-testid=connection][data-state=redis-away]";
const ROW: &str = "[data-testid=event-row]";

#[tokio::test]
async fn every_page_says_that_redis_is_away_and_goes_on_once_it_is_back() {
    let mut redis = TestRedis::start_persistent().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    for (path, content) in [
        ("/", "[data-testid=newest]"),
        ("/streams", "[data-testid=stream-row]"),
        ("/events?stream=aggregate:Order:1001", ROW),
        (
            "/events?stream=aggregate:Order:1001&event=1706185200000-0",
            "[data-testid=event-detail] h2",
        ),
        ("/events?all=1", ROW),
        ("/travel?stream=aggregate:Order:1001", "[data-testid=tree-row]"),
        ("/fold?stream=aggregate:Order:1001", ".bench-event-time"),
    ] {
        browser.open(path).await;
        browser.see(UP).await;
        browser.see(content).await;
        redis.kill();
        browser.see(AWAY).await;
        browser.read("[data-testid=connection]", "not reachable").await;
        redis.start_again().await;
        browser.see(UP).await;
        browser.see(content).await;
        browser.see_none("[data-testid=error]").await;
    }
    browser.close_regardless().await;
}

#[tokio::test]
async fn every_page_that_is_opened_while_redis_is_away_comes_by_itself() {
    let mut redis = TestRedis::start_persistent().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    for (path, content) in [
        ("/events?all=1", ROW),
        ("/events?stream=aggregate:Order:1001&filter=type:OrderPaid", ROW),
        (
            "/events?stream=aggregate:Order:1001&event=1706185200000-0",
            "[data-testid=event-detail] h2",
        ),
        ("/travel?stream=aggregate:Order:1001&pane=history&path=/total", "[data-testid=tree-row]"),
        ("/fold?stream=aggregate:Order:1001", ".bench-event-time"),
    ] {
        redis.kill();
        browser.open(path).await;
        browser.see(AWAY).await;
        redis.start_again().await;
        browser.see(content).await;
        browser.see_none("[data-testid=error]").await;
        browser.see(UP).await;
    }
    browser.close_regardless().await;
}

#[tokio::test]
async fn figures_that_are_not_of_now_say_of_when_they_are() {
    let mut redis = TestRedis::start_persistent().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/").await;
    browser.see("[data-testid=newest]").await;
    browser.see_none("[data-testid=stale]").await;
    redis.kill();
    browser.read("[data-testid=stale]", "as of 20").await;
    browser.see("[data-testid=newest]").await;
    redis.start_again().await;
    browser.see_none("[data-testid=stale]").await;
    browser.close_regardless().await;
}
