//! How questions are read, whichever call they are for: every parameter is known, given once, and what it should be.

use rewind_tests::{TestApp, TestRedis};
use serde_json::json;

/// Every call that takes its question in a URL, with one that it answers.
const READS: [&str; 22] = [
    "/api/about?",
    "/api/overview?",
    "/api/streams?",
    "/api/catalog?",
    "/api/categories?",
    "/api/events?stream=aggregate:Order:1",
    "/api/event?stream=aggregate:Order:1&id=1-0",
    "/api/value?stream=aggregate:Order:1&id=1-0&field=data",
    "/api/related?stream=aggregate:Order:1&id=1-0",
    "/api/index?stream=aggregate:Order:1",
    "/api/find?stream=aggregate:Order:1",
    "/api/export?stream=aggregate:Order:1",
    "/api/export_status?ticket=0123456789abcdef",
    "/api/replay?stream=aggregate:Order:1",
    "/api/window?stream=aggregate:Order:1",
    "/api/diff?stream=aggregate:Order:1",
    "/api/blame?stream=aggregate:Order:1",
    "/api/history?stream=aggregate:Order:1&path=",
    "/api/bisect?stream=aggregate:Order:1&expression=true",
    "/api/timeline?stream=aggregate:Order:1",
    "/api/fold?stream=aggregate:Order:1",
    "/api/live?stream=aggregate:Order:1",
];

async fn start() -> (TestRedis, TestApp) {
    let redis = TestRedis::start().await;
    redis.add_many("aggregate:Order:1", 3).await;
    let app = TestApp::start(&redis).await;
    (redis, app)
}

/// The parameter that a question is refused for.
async fn refused(app: &TestApp, path: &str) -> String {
    let (status, code, message) = app.error(path).await;
    assert_eq!((status, code.as_str()), (400, "bad_parameter"), "{path}: {message}");
    message
}

#[tokio::test]
async fn a_parameter_that_a_call_does_not_know_is_refused_by_its_name() {
    let (_redis, app) = start().await;
    for path in READS {
        let status = app.request(path).send().await.unwrap().status();
        assert_eq!(status.as_u16(), 200, "{path}");
        let message = refused(&app, &format!("{path}&fliter=x")).await;
        assert!(message.contains("`fliter`"), "{path}: {message}");
    }
}

#[tokio::test]
async fn a_parameter_that_is_given_twice_is_refused_where_one_is_meant() {
    let (_redis, app) = start().await;
    for path in [
        "/api/events?stream=aggregate:Order:1&stream=b",
        "/api/events?stream=aggregate:Order:1&limit=1&limit=2",
        "/api/find?category=a&category=b",
        "/api/live?stream=a&after=1-0&after=2-0",
        "/api/value?stream=a&id=1-0&id=2-0&field=data",
    ] {
        let message = refused(&app, path).await;
        assert!(message.contains("is given more than once"), "{path}: {message}");
    }
}

#[tokio::test]
async fn what_is_not_text_is_refused_instead_of_being_read_as_another_key() {
    let (_redis, app) = start().await;
    for path in ["/api/events?stream=%FF", "/api/find?stream=%FF", "/api/live?category=%C3"] {
        let message = refused(&app, path).await;
        assert!(message.contains("is not UTF-8"), "{path}: {message}");
    }
}

#[tokio::test]
async fn a_posted_question_is_read_as_strictly() {
    let (_redis, app) = start().await;
    for (path, body, name) in [
        ("/api/rates", json!({"stream": []}), "stream"),
        ("/api/rates", json!({"streams": ["a\\"]}), "streams"),
        ("/api/rates", json!({"streams": "a"}), "streams"),
        ("/api/discovery", json!({}), "action"),
        ("/api/discovery", json!({"action": "stop"}), "action"),
        ("/api/cancel_export", json!({"ticket": "x"}), "ticket"),
        ("/api/try_fold", json!({"stream": "a", "source": ""}), "source"),
        ("/api/try_fold", json!({"stream": "a", "source": "x", "version": -1}), "version"),
        ("/api/save_fold", json!({"stream": "a", "source": "x", "force": true}), "force"),
    ] {
        let (status, answer) = app.post(path, &body).await;
        assert_eq!(status.as_u16(), 400, "{path} {body}: {answer}");
        assert_eq!(answer["error"]["parameter"], name, "{path} {body}: {answer}");
    }
}

#[tokio::test]
async fn a_category_is_the_same_however_it_is_written() {
    let (_redis, app) = start().await;
    for category in ["aggregate:Order", "aggregate:Order:", "aggregate:Order:*"] {
        let path = format!("/api/export?category={category}");
        let file = app.request(&path).send().await.unwrap().text().await.unwrap();
        assert_eq!(file.lines().count(), 3, "{category}");
        let mut line = app.live(&format!("category={category}&after=0-0")).await;
        assert_eq!(line.next_ids(3).await, ["1-0", "2-0", "3-0"], "{category}");
    }
}

#[tokio::test]
async fn a_member_that_is_posted_twice_is_refused() {
    let (_redis, app) = start().await;
    for (path, body, name) in [
        ("/api/discovery", r#"{"action":"pause","action":"resume"}"#, "action"),
        ("/api/save_fold", r#"{"stream":"a","source":"x","source":"y"}"#, "source"),
        ("/api/rates", r#"{"streams":[],"streams":["a"]}"#, "streams"),
    ] {
        let request = reqwest::Client::new().post(format!("{}{path}", app.url())).body(body);
        let response = request.header("content-type", "application/json").send().await.unwrap();
        assert_eq!(response.status().as_u16(), 400, "{body}");
        let error: serde_json::Value = response.json().await.unwrap();
        assert_eq!(error["error"]["parameter"], name, "{error}");
    }
}

#[tokio::test]
async fn what_stands_in_the_url_of_a_posted_question_is_refused() {
    let (_redis, app) = start().await;
    let (status, answer) =
        app.post("/api/discovery?action=pause", &json!({"action": "resume"})).await;
    assert_eq!((status.as_u16(), &answer["error"]["parameter"]), (400, &json!("action")));
    assert!(refused(&app, "/api/openapi.json?x=1").await.contains("`x`"));
}

#[tokio::test]
async fn an_empty_member_counts_as_left_out() {
    let (_redis, app) = start().await;
    let (status, _) = app.post("/api/rates", &json!({"streams": null})).await;
    assert_eq!(status.as_u16(), 200);
    for action in [json!({"pause": null}), json!(null), json!(""), json!(1)] {
        let (status, answer) = app.post("/api/discovery", &json!({"action": action})).await;
        assert_eq!(status.as_u16(), 400, "{action}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("must be `pause`"), "{message}");
    }
}

#[tokio::test]
async fn categories_of_odd_names_have_their_own_streams_only() {
    let redis = TestRedis::start().await;
    for key in ["x*:1", "x:1", "a::b", "a:c"] {
        redis.add(key, "1-0", "Made", "{}").await;
    }
    let app = TestApp::start(&redis).await;
    for (category, expected) in [("x*", "x*:1"), ("x", "x:1"), ("a::", "a::b")] {
        let path = format!("/api/export?category={category}");
        let file = app.request(&path).send().await.unwrap().text().await.unwrap();
        let lines: Vec<&str> = file.lines().collect();
        assert_eq!(lines.len(), 1, "{category}: {file}");
        assert!(lines[0].contains(&format!("\"{expected}\"")), "{category}: {file}");
    }
}
