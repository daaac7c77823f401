//! `GET /api/blame`

use rewind_tests::{TestApp, TestRedis};
use serde_json::{Value, json};

/// The leaves as `path version type`.
async fn leaves(app: &TestApp, query: &str) -> Vec<String> {
    let answer = app.ok(&format!("/api/blame?stream=s&{query}")).await;
    let told = |leaf: &Value| {
        let event_type = leaf["type"].as_str().unwrap_or("-");
        format!("{} {} {event_type}", leaf["path"].as_str().unwrap(), leaf["version"])
    };
    answer["paths"].as_array().unwrap().iter().map(told).collect()
}

async fn order(redis: &TestRedis) {
    redis.add("s", "1-0", "Created", r#"{"total":1,"items":[{"id":"a","n":1}]}"#).await;
    redis.add("s", "2-0", "Touched", r#"{"total":2,"note":"x"}"#).await;
    redis.add("s", "3-0", "Noise", "no json").await;
    redis.add("s", "4-0", "Added", r#"{"items":[{"id":"b","n":1},{"id":"a","n":1}]}"#).await;
}

#[tokio::test]
async fn each_leaf_names_the_event_that_set_it() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let app = TestApp::start(&redis).await;
    assert_eq!(
        leaves(&app, "").await,
        [
            "/total 2 Touched",
            "/items/0/id 4 Added",
            "/items/0/n 4 Added",
            "/items/1/id 1 Created",
            "/items/1/n 1 Created",
            "/note 2 Touched",
        ]
    );
    assert_eq!(leaves(&app, "version=1").await[0], "/total 1 Created");
    let answer = app.ok("/api/blame?stream=s&id=2-0").await;
    assert_eq!(
        answer["paths"][0],
        json!({"path": "/total", "version": 2, "id": "2-0", "type": "Touched", "timestamp_ms": 2})
    );
    assert_eq!(app.ok("/api/blame?stream=s").await["incomplete"]["undecodable"]["count"], 1);
}

#[tokio::test]
async fn types_that_are_ignored_are_named_only_where_nobody_else_was() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let app = TestApp::start(&redis).await;
    let told = leaves(&app, "ignore=Touched,Other").await;
    assert_eq!((told[0].as_str(), told[5].as_str()), ("/total 1 Created", "/note 2 Touched"));
}

#[tokio::test]
async fn before_the_first_event_nobody_set_anything() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let app = TestApp::start(&redis).await;
    assert_eq!(leaves(&app, "version=0").await, [" 0 -"]);
    assert_eq!(app.error("/api/blame?stream=s&version=5").await.1, "version_not_found");
}
