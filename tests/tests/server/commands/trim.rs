//! `rewind trim`

use rewind_tests::TestRedis;
use serde_json::json;

use super::run;

#[tokio::test]
async fn a_dry_run_says_what_goes_and_nothing_does() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 100).await;
    let ran = run(&redis, &["trim", "s", "--max-len", "10", "--dry-run"]);
    assert_eq!(ran.status, 0, "{}", ran.error);
    let line = &ran.lines()[0];
    assert_eq!(
        (&line["removed"], &line["kept"], &line["dry_run"]),
        (&json!(90), &json!(10), &json!(true))
    );
    assert_eq!(redis.run("XLEN s").await, redis::Value::Int(100));
    let ran = run(&redis, &["trim", "s", "--max-len", "10"]);
    assert_eq!((ran.status, &ran.lines()[0]["removed"]), (0, &json!(90)));
    assert_eq!(redis.run("XLEN s").await, redis::Value::Int(10));
}

#[tokio::test]
async fn what_a_group_still_needs_goes_only_by_force() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 10).await;
    assert_eq!(run(&redis, &["trim", "s", "--acknowledged"]).status, 4);
    redis.run("XGROUP CREATE s g 0").await;
    let refused = run(&redis, &["trim", "s", "--max-len", "4"]);
    assert_eq!(refused.status, 3);
    assert_eq!(
        refused.lines()[0]["losses"],
        json!([{"group": "g", "undelivered": 6, "pending": 0}])
    );
    assert_eq!(redis.run("XLEN s").await, redis::Value::Int(10));
    redis.run("XREADGROUP GROUP g c COUNT 3 NOACK STREAMS s >").await;
    assert_eq!(run(&redis, &["trim", "s", "--acknowledged"]).lines()[0]["removed"], json!(3));
    let forced = run(&redis, &["trim", "s", "--max-len", "4", "--force"]);
    assert_eq!((forced.status, &forced.lines()[0]["removed"]), (0, &json!(3)));
    assert_eq!(run(&redis, &["trim", "s"]).status, 2);
    assert_eq!(run(&redis, &["trim", "none", "--older-than", "30d"]).status, 4);
}
