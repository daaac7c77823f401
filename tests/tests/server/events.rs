//! `GET /api/events`

use rewind_tests::{TestApp, TestRedis};
use serde_json::{Value, json};

fn ids(page: &Value) -> Vec<String> {
    let events = page["events"].as_array().unwrap();
    events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
}

fn numbered(range: impl Iterator<Item = u64>) -> Vec<String> {
    range.map(|n| format!("{n}-0")).collect()
}

#[tokio::test]
async fn pages_lead_through_the_whole_stream_in_both_orders() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 25).await;
    let app = TestApp::start(&redis).await;
    for (order, cursor, expected) in
        [("asc", "after", numbered(1..=25)), ("desc", "before", numbered((1..=25).rev()))]
    {
        let (mut seen, mut sizes, mut position) = (Vec::new(), Vec::new(), String::new());
        loop {
            let page = app
                .ok(&format!("/api/events?stream=s&limit=10&order={order}&{cursor}={position}"))
                .await;
            seen.extend(ids(&page));
            sizes.push(ids(&page).len());
            match page["next"].as_str() {
                Some(next) => position = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen, expected, "{order}");
        assert_eq!(sizes, [10, 10, 5], "{order}");
    }
}

#[tokio::test]
async fn a_page_tells_whether_there_is_one_before_it() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 5).await;
    let app = TestApp::start(&redis).await;
    let first = app.ok("/api/events?stream=s&limit=2").await;
    assert_eq!((ids(&first), &first["prev"]), (vec!["5-0".into(), "4-0".into()], &Value::Null));
    let second = app.ok("/api/events?stream=s&limit=2&before=4-0").await;
    assert_eq!(second["prev"], "3-0");
    let back = app.ok("/api/events?stream=s&limit=2&order=asc&after=3-0").await;
    assert_eq!(ids(&back), ["4-0", "5-0"]);
    assert_eq!((&back["prev"], &back["next"]), (&json!("4-0"), &Value::Null));
}

#[tokio::test]
async fn events_at_both_ends_of_a_stream_have_versions() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 10).await;
    redis.run("XTRIM s MAXLEN 8").await;
    let app = TestApp::start(&redis).await;
    let versions = |page: &Value| -> Vec<Option<u64>> {
        page["events"].as_array().unwrap().iter().map(|event| event["version"].as_u64()).collect()
    };
    assert_eq!(versions(&app.ok("/api/events?stream=s&limit=2").await), [Some(10), Some(9)]);
    assert_eq!(
        versions(&app.ok("/api/events?stream=s&limit=2&order=asc").await),
        [Some(3), Some(4)]
    );
    assert_eq!(
        versions(&app.ok("/api/events?stream=s&limit=2&order=asc&after=8-0").await),
        [Some(9), Some(10)]
    );
    assert_eq!(
        versions(&app.ok("/api/events?stream=s&limit=2&order=asc&after=5-0").await),
        [None, None]
    );
}

#[tokio::test]
async fn an_event_comes_decoded_and_raw() {
    let redis = TestRedis::start().await;
    redis
        .add("s", "1706185200000-0", "OrderPaid", r#"{"amount":49.90,"n":12345678901234567890}"#)
        .await;
    let app = TestApp::start(&redis).await;
    let text = app.request("/api/events?stream=s").send().await.unwrap().text().await.unwrap();
    assert!(text.contains(r#""data":{"amount":49.90,"n":12345678901234567890}"#), "{text}");
    let page: Value = serde_json::from_str(&text).unwrap();
    let event = &page["events"][0];
    assert_eq!(event["type"], "OrderPaid");
    assert_eq!(event["timestamp_ms"], 1_706_185_200_000_u64);
    assert_eq!(event["fields"]["type"], "OrderPaid");
}

#[tokio::test]
async fn what_cannot_be_decoded_is_shown_raw_with_the_reason() {
    let redis = TestRedis::start().await;
    let mut connection = redis.connection().await;
    for (id, value) in [("1-0", &b"{\"a\":"[..]), ("2-0", b"\xff\xfe"), ("3-0", b"")] {
        let mut command = redis::cmd("XADD");
        command
            .arg("s")
            .arg(id)
            .arg("type")
            .arg("Odd")
            .arg("data")
            .arg(value)
            .arg("tag")
            .arg("a")
            .arg("tag")
            .arg("b");
        let _: String = command.query_async(&mut connection).await.unwrap();
    }
    let app = TestApp::start(&redis).await;
    let page = app.ok("/api/events?stream=s&order=asc").await;
    let codes: Vec<&Value> =
        page["events"].as_array().unwrap().iter().map(|e| &e["decode_error"]["code"]).collect();
    assert_eq!(codes, ["not_json", "not_utf8", "not_json"]);
    let raw = &page["events"][1]["fields"];
    assert_eq!(
        *raw,
        json!([["type", "Odd"], ["data", {"$base64": "//4="}], ["tag", "a"], ["tag", "b"]])
    );
}

#[tokio::test]
async fn an_emptied_stream_has_a_page_without_events() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 3).await;
    redis.run("XTRIM s MAXLEN 0").await;
    let app = TestApp::start(&redis).await;
    let page = app.ok("/api/events?stream=s").await;
    assert!(ids(&page).is_empty());
    assert_eq!(page["stream"]["latest_version"], 3);
    assert_eq!((&page["next"], &page["prev"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn errors_name_what_is_wrong() {
    let redis = TestRedis::start().await;
    redis.run("SET text x").await;
    redis.add_many("s", 1).await;
    let app = TestApp::start(&redis).await;
    for (query, status, code, part) in [
        ("stream=nope", 404, "stream_not_found", "`nope`"),
        ("stream=text", 409, "not_a_stream", "`text`"),
        ("", 400, "bad_parameter", "`stream`"),
        ("stream=s&after=abc", 400, "bad_parameter", "`after`"),
        ("stream=s&before=1", 400, "bad_parameter", "`before`"),
        ("stream=s&limit=1001", 400, "bad_parameter", "`limit`"),
        ("stream=s&order=up", 400, "bad_parameter", "`order`"),
        ("stream=s&filter=x", 400, "bad_parameter", "`filter`"),
    ] {
        let (got_status, got_code, message) = app.error(&format!("/api/events?{query}")).await;
        assert_eq!((got_status, got_code.as_str()), (status, code), "{query}");
        assert!(message.contains(part), "{query}: {message}");
    }
}

#[tokio::test]
async fn a_command_that_redis_forbids_is_named() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 1).await;
    redis.run("ACL SETUSER default -xrange").await;
    let app = TestApp::start(&redis).await;
    let (status, code, message) = app.error("/api/events?stream=s&order=asc").await;
    assert_eq!((status, code.as_str()), (403, "redis_forbidden"));
    assert!(message.contains("xrange"), "{message}");
}

#[tokio::test]
async fn a_connection_that_redis_closed_is_made_again_unnoticed() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 1).await;
    let app = TestApp::start(&redis).await;
    app.ok("/api/events?stream=s").await;
    redis.run("CLIENT KILL TYPE normal SKIPME yes").await;
    app.ok("/api/events?stream=s").await;
}
