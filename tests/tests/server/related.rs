//! `GET /api/related`

use rewind_tests::{TestApp, TestRedis};
use serde_json::Value;

/// Adds an event with fields given as `name=value`.
async fn add(redis: &TestRedis, stream: &str, id: &str, fields: &str) {
    redis.run(&format!("XADD {stream} {id} {}", fields.replace('=', " "))).await;
}

fn events(answer: &Value) -> Vec<String> {
    let event = |event: &Value| {
        format!("{}@{}", event["stream"].as_str().unwrap(), event["id"].as_str().unwrap())
    };
    answer["events"].as_array().unwrap().iter().map(event).collect()
}

#[tokio::test]
async fn a_story_is_found_across_streams() {
    let redis = TestRedis::start().await;
    add(&redis, "aggregate:Order:1", "100-0", "type=Created correlation_id=c").await;
    add(&redis, "events:orders", "100-0", "type=created correlation_id=c causation_id=100-0").await;
    add(&redis, "aggregate:Order:2", "150-0", "type=Created correlation_id=other").await;
    add(&redis, "aggregate:Order:2", "200-0", "type=Linked correlation_id=c causation_id=e1").await;
    add(&redis, "events:orders", "300-0", "type=mailed event_id=e1 data={\"correlationId\":\"c\"}")
        .await;
    add(&redis, "elsewhere:1", "100-0", "type=Unseen correlation_id=c").await;
    let app = TestApp::start(&redis).await;
    let answer = app.ok("/api/related?stream=aggregate:Order:1&id=100-0").await;
    let story = [
        "aggregate:Order:1@100-0",
        "events:orders@100-0",
        "aggregate:Order:2@200-0",
        "events:orders@300-0",
    ];
    assert_eq!(events(&answer), story);
    assert_eq!(answer["events"][1]["causation_id"], "100-0");
    assert_eq!(answer["events"][3]["correlation_id"], "c");
    assert_eq!((&answer["total"], &answer["next_cursor"]), (&4.into(), &Value::Null));
    assert_eq!(answer["streams"], serde_json::json!(["aggregate:Order:*", "events:*"]));
    let mut looked_at: Vec<(&str, u64, bool)> = answer["looked_at"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| {
            let stream = part["stream"].as_str().unwrap();
            (stream, part["entries"].as_u64().unwrap(), part["is_whole"].as_bool().unwrap())
        })
        .collect();
    looked_at.sort_unstable();
    assert_eq!(
        looked_at,
        [
            ("aggregate:Order:1", 1, true),
            ("aggregate:Order:2", 2, true),
            ("events:orders", 2, true)
        ]
    );
}

#[tokio::test]
async fn an_event_that_names_nothing_is_alone() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 3).await;
    let app = TestApp::start(&redis).await;
    let answer = app.ok("/api/related?stream=s&id=2-0").await;
    assert_eq!(events(&answer), ["s@2-0"]);
    let (status, code, _) = app.error("/api/related?stream=s&id=9-0").await;
    assert_eq!((status, code.as_str()), (404, "event_not_found"));
    let (status, _, message) = app.error("/api/related?stream=s&id=2-0&cursor=x").await;
    assert!(status == 400 && message.contains("`cursor`"), "{message}");
}

#[tokio::test]
async fn a_long_stream_is_read_next_to_the_event_and_the_answer_says_how_far() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 60_000).await;
    add(&redis, "events:x", "60001-0", "type=a correlation_id=c").await;
    redis.run("XADD s 60002-0 type b correlation_id c").await;
    let app = TestApp::start(&redis).await;
    let answer = app.ok("/api/related?stream=s&id=60002-0").await;
    assert_eq!(events(&answer), ["events:x@60001-0", "s@60002-0"]);
    let part = &answer["looked_at"][0];
    assert_eq!((&part["stream"], &part["is_whole"]), (&"s".into(), &false.into()));
    let entries = part["entries"].as_u64().unwrap();
    assert!((40_000..=50_000).contains(&entries), "{entries}");
    assert_eq!(part["last_id"], "60002-0");
    let within = app.ok("/api/related?stream=s&id=60002-0&in=events:x").await;
    assert_eq!(within["looked_at"].as_array().unwrap().len(), 1);
    assert_eq!(events(&within), ["events:x@60001-0", "s@60002-0"]);
}

#[tokio::test]
async fn many_streams_are_gone_through_call_by_call() {
    let redis = TestRedis::start().await;
    let mut connection = redis.connection().await;
    let mut pipeline = redis::pipe();
    for n in 0..3_000 {
        let command = pipeline.cmd("XADD").arg(format!("a:{n}")).arg("1-0").arg("type").arg("T");
        command.arg("correlation_id").arg(if n % 100 == 0 { "c" } else { "-" }).ignore();
    }
    pipeline.exec_async(&mut connection).await.unwrap();
    let app = TestApp::start(&redis).await;
    let (mut found, mut cursor, mut calls) = (std::collections::BTreeSet::new(), String::new(), 0);
    loop {
        let path = format!("/api/related?stream=a:0&id=1-0&cursor={cursor}");
        let answer = app.ok(&path).await;
        found.extend(events(&answer));
        calls += 1;
        match answer["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(found.len(), 30);
    assert!((2..50).contains(&calls), "{calls}");
}

#[tokio::test]
async fn without_the_right_to_look_for_streams_the_own_one_is_read_and_the_reason_given() {
    let redis = TestRedis::start().await;
    add(&redis, "a:1", "1-0", "type=T correlation_id=c").await;
    add(&redis, "a:1", "2-0", "type=U correlation_id=c").await;
    redis.run("ACL SETUSER default -scan").await;
    let app = TestApp::start(&redis).await;
    let answer = app.ok("/api/related?stream=a:1&id=1-0").await;
    assert_eq!(events(&answer), ["a:1@1-0", "a:1@2-0"]);
    assert!(answer["unlisted"].as_str().unwrap().contains("scan"), "{answer}");
}
