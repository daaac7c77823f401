//! `GET /api/diff`

use rewind_tests::{TestApp, TestRedis};
use serde_json::json;

#[tokio::test]
async fn two_versions_are_compared_in_either_direction() {
    let redis = TestRedis::start().await;
    redis.add("s", "1-0", "Created", r#"{"items":[{"sku":"a","n":1},{"sku":"b","n":1}]}"#).await;
    redis.add("s", "2-0", "Priced", r#"{"total":1.10}"#).await;
    redis
        .add("s", "3-0", "Changed", r#"{"items":[{"sku":"b","n":2}],"total":12345678901234567890}"#)
        .await;
    let app = TestApp::start(&redis).await;

    let answer = app.ok("/api/diff?stream=s&from=1&to=3").await;
    assert_eq!((&answer["from"], &answer["to"]), (&json!(1), &json!(3)));
    assert_eq!(
        answer["changes"],
        json!([
            {"op": "remove", "path": "/items/0", "old": {"sku": "a", "n": 1}},
            {"op": "replace", "path": "/items/0/n", "old": 1, "new": 2},
            {"op": "add", "path": "/total", "new": 12_345_678_901_234_567_890_u64},
        ])
    );
    assert_eq!(
        answer["patch"],
        json!([
            {"op": "remove", "path": "/items/0"},
            {"op": "replace", "path": "/items/0/n", "value": 2},
            {"op": "add", "path": "/total", "value": 12_345_678_901_234_567_890_u64},
        ])
    );
    let back = app.ok("/api/diff?stream=s&from=3&to=1").await;
    assert_eq!(back["patch"][0]["op"], "add");
}

#[tokio::test]
async fn without_a_base_a_version_is_compared_with_the_one_before() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 5).await;
    let app = TestApp::start(&redis).await;
    let latest = app.ok("/api/diff?stream=s").await;
    assert_eq!((&latest["from"], &latest["to"]), (&json!(4), &json!(5)));
    let first = app.ok("/api/diff?stream=s&to=0").await;
    assert_eq!(
        (&first["from"], &first["to"], &first["changes"]),
        (&json!(0), &json!(0), &json!([]))
    );
    assert_eq!(app.error("/api/diff?stream=s&from=9").await.1, "version_not_found");
}
