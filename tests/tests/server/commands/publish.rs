//! `rewind publish`

use rewind_tests::TestRedis;
use serde_json::json;

use super::{run, run_at, run_with};

async fn length(redis: &TestRedis, stream: &str) -> i64 {
    redis::from_redis_value(redis.run(&format!("XLEN {stream}")).await).unwrap()
}

#[tokio::test]
async fn an_event_is_published_from_the_command_line() {
    let redis = TestRedis::start().await;
    let data = r#"{"total":49.90}"#;
    let ran = run(
        &redis,
        &["publish", "events:orders", "--type", "order.created", "--data", data, "--user", "ada"],
    );
    assert_eq!(ran.status, 0, "{}", ran.error);
    assert_eq!(ran.lines()[0]["stream"], json!("events:orders"));
    let stored = redis.run("XRANGE events:orders - +").await;
    let stored = format!("{stored:?}");
    assert!(stored.contains("49.90") && stored.contains("user_id"), "{stored}");
}

#[tokio::test]
async fn lines_of_input_are_one_batch() {
    let redis = TestRedis::start().await;
    let good = "{\"type\":\"a\",\"data\":{\"n\":1}}\n{\"fields\":{\"k\":\"v\"}}\n";
    let ran = run_with(&redis, &["publish", "s"], good);
    assert_eq!((ran.status, ran.lines().len()), (0, 2), "{}", ran.error);
    // The first line of it is fine, and is not published.
    let ran = run_with(&redis, &["publish", "s"], "{\"type\":\"a\"}\n{\"tipe\":\"b\"}\n");
    assert_eq!(ran.status, 2);
    assert!(ran.error.contains("line 2 of the input"), "{}", ran.error);
    assert_eq!(length(&redis, "s").await, 2);
}

#[tokio::test]
async fn a_dry_run_publishes_nothing() {
    let redis = TestRedis::start().await;
    let ran = run(&redis, &["publish", "s", "--type", "a", "--dry-run"]);
    assert_eq!(ran.status, 0, "{}", ran.error);
    assert_eq!(length(&redis, "s").await, 0);
}

#[tokio::test]
async fn a_script_tells_failures_apart_by_the_exit_status() {
    let redis = TestRedis::start().await;
    redis.run("SET text x").await;
    assert_eq!(run(&redis, &["publish", "text", "--type", "a"]).status, 1);
    assert_eq!(run(&redis, &["publish", "s", "--type", "a", "--data", "{"]).status, 2);
    assert_eq!(run_at("redis://127.0.0.1:1", &["publish", "s", "--type", "a"], "").status, 5);
}

#[tokio::test]
async fn the_same_key_publishes_once() {
    let redis = TestRedis::start().await;
    let arguments = ["publish", "s", "--type", "a", "--idempotency-key", "k"];
    let first = run(&redis, &arguments);
    assert_eq!(first.status, 0, "{}", first.error);
    assert_eq!(run(&redis, &arguments).out, first.out);
    assert_eq!(length(&redis, "s").await, 1);
}

#[tokio::test]
async fn a_stream_is_kept_short_while_it_is_published_to() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 50).await;
    let ran = run(&redis, &["publish", "s", "--type", "a", "--max-len", "10", "--exact"]);
    assert_eq!(ran.status, 0, "{}", ran.error);
    assert_eq!(length(&redis, "s").await, 10);
}
