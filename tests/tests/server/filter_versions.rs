//! `event.version` in filters: the same version wherever an event is met.

use rewind_server::config::{FoldConfig, ReadConfig};
use rewind_server::transfer::export::{self, ExportOptions};
use rewind_tests::{LiveLine, TestApp, TestRedis};
use serde_json::{Value, json};

/// More than one page of a scan.
const MANY: u64 = 2_500;
/// How many of them are trimmed.
const TRIMMED: u64 = 700;

/// A filter for the versions from `from` to `to`: answered natively, and by the engine.
fn filters(from: u64, to: u64) -> [String; 2] {
    [
        format!("filter=event.version%3E%3D{from}%26%26event.version%3C%3D{to}"),
        format!(
            "filter=%3DMath.round(event.version)%3E%3D{from}%26%26event[%22version%22]%3C%3D{to}"
        ),
    ]
}

/// Events of which the `n`th has the id `n`-0, and is version `n` where nothing else is in the stream.
async fn add(redis: &TestRedis, stream: &str, ids: impl IntoIterator<Item = u64>) {
    let mut pipeline = redis::pipe();
    for n in ids {
        pipeline.cmd("XADD").arg(stream).arg(format!("{n}-0")).arg("type").arg("Counted");
        pipeline.arg("data").arg(json!({ "n": n }).to_string());
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
}

/// The streams, ids and versions of what was found, where the filter failed on nothing.
async fn find(app: &TestApp, query: &str) -> Vec<(String, u64, u64)> {
    let (found, done) = search(app, query).await;
    assert_eq!(done["failures"], Value::Null, "{query}");
    found
}

async fn search(app: &TestApp, query: &str) -> (Vec<(String, u64, u64)>, Value) {
    let mut line = LiveLine::open(app.request(&format!("/api/find?{query}"))).await;
    let mut found = Vec::new();
    loop {
        let frame = line.next().await.expect("a search ends with `done`");
        match frame.name.as_str() {
            "found" => {
                let event = &frame.data["event"];
                let id = event["id"].as_str().unwrap().split('-').next().unwrap();
                let stream = frame.data["stream"].as_str().unwrap().to_owned();
                let version = event["version"].as_u64().unwrap_or(0);
                found.push((stream, id.parse().unwrap(), version));
            }
            "done" => return (found, frame.data),
            "begun" | "progress" => {}
            other => panic!("{other}: {}", frame.data),
        }
    }
}

/// What is found of the stream `s`, each event under its version.
fn of_s(versions: impl IntoIterator<Item = u64>) -> Vec<(String, u64, u64)> {
    versions.into_iter().map(|n| ("s".to_owned(), n, n)).collect()
}

#[tokio::test]
async fn a_stream_is_numbered_in_whole_and_in_part_from_either_end_trimmed_or_not() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1..=MANY).await;
    let app = TestApp::start(&redis).await;
    for is_trimmed in [false, true] {
        if is_trimmed {
            redis.run(&format!("XTRIM s MINID {}", TRIMMED + 1)).await;
        }
        for part in [
            "",
            "&after=900-0",
            "&before=1900-0",
            "&after=1000-0&before=1800-0",
            "&position=1000-0&order=asc",
            "&position=1900-0",
        ] {
            for filter in filters(1_200, 1_203) {
                let query = format!("stream=s{part}&{filter}");
                let mut found = find(&app, &query).await;
                found.sort();
                assert_eq!(found, of_s(1_200..=1_203), "{query} {is_trimmed}");
            }
        }
    }
    // From the middle on in both orders, and by terms of the filter.
    let found = find(&app, "stream=s&filter=id%3A1500..1600%20%3Devent.version%3C1503").await;
    assert_eq!(found, of_s([1_502, 1_501, 1_500]));
    let query = "stream=s&order=asc&filter=id%3E%3D2400%20%3Devent.version%3E2498";
    assert_eq!(find(&app, query).await, of_s([2_499, 2_500]));
}

#[tokio::test]
async fn an_index_that_spares_reading_does_not_spare_numbers() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1..=MANY).await;
    redis.add("s", "3000-0", "Rare", "{}").await;
    add(&redis, "s", 3_001..=3_000 + MANY).await;
    let app = TestApp::start(&redis).await;
    rewind_tests::eventually("the stream is indexed", || async {
        let index = app.ok("/api/index?stream=s").await;
        (index["is_complete"] == true).then_some(())
    })
    .await;
    for order in ["asc", "desc"] {
        let query = format!("stream=s&order={order}&filter=type%3ARare%20%3Devent.version%3E7");
        assert_eq!(find(&app, &query).await, [("s".to_owned(), 3_000, MANY + 1)], "{order}");
        let query =
            format!("stream=s&order={order}&after=2800-0&filter=event.version%3D%3D%3D2502");
        assert_eq!(find(&app, &query).await, [("s".to_owned(), 3_001, MANY + 2)], "{order}");
    }
}

#[tokio::test]
async fn entries_deleted_from_the_middle_count_as_pages_count_them() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1..=10).await;
    redis.run("XDEL s 4-0 5-0").await;
    let app = TestApp::start(&redis).await;
    let whole = app.ok("/api/events?stream=s&order=asc").await;
    let of_6 = whole["events"][3]["version"].as_u64().unwrap();
    for place in ["stream=s", "stream=s&after=5-0", "stream=s&before=8-0", "all"] {
        let query = format!("{place}&order=asc&filter=event.version%3D%3D%3D{of_6}");
        assert_eq!(find(&app, &query).await, [("s".to_owned(), 6, of_6)], "{place}");
    }
}

#[tokio::test]
async fn events_of_many_streams_have_versions_whole_in_part_and_behind_a_position() {
    let redis = TestRedis::start().await;
    add(&redis, "shop:a", (1..=600).map(|n| 2 * n)).await;
    add(&redis, "shop:b", (1..=600).map(|n| 2 * n + 1)).await;
    redis.run("XTRIM shop:b MINID 301").await;
    let app = TestApp::start(&redis).await;
    let expected = |version: u64| {
        vec![
            ("shop:a".to_owned(), 2 * version, version),
            ("shop:b".to_owned(), 2 * version + 1, version),
        ]
    };
    for place in ["category=shop", "all", "stream=shop:a&stream=shop:b"] {
        for filter in filters(400, 400) {
            for part in ["", "&after=500-0", "&before=900-0", "&after=500-0&before=900-0"] {
                let query = format!("{place}&order=asc{part}&{filter}");
                assert_eq!(find(&app, &query).await, expected(400), "{query}");
                let query = format!("{place}{part}&{filter}");
                let mut found = find(&app, &query).await;
                found.reverse();
                assert_eq!(found, expected(400), "{query}");
            }
            let query = format!("{place}&position=901-0@shop:b&{filter}");
            assert_eq!(find(&app, &query).await.len(), 2, "{query}");
        }
        // Without asking for it, what is read from the newest event on has its version.
        let found = find(&app, &format!("{place}&limit=2")).await;
        assert_eq!(found, [("shop:b".to_owned(), 1_201, 600), ("shop:a".to_owned(), 1_200, 600)]);
    }
}

#[tokio::test]
async fn a_user_who_may_not_look_at_streams_counts_what_is_there() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1..=9).await;
    redis.run("XTRIM s MINID 4").await;
    redis.run("ACL SETUSER reader on >secret ~* +@all -xinfo").await;
    let url = format!("{}?user=reader&pass=secret", redis.url_text());
    let app = TestApp::start_on(url.parse().unwrap()).await;
    for place in ["stream=s", "stream=s&after=4-0", "all"] {
        let (found, done) = search(&app, &format!("{place}&filter=event.version%3D%3D%3D3")).await;
        assert_eq!(found, [("s".to_owned(), 6, 3)], "{place} {done}");
    }
}

#[tokio::test]
async fn an_aggregate_in_a_topic_has_its_own_versions() {
    let redis = TestRedis::start().await;
    for n in 1..=9_u64 {
        let data = json!({"order_id": if n % 3 == 0 { "7" } else { "8" }, "n": n}).to_string();
        redis.add("events:orders", &format!("{n}-0"), "Changed", &data).await;
    }
    let rule = ["Order", "events:orders", "data.order_id"];
    let app = TestApp::start_with_topics(&redis, FoldConfig::default(), &[rule], None).await;
    let order = "events:orders#Order:7";
    let place = "stream=events:orders%23Order:7";
    for filter in filters(2, 3) {
        let found = find(&app, &format!("{place}&order=asc&{filter}")).await;
        assert_eq!(found, [(order.to_owned(), 6, 2), (order.to_owned(), 9, 3)]);
        let both = format!("{place}&stream=events:orders&after=5-0&order=asc&{filter}");
        assert_eq!(find(&app, &both).await, [(order.to_owned(), 6, 2), (order.to_owned(), 9, 3)]);
        let mut line = app.live(&format!("{place}&after=3-0&{filter}")).await;
        assert_eq!(line.next_ids(2).await, ["6-0", "9-0"]);
    }
    let mut line = app.live(&format!("{place}&{}", filters(4, 4)[0])).await;
    line.next_named("status").await;
    for n in [10, 11, 12_u64] {
        let data = json!({"order_id": if n == 11 { "8" } else { "7" }}).to_string();
        redis.add("events:orders", &format!("{n}-0"), "Changed", &data).await;
    }
    assert_eq!(line.next_ids(1).await, ["10-0"]);
    assert!(line.is_silent().await);
}

#[tokio::test]
async fn live_lines_know_versions_from_now_on_and_from_within_a_stream() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1..=MANY).await;
    redis.run(&format!("XTRIM s MINID {}", TRIMMED + 1)).await;
    add(&redis, "shop:a", 1..=20).await;
    add(&redis, "shop:b", 1..=20).await;
    let app = TestApp::start(&redis).await;
    for filter in filters(1_200, 1_202) {
        let mut line = app.live(&format!("stream=s&after=900-0&{filter}")).await;
        assert_eq!(line.next_ids(3).await, ["1200-0", "1201-0", "1202-0"]);
        line.catches_up().await;
    }
    let [filter, _] = filters(19, 22);
    let mut of_two =
        app.live(&format!("stream=shop:a&stream=shop:b&after=18-0,20-0&{filter}")).await;
    assert_eq!(of_two.next_ids(2).await, ["19-0", "20-0"]);
    of_two.catches_up().await;
    let mut of_category = app.live(&format!("category=shop&after=18-0&{filter}")).await;
    assert_eq!(of_category.next_ids(4).await, ["19-0", "19-0", "20-0", "20-0"]);
    let mut of_all = app.live(&format!("all&{filter}")).await;
    of_all.next_named("status").await;
    of_category.catches_up().await;
    add(&redis, "shop:b", 21..=24).await;
    for line in [&mut of_two, &mut of_category, &mut of_all] {
        assert_eq!(line.next_ids(2).await, ["21-0", "22-0"]);
        assert!(line.has_no_more_entries().await);
    }
}

#[tokio::test]
async fn exports_of_the_page_and_of_the_command_line_know_versions() {
    let redis = TestRedis::start().await;
    add(&redis, "shop:a", 1..=MANY).await;
    redis.run(&format!("XTRIM shop:a MINID {}", TRIMMED + 1)).await;
    add(&redis, "shop:b", 1..=800).await;
    let app = TestApp::start(&redis).await;
    for filter in filters(800, 801) {
        let query = format!("/api/export?category=shop&order=asc&format=json&{filter}");
        let text = app.request(&query).send().await.unwrap().text().await.unwrap();
        let events: Vec<Value> = serde_json::from_str(&text).unwrap();
        let versions: Vec<_> = events.iter().map(|found| &found["event"]["version"]).collect();
        assert_eq!(versions, [800, 800, 801], "{text}");
    }
    for filter in ["event.version>=800&&event.version<=801", "=[800,801].includes(event.version)"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.ndjson");
        let options = ExportOptions {
            filter: Some(filter.to_owned()),
            streams: Vec::new(),
            prefix: Some("shop:".into()),
            output: Some(path.clone()),
            format: None,
            columns: String::new(),
            quiet: true,
        };
        let report = export::run(options, &ReadConfig::of(redis.url())).await.unwrap();
        assert_eq!((report.entries, report.failed), (3, None));
        let lines = std::fs::read_to_string(path).unwrap();
        let ids: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
            .collect();
        assert_eq!(ids, ["800-0", "801-0", "800-0"]);
    }
}
