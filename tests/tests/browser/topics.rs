//! Aggregates in topics, from the list of streams to their versions.

use rewind_domain::aggregate_pattern::AggregatePatterns;
use rewind_server::config::FoldConfig;
use rewind_tests::{TestApp, TestRedis};
use serde_json::json;

use crate::browser::Browser;

const RULE: [&str; 3] = ["Order", "events:orders", "data.order_id"];

/// Three orders, whose events take turns.
async fn add_orders(redis: &TestRedis) {
    for n in 0..9_u64 {
        let order = ["1001", "1002", "1003"][usize::try_from(n % 3).unwrap()];
        let event_type =
            ["OrderCreated", "OrderPaid", "OrderShipped"][usize::try_from(n / 3).unwrap()];
        let data = json!({"order_id": order, "status": event_type, "n": n}).to_string();
        let id = format!("{}-0", 1_706_185_200_000 + n * 60_000);
        redis.add("events:orders", &id, event_type, &data).await;
    }
}

#[tokio::test]
async fn an_aggregate_in_a_topic_is_found_opened_and_travelled_through() {
    let redis = TestRedis::start().await;
    add_orders(&redis).await;
    let app = TestApp::start_with_topics(&redis, FoldConfig::default(), &[RULE], None).await;
    let browser = Browser::start(&app).await;

    browser.open("/streams?category=events%3Aorders%23Order%3A").await;
    browser.see("[data-testid=stream-row]").await;
    browser.click("[data-key='events:orders#Order:1002'] [data-testid=stream-link]").await;
    browser.read("[data-testid=in-topic]", "in events:orders by data.order_id").await;
    browser.count("[data-testid=event-row]", 3).await;

    browser.click("[data-testid=lens-travel]").await;
    browser.read("[data-testid=version]", "3").await;
    browser.click("[data-testid=topic-stream]").await;
    browser.count("[data-testid=event-row]", 9).await;
    browser.click("[data-testid=topic-aggregates]").await;
    browser.count("[data-testid=stream-row]", 3).await;
    browser.close().await;
}

#[tokio::test]
async fn an_event_of_a_topic_leads_to_the_aggregate_at_its_version() {
    let redis = TestRedis::start().await;
    add_orders(&redis).await;
    let app = TestApp::start_with_topics(&redis, FoldConfig::default(), &[RULE], None).await;
    let browser = Browser::start(&app).await;

    browser.open("/events?stream=events%3Aorders&event=1706185440000-0").await;
    browser.read("[data-testid=topic-aggregates]", "Order aggregates").await;
    browser.read("[data-testid=about-aggregate]", "1002").await;
    browser.click("[data-testid=about-aggregate]").await;
    browser.read("[data-testid=in-topic]", "in events:orders by data.order_id").await;
    browser.read("[data-testid=version]", "2").await;
    browser.close().await;
}

#[tokio::test]
async fn what_a_stream_is_follows_the_patterns_of_the_server() {
    let redis = TestRedis::start().await;
    for stream in ["Order-1001", "aggregate:Order:1"] {
        redis.add(stream, "1-0", "OrderCreated", "{}").await;
    }
    let mut app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=Order-1001").await;
    browser.read("[data-testid=stream-kind]", "topic").await;
    browser.open("/events?stream=aggregate:Order:1").await;
    browser.read("[data-testid=stream-kind]", "aggregate").await;

    let pattern = "{type}-{id}".parse().unwrap();
    app.restart_with_aggregates(AggregatePatterns::new(vec![pattern])).await;
    browser.open("/events?stream=Order-1001").await;
    browser.read("[data-testid=stream-kind]", "aggregate").await;
    browser.open("/events?stream=aggregate:Order:1").await;
    browser.read("[data-testid=stream-kind]", "topic").await;
    browser.close_regardless().await;
}
