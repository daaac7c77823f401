//! `GET /api/export`, and following it by a ticket.

use futures::StreamExt as _;
use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::{Value, json};

const TICKET: &str = "0123456789abcdef";

/// Orders `shop:1` to `shop:3`, each created and paid.
async fn shop() -> (TestRedis, TestApp) {
    let redis = TestRedis::start().await;
    for n in 1..=3 {
        let stream = format!("shop:{n}");
        redis.add(&stream, &format!("{n}-0"), "Created", r#"{"total":1}"#).await;
        let data = format!(r#"{{"total":{n}0.50,"by":"=A{n}"}}"#);
        redis.add(&stream, &format!("{}-0", n + 10), "Paid", &data).await;
    }
    let app = TestApp::start(&redis).await;
    (redis, app)
}

/// A stream of this many megabytes that no connection takes it while nobody reads.
async fn heavy() -> (TestRedis, TestApp) {
    let redis = TestRedis::start().await;
    let data = format!(r#"{{"text":"{}"}}"#, "x".repeat(1 << 20));
    for n in 1..=40 {
        redis.add("heavy", &format!("{n}-0"), "Added", &data).await;
    }
    let app = TestApp::start(&redis).await;
    (redis, app)
}

async fn text(app: &TestApp, query: &str) -> String {
    let response = app.request(&format!("/api/export?{query}")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

async fn status(app: &TestApp) -> Value {
    app.ok(&format!("/api/export_status?ticket={TICKET}")).await
}

/// Waits until the export is in this phase.
async fn phase(app: &TestApp, phase: &str) -> Value {
    eventually(&format!("the export is {phase}"), || async {
        Some(status(app).await).filter(|status| status["phase"] == phase)
    })
    .await
}

#[tokio::test]
async fn what_a_filter_finds_becomes_a_file_in_each_format() {
    let (_redis, app) = shop().await;
    let paid = "category=shop&filter=type:Paid&order=asc";
    assert_eq!(
        text(&app, &format!("{paid}&format=csv&columns=data.total,data.by")).await,
        "stream,id,time,type,data.total,data.by\r\n\
         shop:1,11-0,1970-01-01T00:00:00.011Z,Paid,10.50,'=A1\r\n\
         shop:2,12-0,1970-01-01T00:00:00.012Z,Paid,20.50,'=A2\r\n\
         shop:3,13-0,1970-01-01T00:00:00.013Z,Paid,30.50,'=A3\r\n"
    );
    let lines = text(&app, &format!("{paid}&format=ndjson")).await;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["fields"]["data"], r#"{"total":10.50,"by":"=A1"}"#);
    let array: Vec<Value> =
        serde_json::from_str(&text(&app, &format!("{paid}&format=json")).await).unwrap();
    let ids: Vec<_> = array.iter().map(|found| found["event"]["id"].clone()).collect();
    assert_eq!(ids, ["11-0", "12-0", "13-0"]);
    let newest = text(&app, "stream=shop:1&format=csv&order=desc").await;
    assert!(newest.lines().nth(1).unwrap().starts_with("shop:1,11-0"), "{newest}");
}

#[tokio::test]
async fn how_far_an_export_is_can_be_asked_for_by_its_ticket() {
    let (_redis, app) = shop().await;
    assert_eq!(status(&app).await["phase"], "waiting");
    let query = format!("category=shop&filter=type:Paid&format=json&ticket={TICKET}");
    let file = text(&app, &query).await;
    let status = status(&app).await;
    assert_eq!((&status["phase"], &status["bytes"]), (&json!("complete"), &json!(file.len())));
    assert_eq!((&status["found"], &status["total"]), (&json!(3), &json!(6)));
}

#[tokio::test]
async fn an_export_that_is_cancelled_breaks_off() {
    let (_redis, app) = heavy().await;
    let query = format!("/api/export?stream=heavy&ticket={TICKET}");
    let response = app.request(&query).send().await.unwrap();
    let running = phase(&app, "running").await;
    assert!(running["found"].as_u64() < Some(40), "{running}");

    let (code, answer) = app.post("/api/cancel_export", &json!({"ticket": TICKET})).await;
    assert_eq!((code.as_u16(), &answer["phase"]), (200, &json!("cancelled")));
    let mut pieces = response.bytes_stream();
    let mut size = 0;
    let end = loop {
        match pieces.next().await {
            Some(Ok(piece)) => size += piece.len(),
            end => break end,
        }
    };
    assert!(end.is_some_and(|end| end.is_err()), "a part of {size} bytes passes for the whole");
    assert_eq!(status(&app).await["phase"], "cancelled");
    // It does not begin again under the same ticket.
    let again = app.error(&query).await;
    assert_eq!((again.0, again.1.as_str()), (400, "bad_parameter"), "{again:?}");
}

#[tokio::test]
async fn a_browser_that_ends_its_download_has_cancelled() {
    let (_redis, app) = heavy().await;
    let query = format!("/api/export?stream=heavy&ticket={TICKET}");
    let response = app.request(&query).send().await.unwrap();
    phase(&app, "running").await;
    drop(response);
    phase(&app, "cancelled").await;
}

#[tokio::test]
async fn why_an_export_failed_is_known_by_its_ticket() {
    let (_redis, app) = shop().await;
    let query = format!("/api/export?stream=nowhere&ticket={TICKET}");
    let (status, code, _) = app.error(&query).await;
    assert_eq!((status, code.as_str()), (404, "stream_not_found"), "nothing is no file");
    let status = phase(&app, "failed").await;
    assert!(status["message"].as_str().unwrap().contains("nowhere"), "{status}");

    // What is refused before it begins is known too, since a browser that saves a file shows no answer.
    let ticket = "fedcba9876543210";
    let refused = app.error(&format!("/api/export?stream=shop:1&filter=a:&ticket={ticket}")).await;
    assert_eq!(refused.0, 400);
    let status = app.ok(&format!("/api/export_status?ticket={ticket}")).await;
    assert_eq!((&status["phase"], &status["message"]), (&json!("failed"), &json!(refused.2)));
}

#[tokio::test]
async fn events_that_the_filter_fails_on_are_counted() {
    let (_redis, app) = shop().await;
    let filter = "%3Devent.data.by.length+%3E+0";
    let file =
        text(&app, &format!("category=shop&order=asc&filter={filter}&ticket={TICKET}")).await;
    assert_eq!(file.lines().count(), 3);
    let failures = &status(&app).await["failures"];
    assert_eq!(
        (&failures["count"], &failures["first_stream"], &failures["first_id"]),
        (&json!(3), &json!("shop:1"), &json!("1-0"))
    );
}

#[tokio::test]
async fn a_ticket_that_could_be_guessed_is_refused() {
    let (_redis, app) = shop().await;
    for path in
        ["/api/export?stream=shop:1&ticket=1", "/api/export_status?ticket=1", "/api/export_status"]
    {
        let (status, code, message) = app.error(path).await;
        assert_eq!((status, code.as_str()), (400, "bad_parameter"), "{path}: {message}");
    }
}
