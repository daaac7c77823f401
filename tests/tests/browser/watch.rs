//! Watch: new events arrive, can be held back, and survive what breaks.

use rewind_tests::{TestApp, TestRedis};

use crate::browser::Browser;
use crate::orders;

const OPEN: &str = "/events?stream=aggregate%3AOrder%3A1001";

fn state(state: &str) -> String {
    format!("[data-testid=live-status][data-state={state}]")
}

async fn add(redis: &TestRedis, n: u64) {
    redis
        .add(
            orders::ORDER,
            &format!("{}-0", 1_800_000_000_000 + n),
            "NoteAdded",
            &format!("{{\"note\":{n}}}"),
        )
        .await;
}

fn event(n: u64) -> String {
    format!("[data-testid=event-row][data-id='{}-0']", 1_800_000_000_000 + n)
}

#[tokio::test]
async fn new_events_appear_on_top_of_an_open_stream() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    browser.see(&state("live")).await;
    add(&redis, 1).await;
    browser.see(&event(1)).await;
    browser.count("[data-testid=event-row]", 6).await;
    browser.close().await;
}

#[tokio::test]
async fn paused_it_counts_and_resumed_it_shows() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    browser.see(&state("live")).await;
    browser.click("[data-testid=live-pause]").await;
    browser.see(&state("paused")).await;
    for n in 1..=3 {
        add(&redis, n).await;
    }
    browser.read("[data-testid=live-count]", "3").await;
    browser.count("[data-testid=event-row]", 5).await;
    browser.click("[data-testid=live-pause]").await;
    browser.see(&event(3)).await;
    browser.count("[data-testid=event-row]", 8).await;
    browser.close().await;
}

#[tokio::test]
async fn a_restart_of_redis_is_seen_and_survived() {
    let mut redis = TestRedis::start_persistent().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    browser.see(&state("live")).await;
    redis.kill();
    browser.see(&state("redis-down")).await;
    redis.start_again().await;
    add(&redis, 1).await;
    browser.see(&state("live")).await;
    browser.see(&event(1)).await;
    browser.count("[data-testid=event-row]", 6).await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn a_restart_of_the_server_is_seen_and_survived() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let mut app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    browser.see(&state("live")).await;
    add(&redis, 1).await;
    browser.see(&event(1)).await;
    app.stop().await;
    browser.see(&state("reconnecting")).await;
    add(&redis, 2).await;
    app.start_again().await;
    browser.see(&state("live")).await;
    browser.see(&event(2)).await;
    browser.count("[data-testid=event-row]", 7).await;
    browser.close_regardless().await;
}
