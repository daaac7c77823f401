//! Streams that change between any two commands: what is read still fits together.
//!
//! The events are numbered by their ids, so that `7-0` makes version 7 whatever was trimmed.

use rewind_tests::{BusyProxy, TestApp, TestRedis};
use serde_json::Value;

const ADD: &str = "XADD s * type Counted data {}";

/// A stream of 200 events that changes like this whenever Rewind sends a command, and Rewind before it.
async fn changing(changes: &[&str]) -> (TestRedis, BusyProxy, TestApp) {
    let redis = TestRedis::start().await;
    redis.add_many("s", 200).await;
    let proxy = BusyProxy::start(&redis, changes).await;
    let app = TestApp::start_on(format!("redis://{}", proxy.address()).parse().unwrap()).await;
    (redis, proxy, app)
}

/// How many of the events say which version they make; it must be the right one.
fn numbered(events: &Value, ids: &[String]) -> usize {
    let events = events.as_array().unwrap();
    let versions = events.iter().filter_map(|event| {
        let version = event["version"].as_u64()?;
        let place = ids.iter().position(|id| event["id"] == id.as_str());
        assert_eq!(place.map(|place| place as u64 + 1), Some(version), "{event}");
        Some(version)
    });
    versions.count()
}

/// The ids of all entries that were ever added, given those that are there and how many were trimmed in front of them.
async fn all_ids(redis: &TestRedis) -> Vec<String> {
    let reply: redis::streams::StreamRangeReply = redis::cmd("XRANGE")
        .arg("s")
        .arg("-")
        .arg("+")
        .query_async(&mut redis.connection().await)
        .await
        .unwrap();
    reply.ids.into_iter().map(|entry| entry.id).collect()
}

#[tokio::test]
async fn versions_fit_events_while_others_are_added() {
    let (redis, _proxy, app) = changing(&[ADD]).await;
    for path in [
        "/api/events?stream=s&limit=5",
        "/api/events?stream=s&limit=5&order=asc",
        "/api/events?stream=s&limit=1000&order=asc",
        "/api/events?stream=s&limit=1000",
        "/api/events?stream=s&version=100&limit=5",
        "/api/events?stream=s&version=190&limit=50&order=asc",
    ] {
        let page = app.ok(path).await;
        let ids = all_ids(&redis).await;
        let count = page["events"].as_array().unwrap().len();
        assert_eq!(numbered(&page["events"], &ids), count, "{path}: {page}");
        assert_eq!(page["stream"]["latest_version"], page["stream"]["length"], "{path}");
    }
    let window = app.ok("/api/window?stream=s&limit=50").await;
    let ids = all_ids(&redis).await;
    assert_eq!(numbered(&window["window"]["steps"], &ids), 50);
    assert_eq!(app.ok("/api/replay?stream=s&version=200").await["state"]["n"], 200);
    let index = app.ok("/api/index?stream=s").await;
    assert_eq!(index["indexed"], index["length"]);
}

#[tokio::test]
async fn versions_fit_events_while_the_oldest_are_trimmed() {
    // One in ten commands finds one event less, so that most of what is read has nothing trimmed in between.
    let mut changes = vec!["PING"; 9];
    changes.push("XTRIM s MAXLEN = 150");
    changes.extend([ADD; 4]);
    let (_redis, _proxy, app) = changing(&changes).await;
    let mut told = 0;
    for _ in 0..20 {
        for path in ["/api/events?stream=s&limit=5&order=asc", "/api/events?stream=s&limit=1000"] {
            let page = app.ok(path).await;
            let info = &page["stream"];
            let first =
                info["latest_version"].as_u64().unwrap() - info["length"].as_u64().unwrap() + 1;
            let mut events: Vec<&Value> = page["events"].as_array().unwrap().iter().collect();
            events.sort_by_key(|event| event["version"].as_u64());
            assert_eq!(events[0]["version"], first, "{page}");
            // The first 200 have ids that say which they are.
            for event in events.iter().filter(|event| event["data"]["n"].is_u64()) {
                assert_eq!(event["version"], event["data"]["n"]);
                told += 1;
            }
        }
    }
    assert!(told > 0);
}

#[tokio::test]
async fn what_is_trimmed_faster_than_it_can_be_read_is_said() {
    let (redis, _proxy, app) =
        changing(&["XTRIM s MAXLEN = 100", ADD, ADD, "XTRIM s MAXLEN = 99", ADD]).await;
    // Each look at the stream finds another beginning.
    let answers = [
        app.get("/api/events?stream=s&order=asc").await,
        app.get("/api/events?stream=s&limit=5").await,
    ];
    for (status, answer) in answers {
        match status.as_u16() {
            200 => assert!(!answer["events"].as_array().unwrap().is_empty()),
            503 => assert!(answer["error"]["message"].as_str().unwrap().contains("try again")),
            other => panic!("{other}: {answer}"),
        }
    }
    drop(redis);
}

#[tokio::test]
async fn a_line_brings_each_event_once_while_others_are_added_between_its_reads() {
    let (redis, _proxy, app) = changing(&[ADD]).await;
    let mut line = app.live("stream=s&after=0-0").await;
    let ids = line.next_ids(300).await;
    assert_eq!(ids, all_ids(&redis).await[..300]);
}
