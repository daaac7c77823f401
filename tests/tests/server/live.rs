//! `GET /api/live`

use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::json;

fn numbered(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|n| format!("{n}-0")).collect()
}

#[tokio::test]
async fn new_entries_arrive_decoded_under_their_ids() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 3).await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("stream=s").await;
    let status = line.next_named("status").await;
    assert_eq!((status.data, status.id.as_deref()), (json!({"redis": "up"}), Some("3-0")));

    redis.add("s", "4-0", "Paid", r#"{"amount":1.10}"#).await;
    let entry = line.next_named("entry").await;
    assert_eq!(entry.id.as_deref(), Some("4-0"));
    assert_eq!(entry.data["stream"], "s");
    assert_eq!(
        (&entry.data["event"]["type"], &entry.data["event"]["id"]),
        (&json!("Paid"), &json!("4-0"))
    );
}

#[tokio::test]
async fn a_line_goes_on_exactly_where_the_last_one_ended() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 1_500).await;
    let app = TestApp::start(&redis).await;
    let mut first = app.live("stream=s&after=0-0").await;
    assert_eq!(first.next_ids(700).await, numbered(1..=700));
    let last_id = first.last_id.clone();
    drop(first);
    redis.add("s", "1501-0", "Late", "{}").await;

    let request = app.request("/api/live?stream=s").header("last-event-id", last_id);
    let mut second = rewind_tests::LiveLine::open(request).await;
    assert_eq!(second.next_ids(801).await, numbered(701..=1_501));
    assert!(second.has_no_more_entries().await);
}

#[tokio::test]
async fn several_streams_share_a_line_and_its_position() {
    let redis = TestRedis::start().await;
    redis.add_many("a", 2).await;
    redis.add_many("b", 2).await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("stream=a&stream=b&after=1-0,0-0").await;
    assert_eq!(line.next_ids(3).await, ["2-0", "1-0", "2-0"]);
    assert_eq!(line.last_id, "2-0,2-0");
    redis.add("a", "7-0", "Later", "{}").await;
    line.next_ids(1).await;
    assert_eq!(line.last_id, "7-0,2-0");
}

#[tokio::test]
async fn many_viewers_share_one_reader() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 1).await;
    let app = TestApp::start(&redis).await;
    let mut lines = Vec::new();
    for _ in 0..20 {
        lines.push(app.live("stream=s&after=1-0").await);
    }
    redis.add("s", "2-0", "Seen", "{}").await;
    for line in &mut lines {
        assert_eq!(line.next_ids(1).await, ["2-0"]);
    }
    eventually("one connection reads", || async {
        let clients = redis.run("CLIENT LIST").await;
        let clients: String = redis::from_redis_value(clients).unwrap();
        (clients.matches("cmd=xread ").count() == 1).then_some(())
    })
    .await;

    drop(lines);
    eventually("nobody reads any more", || async {
        let clients: String = redis::from_redis_value(redis.run("CLIENT LIST").await).unwrap();
        (!clients.contains("cmd=xread ")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_stream_can_be_awaited_before_it_exists() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("stream=later").await;
    line.next_named("status").await;
    redis.add("later", "1-0", "First", "{}").await;
    assert_eq!(line.next_ids(1).await, ["1-0"]);
}

#[tokio::test]
async fn a_restart_of_redis_loses_and_repeats_nothing() {
    let mut redis = TestRedis::start_persistent().await;
    redis.add_many("s", 10).await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("stream=s&after=0-0").await;
    assert_eq!(line.next_ids(10).await, numbered(1..=10));
    line.catches_up().await;

    redis.kill();
    assert_eq!(line.next_named("status").await.data, json!({"redis": "down"}));
    redis.start_again().await;
    redis.add("s", "11-0", "Back", "{}").await;
    assert_eq!(line.next_named("status").await.data, json!({"redis": "up"}));
    assert_eq!(line.next_ids(1).await, ["11-0"]);
    redis.add("s", "12-0", "Back", "{}").await;
    assert_eq!(line.next_ids(1).await, ["12-0"]);
}

#[tokio::test]
async fn a_restart_of_the_server_loses_and_repeats_nothing() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 10).await;
    let mut app = TestApp::start(&redis).await;
    let mut line = app.live("stream=s&after=0-0").await;
    assert_eq!(line.next_ids(10).await, numbered(1..=10));

    // Stopping ends the line; were it not so, this would wait for ever.
    app.stop().await;
    while let Some(frame) = line.next().await {
        assert_eq!(frame.name, "status");
    }
    redis.add("s", "11-0", "Meanwhile", "{}").await;
    app.start_again().await;
    let request = app.request("/api/live?stream=s").header("last-event-id", &line.last_id);
    let mut line = rewind_tests::LiveLine::open(request).await;
    assert_eq!(line.next_ids(1).await, ["11-0"]);
    assert!(line.has_no_more_entries().await);
}

#[tokio::test]
async fn a_burst_beyond_every_queue_arrives_whole_and_in_order() {
    let redis = TestRedis::start().await;
    redis.add("s", "0-1", "First", "{}").await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("stream=s&after=0-1").await;
    line.next_named("status").await;
    // Nothing is read from the line meanwhile, so that its queues fill up.
    redis.add_many("s", 30_000).await;
    assert_eq!(line.next_ids(30_000).await, numbered(1..=30_000));
    assert!(line.has_no_more_entries().await);
}

#[tokio::test]
async fn what_was_trimmed_before_it_could_be_sent_is_named() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 100).await;
    redis.run("XTRIM s MAXLEN 10").await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("stream=s&after=50-0").await;
    let gap = line.next_named("gap").await;
    assert_eq!((&gap.data["after"], &gap.data["before"]), (&json!("50-0"), &json!("91-0")));
    assert_eq!(line.next_ids(10).await, numbered(91..=100));
}

#[tokio::test]
async fn a_trimmed_head_is_a_gap_for_one_who_wants_all() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 10).await;
    redis.run("XTRIM s MAXLEN 4").await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("stream=s&after=0-0").await;
    let gap = line.next_named("gap").await;
    assert_eq!((&gap.data["before"], &gap.data["missing"]), (&json!("7-0"), &json!(6)));
    assert_eq!(line.next_ids(4).await, numbered(7..=10));
}

#[tokio::test]
async fn a_key_that_is_no_stream_fails_alone() {
    let redis = TestRedis::start().await;
    redis.run("SET text x").await;
    redis.add_many("s", 1).await;
    let app = TestApp::start(&redis).await;
    let (status, code, message) = app.error("/api/live?stream=text").await;
    assert_eq!((status, code.as_str()), (409, "not_a_stream"));
    assert!(message.contains("`text`"), "{message}");

    let mut line = app.live("stream=s&stream=later").await;
    line.next_named("status").await;
    redis.run("SET later x").await;
    // Joining makes the reader look at all keys again.
    let _other = app.live("stream=other").await;
    assert_eq!(line.next_named("failed").await.data["stream"], "later");
    redis.add("s", "2-0", "Still", "{}").await;
    assert_eq!(line.next_ids(1).await, ["2-0"]);
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    for (query, name) in
        [("", "stream"), ("stream=a&after=x", "after"), ("stream=a&stream=b&after=1-0", "after")]
    {
        let (status, code, message) = app.error(&format!("/api/live?{query}")).await;
        assert_eq!((status, code.as_str()), (400, "bad_parameter"), "{query}");
        assert!(message.contains(&format!("`{name}`")), "{message}");
    }
}

#[tokio::test]
async fn a_stream_that_was_made_again_is_said_to_be_so_and_begins_again() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 5).await;
    redis.add_many("t", 5).await;
    let app = TestApp::start(&redis).await;
    let mut one = app.live("stream=s").await;
    let mut several = app.live("stream=t&stream=s&after=4-0,5-0").await;
    one.next_named("status").await;
    assert_eq!(several.next_ids(1).await, ["5-0"]);
    redis.run("DEL s").await;
    redis.add_many("s", 3).await;
    let remade = one.next_named("remade").await;
    assert_eq!((&remade.data, remade.id.as_deref()), (&json!({"stream": "s"}), Some("0-0")));
    assert_eq!(one.next_ids(3).await, ["1-0", "2-0", "3-0"]);
    assert_eq!(several.next_named("remade").await.id.as_deref(), Some("5-0,0-0"));
    assert_eq!(several.next_ids(3).await, ["1-0", "2-0", "3-0"]);
    assert_eq!(several.last_id, "5-0,3-0");
}

#[tokio::test]
async fn one_who_comes_back_to_a_stream_that_was_made_again_gets_it_from_its_beginning() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 3).await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("stream=s&after=7-0").await;
    line.next_named("remade").await;
    assert_eq!(line.next_ids(3).await, ["1-0", "2-0", "3-0"]);
}

#[tokio::test]
async fn a_stream_whose_last_entries_were_deleted_was_not_made_again() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 5).await;
    let app = TestApp::start(&redis).await;
    redis.run("XDEL s 4-0 5-0").await;
    let mut line = app.live("stream=s&after=5-0").await;
    line.next_named("status").await;
    redis.add("s", "6-0", "Happened", "{}").await;
    let next = line.next().await.unwrap();
    assert_eq!((next.name.as_str(), next.id.as_deref()), ("entry", Some("6-0")));
}

#[tokio::test]
async fn a_line_says_that_it_catches_up_and_when_it_has() {
    let redis = TestRedis::start().await;
    redis.add_many("c:1", 1_500).await;
    let app = TestApp::start(&redis).await;
    for query in ["stream=c:1&after=0-0", "category=c&after=0-0"] {
        let mut line = app.live(query).await;
        assert_eq!(line.next_named("status").await.data["catching_up"], true, "{query}");
        assert_eq!(line.next_ids(1_500).await, numbered(1..=1_500), "{query}");
        line.catches_up().await;
    }
    let mut line = app.live("stream=c:1").await;
    assert_eq!(line.next_named("status").await.data, json!({"redis": "up"}));
}
