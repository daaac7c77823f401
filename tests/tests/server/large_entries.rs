//! Entries that are so large that a page of them does not fit into memory.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use rewind_tests::{RewindProcess, TestApp, TestRedis, eventually};
use serde_json::Value;

/// How many large events there are, and how large each is, in bytes.
const EVENTS: u64 = 40;
const EVENT_BYTES: usize = 5_000_000;
/// What any one answer may take of the server's memory, in bytes, and what the allocator keeps of it for a moment after it was given
/// back, which is taken twice where the next answer is quick.
const MAX_ANSWER_BYTES: u64 = (32 + 16) << 20;

async fn start() -> (TestRedis, RewindProcess, reqwest::Client) {
    let redis = TestRedis::start().await;
    let text = "x".repeat(EVENT_BYTES);
    for n in 1..=EVENTS {
        let data = format!(r#"{{"n":{n},"text":"{text}"}}"#);
        redis.add("events:heavy", &format!("{n}-0"), "Heavy", &data).await;
    }
    redis.add_many("events:light", 20).await;
    let server = RewindProcess::start(&redis);
    (redis, server, reqwest::Client::new())
}

async fn get(client: &reqwest::Client, server: &RewindProcess, path: &str) -> Value {
    let response = client.get(format!("http://{}{path}", server.address())).send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert!(status.is_success(), "{path}: {status}: {}", &text[..text.len().min(500)]);
    serde_json::from_str(&text).unwrap()
}

/// How much more memory than now the server took at most while something was done, in bytes.
async fn growth(server: &RewindProcess, work: impl Future<Output = ()>) -> u64 {
    let before = server.memory().resident;
    server.forget_peak();
    work.await;
    server.memory().peak.saturating_sub(before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_large_events_take_little_memory_and_lead_through_all_of_them() {
    let (_redis, server, client) = start().await;
    get(&client, &server, "/api/events?stream=events:light").await;
    for (order, parameter) in [("asc", "after"), ("desc", "before")] {
        let grown = growth(&server, async {
            let mut seen = Vec::new();
            let mut rest = String::new();
            loop {
                let path =
                    format!("/api/events?stream=events:heavy&limit=1000&order={order}{rest}");
                let page = get(&client, &server, &path).await;
                let events = page["events"].as_array().unwrap();
                assert!(!events.is_empty(), "a page without events leads nowhere");
                for event in events {
                    assert_eq!(event["type"], "Heavy");
                    assert!(event["cut"]["data"]["bytes"].as_u64().unwrap() > EVENT_BYTES as u64);
                    seen.push(event["id"].as_str().unwrap().to_owned());
                }
                let Some(next) = page["next"].as_str() else { break };
                rest = format!("&{parameter}={next}");
            }
            let mut expected: Vec<String> = (1..=EVENTS).map(|n| format!("{n}-0")).collect();
            if order == "desc" {
                expected.reverse();
            }
            assert_eq!(seen, expected);
        })
        .await;
        assert!(grown <= MAX_ANSWER_BYTES, "{order}: {} KiB", grown / 1024);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_who_ask_for_large_events_are_all_answered_and_hold_up_nobody() {
    let (_redis, server, client) = start().await;
    let light = get(&client, &server, "/api/events?stream=events:light").await;
    let grown = growth(&server, async {
        let heavy =
            (0..5).map(|_| get(&client, &server, "/api/events?stream=events:heavy&limit=1000"));
        let short = async {
            for _ in 0..50 {
                let answer = get(&client, &server, "/api/events?stream=events:light").await;
                assert_eq!(answer, light);
            }
        };
        futures::join!(futures::future::join_all(heavy), short);
    })
    .await;
    assert!(grown <= 5 * MAX_ANSWER_BYTES, "{} KiB", grown / 1024);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_about_a_stream_of_large_events_takes_little_memory() {
    let (_redis, server, client) = start().await;
    get(&client, &server, "/api/events?stream=events:light").await;
    let stream = "stream=events:heavy";
    for path in [
        "/api/overview".to_owned(),
        "/api/streams".to_owned(),
        "/api/catalog".to_owned(),
        format!("/api/event?{stream}&id=7-0"),
        format!("/api/events?{stream}&version=20&limit=1000"),
        format!("/api/events?{stream}&version=20&limit=1000&order=asc"),
        format!("/api/index?{stream}"),
        format!("/api/related?{stream}&id=7-0"),
        format!("/api/timeline?{stream}"),
    ] {
        let grown = growth(&server, async { drop(get(&client, &server, &path).await) }).await;
        assert!(grown <= MAX_ANSWER_BYTES, "{path}: {} KiB", grown / 1024);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_through_large_events_takes_little_memory() {
    let (_redis, server, client) = start().await;
    get(&client, &server, "/api/events?stream=events:light").await;
    for place in ["stream=events:heavy", "all=true"] {
        let path = format!("/api/find?{place}&filter=type:Heavy");
        let mut versions = BTreeSet::new();
        let grown = growth(&server, async {
            let url = format!("http://{}{path}", server.address());
            let text = client.get(url).send().await.unwrap().text().await.unwrap();
            let found = text.lines().filter_map(|line| line.strip_prefix("data:"));
            for frame in found.filter_map(|data| serde_json::from_str::<Value>(data).ok()) {
                versions.extend(frame["event"]["id"].as_str().map(str::to_owned));
            }
        })
        .await;
        assert_eq!(versions.len() as u64, EVENTS, "{path}");
        // One event is read while another one is looked at.
        assert!(grown <= 2 * MAX_ANSWER_BYTES, "{path}: {} KiB", grown / 1024);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_has_no_room_is_shown_by_its_beginning_and_saved_as_a_whole() {
    const LARGE: usize = 40_000_000;
    let redis = TestRedis::start().await;
    let data = format!(r#"{{"text":"{}"}}"#, "x".repeat(LARGE));
    redis.add("events:huge", "1-0", "Huge", r#"{"n":1}"#).await;
    redis.add("events:huge", "2-0", "Huge", &data).await;
    redis.add("events:huge", "3-0", "Huge", r#"{"n":3}"#).await;
    let (server, client) = (RewindProcess::start(&redis), reqwest::Client::new());
    get(&client, &server, "/api/about").await;
    let stream = "stream=events:huge";
    let grown = growth(&server, async {
        let mut seen = Vec::new();
        let mut rest = String::new();
        loop {
            let page =
                get(&client, &server, &format!("/api/events?{stream}&order=asc{rest}")).await;
            seen.extend(page["events"].as_array().unwrap().clone());
            let Some(next) = page["next"].as_str() else { break };
            rest = format!("&after={next}");
        }
        let ids: Vec<&str> = seen.iter().map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["1-0", "2-0", "3-0"]);
        assert_eq!(seen[1]["decode_error"]["code"], "too_large");
        assert_eq!(seen[1]["cut"]["fields"][0]["bytes"], data.len() as u64);
        let event = get(&client, &server, &format!("/api/event?{stream}&id=2-0")).await;
        assert_eq!(event["event"]["type"], "Huge");
        assert_eq!(event["event"]["decode_error"]["code"], "too_large");
        let url = format!("http://{}/api/value?{stream}&id=2-0&field=data", server.address());
        let mut saved = 0;
        let mut chunks = client.get(url).send().await.unwrap().bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.unwrap();
            assert!(data.as_bytes()[saved..].starts_with(&chunk));
            saved += chunk.len();
        }
        assert_eq!(saved, data.len());
    })
    .await;
    assert!(grown <= MAX_ANSWER_BYTES, "{} KiB", grown / 1024);
}

#[tokio::test]
async fn a_stream_that_ends_with_a_large_event_is_indexed_and_stays_so() {
    let redis = TestRedis::start().await;
    redis.add("s", "1-0", "Small", r#"{"text":"x"}"#).await;
    // More than a reply of several ranges has room for.
    redis.add("s", "2-0", "Large", &format!(r#"{{"text":"{}"}}"#, "y".repeat(5_000_000))).await;
    let app = TestApp::start(&redis).await;
    eventually("the stream is indexed", || async {
        let index = app.ok("/api/index?stream=s").await;
        (index["is_complete"] == true).then_some(())
    })
    .await;
    // Each question reads again what was indexed.
    for _ in 0..5 {
        assert_eq!(app.ok("/api/index?stream=s").await["indexed"], 2);
    }
}
