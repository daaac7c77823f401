//! Clients that send or read too slowly, and too many of them.

use std::time::Duration;

use rewind_server::http::Capacity;
use rewind_server::serving::Patience;
use rewind_tests::raw_http::{RawHttp, ask};
use rewind_tests::{RewindProcess, TestApp, TestRedis, eventually};
use serde_json::json;

const SHORT: Duration = Duration::from_millis(300);

async fn start(redis: &TestRedis, capacity: Capacity, patience: Patience) -> TestApp {
    let mut app = TestApp::start(redis).await;
    app.restart_with_capacity(capacity, patience).await;
    app
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

#[tokio::test]
async fn a_request_that_is_not_complete_in_time_is_given_up() {
    let redis = TestRedis::start().await;
    let patience = Patience { header: SHORT, body: SHORT, ..Patience::default() };
    let app = start(&redis, Capacity::default(), patience).await;
    let mut half = RawHttp::connect(app.address()).await;
    half.send("GET /healthz HTTP/1.1\r\nHost: loc").await;
    half.closed().await;
    assert_eq!(app.figure("rewind_header_timeouts_total").await, 1);

    let mut half = RawHttp::connect(app.address()).await;
    half.send("POST /api/rates HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"str").await;
    let answer = half.answer().await.unwrap();
    assert_eq!(answer.status, 408, "{answer:?}");
    assert!(answer.body.contains("request_timeout"), "{answer:?}");
    half.closed().await;

    // One that is idle is closed too, and is no fault.
    let mut idle = RawHttp::connect(app.address()).await;
    idle.closed().await;
    assert_eq!(app.figure("rewind_header_timeouts_total").await, 1);
}

/// This many events that no buffer on the way takes an export of them.
async fn large_stream(redis: &TestRedis) {
    let data = json!({ "text": "x".repeat(100_000) }).to_string();
    for number in 1..=200 {
        redis.add("large", &format!("{number}-0"), "Written", &data).await;
    }
}

#[tokio::test]
async fn exports_that_nobody_reads_leave_room_for_everybody_else() {
    let redis = TestRedis::start().await;
    large_stream(&redis).await;
    let capacity = Capacity { exports: 4, ..Capacity::default() };
    let app = start(&redis, capacity, Patience::default()).await;
    let mut unread = Vec::new();
    for _ in 0..4 {
        let mut connection = RawHttp::connect(app.address()).await;
        connection.send(get("/api/export?stream=large")).await;
        assert_eq!(connection.header().await.unwrap().status, 200);
        unread.push(connection);
    }
    assert_eq!(app.figure("rewind_requests{kind=\"export\"}").await, 4);
    let ticket = "0123456789abcdefghij0123";
    let refused = ask(app.address(), get(&format!("/api/export?stream=large&ticket={ticket}")))
        .await
        .unwrap();
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.header.contains("retry-after: "), "{refused:?}");
    assert!(
        refused.body.contains("too_busy") && refused.body.contains("--max-exports"),
        "{refused:?}"
    );
    assert_eq!(app.figure("rewind_requests_refused_total{kind=\"export\"}").await, 1);
    // The page that follows it learns why.
    let status = app.ok(&format!("/api/export_status?ticket={ticket}")).await;
    assert_eq!(status["phase"], "failed", "{status}");

    app.ok("/healthz").await;
    app.ok("/api/events?stream=large&limit=1").await;
    app.ok("/api/replay?stream=large&version=1").await;
    let clients: String = redis::from_redis_value(redis.run("CLIENT LIST").await).unwrap();
    assert!(clients.lines().count() < 20, "{clients}");

    drop(unread);
    eventually("an export has room again", || async {
        let answer = app.request("/api/export?stream=large").send().await.unwrap();
        (answer.status() == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_export_that_is_not_read_ends_when_patience_does() {
    let redis = TestRedis::start().await;
    large_stream(&redis).await;
    let patience = Patience { reader: SHORT, ..Patience::default() };
    let app = start(&redis, Capacity::default(), patience).await;
    let mut unread = RawHttp::connect(app.address()).await;
    unread.send(get("/api/export?stream=large")).await;
    assert_eq!(unread.header().await.unwrap().status, 200);
    eventually("the export has ended", || async {
        (app.figure("rewind_requests{kind=\"export\"}").await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn searches_are_limited_and_wait_for_each_other() {
    let redis = TestRedis::start().await;
    large_stream(&redis).await;
    let capacity = Capacity { finds: 1, ..Capacity::default() };
    let app = start(&redis, capacity, Patience::default()).await;
    let mut unread = RawHttp::connect(app.address()).await;
    unread.send(get("/api/find?stream=large&limit=200")).await;
    assert_eq!(unread.header().await.unwrap().status, 200);
    let mut waiting = RawHttp::connect(app.address()).await;
    waiting.send(get("/api/find?stream=large&limit=1")).await;
    drop(unread);
    assert_eq!(waiting.header().await.unwrap().status, 200);
}

#[tokio::test]
async fn connections_that_say_nothing_make_room_for_those_that_do() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 3).await;
    let capacity = Capacity { connections: 16, ..Capacity::default() };
    let app = start(&redis, capacity, Patience::default()).await;
    let mut idle = Vec::new();
    for number in 0..60 {
        let mut connection = RawHttp::connect(app.address()).await;
        if number % 2 == 0 {
            connection.send("GET /healthz HTTP/1.1\r\nHost: loc").await;
        }
        idle.push(connection);
    }
    for _ in 0..20 {
        assert_eq!(ask(app.address(), get("/healthz")).await.unwrap().status, 200);
        assert_eq!(ask(app.address(), get("/api/replay?stream=s")).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn where_nearly_all_connections_work_short_questions_are_still_answered() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 3).await;
    let capacity = Capacity { connections: 16, ..Capacity::default() };
    let app = start(&redis, capacity, Patience::default()).await;
    let mut lines = Vec::new();
    for _ in 0..12 {
        let mut line = RawHttp::connect(app.address()).await;
        line.send(get("/api/live?stream=s")).await;
        assert_eq!(line.header().await.unwrap().status, 200);
        lines.push(line);
    }
    let refused = ask(app.address(), get("/api/live?stream=s")).await.unwrap();
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(
        refused.body.contains("too_busy") && refused.header.contains("retry-after"),
        "{refused:?}"
    );
    for path in ["/healthz", "/metrics", "/api/events?stream=s"] {
        assert_eq!(ask(app.address(), get(path)).await.unwrap().status, 200, "{path}");
    }
    drop(lines);
    eventually("there is room again", || async {
        let answer = ask(app.address(), get("/api/replay?stream=s")).await.unwrap();
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn where_few_files_can_be_open_the_server_still_answers() {
    let redis = TestRedis::start().await;
    let server = RewindProcess::start_with_open_files(&redis, 48);
    let mut idle = Vec::new();
    for _ in 0..150 {
        idle.push(RawHttp::connect(server.address()).await);
    }
    for _ in 0..5 {
        assert_eq!(ask(server.address(), get("/healthz")).await.unwrap().status, 200);
    }
    drop(idle);
    eventually("Redis is reached again", || async {
        let answer = ask(server.address(), get("/readyz")).await.unwrap();
        (answer.status == 200).then_some(())
    })
    .await;
}
