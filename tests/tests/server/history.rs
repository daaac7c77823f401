//! `GET /api/history`

use rewind_tests::{TestApp, TestRedis};
use serde_json::{Value, json};

async fn versions(app: &TestApp, query: &str) -> (Vec<u64>, bool) {
    let answer = app.ok(&format!("/api/history?stream=s&{query}")).await;
    let entries = answer["entries"].as_array().unwrap();
    let versions = entries.iter().map(|entry| entry["version"].as_u64().unwrap());
    (versions.collect(), answer["has_more"].as_bool().unwrap())
}

#[tokio::test]
async fn every_value_that_a_path_had_is_told() {
    let redis = TestRedis::start().await;
    redis.add("s", "1-0", "Created", r#"{"total":1.10,"customer":{"id":"a"}}"#).await;
    redis.add("s", "2-0", "Noted", r#"{"note":"x"}"#).await;
    redis.add("s", "3-0", "Priced", r#"{"total":2.20}"#).await;
    redis.add("s", "4-0", "Priced", r#"{"total":2.20}"#).await;
    redis.add("s", "5-0", "Moved", r#"{"customer":null}"#).await;
    let app = TestApp::start(&redis).await;
    let answer = app.ok("/api/history?stream=s&path=/total").await;
    assert_eq!(
        answer["entries"],
        json!([
            {"version": 3, "id": "3-0", "type": "Priced", "timestamp_ms": 3, "old": 1.10, "new": 2.20},
            {"version": 1, "id": "1-0", "type": "Created", "timestamp_ms": 1, "new": 1.10},
        ])
    );
    let answer = app.ok("/api/history?stream=s&path=/customer&order=asc").await;
    assert_eq!(answer["entries"][1]["new"], Value::Null);
    assert!(answer["entries"][1].as_object().unwrap().contains_key("new"));
    assert_eq!(versions(&app, "path=/customer/id").await, (vec![5, 1], false));
    assert_eq!(versions(&app, "path=/nowhere").await, (vec![], false));
    assert_eq!(versions(&app, "type=Priced").await, (vec![4, 3], false));
    assert_eq!(versions(&app, "type=Priced&path=/total").await, (vec![3], false));
}

#[tokio::test]
async fn long_histories_are_searched_in_both_directions() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 5_000).await;
    let app = TestApp::start(&redis).await;
    // Once without keyframes, and once with them.
    for _ in 0..2 {
        assert_eq!(versions(&app, "path=/n&limit=1&before=3000").await, (vec![2_999], true));
        assert_eq!(
            versions(&app, "path=/n&limit=2&after=3000&order=asc").await,
            (vec![3_001, 3_002], true)
        );
        assert_eq!(versions(&app, "path=/n&limit=2&before=3").await, (vec![2, 1], false));
        assert_eq!(versions(&app, "path=/n&limit=2&after=4998").await, (vec![5_000, 4_999], false));
        let (all, has_more) =
            versions(&app, "type=Counted&limit=1000&before=3500&after=1500").await;
        assert_eq!((all.len(), all[0], all[999], has_more), (1_000, 3_499, 2_500, true));
        assert_eq!(versions(&app, "type=Other").await, (vec![], false));
        app.ok("/api/replay?stream=s").await;
    }
}

#[tokio::test]
async fn a_bad_question_is_named() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 3).await;
    let app = TestApp::start(&redis).await;
    for (query, parameter) in [("", "`path`"), ("path=n", "`path`"), ("path=/n&after=x", "`after`")]
    {
        let (status, code, message) = app.error(&format!("/api/history?stream=s&{query}")).await;
        assert_eq!((status, code.as_str()), (400, "bad_parameter"));
        assert!(message.contains(parameter), "{message}");
    }
}
