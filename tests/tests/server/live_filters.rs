//! Lines of live events that leave some out: by a filter, or since they are about one aggregate in a topic.

use rewind_server::config::FoldConfig;
use rewind_tests::{LiveLine, TestApp, TestRedis};
use serde_json::json;

/// More than a channel keeps.
const BURST: u64 = 2_000;
/// `data.total > 100`
const OVER_100: &str = "filter=data.total%3E100";
/// `=Math.round(event.data.total)>100`, which only the engine can answer.
const OVER_100_IN_THE_ENGINE: &str = "filter=%3DMath.round(event.data.total)%3E100";

async fn add(redis: &TestRedis, stream: &str, n: u64, total: u64) {
    redis.add(stream, &format!("{n}-0"), "Paid", &json!({"total": total}).to_string()).await;
}

/// Entries of which every tenth is over 100.
async fn add_many(redis: &TestRedis, stream: &str, from: u64, to: u64) {
    let mut pipeline = redis::pipe();
    for n in from..=to {
        let data = json!({"total": if n % 10 == 0 { 500 } else { 5 }}).to_string();
        pipeline.cmd("XADD").arg(stream).arg(format!("{n}-0")).arg("type").arg("Paid");
        pipeline.arg("data").arg(data);
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
}

fn tens(from: u64, to: u64) -> Vec<String> {
    (from..=to).filter(|n| n % 10 == 0).map(|n| format!("{n}-0")).collect()
}

async fn resume(app: &TestApp, query: &str, last_id: &str) -> LiveLine {
    let request = app.request(&format!("/api/live?{query}"));
    LiveLine::open(request.header("last-event-id", last_id)).await
}

#[tokio::test]
async fn only_what_the_filter_lets_through_arrives_from_the_past_and_from_now_on() {
    let redis = TestRedis::start().await;
    add_many(&redis, "s", 1, BURST).await;
    let app = TestApp::start(&redis).await;
    for filter in [OVER_100, OVER_100_IN_THE_ENGINE] {
        let mut line = app.live(&format!("stream=s&after=0-0&{filter}")).await;
        assert_eq!(line.next_ids(200).await, tens(1, BURST), "{filter}");
    }
    let mut line = app.live(&format!("stream=s&{OVER_100_IN_THE_ENGINE}")).await;
    line.next_named("status").await;
    add_many(&redis, "s", BURST + 1, 2 * BURST).await;
    assert_eq!(line.next_ids(200).await, tens(BURST + 1, 2 * BURST));
    assert!(line.is_silent().await);
}

#[tokio::test]
async fn what_was_left_out_is_behind_a_line_that_comes_back() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let query = format!("stream=s&stream=t&{OVER_100}");
    let mut line = app.live(&query).await;
    line.next_named("status").await;
    for n in 1..=5 {
        add(&redis, "s", n, 5).await;
    }
    add(&redis, "t", 6, 500).await;
    let entry = line.next_named("entry").await;
    assert_eq!((&entry.data["stream"], entry.id.as_deref()), (&json!("t"), Some("5-0,6-0")));
    drop(line);
    add(&redis, "s", 7, 500).await;
    let mut line = resume(&app, &query, "5-0,6-0").await;
    assert_eq!(line.next_ids(1).await, ["7-0"]);
}

#[tokio::test]
async fn a_category_is_filtered_too() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let query = format!("category=orders&{OVER_100_IN_THE_ENGINE}");
    let mut line = app.live(&query).await;
    line.next_named("status").await;
    add_many(&redis, "orders:1", 1, 30).await;
    add_many(&redis, "orders:2", 1, 30).await;
    let mut ids = line.next_ids(6).await;
    ids.sort();
    assert_eq!(ids, ["10-0", "10-0", "20-0", "20-0", "30-0", "30-0"]);
    let last_id = line.last_id.clone();
    drop(line);
    add(&redis, "orders:3", 31, 5).await;
    add(&redis, "orders:3", 32, 500).await;
    let mut line = resume(&app, &query, &last_id).await;
    assert_eq!(line.next_ids(1).await, ["32-0"]);
}

#[tokio::test]
async fn a_filter_that_is_none_is_refused_at_its_column() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    for filter in ["data.total%3E", "event.data.total%20%3E%20%3D%3D"] {
        let (status, body) = app.get(&format!("/api/live?stream=s&filter={filter}")).await;
        let error = &body["error"];
        assert_eq!((status.as_u16(), &error["parameter"]), (400, &json!("filter")), "{body}");
        assert!(error["column"].is_u64(), "{body}");
    }
}

#[tokio::test]
async fn events_about_which_the_filter_fails_are_told_with_the_first_ones_id() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("stream=s&filter=event.data.customer.id.length%3E2").await;
    line.next_named("status").await;
    redis.add("s", "1-0", "Paid", r#"{"total":1}"#).await;
    let errors = line.next_named("filter_errors").await;
    assert_eq!((&errors.data["stream"], &errors.data["id"]), (&json!("s"), &json!("1-0")));
    assert!(errors.data["message"].as_str().unwrap().contains("undefined"), "{}", errors.data);
    redis.add("s", "2-0", "Paid", r#"{"customer":{"id":"abc"}}"#).await;
    assert_eq!(line.next_ids(1).await, ["2-0"]);
    redis.add("s", "3-0", "Paid", r#"{"total":1}"#).await;
    let errors = line.next_named("filter_errors").await;
    assert_eq!((&errors.data["events"], &errors.data["id"]), (&json!(2), &json!("1-0")));
}

#[tokio::test]
async fn a_filter_without_end_is_stopped_and_holds_up_nobody_else() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let mut stuck = app
        .live("stream=s&filter=%3Devent.data.total%20%26%26%20(()%3D%3E%7Bwhile(true)%3B%7D)()")
        .await;
    let mut other = app.live("stream=s").await;
    stuck.next_named("status").await;
    other.next_named("status").await;
    add(&redis, "s", 1, 500).await;
    assert_eq!(other.next_ids(1).await, ["1-0"]);
    let errors = stuck.next_named("filter_errors").await;
    assert_eq!(errors.data["id"], "1-0");
}

#[tokio::test]
async fn an_aggregate_in_a_topic_is_watched_like_a_stream() {
    let redis = TestRedis::start().await;
    let rule = ["Order", "events:orders", "data.order_id"];
    let add = async |n: u64, order: &str| {
        let data = json!({"order_id": order, "n": n}).to_string();
        redis.add("events:orders", &format!("{n}-0"), "Changed", &data).await;
    };
    add(1, "7").await;
    add(2, "8").await;
    let app = TestApp::start_with_topics(&redis, FoldConfig::default(), &[rule], None).await;
    let query = "stream=events:orders%23Order:7";
    let mut line = app.live(&format!("{query}&after=0-0")).await;
    assert_eq!(line.next_ids(1).await, ["1-0"]);
    add(3, "8").await;
    add(4, "7").await;
    let entry = line.next_named("entry").await;
    assert_eq!(entry.data["stream"], "events:orders#Order:7");
    assert_eq!((&entry.data["event"]["id"], entry.id.as_deref()), (&json!("4-0"), Some("4-0")));
    drop(line);
    for n in 5..1_000 {
        add(n, if n % 100 == 0 { "7" } else { "9" }).await;
    }
    let mut line = resume(&app, query, "4-0").await;
    let expected: Vec<String> = (1..10).map(|n| format!("{}-0", n * 100)).collect();
    assert_eq!(line.next_ids(9).await, expected);
    assert!(line.has_no_more_entries().await);
}
