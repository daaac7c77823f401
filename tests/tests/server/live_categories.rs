//! `GET /api/live?category=…`

use rewind_domain::EntryId;
use rewind_server::live::LiveLimits;
use rewind_tests::{LiveLine, TestApp, TestRedis, eventually};
use serde_json::json;

/// Adds an event under an id that Redis makes from its clock, and gives it.
async fn add(redis: &TestRedis, stream: &str) -> String {
    let reply = redis.run(&format!("XADD {stream} * type Added data {{}}")).await;
    redis::from_redis_value(reply).unwrap()
}

/// The streams and ids of the next entries.
async fn next_entries(line: &mut LiveLine, count: usize) -> Vec<(String, String)> {
    let mut entries = Vec::with_capacity(count);
    while entries.len() < count {
        let data = line.next_named("entry").await.data;
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        entries.push((text(&data["stream"]), text(&data["event"]["id"])));
    }
    entries
}

async fn resume(app: &TestApp, query: &str, last_id: &str) -> LiveLine {
    let request = app.request(&format!("/api/live?{query}")).header("last-event-id", last_id);
    LiveLine::open(request).await
}

#[tokio::test]
async fn a_category_is_watched_with_streams_that_come_into_being() {
    let redis = TestRedis::start().await;
    add(&redis, "aggregate:Order:1").await;
    add(&redis, "aggregate:OrderLine:1").await;
    redis.run("SET aggregate:Order:text x").await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("category=aggregate:Order").await;
    let status = line.next_named("status").await.data;
    assert_eq!(
        status,
        json!({"redis": "up", "watching": {"streams": 1, "by": "notifications", "delay_ms": 0}})
    );
    let mut expected = Vec::new();
    for stream in ["aggregate:Order:1", "aggregate:Order:2", "aggregate:Order:1"] {
        add(&redis, "aggregate:OrderLine:1").await;
        redis.run("SET aggregate:Order:text y").await;
        expected.push((stream.to_owned(), add(&redis, stream).await));
    }
    in_order(&mut expected);
    assert_eq!(next_entries(&mut line, 3).await, expected);
    assert!(line.is_silent().await);
}

#[tokio::test]
async fn a_category_goes_on_exactly_where_it_was_across_its_streams() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("category=orders").await;
    line.next_named("status").await;
    let mut expected = Vec::new();
    for n in 0..120 {
        let stream = format!("orders:{}", n % 7);
        expected.push((stream.clone(), add(&redis, &stream).await));
    }
    in_order(&mut expected);
    assert_eq!(next_entries(&mut line, 50).await, expected[..50]);
    let last_id = line.last_id.clone();
    drop(line);
    let late = add(&redis, "orders:new").await;
    expected.push(("orders:new".into(), late));

    let mut line = resume(&app, "category=orders", &last_id).await;
    assert_eq!(next_entries(&mut line, 71).await, expected[50..]);
    assert!(line.has_no_more_entries().await);
}

#[tokio::test]
async fn a_transaction_over_many_streams_can_be_left_in_its_middle() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("category=m").await;
    line.next_named("status").await;
    let streams: Vec<String> = (0..500).map(|n| format!("m:{n:03}")).collect();
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    for stream in &streams {
        pipeline.cmd("XADD").arg(stream).arg("*").arg("type").arg("Together");
    }
    let ids: Vec<String> = pipeline.query_async(&mut redis.connection().await).await.unwrap();
    let mut expected: Vec<_> = streams.into_iter().zip(ids).collect();
    in_order(&mut expected);
    assert_eq!(next_entries(&mut line, 250).await, expected[..250]);
    assert!(line.last_id.len() < 60, "{}", line.last_id);

    let mut line = resume(&app, "category=m", &line.last_id).await;
    assert_eq!(next_entries(&mut line, 250).await, expected[250..]);
    assert!(line.has_no_more_entries().await);
}

#[tokio::test]
async fn a_category_goes_on_after_restarts_of_the_server_and_of_redis() {
    let mut redis = TestRedis::start_persistent().await;
    let mut app = TestApp::start(&redis).await;
    let mut line = app.live("category=orders").await;
    line.next_named("status").await;
    let first = add(&redis, "orders:1").await;
    assert_eq!(next_entries(&mut line, 1).await, [("orders:1".into(), first)]);

    app.stop().await;
    let second = add(&redis, "orders:2").await;
    app.start_again().await;
    let mut line = resume(&app, "category=orders", &line.last_id).await;
    assert_eq!(next_entries(&mut line, 1).await, [("orders:2".into(), second)]);
    line.catches_up().await;

    redis.kill();
    assert_eq!(line.next_named("status").await.data, json!({"redis": "down"}));
    redis.start_again().await;
    let third = add(&redis, "orders:3").await;
    assert_eq!(next_entries(&mut line, 1).await, [("orders:3".into(), third)]);
    assert!(line.is_silent().await);
}

#[tokio::test]
async fn streams_that_number_themselves_go_on_too() {
    let redis = TestRedis::start().await;
    redis.add_many("a:1", 3).await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("category=a").await;
    line.next_named("status").await;
    redis.add("a:1", "4-0", "Own", "{}").await;
    add(&redis, "a:2").await;
    next_entries(&mut line, 2).await;
    let last_id = line.last_id.clone();
    drop(line);
    redis.add("a:1", "5-0", "Own", "{}").await;
    redis.add("a:3", "1-0", "Own", "{}").await;

    let mut line = resume(&app, "category=a", &last_id).await;
    let mut entries = next_entries(&mut line, 2).await;
    // Such streams have no order among each other.
    in_order(&mut entries);
    assert_eq!(entries, [("a:3".into(), "1-0".into()), ("a:1".into(), "5-0".into())]);
    assert!(line.has_no_more_entries().await);
}

#[tokio::test]
async fn a_category_viewer_that_falls_behind_is_told_and_gets_everything() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("category=busy").await;
    line.next_named("status").await;
    // Nothing is read from the line meanwhile, so that its queues fill up.
    let mut connection = redis.connection().await;
    let mut expected = Vec::new();
    for _ in 0..30 {
        let mut pipeline = redis::pipe();
        for n in 0..1_000 {
            pipeline.cmd("XADD").arg(format!("busy:{}", n % 10)).arg("*").arg("type").arg("x");
        }
        let ids: Vec<String> = pipeline.query_async(&mut connection).await.unwrap();
        expected
            .extend(ids.into_iter().enumerate().map(|(n, id)| (format!("busy:{}", n % 10), id)));
    }
    in_order(&mut expected);
    assert!(next_entries(&mut line, 30_000).await == expected);
    line.catches_up().await;
    assert!(line.is_silent().await);
}

#[tokio::test]
async fn what_was_trimmed_from_a_category_is_named() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let mut line = app.live("category=t").await;
    line.next_named("status").await;
    let first = add(&redis, "t:1").await;
    next_entries(&mut line, 1).await;
    let last_id = line.last_id.clone();
    drop(line);
    for _ in 0..5 {
        add(&redis, "t:1").await;
    }
    redis.run("XTRIM t:1 MAXLEN 1").await;
    let mut line = resume(&app, "category=t", &last_id).await;
    let gap = line.next_named("gap").await.data;
    assert_eq!((&gap["stream"], &gap["after"]), (&json!("t:1"), &json!(first)));
    let left = next_entries(&mut line, 1).await;
    assert_eq!(json!(left[0].1), gap["before"]);
}

#[tokio::test]
async fn where_redis_tells_nothing_a_category_is_looked_at_again_and_again() {
    let redis = TestRedis::start().await;
    redis.run("ACL SETUSER few on >password ~* resetchannels -@all +xrange +xread +xinfo|stream +scan +dbsize +ping +time").await;
    add(&redis, "p:1").await;
    let url = format!("{}?user=few&pass=password", redis.url_text());
    let app = TestApp::start_on(url.parse().unwrap()).await;
    let mut line = app.live("category=p").await;
    let watching = line.next_named("status").await.data["watching"].clone();
    assert_eq!((&watching["by"], &watching["streams"]), (&json!("polling"), &json!(1)));
    assert!(watching["delay_ms"].as_u64().unwrap() >= 500, "{watching}");
    let expected = [
        ("p:1".to_owned(), add(&redis, "p:1").await),
        ("p:new".to_owned(), add(&redis, "p:new").await),
    ];
    assert_eq!(next_entries(&mut line, 2).await, expected);
}

#[tokio::test]
async fn keyspace_notifications_serve_where_keys_cannot_be_tracked() {
    let redis = TestRedis::start().await;
    redis.run("CONFIG SET notify-keyspace-events Kt").await;
    redis.run("ACL SETUSER some on >password ~* allchannels +@all -client|tracking").await;
    let url = format!("{}?user=some&pass=password", redis.url_text());
    let app = TestApp::start_on(url.parse().unwrap()).await;
    let mut line = app.live("all").await;
    assert_eq!(line.next_named("status").await.data["watching"]["by"], "notifications");
    let expected = [("anything".to_owned(), add(&redis, "anything").await)];
    assert_eq!(next_entries(&mut line, 1).await, expected);
}

#[tokio::test]
async fn many_viewers_of_a_category_share_one_connection_that_goes_with_the_last() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let mut lines = Vec::new();
    for _ in 0..20 {
        lines.push(app.live("category=c").await);
    }
    let added = add(&redis, "c:1").await;
    for line in &mut lines {
        assert_eq!(next_entries(line, 1).await, [("c:1".to_owned(), added.clone())]);
    }
    assert_eq!(trackers(&redis).await, 1);
    assert_eq!(app.figure("rewind_live_viewers").await, 20);
    drop(lines);
    eventually("nobody follows any more", || async {
        add(&redis, "c:1").await;
        (trackers(&redis).await == 0 && app.figure("rewind_live_viewers").await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn viewers_beyond_the_limit_are_refused_visibly() {
    let redis = TestRedis::start().await;
    let mut app = TestApp::start(&redis).await;
    app.restart_with_limits(LiveLimits { max_viewers: 3, max_viewers_per_address: 2 }).await;
    let first = app.live("stream=s").await;
    let _second = app.live("category=c").await;
    let (status, code, message) = app.error("/api/live?all").await;
    assert_eq!((status, code.as_str()), (503, "too_busy"));
    assert!(message.contains("`--max-viewers-per-address`"), "{message}");
    assert_eq!(app.figure("rewind_live_refused_total").await, 1);

    drop(first);
    eventually("a seat is free", || async {
        app.request("/api/live?stream=s").send().await.unwrap().status().is_success().then_some(())
    })
    .await;
}

/// How many connections are told which keys change.
async fn trackers(redis: &TestRedis) -> usize {
    let clients: String = redis::from_redis_value(redis.run("CLIENT LIST").await).unwrap();
    let flags = clients.split_whitespace().filter_map(|word| word.strip_prefix("flags="));
    flags.filter(|flags| flags.contains('t') && flags.contains('B')).count()
}

/// Entries of one millisecond come in the order of their streams.
fn in_order(entries: &mut [(String, String)]) {
    entries.sort_by_key(|(stream, id)| (id.parse::<EntryId>().unwrap(), stream.clone()));
}
