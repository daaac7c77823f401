//! `GET /api/streams`

use std::collections::BTreeMap;

use rewind_tests::{TestApp, TestRedis};
use serde_json::Value;

/// Follows the cursors to the end.
async fn discover(app: &TestApp, query: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut cursor = "0".to_owned();
    loop {
        let page = app.ok(&format!("/api/streams?cursor={cursor}&{query}")).await;
        for stream in page["streams"].as_array().unwrap() {
            found.insert(stream["key"].as_str().unwrap().to_owned(), stream.clone());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return found,
        }
    }
}

#[tokio::test]
async fn every_stream_is_found_among_other_keys() {
    let redis = TestRedis::start().await;
    let mut pipeline = redis::pipe();
    for i in 0..3_000 {
        pipeline.cmd("SET").arg(format!("cache:{i}")).arg("x").ignore();
        pipeline
            .cmd("XADD")
            .arg(format!("aggregate:Order:{i}"))
            .arg("1-0")
            .arg("type")
            .arg("created")
            .ignore();
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
    let app = TestApp::start(&redis).await;

    let found = discover(&app, "limit=100").await;
    let expected: Vec<String> = (0..3_000).map(|i| format!("aggregate:Order:{i}")).collect();
    assert!(found.len() == 3_000 && expected.iter().all(|key| found.contains_key(key)));
}

#[tokio::test]
async fn a_stream_is_described_from_the_outside() {
    let redis = TestRedis::start().await;
    redis.add_many("aggregate:Order:1", 5).await;
    redis.run("XTRIM aggregate:Order:1 MAXLEN 3").await;
    redis.run("XGROUP CREATE aggregate:Order:1 billing 0").await;
    redis.add_many("audit", 1).await;
    let app = TestApp::start(&redis).await;

    let found = discover(&app, "").await;
    let order = &found["aggregate:Order:1"];
    assert_eq!(order["kind"], "aggregate");
    assert_eq!((order["length"].as_u64(), order["groups"].as_u64()), (Some(3), Some(1)));
    assert_eq!((order["first_id"].as_str(), order["last_id"].as_str()), (Some("3-0"), Some("5-0")));
    assert_eq!(order["latest_version"], 5);
    assert_eq!(order["incomplete"]["missing_to"], 2);
    assert_eq!(found["audit"]["kind"], "topic");
    assert!(found["audit"].get("incomplete").is_none());
}

#[tokio::test]
async fn a_prefix_is_taken_literally() {
    let redis = TestRedis::start().await;
    for key in ["a*b:1", "axb:1", "a*b", "[x]"] {
        redis.add_many(key, 1).await;
    }
    let app = TestApp::start(&redis).await;
    assert_eq!(discover(&app, "prefix=a*").await.into_keys().collect::<Vec<_>>(), ["a*b", "a*b:1"]);
    assert_eq!(discover(&app, "prefix=%5Bx").await.into_keys().collect::<Vec<_>>(), ["[x]"]);
    assert!(discover(&app, "prefix=nothing").await.is_empty());
}

#[tokio::test]
async fn a_key_that_is_no_text_can_be_found_and_opened() {
    let redis = TestRedis::start().await;
    let mut connection = redis.connection().await;
    let key = b"bin:\xff/?#% \\";
    let _: String = redis::cmd("XADD")
        .arg(key)
        .arg("1-0")
        .arg("type")
        .arg("a")
        .query_async(&mut connection)
        .await
        .unwrap();
    let app = TestApp::start(&redis).await;
    let found = discover(&app, "prefix=bin").await;
    let shown = found.keys().next().unwrap();
    assert_eq!(shown, r"bin:\xff/?#% \\");
    let request = app.request("/api/events").query(&[("stream", shown)]);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn progress_is_told_against_the_size_of_the_keyspace() {
    let redis = TestRedis::start().await;
    redis.add_many("a", 1).await;
    redis.run("SET b 1").await;
    let app = TestApp::start(&redis).await;
    let page = app.ok("/api/streams").await;
    assert_eq!((page["scanned"].as_u64(), page["keys_total"].as_u64()), (Some(2), Some(2)));
}

#[tokio::test]
async fn a_stream_that_may_not_be_read_is_shown_with_the_reason() {
    let redis = TestRedis::start().await;
    redis.add_many("open", 1).await;
    redis.add_many("closed", 1).await;
    redis.run("ACL SETUSER default resetkeys ~open").await;
    let app = TestApp::start(&redis).await;
    let found = discover(&app, "").await;
    assert_eq!(found["open"]["length"], 1);
    assert!(found["closed"]["unavailable"].as_str().unwrap().contains("not allow"), "{found:?}");
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    for (query, name) in [
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
        ("limit=99999999", "limit"),
        ("prefix=%5C", "prefix"),
    ] {
        let (status, code, message) = app.error(&format!("/api/streams?{query}")).await;
        assert_eq!((status, code.as_str()), (400, "bad_parameter"), "{query}");
        assert!(message.contains(&format!("`{name}`")), "{message}");
    }
}
