//! A bounded hostile run: whatever is sent, the answer has a status that says what is wrong, is never an internal error, and the
//! server answers others as before.

use std::time::Duration;

use reqwest::Method;
use rewind_server::config::FoldConfig;
use rewind_tests::hostile::{
    BODIES, GET_CALLS, POST_CALLS, QUERIES, TRUSTED_HOSTS, UNTRUSTED_HOSTS, values,
};
use rewind_tests::raw_http::{RawAnswer, RawHttp, ask};
use rewind_tests::{TestApp, TestRedis};
use serde_json::{Value, json};

/// How long the text of an error can be, in bytes, with some room for what stands around it.
const MAX_ERROR_BYTES: usize = 8 * 1024;

async fn start(redis: &TestRedis) -> (TestApp, tempfile::TempDir) {
    redis.add("aggregate:Order:1", "1-0", "Created", r#"{"total":5}"#).await;
    redis.add("aggregate:Order:1", "2-0", "Paid", r#"{"total":7}"#).await;
    redis.run("SET text x").await;
    let folder = tempfile::tempdir().unwrap();
    let folds = FoldConfig { folder: Some(folder.path().to_owned()), ..FoldConfig::default() };
    (TestApp::start_with_folds(redis, folds).await, folder)
}

async fn assert_well(app: &TestApp) {
    assert_eq!(app.ok("/healthz").await["status"], "ok");
    assert_eq!(app.ok("/readyz").await["status"], "ok");
}

/// The answer to a request line, whose body is read unless it may never end.
async fn line(app: &TestApp, line: &str, is_stream: bool) -> RawAnswer {
    let mut connection = RawHttp::connect(app.address()).await;
    connection
        .send(format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        .await;
    let answer = if is_stream { connection.header().await } else { connection.answer().await };
    answer.unwrap_or_else(|| panic!("no answer: {line}"))
}

fn assert_is_error(answer: &RawAnswer, what: &str) {
    let json: Value =
        serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("{what}: {answer:?}"));
    let (code, message) = (&json["error"]["code"], &json["error"]["message"]);
    assert!(code.is_string() && message.is_string(), "{what}: {answer:?}");
    assert!(answer.body.len() <= MAX_ERROR_BYTES, "{what}: {} bytes", answer.body.len());
    for code in ["internal", "server_unreachable"] {
        assert_ne!(json["error"]["code"], json!(code), "{what}: {answer:?}");
    }
}

#[tokio::test]
async fn every_call_answers_to_its_good_parameters_by_get_and_by_head() {
    let redis = TestRedis::start().await;
    let (app, _folder) = start(&redis).await;
    for call in GET_CALLS {
        let path = call.good();
        let get = line(&app, &format!("GET {path}"), call.is_stream).await;
        assert_eq!(get.status, 200, "{path}: {get:?}");
        let head = line(&app, &format!("HEAD {path}"), false).await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        let content_type = |answer: &RawAnswer| -> Vec<String> {
            let lines = answer.header.lines();
            lines.filter(|line| line.starts_with("content-type")).map(str::to_owned).collect()
        };
        assert_eq!(content_type(&head), content_type(&get), "{path}");
    }
    assert_eq!(line(&app, "HEAD /api/events?stream=missing", false).await.status, 404);
    assert_eq!(line(&app, "HEAD /api/find?stream=a&limit=0", false).await.status, 400);
    assert_eq!(line(&app, "HEAD /api/live?stream=a%5C", false).await.status, 400);
    assert_eq!(line(&app, "HEAD /api/export?stream=a&format=xml", false).await.status, 400);
    // Nothing is left running behind an answer that has no body.
    assert_eq!(app.figure("rewind_live_viewers").await, 0);
    let status = app.ok("/api/export_status?ticket=0123456789abcdefghij0123").await;
    assert_eq!(status["phase"], "waiting");
    assert_well(&app).await;
}

#[tokio::test]
async fn no_value_of_a_parameter_is_an_internal_error() {
    let redis = TestRedis::start().await;
    let (app, _folder) = start(&redis).await;
    let values = values();
    for call in GET_CALLS {
        for name in call.parameters {
            for value in &values {
                let path = call.good_but(name, value);
                let shown: String = path.chars().take(200).collect();
                let answer = line(&app, &format!("GET {path}"), call.is_stream).await;
                match answer.status {
                    200 => {}
                    400 | 403 | 404 | 409 | 422 | 503 if call.is_stream => {}
                    400 | 403 | 404 | 409 | 422 | 503 => assert_is_error(&answer, &shown),
                    // The path itself is too long.
                    414 | 431 => {}
                    _ => panic!("{shown}: {answer:?}"),
                }
                assert!(!answer.header.contains("x-injected"), "{shown}");
            }
        }
        assert_well(&app).await;
    }
}

#[tokio::test]
async fn no_query_is_an_internal_error() {
    let redis = TestRedis::start().await;
    let (app, _folder) = start(&redis).await;
    let nested = format!("stream{}=a", "[a]".repeat(1_000));
    let many = "stream=a&".repeat(5_000);
    for call in GET_CALLS {
        for query in QUERIES.into_iter().chain([nested.as_str(), many.as_str()]) {
            let shown: String = format!("{}?{query}", call.path).chars().take(200).collect();
            let request = format!("GET {}?{query}", call.path);
            let answer = line(&app, &request, call.is_stream).await;
            let is_told = matches!(answer.status, 400 | 404 | 409 | 422 | 503);
            assert!(answer.status == 200 || is_told, "{shown}: {answer:?}");
            if is_told && !call.is_stream {
                assert_is_error(&answer, &shown);
            }
        }
    }
    assert_well(&app).await;
}

#[tokio::test]
async fn what_is_no_body_of_a_call_is_refused_as_what_it_is() {
    let redis = TestRedis::start().await;
    let (app, folder) = start(&redis).await;
    let client = reqwest::Client::new();
    for (path, good) in POST_CALLS {
        let url = format!("{}{path}", app.url());
        for body in BODIES {
            let mut request = client.post(&url).body(body.text);
            if let Some(content_type) = body.content_type {
                request = request.header("content-type", content_type);
            }
            let answer = request.send().await.unwrap();
            let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
            assert_eq!(status, body.status, "{path}: {body:?}: {text}");
            let code = if status == 415 { "content_type_unsupported" } else { "bad_parameter" };
            let json: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(json["error"]["code"], code, "{path}: {body:?}: {text}");
        }
        for length in [3 << 20, 20 << 20] {
            let body = format!("{{\"source\": \"{}\"}}", "x".repeat(length));
            let request = client.post(&url).header("content-type", "application/json").body(body);
            // Of the largest one not all is read, so that the connection may end before the client has the answer.
            let Ok(answer) = request.send().await else {
                assert!(length > 16 << 20);
                continue;
            };
            assert_eq!(answer.status(), 413, "{path}");
            let json: Value = answer.json().await.unwrap();
            assert_eq!(json["error"]["code"], "body_too_large");
        }
        let long = format!(
            "{{\"stream\": \"{0}\", \"ticket\": \"{0}\", \"action\": \"{0}\"}}",
            "y".repeat(1 << 19)
        );
        let answer = client.post(&url).header("content-type", "application/json").body(long);
        let answer = answer.send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 200 | 400), "{path}: {}", answer.status());
        assert!(answer.text().await.unwrap().len() <= MAX_ERROR_BYTES, "{path}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        if path != "/api/save_fold" {
            let (status, answer) = app.post(path, &serde_json::from_str(good).unwrap()).await;
            assert_eq!(status, 200, "{path}: {answer}");
        }
        assert_well(&app).await;
    }
}

#[tokio::test]
async fn a_long_text_in_an_error_is_cut_and_leaves_it_what_it_is() {
    let redis = TestRedis::start().await;
    let (app, _folder) = start(&redis).await;
    let long = "x".repeat(50_000);
    for (path, expected) in [
        (format!("/api/events?stream={long}"), 404),
        (format!("/api/events?stream=aggregate:Order:1&after={long}"), 400),
        (format!("/api/find?stream={long}&limit=0"), 400),
        (format!("/api/bisect?stream=aggregate:Order:1&expression=throw+{long}"), 422),
        (format!("/api/replay?stream=aggregate:Order:1&id={long}"), 400),
        (format!("/api/{long}"), 404),
        (format!("/{long}.js"), 404),
    ] {
        let answer = line(&app, &format!("GET {path}"), false).await;
        assert!(answer.status == expected || answer.status == 400, "{}: {answer:?}", &path[..40]);
        assert_is_error(&answer, &path[..40]);
    }
}

#[tokio::test]
async fn other_methods_are_told_which_there_are() {
    let redis = TestRedis::start().await;
    let (app, _folder) = start(&redis).await;
    let gets = GET_CALLS.map(|call| (call.path, "get,head"));
    let posts = POST_CALLS.map(|(path, _)| (path, "post"));
    for (path, allowed) in gets.into_iter().chain(posts).chain([("/", "get,head")]) {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"]
        {
            if allowed.split(',').any(|allowed| allowed.eq_ignore_ascii_case(method)) {
                continue;
            }
            let answer = line(&app, &format!("{method} {path}"), false).await;
            assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
            let allow = answer.header.lines().find_map(|line| line.strip_prefix("allow: "));
            let allow = allow.unwrap_or_else(|| panic!("{method} {path}: {answer:?}"));
            assert_eq!(allow.replace(' ', ""), allowed, "{method} {path}");
        }
    }
    assert_well(&app).await;
}

#[tokio::test]
async fn only_exact_hosts_and_the_own_origin_are_trusted() {
    let redis = TestRedis::start().await;
    let (app, _folder) = start(&redis).await;
    let port = app.address().port().to_string();
    let status = async |header: &str| {
        let request =
            format!("GET /api/fold?stream=a HTTP/1.1\r\n{header}Connection: close\r\n\r\n");
        ask(app.address(), request).await.map_or(400, |answer| answer.status)
    };
    for host in TRUSTED_HOSTS {
        let host = host.replace("PORT", &port);
        assert_eq!(status(&format!("Host: {host}\r\n")).await, 200, "{host}");
    }
    for host in UNTRUSTED_HOSTS {
        let host = host.replace("PORT", &port);
        let status = status(&format!("Host: {host}\r\n")).await;
        assert!(matches!(status, 400 | 403), "{host}: {status}");
        let origin = format!("Host: localhost:{port}\r\nOrigin: http://{host}\r\n");
        let status = status_of_origin(&app, &origin).await;
        assert!(matches!(status, 400 | 403), "origin {host}: {status}");
    }
    assert_eq!(status("").await, 403);
    assert_eq!(status("Host: localhost\r\nHost: evil.example\r\n").await, 403);
    assert_eq!(status("Host: localhost\r\nOrigin: http://localhost\r\n").await, 200);
    assert_well(&app).await;
}

async fn status_of_origin(app: &TestApp, header: &str) -> u16 {
    let request = format!("GET /api/fold?stream=a HTTP/1.1\r\n{header}Connection: close\r\n\r\n");
    ask(app.address(), request).await.map_or(400, |answer| answer.status)
}

#[tokio::test]
async fn what_is_no_http_is_refused() {
    let redis = TestRedis::start().await;
    let (app, _folder) = start(&redis).await;
    let long = "x".repeat(300 * 1024);
    for bytes in [
        b"\0\0\0\0\r\n\r\n".to_vec(),
        b"GET\r\n\r\n".to_vec(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n".to_vec(),
        b"POST /api/rates HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n").into_bytes(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
    ] {
        let mut connection = RawHttp::connect(app.address()).await;
        connection.send(&bytes).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        if let Some(answer) = connection.header().await {
            assert!((400..500).contains(&answer.status) || answer.status == 505, "{shown}: {answer:?}");
        }
    }
    assert_well(&app).await;
    let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
    let answer =
        client.request(Method::GET, format!("{}/healthz", app.url())).body("x").send().await;
    assert_eq!(answer.unwrap().status(), 200);
}
