//! `rewind append`

use rewind_tests::TestRedis;
use serde_json::json;

use super::{run, run_with};

#[tokio::test]
async fn a_conflict_has_a_status_of_its_own_and_prints_what_was_missed() {
    let redis = TestRedis::start().await;
    let append = |expect, event_type| {
        run(&redis, &["append", "Order", "1", "--expect", expect, "--type", event_type])
    };
    let created = append("new", "OrderCreated");
    assert_eq!(created.status, 0, "{}", created.error);
    assert_eq!(created.lines()[0]["version"], json!(1));
    assert_eq!(append("1", "ItemAdded").lines()[0]["version"], json!(2));
    let conflict = append("1", "ItemAdded");
    assert_eq!(conflict.status, 3);
    assert!(
        conflict.error.contains("version 1") && conflict.error.contains("version 2"),
        "{}",
        conflict.error
    );
    let missed = conflict.lines();
    assert_eq!(
        (missed.len(), &missed[0]["type"], &missed[0]["version"]),
        (1, &json!("ItemAdded"), &json!(2))
    );
    assert_eq!(append("new", "OrderCreated").status, 3);
    assert_eq!(append("soon", "OrderCreated").status, 2);
}

#[tokio::test]
async fn a_dry_run_compares_and_appends_nothing() {
    let redis = TestRedis::start().await;
    let arguments =
        ["append", "Order", "1", "--aggregate-pattern", "orders/{type}/{id}", "--dry-run"];
    let ran = |more: &[&str]| run_with(&redis, &[&arguments, more].concat(), "{\"type\":\"a\"}\n");
    let fine = ran(&["--expect", "new"]);
    assert_eq!(fine.status, 0, "{}", fine.error);
    assert!(fine.error.contains("`orders/Order/1`"), "{}", fine.error);
    assert_eq!(ran(&["--expect", "4"]).status, 3);
    assert_eq!(redis.run("DBSIZE").await, redis::Value::Int(0));
}
