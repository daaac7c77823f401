//! The pages from which the event store is operated: each operation from its button to the audit log.

mod audit;
mod dead;
mod dialog;
mod groups;
mod links;
mod pending;
mod projections;
mod publish;
mod trim;

use redis::Value;
use rewind_tests::{TestApp, TestRedis};

use crate::browser::Browser;

const GROUP: &str = "/group?stream=events:orders&group=billing";

/// A stream of twelve payments, of which the group `billing` has given the first six to its consumer `b1`.
async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    for n in 1..=12 {
        let data = format!(r#"{{"total":{}}}"#, n * 10);
        let name = if n % 2 == 0 { "order.paid" } else { "order.created" };
        redis.add("events:orders", &format!("{n}-0"), name, &data).await;
    }
    redis.run("XGROUP CREATE events:orders billing 0").await;
    redis.run("XGROUP CREATE events:orders stats 0").await;
    redis.run("XREADGROUP GROUP billing b1 COUNT 6 STREAMS events:orders >").await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser)
}

/// Does what the dialog shows, and waits until it says what came of it.
async fn confirm(browser: &Browser, part_of_outcome: &str) {
    browser.click("[data-testid=operation-do]:enabled").await;
    browser.read("[data-testid=outcome][data-status=done]", part_of_outcome).await;
    browser.click("[data-testid=operation-done]").await;
    browser.see_none("[data-testid=operation-dialog][open]").await;
}

/// What Redis answers a command, as text: the words of a list one after the other.
async fn said(redis: &TestRedis, command: &str) -> String {
    fn text(value: &Value) -> String {
        match value {
            Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Value::SimpleString(text) => text.clone(),
            Value::Int(number) => number.to_string(),
            Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(" "),
            other => format!("{other:?}"),
        }
    }
    text(&redis.run(command).await)
}
