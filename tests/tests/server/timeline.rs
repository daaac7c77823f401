//! `GET /api/timeline`

use rewind_tests::{TestApp, TestRedis};
use serde_json::json;

#[tokio::test]
async fn idle_times_are_folded_and_a_status_has_a_lane() {
    let redis = TestRedis::start().await;
    for (id, data) in [
        ("1000-0", r#"{"status":"open","total":1}"#),
        ("2000-0", r#"{"total":2}"#),
        ("3000-0", "no json"),
        ("4000-0", r#"{"total":3}"#),
        ("90000000-0", r#"{"status":"paid"}"#),
    ] {
        redis.add("s", id, "T", data).await;
    }
    let app = TestApp::start(&redis).await;
    let answer = app.ok("/api/timeline?stream=s&buckets=50").await;
    assert_eq!((&answer["first_version"], &answer["latest_version"]), (&json!(0), &json!(5)));
    let stretches = answer["timeline"]["stretches"].as_array().unwrap();
    let times: Vec<_> = stretches
        .iter()
        .map(|stretch| (&stretch["from_ms"], &stretch["to_ms"], &stretch["is_folded"]))
        .collect();
    assert_eq!(
        times,
        [
            (&json!(1_000), &json!(4_000), &json!(false)),
            (&json!(4_000), &json!(90_000_000), &json!(true)),
            (&json!(90_000_000), &json!(90_000_000), &json!(false)),
        ]
    );
    let buckets = answer["timeline"]["buckets"].as_array().unwrap();
    let sum = |name: &str| buckets.iter().map(|bucket| bucket[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("count"), sum("failures")), (5, 1));
    assert_eq!(
        answer["lanes"],
        json!([{"path": "/status", "runs": [
            {"from_version": 1, "from_ms": 1_000, "value": "open"},
            {"from_version": 5, "from_ms": 90_000_000, "value": "paid"},
        ]}])
    );
}

#[tokio::test]
async fn a_trimmed_history_begins_at_its_first_version() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 30).await;
    redis.run("XTRIM s MAXLEN 10").await;
    let app = TestApp::start(&redis).await;
    let answer = app.ok("/api/timeline?stream=s").await;
    assert_eq!((&answer["first_version"], &answer["latest_version"]), (&json!(20), &json!(30)));
    assert_eq!(answer["incomplete"]["reason"], "trimmed");
    assert_eq!(app.error("/api/timeline?stream=s&buckets=0").await.1, "bad_parameter");
}
