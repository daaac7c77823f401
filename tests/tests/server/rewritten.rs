//! Histories that are written again under the same ids: nothing is told about what was there before.
//!
//! Each test asks a server that saw what was there before, and one that began afterwards. Both must say the same.

use rewind_domain::versions::StreamExtent;
use rewind_server::config::FoldConfig;
use rewind_tests::{LiveLine, TestApp, TestRedis, eventually};
use serde_json::{Value, json};

use crate::rewriting::{WAYS, Way, Written, write};

/// Enough for several keyframes, and for an index that is not read again as a whole each time.
const LONG: u64 = 2_500;
/// Few enough for an index that is.
const SHORT: u64 = 300;

/// Which events are others than before.
#[derive(Clone, Copy, Debug)]
enum Changed {
    All,
    First,
    Last,
    /// One in the middle.
    Inner,
}

impl Changed {
    fn has(self, n: u64, count: u64) -> bool {
        match self {
            Self::All => true,
            Self::First => n == 1,
            Self::Last => n == count,
            Self::Inner => n == count / 3,
        }
    }
}

/// This many events, some of which are others. Each is about one of three orders.
fn events(count: u64, changed: Option<Changed>) -> Vec<Written> {
    let event = |n: u64| {
        let is_other = changed.is_some_and(|changed| changed.has(n, count));
        let (event_type, who) = if is_other { ("Erased", "nobody") } else { ("Named", "Ada") };
        let order = if is_other { (n + 1) % 3 } else { n % 3 };
        let data =
            json!({"order_id": order.to_string(), "who": who, "at": {(n % 7).to_string(): n}});
        (format!("{n}-0"), event_type.to_owned(), data.to_string())
    };
    (1..=count).map(event).collect()
}

/// What a search finds, and how it ends.
async fn found(app: &TestApp, filter: &str) -> Value {
    let mut line =
        LiveLine::open(app.request(&format!("/api/find?stream=s&filter={filter}"))).await;
    let mut frames = Vec::new();
    while let Some(frame) = line.next().await {
        match frame.name.as_str() {
            "found" => frames.push(frame.data),
            "done" => frames.push(json!([frame.data["reason"], frame.data["found"]])),
            "begun" => frames.push(frame.data["extent"].clone()),
            _ => {}
        }
    }
    json!(frames)
}

/// Everything that is told about `s`, and depends on what was read of it before.
async fn all_that_is_told(app: &TestApp, count: u64) -> Vec<(String, Value)> {
    let mut told = Vec::new();
    for version in [1, 2, count / 3, count / 2, count - 1, count] {
        for question in [
            format!("/api/events?stream=s&order=asc&limit=3&version={version}"),
            format!("/api/window?stream=s&limit=10&version={version}"),
            format!("/api/replay?stream=s&version={version}"),
            format!("/api/blame?stream=s&version={version}"),
        ] {
            told.push((question.clone(), app.ok(&question).await));
        }
    }
    for question in [
        "/api/index?stream=s&buckets=20".to_owned(),
        format!("/api/index?stream=s&buckets=5&from={}&to={}", count / 4, count / 2),
        format!("/api/events?stream=s&limit=3&before={}-0", count / 2),
        format!("/api/window?stream=s&limit=10&time_ms={}", count / 2),
        format!("/api/window?stream=s&limit=10&id={}-0", count / 2),
        "/api/bisect?stream=s&expression=state.who%3D%3D%22nobody%22".to_owned(),
        "/api/timeline?stream=s&buckets=10".to_owned(),
        "/api/history?stream=s&path=/who&order=asc".to_owned(),
        format!("/api/diff?stream=s&from=1&to={}", count / 2),
        format!("/api/related?stream=s&id={}-0", count / 3),
    ] {
        told.push((question.clone(), app.ok(&question).await));
    }
    for filter in ["type:Erased", "type:Named+data.at.1%3E0", "data.who%3Dnobody"] {
        told.push((filter.to_owned(), found(app, filter).await));
    }
    for order in 0..3 {
        let question = format!("/api/events?stream=s%23Order:{order}&order=asc&limit=1000");
        told.push((question.clone(), app.ok(&question).await));
        let question = format!("/api/replay?stream=s%23Order:{order}");
        told.push((question.clone(), app.ok(&question).await));
    }
    told
}

async fn start(redis: &TestRedis) -> TestApp {
    let rule = ["Order", "s", "data.order_id"];
    let app = TestApp::start_with_topics(redis, FoldConfig::default(), &[rule], None).await;
    eventually("the index is built", async || {
        let index = app.ok("/api/index?stream=s").await;
        let part = app.get("/api/events?stream=s%23Order:1").await;
        (index["is_complete"] == true && part.0.is_success()).then_some(())
    })
    .await;
    app
}

async fn is_told_again(way: Way, changed: Changed, count: u64) {
    let redis = TestRedis::start().await;
    write(&redis, 0, "s", &events(count, None)).await;
    let app = start(&redis).await;
    all_that_is_told(&app, count).await;
    way.rewrite(&redis, "s", &events(count, Some(changed))).await;
    // The first question meets what is kept, so each has its turn.
    let told = all_that_is_told(&app, count).await;
    let other = start(&redis).await;
    let expected = all_that_is_told(&other, count).await;
    for ((question, told), (_, expected)) in told.iter().zip(&expected) {
        assert_eq!(told, expected, "{question} after {way:?} of {changed:?} of {count}");
    }
}

#[tokio::test]
async fn a_long_history_that_is_another_one_is_told_again() {
    for way in WAYS {
        is_told_again(way, Changed::All, LONG).await;
    }
}

#[tokio::test]
async fn another_first_or_last_event_is_enough() {
    for changed in [Changed::First, Changed::Last] {
        is_told_again(Way::WrittenAgain, changed, LONG).await;
        is_told_again(Way::Restored, changed, SHORT).await;
    }
}

#[tokio::test]
async fn in_a_short_stream_another_event_in_the_middle_is_enough() {
    for way in WAYS {
        is_told_again(way, Changed::Inner, SHORT).await;
    }
}

#[tokio::test]
async fn the_newest_events_of_the_overview_are_those_that_are_there() {
    for way in WAYS {
        let redis = TestRedis::start().await;
        write(&redis, 0, "s", &events(9, None)).await;
        let app = TestApp::start(&redis).await;
        let newest = async |event_type: &'static str| {
            eventually(
                &format!("the overview has events `{event_type}` after {way:?}"),
                async || {
                    let overview = app.ok("/api/overview").await;
                    let newest = overview["newest"].as_array().unwrap();
                    let is_so = newest.iter().all(|event| event["type"] == event_type);
                    (newest.len() == 9 && is_so).then_some(())
                },
            )
            .await;
        };
        newest("Named").await;
        way.rewrite(&redis, "s", &events(9, Some(Changed::All))).await;
        newest("Erased").await;
    }
}

/// How the stream looks, as each kind of answer says.
async fn extents(app: &TestApp) -> Vec<StreamExtent> {
    let mut extents = Vec::new();
    for question in [
        "/api/events?stream=s&limit=1",
        "/api/events?stream=s&version=8&limit=1",
        "/api/window?stream=s",
        "/api/window?stream=s&version=8",
    ] {
        let answer = app.ok(question).await;
        extents.push(serde_json::from_value(answer["extent"].clone()).unwrap());
    }
    extents
}

#[tokio::test]
async fn answers_tell_how_the_stream_looked_so_that_another_one_is_told_from_it() {
    for (way, changed) in
        WAYS.into_iter().zip([Changed::All, Changed::First, Changed::Last].into_iter().cycle())
    {
        let redis = TestRedis::start().await;
        write(&redis, 0, "s", &events(9, None)).await;
        let (one, other) = (TestApp::start(&redis).await, TestApp::start(&redis).await);
        let before = extents(&one).await;
        assert!(before.iter().all(|extent| *extent == before[0]));
        assert_eq!(extents(&other).await, before, "whichever server is asked");
        redis.add("s", "10-0", "Named", "{}").await;
        redis.run("XTRIM s MAXLEN 8").await;
        redis.run("XDEL s 5-0").await;
        assert!(before[0].is_continued_by(&extents(&one).await[0]));
        way.rewrite(&redis, "s", &events(9, Some(changed))).await;
        for extent in extents(&one).await {
            assert!(!before[0].is_same_stream(&extent), "{way:?} of {changed:?}");
        }
    }
}

/// The figures of what was dropped.
async fn dropped(app: &TestApp) -> [u64; 3] {
    let mut figures = [0; 3];
    for (figure, cache) in figures.iter_mut().zip(["keyframe", "index", "topic"]) {
        *figure = app.figure(&format!("rewind_cache_dropped_total{{cache=\"{cache}\"}}")).await;
    }
    figures
}

#[tokio::test]
async fn a_stream_that_grows_and_is_trimmed_keeps_what_is_known_of_it() {
    let redis = TestRedis::start().await;
    write(&redis, 0, "s", &events(LONG, None)).await;
    let app = start(&redis).await;
    all_that_is_told(&app, LONG).await;
    for n in LONG + 1..LONG + 4 {
        redis.add("s", &format!("{n}-0"), "Named", r#"{"order_id":"1"}"#).await;
        all_that_is_told(&app, n).await;
    }
    assert_eq!(dropped(&app).await, [0, 0, 0]);
    // States lack from now on what was trimmed, so keyframes have to go; an index does not.
    redis.run("XTRIM s MAXLEN 2000").await;
    app.ok("/api/index?stream=s").await;
    app.ok("/api/events?stream=s%23Order:1").await;
    redis.run("XTRIM s MAXLEN 1990").await;
    app.ok("/api/index?stream=s").await;
    app.ok("/api/events?stream=s%23Order:1").await;
    assert_eq!(dropped(&app).await, [0, 0, 0]);
}
