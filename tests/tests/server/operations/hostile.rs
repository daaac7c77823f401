//! Bodies that nobody should send.

use serde_json::{Value, json};

use super::{STREAM, done, group, number, pending, with_billing};

#[tokio::test]
async fn what_is_no_operation_is_refused_by_its_part_and_changes_nothing() {
    let (redis, app) = with_billing().await;
    let many: Vec<String> = (0..10_001).map(|n| format!("{n}-0")).collect();
    let of_group = |kind: &str, more: Value| {
        let mut operation = json!({ "kind": kind, "stream": STREAM, "group": "billing" });
        operation.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        operation
    };
    for operation in [
        json!({ "kind": "drop_database" }),
        json!({}),
        json!([]),
        json!("trim"),
        json!({ "kind": "trim", "stream": STREAM, "by": { "length": 1 }, "force": true }),
        json!({ "kind": "trim", "stream": STREAM, "by": { "length": -1 } }),
        json!({ "kind": "trim", "stream": STREAM, "by": "everything" }),
        json!({ "kind": "trim", "stream": "", "by": { "length": 1 } }),
        json!({ "kind": "publish", "stream": STREAM, "events": [] }),
        json!({ "kind": "publish", "stream": STREAM, "events": [{ "type": "" }] }),
        json!({ "kind": "publish", "stream": STREAM, "events": [{}] }),
        json!({ "kind": "publish", "stream": STREAM, "events": [{ "type": "a", "data": "{" }] }),
        json!({ "kind": "publish", "stream": STREAM, "events": [{ "type": "a", "id": "1-0" }] }),
        json!({ "kind": "publish", "stream": "", "events": [{ "type": "a" }] }),
        json!({ "kind": "append", "stream": "aggregate::", "events": [{ "type": "a" }], "expected": 0 }),
        of_group("ack", json!({ "entries": { "ids": many } })),
        of_group("ack", json!({ "entries": { "ids": ["nonsense"] } })),
        of_group("ack", json!({ "entries": {} })),
        of_group("ack", json!({ "entries": { "filter": "type:" , "ids": [] } })),
        of_group("claim", json!({ "entries": { "ids": ["1-0"] }, "to": "" })),
        of_group("replay", json!({ "letters": "some" })),
        of_group("replay", json!({ "letters": "all", "per_second": 0 })),
        of_group("create_consumer", json!({ "consumer": "" })),
        of_group("delete_consumer", json!({ "consumer": "b1", "heir": "b1" })),
        of_group("reset_group", json!({ "to": "middle" })),
        of_group("reset_group", json!({ "to": { "shift": "far" } })),
        json!({ "kind": "delete_entries", "stream": STREAM, "ids": [] }),
        json!({ "kind": "delete_entries", "stream": STREAM, "ids": many }),
        json!({ "kind": "delete_group", "stream": STREAM, "group": "" }),
    ] {
        for path in ["/api/preview", "/api/operate"] {
            let (status, answer) = app.post(path, &json!({ "operation": operation })).await;
            let shown: String = operation.to_string().chars().take(120).collect();
            assert_eq!(status, 400, "{path} {shown}: {answer}");
            assert_eq!(answer["error"]["parameter"], "operation", "{path} {shown}: {answer}");
        }
    }
    for (member, value) in
        [("id", json!("short")), ("id", json!("a b c d e f g")), ("by", json!("x".repeat(81)))]
    {
        let mut body = json!({ "operation": { "kind": "publish", "stream": "s", "events": [{ "type": "a" }] } });
        body[member] = value;
        let (status, answer) = app.post("/api/operate", &body).await;
        assert_eq!(
            (status.as_u16(), &answer["error"]["parameter"]),
            (400, &json!(member)),
            "{answer}"
        );
    }
    let huge = "x".repeat(3 << 20);
    let body = json!({ "operation": { "kind": "publish", "stream": STREAM, "events": [{ "type": huge }] } });
    let (status, answer) = app.post("/api/operate", &body).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (413, &json!("body_too_large")));
    assert_eq!(number(&redis, "DBSIZE").await, 1);
    assert_eq!(number(&redis, "XLEN events:orders").await, 20);
}

#[tokio::test]
async fn what_does_not_exist_or_is_something_else_is_named() {
    let (redis, app) = with_billing().await;
    redis.run("SET session:1 x").await;
    for (operation, status) in [
        (json!({ "kind": "trim", "stream": "none", "by": { "length": 1 } }), 404),
        (json!({ "kind": "delete_stream", "stream": "none" }), 404),
        (json!({ "kind": "delete_group", "stream": STREAM, "group": "none" }), 404),
        (
            json!({ "kind": "ack", "stream": STREAM, "group": "none", "entries": { "filter": "" } }),
            404,
        ),
        (
            json!({ "kind": "reset_group", "stream": STREAM, "group": "billing", "to": { "like": "none" } }),
            404,
        ),
        (json!({ "kind": "skip_event", "projection": "none", "stream": STREAM, "id": "1-0" }), 404),
        (json!({ "kind": "rebuild_projection", "projection": "../../etc/passwd" }), 409),
        (json!({ "kind": "trim", "stream": "session:1", "by": { "length": 1 } }), 409),
        (json!({ "kind": "delete_stream", "stream": "session:1" }), 409),
        (json!({ "kind": "publish", "stream": "session:1", "events": [{ "type": "a" }] }), 409),
        (
            json!({ "kind": "create_group", "stream": "session:1", "group": "g", "from": "start" }),
            409,
        ),
    ] {
        let (found, answer) = app.post("/api/preview", &json!({ "operation": operation })).await;
        assert_eq!(found.as_u16(), status, "{operation}: {answer}");
    }
    assert_eq!(number(&redis, "EXISTS session:1").await, 1);
}

#[tokio::test]
async fn names_that_are_no_text_are_written_with_escapes() {
    let (redis, app) = with_billing().await;
    let mut connection = redis.connection().await;
    let _: String = redis::cmd("XADD")
        .arg(b"s\xff")
        .arg("1-0")
        .arg("type")
        .arg("a")
        .query_async(&mut connection)
        .await
        .unwrap();
    let operation =
        json!({ "kind": "create_group", "stream": "s\\xff", "group": "g\\xfe", "from": "start" });
    done(&app, operation).await;
    let _: redis::Value = redis::cmd("XREADGROUP")
        .arg("GROUP")
        .arg(b"g\xfe")
        .arg(b"c\xfd")
        .arg("STREAMS")
        .arg(b"s\xff")
        .arg(">")
        .query_async(&mut connection)
        .await
        .unwrap();
    let operation = json!({ "kind": "claim", "stream": "s\\xff", "group": "g\\xfe", "entries": { "filter": "consumer:c\\xfd" }, "to": "d\\xfc" });
    let (seen, _) = done(&app, operation).await;
    assert_eq!(seen["count"], 1, "{seen}");
    let operation = json!({ "kind": "bury", "stream": "s\\xff", "group": "g\\xfe", "entries": { "filter": "" }, "reason": "\u{0}\u{202e}" });
    done(&app, operation).await;
    let letters = app.ok("/api/dead?stream=s%5Cxff&group=g%5Cxfe").await;
    assert_eq!(
        (&letters["total"], &letters["letters"][0]["consumer"]),
        (&json!(1), &json!("d\\xfc"))
    );
}

#[tokio::test]
async fn a_part_of_a_topic_is_no_stream_that_can_be_changed() {
    let redis = rewind_tests::TestRedis::start().await;
    redis.add("events:orders", "1-0", "a", r#"{"order_id":"7"}"#).await;
    let rules = [["Order", "events:orders", "data.order_id"]];
    let app =
        rewind_tests::TestApp::start_with_topics(&redis, Default::default(), &rules, None).await;
    for operation in [
        json!({ "kind": "trim", "stream": "events:orders#Order:7", "by": { "length": 0 } }),
        json!({ "kind": "publish", "stream": "events:orders#Order:7", "events": [{ "type": "a" }] }),
        json!({ "kind": "delete_stream", "stream": "events:orders#Order:7" }),
        json!({ "kind": "create_group", "stream": "events:orders#Order:7", "group": "g", "from": "start" }),
    ] {
        let (status, answer) = app.post("/api/preview", &json!({ "operation": operation })).await;
        assert_eq!(status, 400, "{operation}: {answer}");
        assert!(
            answer["error"]["message"].as_str().unwrap().contains("part of `events:orders`"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn others_are_answered_while_a_hundred_thousand_entries_are_moved() {
    let redis = rewind_tests::TestRedis::start().await;
    redis.add_many(STREAM, 100_000).await;
    redis.run("XGROUP CREATE events:orders billing 0").await;
    redis.run("XREADGROUP GROUP billing b1 COUNT 100000 STREAMS events:orders >").await;
    let app = rewind_tests::TestApp::start(&redis).await;
    let operation = json!({ "kind": "bury", "stream": STREAM, "group": "billing", "entries": { "filter": "" }, "reason": "poison" });
    let seen = super::preview(&app, &operation).await;
    assert_eq!(seen["count"], 100_000);
    let (status, answer) = super::operate(&app, &operation, &seen).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["id"].as_str().unwrap().to_owned();
    // Each of these has an answer while it goes on.
    let mut reads = 0;
    let outcome = loop {
        app.ok("/api/events?stream=events:orders&limit=10").await;
        app.ok("/api/group?stream=events:orders&group=billing").await;
        reads += 1;
        let status = app.ok(&format!("/api/operation?id={id}")).await;
        if status["outcome"]["status"] != "running" {
            break status["outcome"].clone();
        }
    };
    assert!(reads > 0);
    assert_eq!((&outcome["status"], &outcome["done"]), (&json!("done"), &json!(100_000)));
    assert_eq!(number(&redis, "XLEN {events:orders}:dead:billing").await, 100_000);
    assert!(pending(&redis, "billing").await.is_empty());
    assert_eq!(group(&redis, "billing").await["pending"], 0);
}
