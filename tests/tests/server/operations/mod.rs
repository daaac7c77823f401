//! Operations: from the preview to what Redis holds afterwards and what the audit log says.

mod audit;
mod faults;
mod groups;
mod hostile;
mod letters;
mod pending;
mod permissions;
mod projections;
mod publishing;
mod removing;
mod retention;
mod stale;

use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::{Value, json};

const STREAM: &str = "events:orders";

/// A stream of 20 events, `1-0` to `20-0`, of which the consumer `b1` of the group `billing` has been given the first ten.
async fn with_billing() -> (TestRedis, TestApp) {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 20).await;
    redis.run("XGROUP CREATE events:orders billing 0").await;
    redis.run("XREADGROUP GROUP billing b1 COUNT 10 STREAMS events:orders >").await;
    let app = TestApp::start(&redis).await;
    (redis, app)
}

/// What an operation would do.
async fn preview(app: &TestApp, operation: &Value) -> Value {
    let (status, answer) = app.post("/api/preview", &json!({ "operation": operation })).await;
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

/// Asks for an operation that was previewed like this.
async fn operate(app: &TestApp, operation: &Value, preview: &Value) -> (u16, Value) {
    let body =
        json!({ "operation": operation, "fingerprint": preview["fingerprint"], "by": "ada" });
    let (status, answer) = app.post("/api/operate", &body).await;
    (status.as_u16(), answer)
}

/// The outcome of an operation once it has ended.
async fn ended(app: &TestApp, id: &str) -> Value {
    eventually("the operation has ended", async || {
        let mut status = app.ok(&format!("/api/operation?id={id}")).await;
        (status["outcome"]["status"] != "running").then(|| status["outcome"].take())
    })
    .await
}

/// Previews an operation, executes it, waits until it is done, and looks that the audit log says so. The preview and the outcome.
async fn done(app: &TestApp, operation: Value) -> (Value, Value) {
    let seen = preview(app, &operation).await;
    assert_eq!(seen["refusal"], Value::Null, "{seen}");
    assert!(seen["sentence"].as_str().unwrap().ends_with('.'), "{seen}");
    let (status, answer) = operate(app, &operation, &seen).await;
    assert_eq!(status, 200, "{operation}: {answer}");
    let id = answer["id"].as_str().unwrap();
    let outcome = ended(app, id).await;
    assert_eq!(outcome["status"], "done", "{operation}: {outcome}");
    let entry = newest(app).await;
    assert_eq!((&entry["id"], &entry["who"]), (&json!(id), &json!("ada")), "{entry}");
    assert_eq!((&entry["kind"], &entry["operation"]), (&operation["kind"], &operation), "{entry}");
    assert_eq!(entry["sentence"], seen["sentence"], "{entry}");
    assert_eq!(entry["outcome"]["status"], "done", "{entry}");
    assert_eq!(entry["outcome"]["done"], outcome["done"], "{entry}");
    (seen, outcome)
}

/// The status, code and message of an operation that is not done, whatever its preview says.
async fn refused(app: &TestApp, operation: &Value, fingerprint: Option<&str>) -> (u16, Value) {
    let body = json!({ "operation": operation, "fingerprint": fingerprint, "by": "ada" });
    let (status, mut answer) = app.post("/api/operate", &body).await;
    assert_ne!(status, 200, "{operation}: {answer}");
    (status.as_u16(), answer["error"].take())
}

/// The newest operation in the audit log.
async fn newest(app: &TestApp) -> Value {
    app.ok("/api/audit?limit=1").await["operations"][0].take()
}

/// The number that Redis replies.
async fn number(redis: &TestRedis, line: &str) -> i64 {
    match redis.run(line).await {
        redis::Value::Int(number) => number,
        other => panic!("{line}: {other:?}"),
    }
}

/// How a group is, as `XINFO GROUPS` says.
async fn group(redis: &TestRedis, name: &str) -> Value {
    let reply: Vec<std::collections::HashMap<String, redis::Value>> = redis::cmd("XINFO")
        .arg("GROUPS")
        .arg(STREAM)
        .query_async(&mut redis.connection().await)
        .await
        .unwrap();
    let text = |value: &redis::Value| match value {
        redis::Value::Int(number) => json!(number),
        redis::Value::BulkString(bytes) => json!(String::from_utf8_lossy(bytes)),
        _ => Value::Null,
    };
    let groups = reply.iter().map(|group| {
        let pairs = group.iter().map(|(name, value)| (name.clone(), text(value)));
        Value::Object(pairs.collect())
    });
    groups.into_iter().find(|group| group["name"] == name).unwrap_or_default()
}

/// The ids that a group has pending, each with its consumer.
async fn pending(redis: &TestRedis, name: &str) -> Vec<(String, String)> {
    let reply: Vec<(String, String, u64, u64)> = redis::cmd("XPENDING")
        .arg(STREAM)
        .arg(name)
        .arg("-")
        .arg("+")
        .arg(1_000)
        .query_async(&mut redis.connection().await)
        .await
        .unwrap();
    reply.into_iter().map(|(id, consumer, ..)| (id, consumer)).collect()
}
