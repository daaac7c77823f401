//! Several watches side by side on one live line.

use std::collections::BTreeMap;

use rewind_server::live::LiveLimits;
use rewind_tests::live_line::{Frame, LiveLine};
use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::json;

/// A line with several watches, whose frames are told apart.
struct Joined {
    line: LiveLine,
    current: Option<u64>,
}

impl Joined {
    async fn open(app: &TestApp, watches: &[&str]) -> Self {
        let encoded = watches.iter().map(|watch| {
            let watch = watch.replace('%', "%25").replace('&', "%26").replace('=', "%3D");
            format!("watch={watch}")
        });
        let query = encoded.collect::<Vec<_>>().join("&");
        Self { line: app.live(&query).await, current: None }
    }

    /// The next frame, with the number of its watch.
    async fn next(&mut self) -> (u64, Frame) {
        loop {
            let frame = self.line.next().await.expect("the line goes on");
            if frame.name == "watch" {
                assert_eq!(frame.id.as_deref(), Some(""));
                self.current = frame.data.as_u64();
                continue;
            }
            return (self.current.expect("the watch is named first"), frame);
        }
    }

    /// Entries until there are this many, by watch: their ids, in the order in which they came.
    async fn entries(&mut self, count: usize) -> BTreeMap<u64, Vec<String>> {
        let mut entries = BTreeMap::<u64, Vec<String>>::new();
        while entries.values().map(Vec::len).sum::<usize>() < count {
            let (watch, frame) = self.next().await;
            if frame.name == "entry" {
                let id = frame.data["event"]["id"].as_str().unwrap().to_owned();
                entries.entry(watch).or_default().push(id);
            }
        }
        entries
    }
}

async fn add(redis: &TestRedis, stream: &str, n: u64) {
    redis.add(stream, &format!("{n}-0"), "Paid", &json!({ "total": n }).to_string()).await;
}

fn ids(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|n| format!("{n}-0")).collect()
}

#[tokio::test]
async fn each_watch_gets_what_it_would_get_on_a_line_of_its_own() {
    let redis = TestRedis::start().await;
    for n in 1..=3 {
        add(&redis, "a", n).await;
    }
    let app = TestApp::start(&redis).await;
    let watches =
        ["stream=a&after=1-0", "category=orders", "stream=a&after=0-0&filter=data.total%3E3"];
    let mut line = Joined::open(&app, &watches).await;
    assert_eq!(line.entries(2).await, BTreeMap::from([(0, ids(2..=3))]));
    // The category has been looked at by the time its status comes.
    while !matches!(line.next().await, (1, frame) if frame.name == "status") {}
    add(&redis, "orders:7", 1).await;
    add(&redis, "a", 4).await;
    let expected = BTreeMap::from([(0, ids(4..=4)), (1, ids(1..=1)), (2, ids(4..=4))]);
    assert_eq!(line.entries(3).await, expected);
}

#[tokio::test]
async fn each_watch_goes_on_after_its_own_position() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let mut line = Joined::open(&app, &["stream=a&after=0-0", "stream=b&after=0-0"]).await;
    for n in 1..=2 {
        add(&redis, "a", n).await;
        add(&redis, "b", 10 + n).await;
    }
    let mut positions = BTreeMap::new();
    while positions != BTreeMap::from([(0, "2-0".to_owned()), (1, "12-0".to_owned())]) {
        let (watch, frame) = line.next().await;
        positions.insert(watch, frame.id.expect("a position"));
    }
    drop(line);
    add(&redis, "a", 3).await;
    add(&redis, "b", 13).await;
    let mut line = Joined::open(&app, &["stream=a&after=2-0", "stream=b&after=12-0"]).await;
    assert_eq!(line.entries(2).await, BTreeMap::from([(0, ids(3..=3)), (1, ids(13..=13))]));
}

#[tokio::test]
async fn a_watch_that_is_refused_says_why_and_the_others_go_on() {
    let redis = TestRedis::start().await;
    let mut app = TestApp::start(&redis).await;
    app.restart_with_limits(LiveLimits { max_viewers: 2, max_viewers_per_address: 2 }).await;
    let watches = ["stream=a&filter=data.total>", "stream=a&after=0-0", "stream=b", "stream=c"];
    let mut line = Joined::open(&app, &watches).await;
    let mut refused = BTreeMap::new();
    while refused.len() < 2 {
        let (watch, frame) = line.next().await;
        if frame.name == "refused" {
            refused.insert(watch, frame.data["error"]["code"].clone());
        }
    }
    assert_eq!(refused, BTreeMap::from([(0, json!("bad_parameter")), (3, json!("too_busy"))]));
    add(&redis, "a", 1).await;
    assert_eq!(line.entries(1).await, BTreeMap::from([(1, ids(1..=1))]));
}

#[tokio::test]
async fn whoever_leaves_the_line_leaves_all_its_seats() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let viewers = async || app.figure("rewind_live_viewers").await;
    let mut line = Joined::open(&app, &["stream=a", "category=b", "all"]).await;
    line.next().await;
    eventually("all watch", async || (viewers().await == 3).then_some(())).await;
    drop(line);
    eventually("their seats are free", async || (viewers().await == 0).then_some(())).await;
}

#[tokio::test]
async fn too_many_watches_are_refused_before_anything_is_watched() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let (status, code, message) =
        app.error(&format!("/api/live?{}", "watch=all&".repeat(33))).await;
    assert_eq!((status, code.as_str()), (400, "bad_parameter"));
    assert!(message.contains("`watch`"), "{message}");
}
