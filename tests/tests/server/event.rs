//! `GET /api/event` and `GET /api/value`, and what large values look like in lists and live lines

use redis::aio::MultiplexedConnection;
use rewind_tests::{TestApp, TestRedis};
use serde_json::{Value, json};

async fn add(connection: &mut MultiplexedConnection, id: &str, fields: &[(&str, &[u8])]) {
    let mut command = redis::cmd("XADD");
    command.arg("s").arg(id);
    for (name, value) in fields {
        command.arg(*name).arg(*value);
    }
    let _: String = command.query_async(connection).await.unwrap();
}

fn large_json(bytes: usize) -> String {
    format!(r#"{{"text":"{}"}}"#, "x".repeat(bytes))
}

#[tokio::test]
async fn an_event_is_found_by_its_id_wherever_it_is() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 5).await;
    let app = TestApp::start(&redis).await;
    let answer = app.ok("/api/event?stream=s&id=3-0").await;
    assert_eq!(answer["stream"], "s");
    assert_eq!(answer["event"]["id"], "3-0");
    assert_eq!(
        (&answer["event"]["data"], &answer["event"]["cut"]),
        (&json!({"n": 3}), &Value::Null)
    );
    assert_eq!(app.ok("/api/event?stream=s&id=5-0").await["event"]["version"], 5);
    for (query, status, code) in [
        ("stream=s&id=3-1", 404, "event_not_found"),
        ("stream=s&id=0-0", 404, "event_not_found"),
        ("stream=no&id=3-0", 404, "stream_not_found"),
        ("stream=s", 400, "bad_parameter"),
    ] {
        let (got, got_code, _) = app.error(&format!("/api/event?{query}")).await;
        assert_eq!((got, got_code.as_str()), (status, code), "{query}");
    }
}

#[tokio::test]
async fn lists_and_live_lines_have_the_beginning_of_large_values_and_their_size() {
    let redis = TestRedis::start().await;
    let mut connection = redis.connection().await;
    let data = large_json(100_000);
    let app = TestApp::start(&redis).await;
    let mut live = app.live("stream=s").await;
    live.next_named("status").await;
    add(&mut connection, "1-0", &[("type", b"Grown"), ("data", data.as_bytes()), ("note", b"a")])
        .await;
    let listed = app.ok("/api/events?stream=s").await["events"][0].clone();
    let arrived = live.next_named("entry").await.data;
    for event in [&listed, &arrived["event"]] {
        assert_eq!((&event["type"], &event["data"]), (&json!("Grown"), &Value::Null));
        assert_eq!(event["decode_error"], Value::Null);
        assert_eq!(event["cut"]["data"]["bytes"], data.len());
        assert_eq!(event["cut"]["fields"], json!([{"at": 1, "bytes": data.len()}]));
        assert_eq!(event["fields"]["note"], "a");
        let text = event["fields"]["data"].as_str().unwrap();
        assert!(data.starts_with(text) && text.len() == 16 * 1024);
    }
    let whole = app.ok("/api/event?stream=s&id=1-0").await;
    assert_eq!(whole["event"]["cut"], Value::Null);
    assert_eq!(whole["event"]["data"]["text"].as_str().unwrap().len(), 100_000);
}

#[tokio::test]
async fn a_value_of_fifty_megabytes_is_listed_in_short_and_can_be_downloaded() {
    let redis = TestRedis::start().await;
    let mut connection = redis.connection().await;
    let bytes: Vec<u8> = (0..50_000_000_u32).map(|n| (n % 251) as u8).collect();
    add(&mut connection, "1-0", &[("type", b"Blob"), ("blob", &bytes)]).await;
    let app = TestApp::start(&redis).await;
    for path in ["/api/events?stream=s", "/api/event?stream=s&id=1-0"] {
        let text = app.request(path).send().await.unwrap().text().await.unwrap();
        assert!(text.len() < 2_000_000, "{path}: {}", text.len());
        assert!(text.contains(r#""bytes":50000000"#), "{path}");
    }
    let response = app.request("/api/value?stream=s&id=1-0&field=blob").send().await.unwrap();
    assert_eq!(response.status(), 200);
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("content-disposition", "attachment; filename=\"blob-1-0.bin\""),
        ("x-content-type-options", "nosniff"),
        ("content-length", "50000000"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    assert!(response.bytes().await.unwrap() == bytes);
}

#[tokio::test]
async fn a_value_that_is_not_there_says_what_is_missing() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 1).await;
    let app = TestApp::start(&redis).await;
    for (query, status, code, part) in [
        ("stream=s&id=1-0&field=no", 404, "not_found", "`no`"),
        ("stream=s&id=2-0&at=0", 404, "event_not_found", "`2-0`"),
        ("stream=no&id=1-0&at=0", 404, "stream_not_found", "`no`"),
        ("stream=s&id=1-0", 400, "bad_parameter", "`field`"),
        ("stream=s&at=0", 400, "bad_parameter", "`id`"),
    ] {
        let (got, got_code, message) = app.error(&format!("/api/value?{query}")).await;
        assert_eq!((got, got_code.as_str()), (status, code), "{query}");
        assert!(message.contains(part), "{query}: {message}");
    }
}
