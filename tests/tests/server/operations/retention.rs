//! Streams that are trimmed on a schedule.

use std::time::Duration;

use rewind_domain::glob::Glob;
use rewind_domain::operations::TrimTo;
use rewind_server::config::{AccessConfig, RetentionPolicy};
use rewind_tests::{TestApp, eventually};
use serde_json::{Value, json};

use super::{STREAM, number, with_billing};

fn policy(by: TrimTo, every_secs: u64, unless_unread: bool) -> RetentionPolicy {
    let streams = vec![Glob::new("events:*")];
    RetentionPolicy { streams, by, every: Duration::from_secs(every_secs), unless_unread }
}

async fn trims(app: &TestApp) -> Vec<Value> {
    let page = app.ok("/api/audit?kind=trim").await;
    page["operations"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_somebody_has_still_to_read_stays_until_it_was_read() {
    let (redis, mut app) = with_billing().await;
    redis.add_many("other", 5).await;
    redis.run("XACK events:orders billing 1-0 2-0 3-0").await;
    // Nobody was given any permission.
    app.restart_with_access(AccessConfig { permissions: Vec::new(), ..AccessConfig::default() })
        .await;
    app.restart_with_retention(vec![policy(TrimTo::Length(4), 1, true)]).await;
    eventually("what was acknowledged goes", async || {
        (number(&redis, "XLEN events:orders").await == 17).then_some(())
    })
    .await;
    let row = trims(&app).await.remove(0);
    assert_eq!(
        (&row["who"], &row["stream"]),
        (&json!("retention policy"), &json!(STREAM)),
        "{row}"
    );
    let rule = app.ok("/api/retention").await["policies"][0].take();
    assert_eq!(
        (&rule["by"], &rule["streams_total"]),
        (&json!({ "length": 4 }), &json!(1)),
        "{rule}"
    );
    assert_eq!(rule["streams"], json!([{ "stream": STREAM, "count": 0, "is_held_back": true }]));
    redis.run("XREADGROUP GROUP billing b1 COUNT 100 STREAMS events:orders >").await;
    for n in 4..=20 {
        redis.run(&format!("XACK events:orders billing {n}-0")).await;
    }
    eventually("the rest goes", async || {
        (number(&redis, "XLEN events:orders").await == 4).then_some(())
    })
    .await;
    assert_eq!(number(&redis, "XLEN other").await, 5);
}

#[tokio::test]
async fn a_policy_that_says_so_trims_what_nobody_has_read() {
    let (redis, mut app) = with_billing().await;
    app.restart_with_retention(vec![policy(TrimTo::OlderThanMs(60_000), 3_600, false)]).await;
    eventually("all of 1970 goes", async || {
        (number(&redis, "XLEN events:orders").await == 0).then_some(())
    })
    .await;
    assert_eq!(app.ok("/api/retention").await["policies"][0]["streams"], json!([]));
}

#[tokio::test]
async fn of_several_servers_one_follows_a_policy() {
    let (redis, mut app) = with_billing().await;
    let mut other = TestApp::start(&redis).await;
    let policies = vec![policy(TrimTo::Length(4), 3_600, false)];
    tokio::join!(
        app.restart_with_retention(policies.clone()),
        other.restart_with_retention(policies)
    );
    eventually("it is trimmed", async || {
        (number(&redis, "XLEN events:orders").await == 4).then_some(())
    })
    .await;
    redis.add(STREAM, "21-0", "Late", "{}").await;
    app.stop().await;
    app.start_again().await;
    assert_eq!(trims(&app).await.len(), 1);
    assert_eq!(number(&redis, "XLEN events:orders").await, 5);
}
