//! Streams that become others while they are watched: a line says so, and then tells all that is there now.

use rewind_tests::{LiveLine, TestApp, TestRedis};
use serde_json::json;

use crate::rewriting::{WAYS, Way, Written, write};

/// The ways to watch the stream `s:1`.
const LINES: [&str; 4] = ["stream=s:1", "stream=t&stream=s:1", "category=s", "all"];

fn events(ids: std::ops::RangeInclusive<u64>, says: &str) -> Vec<Written> {
    let event = |n| (format!("{n}-0"), "Said".to_owned(), json!({ "says": says }).to_string());
    ids.map(event).collect()
}

/// What comes of `s:1` up to the event with this id: `remade`, and of each event its id, version and what it says.
async fn told_up_to(line: &mut LiveLine, last_id: &str) -> Vec<String> {
    let mut told = Vec::new();
    loop {
        let frame = line.next().await.expect("a line does not end");
        if frame.data["stream"] != "s:1" {
            continue;
        }
        let event = &frame.data["event"];
        if frame.name != "entry" {
            told.push(frame.name);
            continue;
        }
        told.push(format!("{} {} {}", event["id"], event["version"], event["data"]["says"]));
        if event["id"] == last_id {
            return told;
        }
    }
}

fn expected(ids: std::ops::RangeInclusive<u64>, says: &str) -> Vec<String> {
    let entry = |(version, n): (u64, u64)| format!("\"{n}-0\" {version} \"{says}\"");
    let entries = (1..).zip(ids).map(entry);
    std::iter::once("remade".to_owned()).chain(entries).collect()
}

/// Watches `s:1` in each way while it becomes another stream.
async fn is_told(way: Way, ids: std::ops::RangeInclusive<u64>) {
    let redis = TestRedis::start().await;
    write(&redis, 0, "t", &events(1..=1, "t")).await;
    write(&redis, 0, "s:1", &events(1..=5, "before")).await;
    let app = TestApp::start(&redis).await;
    let mut lines = Vec::new();
    for query in LINES {
        let mut line = app.live(query).await;
        line.next_named("status").await;
        lines.push(line);
    }
    let (first, last) = (*ids.start(), *ids.end());
    way.rewrite(&redis, "s:1", &events(ids.clone(), "after")).await;
    for (query, line) in LINES.iter().zip(&mut lines) {
        let told = told_up_to(line, &format!("{last}-0")).await;
        assert_eq!(told, expected(ids.clone(), "after"), "{query} {way:?} {first} to {last}");
    }
    redis.add("s:1", &format!("{}-0", last + 1), "Said", r#"{"says":"next"}"#).await;
    for (query, line) in LINES.iter().zip(&mut lines) {
        let told = told_up_to(line, &format!("{}-0", last + 1)).await;
        let version = last + 2 - first;
        assert_eq!(told, [format!("\"{}-0\" {version} \"next\"", last + 1)], "{query} {way:?}");
    }
}

#[tokio::test]
async fn a_stream_that_is_written_again_under_the_same_ids_is_another_one() {
    for way in WAYS {
        is_told(way, 1..=5).await;
    }
}

#[tokio::test]
async fn a_stream_that_is_written_again_under_higher_ids_is_another_one() {
    for way in WAYS {
        is_told(way, 11..=13).await;
    }
}

#[tokio::test]
async fn a_longer_stream_that_goes_on_beyond_the_last_id_is_another_one() {
    for way in WAYS {
        is_told(way, 1..=9).await;
        is_told(way, 3..=20).await;
    }
}

#[tokio::test]
async fn a_stream_that_is_emptied_is_the_same_one_and_goes_on_with_its_versions() {
    for empty in ["XTRIM s:1 MAXLEN 0", "XDEL s:1 1-0 2-0 3-0 4-0 5-0"] {
        let redis = TestRedis::start().await;
        write(&redis, 0, "t", &events(1..=1, "t")).await;
        write(&redis, 0, "s:1", &events(1..=5, "before")).await;
        let app = TestApp::start(&redis).await;
        let mut lines = Vec::new();
        for query in LINES {
            let mut line = app.live(query).await;
            line.next_named("status").await;
            lines.push(line);
        }
        redis.run(empty).await;
        let stream = app.ok("/api/events?stream=s:1").await["stream"].take();
        assert_eq!((&stream["length"], &stream["latest_version"]), (&json!(0), &json!(5)));
        write(&redis, 0, "s:1", &events(6..=7, "after")).await;
        for (query, line) in LINES.iter().zip(&mut lines) {
            let told = told_up_to(line, "7-0").await;
            assert_eq!(told, [r#""6-0" 6 "after""#, r#""7-0" 7 "after""#], "{query} {empty}");
        }
        let page = app.ok("/api/events?stream=s:1&order=asc").await;
        assert_eq!([&page["events"][0]["version"], &page["events"][1]["version"]], [6, 7]);
    }
}
