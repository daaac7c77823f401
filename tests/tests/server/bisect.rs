//! `GET /api/bisect`

use rewind_tests::{TestApp, TestRedis};
use serde_json::{Value, json};

async fn bisect(app: &TestApp, expression: &str) -> Value {
    let request = app.request("/api/bisect").query(&[("stream", "s"), ("expression", expression)]);
    request.send().await.unwrap().json().await.unwrap()
}

async fn account(redis: &TestRedis) {
    for (n, balance) in ["10", "-5", "-7", "3.50", "-1"].iter().enumerate() {
        let data = format!(r#"{{"balance":{balance}}}"#);
        redis.add("s", &format!("{}-0", n + 1), "Booked", &data).await;
    }
}

#[tokio::test]
async fn every_turn_between_false_and_true_is_found() {
    let redis = TestRedis::start().await;
    account(&redis).await;
    let app = TestApp::start(&redis).await;
    let answer = bisect(&app, "state.balance < 0").await;
    assert_eq!(
        (&answer["first_true"], &answer["total"], &answer["until"]),
        (&json!(2), &json!(3), &json!(5))
    );
    assert_eq!((&answer["was_true"], &answer["is_true"]), (&json!(false), &json!(true)));
    assert_eq!(
        answer["transitions"],
        json!([
            {"version": 2, "id": "2-0", "type": "Booked", "timestamp_ms": 2, "becomes": true},
            {"version": 4, "id": "4-0", "type": "Booked", "timestamp_ms": 4, "becomes": false},
            {"version": 5, "id": "5-0", "type": "Booked", "timestamp_ms": 5, "becomes": true},
        ])
    );
    let never = bisect(&app, "state.balance > 1000").await;
    assert_eq!((&never["first_true"], &never["transitions"]), (&Value::Null, &json!([])));
    let by_event = bisect(&app, "version >= 3 && event.type === 'Booked'").await;
    assert_eq!(by_event["first_true"], 3);
    assert_eq!(bisect(&app, "state.balance === undefined").await["was_true"], true);
}

#[tokio::test]
async fn an_expression_that_cannot_be_read_is_named_with_its_place() {
    let redis = TestRedis::start().await;
    account(&redis).await;
    let app = TestApp::start(&redis).await;
    let answer = bisect(&app, "state.balance <").await;
    assert_eq!(
        (&answer["error"]["code"], &answer["error"]["line"]),
        (&json!("expression_invalid"), &json!(1))
    );
    assert!(answer["error"]["column"].as_u64().unwrap() > 1, "{answer}");
    assert_eq!(bisect(&app, "").await["error"]["parameter"], "expression");
    let endless = bisect(&app, "(() => { while (true) {} })()").await;
    assert_eq!(endless["error"]["code"], "expression_invalid", "{endless}");
}

#[tokio::test]
async fn where_an_expression_throws_it_counts_as_false_and_is_told() {
    let redis = TestRedis::start().await;
    account(&redis).await;
    let app = TestApp::start(&redis).await;
    let answer = bisect(&app, "version === 3 ? missing.thing : state.balance < 0").await;
    assert_eq!(
        (&answer["failures"]["count"], &answer["failures"]["first_version"]),
        (&json!(1), &json!(3))
    );
    let becomes: Vec<_> = answer["transitions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["version"].as_u64().unwrap())
        .collect();
    assert_eq!(becomes, [2, 3, 5]);
}
