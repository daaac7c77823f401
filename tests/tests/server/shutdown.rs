//! How the server ends.

use std::os::unix::process::ExitStatusExt as _;
use std::time::Duration;

use rewind_tests::raw_http::RawHttp;
use rewind_tests::{RewindProcess, TestRedis};
use serde_json::json;

/// What service managers wait for.
const DEADLINE: Duration = Duration::from_secs(10);

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// Opens one of everything that lasts: half-sent requests, answers that nobody reads, lines of live events, a question to a Redis
/// that does not answer.
async fn open_everything(redis: &TestRedis, server: &RewindProcess) -> Vec<RawHttp> {
    let data = json!({ "text": "x".repeat(100_000) }).to_string();
    for number in 1..=200 {
        redis.add("large", &format!("{number}-0"), "Written", &data).await;
    }
    let mut open = Vec::new();
    for (bytes, has_answer) in [
        ("GET /healthz HTTP/1.1\r\nHo".to_owned(), false),
        ("POST /api/rates HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{".to_owned(), false),
        (String::new(), false),
        (get("/api/export?stream=large"), true),
        (get("/api/find?stream=large"), true),
        (get("/api/live?stream=large"), true),
        (get("/api/live?all"), true),
    ] {
        let mut connection = RawHttp::connect(server.address()).await;
        connection.send(bytes).await;
        if has_answer {
            assert_eq!(connection.header().await.unwrap().status, 200);
        }
        open.push(connection);
    }
    // A script without an end.
    let script = json!({ "stream": "large", "source": "export default { on: { $any() { for (;;) String(10n ** 300000n); } } };" });
    let script = script.to_string();
    let mut connection = RawHttp::connect(server.address()).await;
    let length = script.len();
    connection
        .send(format!("POST /api/try_fold HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{script}"))
        .await;
    open.push(connection);
    rewind_tests::eventually("the script runs", || async {
        (!server.children().is_empty()).then_some(())
    })
    .await;
    // Redis stops to answer from here on.
    redis.run("CLIENT PAUSE 60000 ALL").await;
    for path in ["/api/replay?stream=large", "/api/events?stream=large", "/api/overview"] {
        let mut connection = RawHttp::connect(server.address()).await;
        connection.send(get(path)).await;
        open.push(connection);
    }
    open
}

#[tokio::test]
async fn it_ends_in_time_whatever_is_open() {
    for signal in ["TERM", "INT"] {
        let redis = TestRedis::start().await;
        let mut server = RewindProcess::start(&redis);
        let _open = open_everything(&redis, &server).await;
        server.signal(signal);
        let (took, status) = tokio::task::spawn_blocking(move || server.ended()).await.unwrap();
        assert!(took < DEADLINE, "{signal}: {took:?}");
        assert_eq!((status.code(), status.signal()), (Some(0), None), "{signal}");
    }
}

#[tokio::test]
async fn with_nothing_open_it_ends_at_once() {
    let redis = TestRedis::start().await;
    let mut server = RewindProcess::start(&redis);
    let _idle = RawHttp::connect(server.address()).await;
    server.signal("TERM");
    let (took, status) = tokio::task::spawn_blocking(move || server.ended()).await.unwrap();
    // Far less than the deadline, for which it has no reason to wait.
    assert!(took < Duration::from_secs(6), "{took:?}");
    assert!(status.success());
}

#[tokio::test]
async fn asked_twice_it_ends_at_once_and_says_so() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let redis = TestRedis::start().await;
        let mut server = RewindProcess::start(&redis);
        let mut open = open_everything(&redis, &server).await;
        server.signal(signal);
        // Lines of live events end at the first signal, which tells that it was heard.
        open[5].closed().await;
        server.signal(signal);
        let (took, status) = tokio::task::spawn_blocking(move || server.ended()).await.unwrap();
        assert!(took < Duration::from_secs(5), "{signal}: {took:?}");
        assert_eq!(status.code(), Some(code), "{signal}");
    }
}
