//! Trimming, and deleting entries and streams.

use serde_json::{Value, json};

use super::{STREAM, done, number, preview, refused, with_billing};

fn trim(by: Value) -> Value {
    json!({ "kind": "trim", "stream": STREAM, "by": by })
}

#[tokio::test]
async fn a_trim_says_who_loses_what_and_removes_exactly_that() {
    let (redis, app) = with_billing().await;
    let (seen, outcome) = done(&app, trim(json!({ "length": 8 }))).await;
    assert_eq!((&seen["count"], &outcome["done"]), (&json!(12), &json!(12)));
    let loss = |kind: &str, count: u64| json!({ "thing": { "group": "billing" }, "kind": kind, "count": count });
    assert_eq!(seen["effects"], json!([loss("loses_unread", 2), loss("loses_pending", 10)]));
    assert_eq!(number(&redis, "XLEN events:orders").await, 8);
}

#[tokio::test]
async fn a_trim_goes_by_id_by_age_and_by_what_every_group_has_acknowledged() {
    let (redis, app) = with_billing().await;
    redis.run("XACK events:orders billing 1-0 2-0 3-0").await;
    let (seen, _) = done(&app, trim(json!("acknowledged"))).await;
    assert_eq!((&seen["count"], &seen["effects"]), (&json!(3), &Value::Null));
    let (seen, _) = done(&app, trim(json!({ "before": "6-0" }))).await;
    assert_eq!(seen["count"], 2);
    // They are of the year 1970.
    let (seen, _) = done(&app, trim(json!({ "older_than_ms": 60_000 }))).await;
    assert_eq!(seen["count"], 15);
    assert_eq!(number(&redis, "XLEN events:orders").await, 0);
    let (status, error) = refused(&app, &trim(json!({ "length": 0 })), Some("x")).await;
    assert_eq!(status, 409, "{error}");
}

#[tokio::test]
async fn what_is_added_between_preview_and_trim_is_not_removed() {
    let (redis, app) = with_billing().await;
    let operation = trim(json!({ "before": "6-0" }));
    let seen = preview(&app, &operation).await;
    redis.add(STREAM, "21-0", "Late", "{}").await;
    let (status, answer) = super::operate(&app, &operation, &seen).await;
    assert_eq!((status, &answer["outcome"]["done"]), (200, &json!(5)), "{answer}");
    assert_eq!(number(&redis, "XLEN events:orders").await, 16);
}

#[tokio::test]
async fn a_trim_of_an_aggregate_says_that_its_history_loses_its_beginning() {
    let (redis, app) = with_billing().await;
    redis.add_many("aggregate:Order:1", 5).await;
    let operation = json!({ "kind": "trim", "stream": "aggregate:Order:1", "by": { "length": 2 } });
    let (seen, _) = done(&app, operation).await;
    assert_eq!(seen["effects"][0]["kind"], "loses_beginning");
    assert_eq!(seen["effects"][0]["count"], 3);
}

#[tokio::test]
async fn a_trim_names_the_projection_that_has_not_read_what_goes() {
    let (redis, app) = with_billing().await;
    redis.run("SET projection:stats:checkpoint 4-0").await;
    redis
        .run(r#"HSET projection:stats:status name stats streams ["events:orders"] kind state"#)
        .await;
    let seen = preview(&app, &trim(json!({ "length": 12 }))).await;
    let effect = json!({ "thing": { "projection": "stats" }, "kind": "loses_unread", "count": 4 });
    assert!(seen["effects"].as_array().unwrap().contains(&effect), "{seen}");
}

#[tokio::test]
async fn entries_are_deleted_by_id() {
    let (redis, app) = with_billing().await;
    let operation =
        json!({ "kind": "delete_entries", "stream": STREAM, "ids": ["5-0", "15-0", "99-0"] });
    let (seen, outcome) = done(&app, operation.clone()).await;
    assert_eq!((&seen["count"], &outcome["done"]), (&json!(2), &json!(2)));
    let kinds: Vec<&Value> =
        seen["effects"].as_array().unwrap().iter().map(|effect| &effect["kind"]).collect();
    assert_eq!(kinds, ["loses_unread", "loses_pending"]);
    assert_eq!(number(&redis, "XLEN events:orders").await, 18);
    let (status, _) = refused(&app, &operation, Some("x")).await;
    assert_eq!(status, 409);
}

#[tokio::test]
async fn a_stream_is_deleted_with_its_groups_and_its_dead_letters_stay() {
    let (redis, app) = with_billing().await;
    let bury = json!({ "kind": "bury", "stream": STREAM, "group": "billing", "entries": { "ids": ["1-0"] }, "reason": "no" });
    done(&app, bury).await;
    let (seen, _) = done(&app, json!({ "kind": "delete_stream", "stream": STREAM })).await;
    assert_eq!(seen["count"], 20);
    assert!(seen["warnings"].to_string().contains("1 dead letters"), "{seen}");
    assert_eq!(number(&redis, "EXISTS events:orders").await, 0);
    assert_eq!(number(&redis, "XLEN {events:orders}:dead:billing").await, 1);
}
