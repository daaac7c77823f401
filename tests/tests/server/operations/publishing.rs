//! Publishing and appending.

use rewind_tests::{TestApp, TestRedis};
use serde_json::{Value, json};

use super::{done, number, operate, preview, refused};

async fn fields(redis: &TestRedis, stream: &str, id: &str) -> Vec<(String, String)> {
    let mut entries: Vec<(String, Vec<(String, String)>)> = redis::cmd("XRANGE")
        .arg(stream)
        .arg(id)
        .arg(id)
        .query_async(&mut redis.connection().await)
        .await
        .unwrap();
    entries.remove(0).1
}

#[tokio::test]
async fn events_are_published_as_they_were_written() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let operation = json!({ "kind": "publish", "stream": "events:orders", "events": [
        { "type": "order.paid", "data": "{\"total\": 1.10}", "correlation_id": "c1" },
        { "fields": { "a": "1", "b": "2" } },
    ]});
    let (seen, outcome) = done(&app, operation).await;
    assert_eq!((&seen["count"], &seen["is_destructive"]), (&json!(2), &json!(false)));
    assert!(seen["warnings"].to_string().contains("no stream"), "{seen}");
    let ids = outcome["ids"].as_array().unwrap();
    let first = fields(&redis, "events:orders", ids[0].as_str().unwrap()).await;
    assert!(first.contains(&("data".into(), "{\"total\": 1.10}".into())), "{first:?}");
    assert!(first.contains(&("correlation_id".into(), "c1".into())), "{first:?}");
    let second = fields(&redis, "events:orders", ids[1].as_str().unwrap()).await;
    assert_eq!(second, [("a".into(), "1".into()), ("b".into(), "2".into())]);
}

#[tokio::test]
async fn a_limit_that_shortens_the_stream_is_said_before() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 1_000).await;
    let app = TestApp::start(&redis).await;
    let events = json!([{ "type": "a" }]);
    let operation = json!({ "kind": "publish", "stream": "s", "events": events, "max_len": 100 });
    let (seen, _) = done(&app, operation).await;
    assert!(seen["warnings"].to_string().contains("901"), "{seen}");
    assert!(number(&redis, "XLEN s").await < 1_000);
}

#[tokio::test]
async fn an_append_is_done_at_the_version_that_was_seen_and_at_no_other() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let append = |expected: u64| {
        let events = json!([{ "type": "ItemAdded", "data": "{\"sku\":\"A\"}" }]);
        json!({ "kind": "append", "stream": "aggregate:Order:1", "events": events, "expected": expected })
    };
    let (_, outcome) = done(&app, append(0)).await;
    assert_eq!(outcome["version"], 1);
    let (_, outcome) = done(&app, append(1)).await;
    assert_eq!(outcome["version"], 2);
    // Another one saw version 1 too.
    let seen = preview(&app, &append(1)).await;
    assert!(seen["refusal"].as_str().unwrap().contains("version 2"), "{seen}");
    let (status, error) = refused(&app, &append(1), None).await;
    assert_eq!((status, &error["code"]), (409, &json!("version_conflict")));
    assert_eq!(error["version"], 2);
    assert_eq!(number(&redis, "XLEN aggregate:Order:1").await, 2);
    let (status, error) = refused(
        &app,
        &json!({ "kind": "append", "stream": "s", "events": [{ "type": "a" }], "expected": 0 }),
        None,
    )
    .await;
    assert_eq!(status, 400);
    assert!(error["message"].as_str().unwrap().contains("aggregate:{type}:{id}"), "{error}");
}

#[tokio::test]
async fn of_two_who_append_at_the_same_version_one_is_told() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let events = json!([{ "type": "ItemAdded" }]);
    let operation =
        json!({ "kind": "append", "stream": "aggregate:Order:1", "events": events, "expected": 0 });
    let seen = preview(&app, &operation).await;
    let (one, other) =
        tokio::join!(operate(&app, &operation, &seen), operate(&app, &operation, &seen));
    assert_eq!(number(&redis, "XLEN aggregate:Order:1").await, 1);
    let is_done =
        |answer: &(u16, Value)| answer.0 == 200 && answer.1["outcome"]["status"] == "done";
    assert_eq!([is_done(&one), is_done(&other)].iter().filter(|done| **done).count(), 1);
}

#[tokio::test]
async fn the_same_id_does_it_once_also_on_a_server_that_was_started_again() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 20).await;
    let mut app = TestApp::start(&redis).await;
    let publish = json!({ "kind": "publish", "stream": "p", "events": [{ "type": "a" }] });
    let append = json!({ "kind": "append", "stream": "aggregate:Order:1", "events": [{ "type": "a" }], "expected": 0 });
    let trim = json!({ "kind": "trim", "stream": "s", "by": { "length": 5 } });
    let mut asked = Vec::new();
    for (id, operation) in [("publish-1", publish), ("append-1", append), ("trim-0001", trim)] {
        let seen = preview(&app, &operation).await;
        let fingerprint = &seen["fingerprint"];
        asked.push(
            json!({ "id": id, "operation": operation, "fingerprint": fingerprint, "by": "ada" }),
        );
    }
    let mut first = Vec::new();
    for body in &asked {
        let (status, answer) = app.post("/api/operate", body).await;
        assert_eq!(
            (status.as_u16(), &answer["outcome"]["status"]),
            (200, &json!("done")),
            "{answer}"
        );
        first.push(answer["outcome"].clone());
    }
    for _ in 0..2 {
        for (body, first) in asked.iter().zip(&first) {
            let (status, answer) = app.post("/api/operate", body).await;
            assert_eq!(status, 200, "{answer}");
            assert_eq!(&answer["outcome"], first, "{answer}");
        }
        app.stop().await;
        app.start_again().await;
    }
    assert_eq!(number(&redis, "XLEN p").await, 1);
    assert_eq!(number(&redis, "XLEN aggregate:Order:1").await, 1);
    // The log has each of them once.
    assert_eq!(app.ok("/api/audit").await["operations"].as_array().unwrap().len(), 3);
    // The id of one is none for another.
    let other = json!({ "id": "publish-1", "operation": { "kind": "delete_stream", "stream": "p" }, "fingerprint": "x" });
    let (status, answer) = app.post("/api/operate", &other).await;
    assert_eq!((status.as_u16(), &answer["error"]["parameter"]), (400, &json!("id")));
}
