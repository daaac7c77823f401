//! What breaks while an operation is under way.

use rewind_tests::{LossyProxy, RewindProcess, TestApp, TestRedis, eventually};
use serde_json::{Value, json};

use super::{STREAM, done, ended, newest, number, operate, preview, refused, with_billing};

/// Ten dead letters, in a Redis that keeps what it has.
async fn with_letters() -> (TestRedis, TestApp) {
    let redis = TestRedis::start_persistent().await;
    redis.add_many(STREAM, 20).await;
    redis.run("XGROUP CREATE events:orders billing 0").await;
    redis.run("XREADGROUP GROUP billing b1 COUNT 10 STREAMS events:orders >").await;
    let app = TestApp::start(&redis).await;
    let bury = json!({ "kind": "bury", "stream": STREAM, "group": "billing", "entries": { "filter": "" }, "reason": "x" });
    done(&app, bury).await;
    (redis, app)
}

fn slow_replay(per_second: u64) -> Value {
    json!({ "kind": "replay", "stream": STREAM, "group": "billing", "letters": "all", "to_group": true, "per_second": per_second })
}

#[tokio::test]
async fn a_bulk_operation_goes_on_once_redis_is_back() {
    let (mut redis, app) = with_letters().await;
    let (_, answer) = app.post("/api/operate", &json!({ "operation": slow_replay(3) })).await;
    assert_eq!(answer["outcome"]["status"], "running", "{answer}");
    let id = answer["id"].as_str().unwrap();
    redis.kill();
    redis.start_again().await;
    let outcome = ended(&app, id).await;
    assert_eq!(outcome["status"], "done", "{outcome}");
    // One whose reply was lost is found done when it is tried again.
    let counted = outcome["done"].as_u64().unwrap() + outcome["passed_over"].as_u64().unwrap();
    assert_eq!(counted, 10, "{outcome}");
    assert_eq!(number(&redis, "XLEN {events:orders}:dead:billing").await, 0);
    assert_eq!(super::group(&redis, "billing").await["pending"], 10);
    assert_eq!(newest(&app).await["outcome"]["status"], "done");
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_an_operation_that_another_one_finishes() {
    let (redis, mut app) = with_letters().await;
    app.stop().await;
    let arguments = ["--allow", "groups"];
    let mut killed = RewindProcess::start_with(&redis.url_text(), &arguments, None);
    let body = json!({ "id": "replay-of-ada", "operation": slow_replay(2), "by": "ada" });
    let response = reqwest::Client::new()
        .post(format!("http://{}/api/operate", killed.address()))
        .json(&body)
        .send()
        .await
        .unwrap();
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["outcome"]["status"], "running", "{answer}");
    killed.kill();
    let left = number(&redis, "XLEN {events:orders}:dead:billing").await;
    assert!((1..10).contains(&left), "{left}");
    app.start_again().await;
    let (status, error) = app.post("/api/operate", &body).await;
    assert_eq!(
        (status.as_u16(), &error["error"]["code"]),
        (409, &json!("operation_refused")),
        "{error}"
    );
    let row = eventually("its server is taken for gone", async || {
        let row = newest(&app).await;
        (row["heard_of"]["is_running"] == false).then_some(row)
    })
    .await;
    assert_eq!((&row["id"], &row["outcome"]), (&json!("replay-of-ada"), &Value::Null));
    // Asked again with the same id it does what is left.
    let (_, answer) = app.post("/api/operate", &body).await;
    let outcome = ended(&app, answer["id"].as_str().unwrap()).await;
    assert_eq!((&outcome["status"], &outcome["done"]), (&json!("done"), &json!(left)), "{outcome}");
    assert_eq!(super::group(&redis, "billing").await["pending"], 10);
}

#[tokio::test]
async fn a_group_that_is_deleted_meanwhile_ends_it_with_what_was_done() {
    let (redis, app) = with_letters().await;
    let (_, answer) = app.post("/api/operate", &json!({ "operation": slow_replay(3) })).await;
    assert_eq!(answer["outcome"]["status"], "running", "{answer}");
    redis.run("XGROUP DESTROY events:orders billing").await;
    let outcome = ended(&app, answer["id"].as_str().unwrap()).await;
    assert_eq!(outcome["status"], "failed", "{outcome}");
    let count = outcome["done"].as_u64().unwrap();
    let message = outcome["message"].as_str().unwrap();
    assert!(
        (1..10).contains(&count) && message.contains(&format!("{} were not", 10 - count)),
        "{message}"
    );
    assert_eq!(newest(&app).await["outcome"]["message"], message);
}

#[tokio::test]
async fn entries_that_are_trimmed_meanwhile_are_passed_over() {
    let (redis, app) = with_letters().await;
    let (_, answer) = app.post("/api/operate", &json!({ "operation": slow_replay(3) })).await;
    assert_eq!(answer["outcome"]["status"], "running", "{answer}");
    redis.run("XTRIM events:orders MINID 10-0").await;
    let outcome = ended(&app, answer["id"].as_str().unwrap()).await;
    assert_eq!(outcome["status"], "done", "{outcome}");
    let (done, passed_over) =
        (outcome["done"].as_u64().unwrap(), outcome["passed_over"].as_u64().unwrap());
    assert!(done + passed_over == 10 && passed_over > 0, "{outcome}");
    assert_eq!(
        number(&redis, "XLEN {events:orders}:dead:billing").await,
        i64::try_from(passed_over).unwrap()
    );
}

#[tokio::test]
async fn redis_that_is_gone_between_preview_and_execution_is_named() {
    let (mut redis, app) = with_billing().await;
    let operation = json!({ "kind": "trim", "stream": STREAM, "by": { "length": 4 } });
    let seen = preview(&app, &operation).await;
    redis.kill();
    let (status, answer) = operate(&app, &operation, &seen).await;
    assert_eq!((status, &answer["error"]["code"]), (503, &json!("redis_unavailable")), "{answer}");
    assert_eq!(app.ok("/api/operations").await["operations"], json!([]));
}

#[tokio::test]
async fn a_redis_that_is_full_or_a_replica_takes_nothing_and_nothing_is_done() {
    let (redis, app) = with_billing().await;
    let publish = json!({ "kind": "publish", "stream": STREAM, "events": [{ "type": "a" }] });
    let trim = json!({ "kind": "trim", "stream": STREAM, "by": { "length": 4 } });
    let seen = preview(&app, &trim).await;
    for (begin, end) in [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    ] {
        redis.run(begin).await;
        let (status, error) = refused(&app, &publish, None).await;
        assert_eq!(
            (status, &error["code"]),
            (503, &json!("audit_unavailable")),
            "{begin}: {error}"
        );
        let (status, answer) = operate(&app, &trim, &seen).await;
        assert_eq!(status, 503, "{begin}: {answer}");
        redis.run(end).await;
    }
    assert_eq!(number(&redis, "XLEN events:orders").await, 20);
    assert_eq!(number(&redis, "EXISTS rewind:audit").await, 0);
    let (status, answer) = operate(&app, &trim, &seen).await;
    assert_eq!((status, &answer["outcome"]["status"]), (200, &json!("done")), "{answer}");
}

#[tokio::test]
async fn a_lost_reply_is_asked_for_again_where_that_is_harmless_and_said_where_it_is_not() {
    let (redis, mut app) = with_billing().await;
    let proxy = LossyProxy::start(&redis).await;
    app.restart_operating_as(proxy.url()).await;
    let publish = json!({ "kind": "publish", "stream": "p", "events": [{ "type": "a" }] });
    let trim = json!({ "kind": "trim", "stream": STREAM, "by": { "length": 4 } });
    let seen = preview(&app, &trim).await;
    proxy.lose_replies_to("EVALSHA");
    let (_, answer) = app.post("/api/operate", &json!({ "operation": publish })).await;
    proxy.lose_replies_to("XTRIM");
    let outcome = ended(&app, answer["id"].as_str().unwrap()).await;
    assert_eq!(outcome["status"], "done", "{outcome}");
    assert_eq!(number(&redis, "XLEN p").await, 1);
    let (_, answer) = operate(&app, &trim, &seen).await;
    let outcome = ended(&app, answer["id"].as_str().unwrap()).await;
    assert_eq!(outcome["status"], "unknown", "{outcome}");
    assert!(outcome["message"].as_str().unwrap().contains("not known"), "{outcome}");
    assert_eq!(newest(&app).await["outcome"]["status"], "unknown");
}
