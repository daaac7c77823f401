//! `GET /api/overview`

use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::Value;

const OVERVIEW: &str = "/api/overview";

/// Waits until the overview has something.
async fn overview(app: &TestApp, what: &str, has: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || async { Some(app.ok(OVERVIEW).await).filter(|answer| has(answer)) }).await
}

fn sum(counts: &Value) -> u64 {
    counts.as_array().unwrap().iter().filter_map(Value::as_u64).sum()
}

/// How many events there were of something that is named.
fn total(rates: &Value, name: &str, value: &str) -> u64 {
    let rates = rates.as_array().unwrap();
    rates.iter().find(|rate| rate[name] == value).map_or(0, |rate| sum(&rate["counts"]))
}

fn finding<'a>(answer: &'a Value, code: &str) -> Option<&'a Value> {
    answer["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == code)
}

/// How often Redis ran a command.
async fn calls(redis: &TestRedis, command: &str) -> u64 {
    let stats: String = redis::from_redis_value(redis.run("INFO commandstats").await).unwrap();
    let line = stats.lines().find(|line| line.starts_with(&format!("cmdstat_{command}:")));
    let calls = line.and_then(|line| line.split_once("calls=")?.1.split(',').next());
    calls.map_or(0, |calls| calls.parse().unwrap())
}

#[tokio::test]
async fn events_are_counted_by_category_type_and_stream_while_they_come() {
    let redis = TestRedis::start().await;
    // What came before anybody looked counts when it came.
    redis.add("aggregate:Order:1", "*", "OrderCreated", r#"{"total":1}"#).await;
    let app = TestApp::start(&redis).await;
    let first =
        overview(&app, "the first event is counted", |answer| sum(&answer["counts"]) == 1).await;
    assert_eq!(first["newest"][0]["stream"], "aggregate:Order:1");
    assert_eq!(first["newest"][0]["preview"], r#"{"total":1}"#);
    for _ in 0..3 {
        redis.add("aggregate:Order:1", "*", "OrderPaid", "{}").await;
    }
    redis.add("aggregate:Customer:7", "*", "CustomerRegistered", "{}").await;
    // Ids that are no times count from when they are seen.
    redis.add_many("events:orders", 40).await;
    let answer =
        overview(&app, "all events are counted", |answer| sum(&answer["counts"]) >= 5).await;
    assert_eq!(total(&answer["categories"], "category", "aggregate:Order:"), 4);
    assert_eq!(total(&answer["categories"], "category", "aggregate:Customer:"), 1);
    assert_eq!(total(&answer["types"], "type", "OrderPaid"), 3);
    let busiest = &answer["busiest"][0];
    assert_eq!((&busiest["stream"], &busiest["total"]), (&"aggregate:Order:1".into(), &4.into()));
    assert_eq!(sum(&busiest["counts"]), 4);
    assert_eq!(answer["coverage"]["is_told"], true);
    redis.add("events:orders", "41-0", "Counted", "{}").await;
    overview(&app, "an id that is no time is counted", |answer| {
        total(&answer["types"], "type", "Counted") == 1
    })
    .await;
}

#[tokio::test]
async fn more_than_is_read_is_counted_and_its_types_are_estimated() {
    let redis = TestRedis::start().await;
    redis.add("a:1", "1-0", "First", "{}").await;
    let app = TestApp::start(&redis).await;
    overview(&app, "the stream is known", |answer| answer["coverage"]["looked_at"] == 1).await;
    let mut pipeline = redis::pipe();
    for _ in 0..20_000 {
        pipeline.cmd("XADD").arg("a:1").arg("*").arg("type").arg("Many").ignore();
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
    let answer = overview(&app, "all are counted", |answer| {
        total(&answer["types"], "type", "Many") == 20_000
    })
    .await;
    assert_eq!(total(&answer["categories"], "category", "a:"), 20_000);
    assert_eq!(answer["coverage"]["is_estimated"], true);
}

#[tokio::test]
async fn counts_that_are_known_are_not_sent_again() {
    let redis = TestRedis::start().await;
    redis.add("a:1", "*", "A", "{}").await;
    let app = TestApp::start(&redis).await;
    let whole = overview(&app, "it is counted", |answer| sum(&answer["counts"]) == 1).await;
    let end = whole["from_s"].as_u64().unwrap() + 300;
    let (since, tag) = (end - 5, whole["tag"].as_str().unwrap());
    let part = app.ok(&format!("{OVERVIEW}?since={since}&tag={tag}")).await;
    assert_eq!(part["from_s"], since);
    assert!(part["counts"].as_array().unwrap().len() < 60, "{part}");
    let other = app.ok(&format!("{OVERVIEW}?since={since}&tag=other")).await;
    assert_eq!(other["counts"].as_array().unwrap().len(), 300);
    assert_eq!(app.error(&format!("{OVERVIEW}?since=now")).await.1, "bad_parameter");
}

#[tokio::test]
async fn however_many_look_redis_is_asked_once_and_not_at_all_before_somebody_does() {
    let redis = TestRedis::start().await;
    redis.add("a:1", "*", "A", "{}").await;
    let app = TestApp::start(&redis).await;
    app.ok("/readyz").await;
    assert_eq!(calls(&redis, "time").await, 0);
    let now_ms = |answer: &Value| answer["now_ms"].as_u64().unwrap();
    let from_ms = now_ms(&app.ok(OVERVIEW).await);
    let before = calls(&redis, "time").await;
    let mut last_ms = from_ms;
    for _ in 0..50 {
        let all = (0..20).map(|_| app.ok(OVERVIEW));
        last_ms = futures::future::join_all(all).await.iter().map(now_ms).max().unwrap();
    }
    let seconds = (last_ms - from_ms) / 1_000;
    let asked = calls(&redis, "time").await - before;
    assert!(asked <= seconds + 3, "{asked} times in {seconds} s");
}

#[tokio::test]
async fn a_policy_that_evicts_is_called_out_with_what_would_help() {
    let redis = TestRedis::start().await;
    redis.run("CONFIG SET maxmemory-policy allkeys-lru").await;
    redis.run("CONFIG SET maxmemory 1gb").await;
    let app = TestApp::start(&redis).await;
    let answer = app.ok(OVERVIEW).await;
    let evicting = finding(&answer, "evicting_policy").unwrap();
    assert_eq!(evicting["severity"], "danger");
    assert!(evicting["help"].as_str().unwrap().contains("noeviction"), "{evicting}");
    assert_eq!(finding(&answer, "no_persistence").unwrap()["severity"], "info");
    assert!(answer["redis"]["version"].as_str().unwrap().contains('.'));
    assert_eq!(answer["redis"]["memory_limit_bytes"], 1_u64 << 30);
    redis.run("CONFIG SET maxmemory-policy noeviction").await;
    overview(&app, "nothing is called out any more", |answer| {
        finding(answer, "evicting_policy").is_none()
    })
    .await;
}

#[tokio::test]
async fn groups_are_listed_by_how_far_they_are_behind() {
    let redis = TestRedis::start().await;
    redis.add_many("events:orders", 10).await;
    redis.run("XGROUP CREATE events:orders late 0").await;
    redis.run("XGROUP CREATE events:orders done $").await;
    redis.run("XGROUP CREATE events:orders lost 5-0").await;
    redis.run("XREADGROUP GROUP late worker COUNT 3 STREAMS events:orders >").await;
    let app = TestApp::start(&redis).await;
    let answer =
        overview(&app, "three groups", |answer| answer["groups"].as_array().unwrap().len() == 3)
            .await;
    let groups = &answer["groups"];
    assert_eq!((&groups[0]["group"], &groups[0]["lag"]), (&"late".into(), &7.into()));
    assert_eq!((&groups[0]["pending"], &groups[0]["consumers"]), (&3.into(), &1.into()));
    assert!(groups[0]["idle_ms"].is_u64());
    assert_eq!((&groups[1]["group"], &groups[1]["lag"]), (&"lost".into(), &Value::Null));
    assert!(groups[1]["unknown_because"].as_str().unwrap().contains("lost count"));
    assert_eq!((&groups[2]["group"], &groups[2]["lag"]), (&"done".into(), &0.into()));
}

/// The group of this name.
fn group<'a>(answer: &'a Value, name: &str) -> &'a Value {
    answer["groups"].as_array().unwrap().iter().find(|group| group["group"] == name).unwrap()
}

#[tokio::test]
async fn lag_is_what_is_there_to_be_given_and_pending_entries_that_are_gone_are_counted() {
    let redis = TestRedis::start().await;
    // All was read, and the rest was trimmed and deleted in front.
    redis.add_many("done", 10).await;
    redis.run("XGROUP CREATE done done 0").await;
    redis.run("XREADGROUP GROUP done worker COUNT 8 STREAMS done >").await;
    redis.run("XDEL done 9-0 10-0").await;
    redis.run("XTRIM done MAXLEN 3").await;
    // Trimming overtook the group: Redis still counts what it will never be given.
    redis.add_many("overtaken", 10).await;
    redis.run("XGROUP CREATE overtaken overtaken 0").await;
    redis.run("XREADGROUP GROUP overtaken worker COUNT 2 STREAMS overtaken >").await;
    redis.run("XTRIM overtaken MAXLEN 6").await;
    redis.run("XREADGROUP GROUP overtaken worker COUNT 1 STREAMS overtaken >").await;
    // The same, and it was given none of what is there.
    redis.add_many("unread", 10).await;
    redis.run("XGROUP CREATE unread unread 0").await;
    redis.run("XTRIM unread MAXLEN 4").await;
    // Nothing is there to be given.
    redis.add_many("emptied", 5).await;
    redis.run("XGROUP CREATE emptied emptied 0").await;
    redis.run("XTRIM emptied MAXLEN 0").await;
    // Entries ahead were deleted.
    redis.add_many("deleted", 9).await;
    redis.run("XGROUP CREATE deleted deleted 0").await;
    redis.run("XREADGROUP GROUP deleted worker COUNT 2 STREAMS deleted >").await;
    redis.run("XDEL deleted 2-0 5-0").await;
    let app = TestApp::start(&redis).await;
    let answer = overview(&app, "all groups and their pending entries are known", |answer| {
        let groups = answer["groups"].as_array().unwrap();
        let is_checked = |group: &Value| group["pending"] == 0 || group["pending_checked"].is_u64();
        groups.len() == 5 && groups.iter().all(is_checked)
    })
    .await;
    let lag = |name: &str| group(&answer, name)["lag"].as_u64();
    assert_eq!(lag("done"), Some(0));
    assert_eq!(lag("overtaken"), Some(5));
    assert_eq!(lag("unread"), Some(4));
    assert_eq!(lag("emptied"), Some(0));
    let deleted = group(&answer, "deleted");
    assert_eq!((&deleted["lag"], &deleted["lag_at_most"]), (&Value::Null, &6.into()));
    assert!(deleted["unknown_because"].as_str().unwrap().contains("deleted"), "{deleted}");
    let gone = |name: &str| {
        let group = group(&answer, name);
        (group["pending_gone"].as_u64(), group["pending_checked"].as_u64())
    };
    assert_eq!(gone("done"), (Some(5), Some(8)));
    assert_eq!(gone("overtaken"), (Some(2), Some(3)));
    assert_eq!(gone("deleted"), (Some(1), Some(2)));
}

#[tokio::test]
async fn the_newest_events_are_the_newest_of_all_streams_whatever_their_ids() {
    let redis = TestRedis::start().await;
    // More streams than are listed, the newest of them far from the beginning; and ids that are no times.
    for n in 0..400_u64 {
        let id = format!("{}-0", 1_330_000_000_000 + n * 1_000);
        redis.add(&format!("log:{n}"), &id, "Logged", "{}").await;
    }
    redis.add("far", "9999999999999-0", "Far", "{}").await;
    redis.add("counted", "7-0", "Counted", "{}").await;
    let app = TestApp::start(&redis).await;
    let answer = overview(&app, "all streams were looked at", |answer| {
        answer["newest"][0]["stream"] == "log:399" && answer["coverage"]["looked_at"] == 402
    })
    .await;
    let newest = answer["newest"].as_array().unwrap();
    let streams: Vec<String> = (370..400).rev().map(|n| format!("log:{n}")).collect();
    let told: Vec<&str> = newest.iter().map(|event| event["stream"].as_str().unwrap()).collect();
    assert_eq!(told, streams);
    assert_eq!(newest[0]["timestamp_ms"], 1_330_000_399_000_u64);
    redis.run("DEL log:399").await;
    overview(&app, "an event that is gone is not told any more", |answer| {
        answer["newest"][0]["stream"] == "log:398"
    })
    .await;
}

#[tokio::test]
async fn what_redis_does_not_let_this_user_run_is_named_and_the_rest_is_told() {
    let redis = TestRedis::start().await;
    redis.add("a:1", "*", "A", "{}").await;
    redis
        .run("ACL SETUSER viewer on >password ~* -@all +ping +scan +xrange +xrevrange +xlen")
        .await;
    let url = format!("{}?user=viewer&pass=password", redis.url_text());
    let app = TestApp::start_on(url.parse().unwrap()).await;
    let answer =
        overview(&app, "the event is counted", |answer| total(&answer["types"], "type", "A") == 1)
            .await;
    assert_eq!(answer["redis"], Value::Null);
    let refused = finding(&answer, "command_refused").unwrap();
    assert!(refused["message"].as_str().unwrap().contains("`INFO`"), "{refused}");
    assert!(refused["help"].as_str().unwrap().contains("+info"), "{refused}");
    // Nothing tells that user what changes: it is looked at again and again.
    assert_eq!(answer["coverage"]["is_told"], false);
    redis.add("a:1", "*", "A", "{}").await;
    overview(&app, "the next event is counted", |answer| total(&answer["types"], "type", "A") == 2)
        .await;
}

#[tokio::test]
async fn while_redis_is_away_it_says_so_and_goes_on_afterwards() {
    let mut redis = TestRedis::start_persistent().await;
    redis.add("a:1", "*", "A", "{}").await;
    let app = TestApp::start(&redis).await;
    overview(&app, "it is counted", |answer| sum(&answer["counts"]) == 1).await;
    redis.kill();
    eventually("it is away", || async {
        let (status, answer) = app.get(OVERVIEW).await;
        (status == 503 && answer["error"]["code"] == "redis_unavailable").then_some(())
    })
    .await;
    redis.start_again().await;
    redis.add("a:1", "*", "A", "{}").await;
    let counted = || async {
        let (status, answer) = app.get(OVERVIEW).await;
        (status == 200 && sum(&answer["counts"]) == 2).then_some(())
    };
    eventually("it goes on", counted).await;
}

#[tokio::test]
async fn the_rates_of_some_streams_are_told_as_the_overview_counts_them() {
    let redis = TestRedis::start().await;
    for n in 0..6 {
        redis.add(&format!("orders:{}", n % 2), "*", "Paid", "{}").await;
    }
    redis.add("quiet", "5-0", "Paid", "{}").await;
    let app = TestApp::start(&redis).await;
    let asked = serde_json::json!({ "streams": ["orders:1", "quiet", "nowhere"] });
    let rates = eventually("the events are counted", || async {
        let (_, rates) = app.post("/api/rates", &asked).await;
        Some(rates).filter(|rates| rates["streams"][0]["total"] == 3)
    })
    .await;
    let streams = rates["streams"].as_array().unwrap();
    assert_eq!((streams.len(), &streams[0]["stream"]), (1, &"orders:1".into()));
    assert_eq!(
        (sum(&streams[0]["counts"]), streams[0]["counts"].as_array().unwrap().len()),
        (3, 60)
    );
    let many = serde_json::json!({ "streams": vec!["s"; 501] });
    let (status, error) = app.post("/api/rates", &many).await;
    assert_eq!((status.as_u16(), &error["error"]["parameter"]), (400, &"streams".into()));
}

#[tokio::test]
async fn a_replica_tells_the_lag_that_its_master_has() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    drop(listener);
    let usual = ["--save", "", "--appendonly", "no"];
    let master = TestRedis::start_with(&[&usual[..], &["--port", &port]].concat()).await;
    master.add_many("orders:1", 5).await;
    master.run("XGROUP CREATE orders:1 workers 0").await;
    master.run("XREADGROUP GROUP workers w COUNT 3 STREAMS orders:1 >").await;
    let replica = TestRedis::start_with(&usual).await;
    replica.run(&format!("REPLICAOF 127.0.0.1 {port}")).await;
    rewind_tests::eventually("the replica has the events", || async {
        (replica.run("EXISTS orders:1").await == redis::Value::Int(1)).then_some(())
    })
    .await;
    let app = TestApp::start(&replica).await;
    let answer = overview(&app, "the group is known", |answer| {
        answer["groups"].as_array().is_some_and(|groups| !groups.is_empty())
    })
    .await;
    assert_eq!(group(&answer, "workers")["lag"], 2);
    master.run("XREADGROUP GROUP workers w COUNT 2 STREAMS orders:1 >").await;
    overview(&app, "nothing is left to be given", |answer| group(answer, "workers")["lag"] == 0)
        .await;
}
