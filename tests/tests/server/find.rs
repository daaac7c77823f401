//! `GET /api/find`.

use rewind_tests::{LiveLine, TestApp, TestRedis, eventually};
use serde_json::{Value, json};

/// What a search told.
struct Answer {
    /// The ids of the frames of the events that it found, in the order in which they came.
    positions: Vec<String>,
    /// These events.
    events: Vec<Value>,
    done: Value,
    /// Where it says that it can go on.
    position: Option<String>,
}

async fn find(app: &TestApp, query: &str) -> Answer {
    let mut line = LiveLine::open(app.request(&format!("/api/find?{query}"))).await;
    let (mut positions, mut events) = (Vec::new(), Vec::new());
    loop {
        let frame = line.next().await.expect("a search ends with `done`");
        match frame.name.as_str() {
            "found" => {
                positions.push(frame.id.unwrap());
                events.push(frame.data);
            }
            "begun" | "progress" => {}
            "done" => return Answer { positions, events, done: frame.data, position: frame.id },
            other => panic!("{other}: {}", frame.data),
        }
    }
}

/// A stream of five events, whose totals are 1 to 5.
async fn fill(redis: &TestRedis) {
    for n in 1..=5 {
        redis.add("s", &format!("{n}-0"), "Paid", &json!({ "total": n }).to_string()).await;
    }
}

#[tokio::test]
async fn what_a_filter_means_is_found_newest_first_until_all_was_looked_at() {
    let redis = TestRedis::start().await;
    fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let answer = find(&app, "stream=s&filter=data.total%3E2").await;
    assert_eq!(answer.positions, ["5-0", "4-0", "3-0"]);
    let newest = &answer.events[0];
    assert_eq!((&newest["stream"], &newest["event"]["version"]), (&json!("s"), &json!(5)));
    assert_eq!(newest["event"]["data"], json!({ "total": 5 }));
    let done = &answer.done;
    assert_eq!((&done["reason"], &done["found"]), (&json!("exhausted"), &json!(3)));
    assert_eq!((&done["looked_at"], &done["total"]), (&json!(5), &json!(5)));
    assert_eq!(answer.position, None);
}

#[tokio::test]
async fn a_search_goes_on_behind_the_position_where_its_limit_ended_it() {
    let redis = TestRedis::start().await;
    fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let query = "stream=s&order=asc&limit=2&filter=data.total%21%3D2";
    let first = find(&app, query).await;
    assert_eq!(
        (first.positions, &first.done["reason"]),
        (vec!["1-0".into(), "3-0".into()], &json!("limit"))
    );
    let position = first.position.unwrap();
    let rest = find(&app, &format!("{query}&position={position}")).await;
    assert_eq!(rest.positions, ["4-0", "5-0"]);

    let request = app.request(&format!("/api/find?{query}")).header("Last-Event-ID", position);
    let mut line = LiveLine::open(request).await;
    assert_eq!(line.next_named("found").await.id.as_deref(), Some("4-0"));
}

#[tokio::test]
async fn the_streams_of_a_category_are_one_list_in_the_order_of_ids() {
    let redis = TestRedis::start().await;
    for (stream, id) in [
        ("aggregate:Order:1", "1-0"),
        ("aggregate:Order:1", "4-0"),
        ("aggregate:Order:2", "2-0"),
        ("aggregate:Order:2", "3-0"),
        ("aggregate:Order:2", "4-0"),
        ("aggregate:Orders:1", "2-1"),
    ] {
        redis.add(stream, id, "Paid", "{}").await;
    }
    let app = TestApp::start(&redis).await;
    let oldest_first = find(&app, "category=aggregate:Order&order=asc").await;
    let whole = [
        "1-0@aggregate:Order:1",
        "2-0@aggregate:Order:2",
        "3-0@aggregate:Order:2",
        "4-0@aggregate:Order:1",
        "4-0@aggregate:Order:2",
    ];
    assert_eq!(oldest_first.positions, whole);
    assert_eq!(oldest_first.done["streams"], 2);
    let query = "category=aggregate:Order&order=asc&position=4-0@aggregate:Order:1";
    assert_eq!(find(&app, query).await.positions, &whole[4..]);
    let newest_first = find(&app, "category=aggregate:Order&limit=3").await;
    let ids: Vec<&str> =
        newest_first.positions.iter().filter_map(|at| at.split('@').next()).collect();
    assert_eq!(ids, ["4-0", "4-0", "3-0"]);
}

#[tokio::test]
async fn a_filter_that_is_none_is_refused_with_its_column() {
    let redis = TestRedis::start().await;
    fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let (status, answer) = app.get("/api/find?stream=s&filter=paid+data.total%3E").await;
    let error = &answer["error"];
    assert_eq!((status.as_u16(), &error["code"]), (400, &json!("bad_parameter")));
    assert_eq!((&error["parameter"], &error["column"]), (&json!("filter"), &json!(17)), "{error}");
}

#[tokio::test]
async fn a_stream_that_is_not_there_is_named() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let mut line = LiveLine::open(app.request("/api/find?stream=nowhere")).await;
    let error = line.next_named("failed").await.data["error"].take();
    assert_eq!(error["code"], "stream_not_found");
    assert!(error["message"].as_str().unwrap().contains("`nowhere`"), "{error}");
}

#[tokio::test]
async fn events_on_which_an_expression_throws_are_counted_and_the_others_are_found() {
    let redis = TestRedis::start().await;
    let ann = r#"{"customer":{"name":"Ann"}}"#;
    for (id, data) in [("1-0", ann), ("2-0", "{}"), ("3-0", "{}"), ("4-0", ann)] {
        redis.add("s", id, "Registered", data).await;
    }
    let app = TestApp::start(&redis).await;
    let filter = "%3Devent.data.customer.name.startsWith(%22A%22)";
    let answer = find(&app, &format!("stream=s&order=asc&filter={filter}")).await;
    assert_eq!(answer.positions, ["1-0", "4-0"]);
    let failures = &answer.done["failures"];
    assert_eq!((&failures["count"], &failures["first_id"]), (&json!(2), &json!("2-0")));
    assert_eq!(failures["first_stream"], "s");
    assert!(failures["message"].as_str().unwrap().contains("undefined"), "{failures}");
}

#[tokio::test]
async fn what_the_index_knows_to_be_of_other_types_is_not_looked_at() {
    const EVENTS: u64 = 5_000;
    let redis = TestRedis::start().await;
    let mut pipeline = redis::pipe();
    for n in 1..=EVENTS {
        let event_type = if n == 2_500 { "Rare" } else { "Usual" };
        pipeline.cmd("XADD").arg("s").arg(format!("{n}-0")).arg("type").arg(event_type);
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
    let app = TestApp::start(&redis).await;

    let without = find(&app, "stream=s&filter=type:Rare").await;
    assert_eq!((&without.done["looked_at"], &without.done["skipped"]), (&json!(EVENTS), &json!(0)));
    eventually("everything is counted", || async {
        let index = app.ok("/api/index?stream=s").await;
        (index["is_complete"] == true).then_some(())
    })
    .await;
    let with = find(&app, "stream=s&filter=type:Rare").await;
    assert_eq!(with.positions, without.positions);
    let count = |name: &str| with.done[name].as_u64().unwrap();
    assert!(count("skipped") > 0, "{}", with.done);
    assert_eq!(count("looked_at") + count("skipped"), EVENTS);
}

#[tokio::test]
async fn a_large_event_is_found_by_all_of_it_and_sent_in_part() {
    let redis = TestRedis::start().await;
    let data = json!({ "text": "x".repeat(20_000), "n": 7 }).to_string();
    redis.add("s", "1-0", "Noted", &data).await;
    let app = TestApp::start(&redis).await;
    let answer = find(&app, "stream=s&filter=data.n:7").await;
    let event = &answer.events[0]["event"];
    assert_eq!(
        (&event["data"], &event["cut"]["data"]["bytes"]),
        (&Value::Null, &json!(data.len()))
    );
}
