//! `GET /api/index`, and the indexes behind it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use rewind_domain::EntryId;
use rewind_server::event_reader::EventReader;
use rewind_server::index::{IndexLimits, Indexes, Standing, StreamIndex};
use rewind_store::{Store, StoreError};
use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::{Value, json};

/// Too many for one short read.
const EVENTS: u64 = 5_000;
/// More than tests need.
const MANY_BYTES: usize = 16 * 1024 * 1024;

fn indexes(redis: &TestRedis) -> Indexes {
    let limits = IndexLimits::of_bytes(MANY_BYTES);
    Indexes::new(Store::new(redis.url()), EventReader::default(), limits)
}

/// The answer once everything is counted.
async fn complete(app: &TestApp, query: &str) -> Value {
    eventually("everything is counted", || async {
        let answer = app.ok(&format!("/api/index?{query}")).await;
        (answer["is_complete"] == true).then_some(answer)
    })
    .await
}

async fn complete_index(indexes: &Indexes, key: &str) -> Arc<StreamIndex> {
    eventually("everything is counted", || async {
        let index = indexes.ask(&key.into()).await.unwrap();
        index.view(|view| view.standing == Standing::Complete).then_some(index)
    })
    .await
}

/// Adds entries from `from` to `to`, whose types take turns.
async fn add(redis: &TestRedis, stream: &str, from: u64, to: u64) {
    let mut pipeline = redis::pipe();
    for n in from..=to {
        let event_type = ["A", "B", "B", "C"][usize::try_from(n % 4).unwrap()];
        pipeline.cmd("XADD").arg(stream).arg(format!("{n}-0")).arg("type").arg(event_type);
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
}

#[tokio::test]
async fn all_events_are_counted_by_type_and_time() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1, EVENTS).await;
    let app = TestApp::start(&redis).await;
    let answer = complete(&app, "stream=s&buckets=5").await;
    assert_eq!(answer["length"], EVENTS);
    assert_eq!(answer["indexed"], EVENTS);
    assert_eq!((&answer["first_version"], &answer["latest_version"]), (&json!(1), &json!(EVENTS)));
    assert_eq!(
        answer["types"],
        json!([
            {"type": "B", "count": 2_500},
            {"type": "C", "count": 1_250},
            {"type": "A", "count": 1_250},
        ])
    );
    let buckets = answer["histogram"]["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), 5);
    assert_eq!((&buckets[0]["from_ms"], &buckets[4]["to_ms"]), (&json!(1), &json!(EVENTS)));
    assert_eq!(buckets[2]["count"], 1_000);
    let sum: u64 = buckets.iter().map(|bucket| bucket["counts"][0].as_u64().unwrap()).sum();
    assert_eq!(sum, 2_500);
}

#[tokio::test]
async fn a_short_stream_is_counted_exactly_in_the_first_answer() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1, 10).await;
    redis.run("XADD s 90-0 colour red").await;
    let app = TestApp::start(&redis).await;
    let answer = app.ok("/api/index?stream=s&buckets=9&from=1&to=90").await;
    assert_eq!(answer["is_complete"], true);
    assert_eq!(answer["types"][3], json!({"type": null, "count": 1}));
    let histogram = &answer["histogram"];
    assert_eq!(histogram["is_approximate"], false);
    let counts: Vec<u64> = histogram["buckets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bucket| bucket["count"].as_u64().unwrap())
        .collect();
    assert_eq!(counts, [10, 0, 0, 0, 0, 0, 0, 0, 1]);
}

#[tokio::test]
async fn an_index_follows_what_happens_to_its_stream() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    add(&redis, "s", 1, EVENTS).await;
    complete(&app, "stream=s").await;
    let mut last = EVENTS;
    // What happens, and how many entries there are then.
    for (command, length) in [
        // A few at the end, more than one read takes, and some of both.
        ("add 10", EVENTS + 10),
        ("add 3000", EVENTS + 3_010),
        // The head in a block, and whole blocks.
        ("XTRIM s MAXLEN 7777", 7_777),
        ("XTRIM s MAXLEN 7770", 7_770),
        ("XTRIM s MAXLEN 100", 100),
        ("add 2500", 2_600),
        // From the middle, the first one, the last one.
        ("XDEL s 7950-0 7960-0 9000-0", 2_597),
        ("XDEL s 7911-0", 2_596),
        ("XDEL s 10510-0", 2_595),
        ("add 1", 2_596),
        ("XTRIM s MAXLEN 0", 0),
        ("add 7", 7),
        ("XTRIM s MAXLEN 1", 1),
        ("add 4000", 4_001),
    ] {
        match command.strip_prefix("add ") {
            Some(count) => {
                let count: u64 = count.parse().unwrap();
                add(&redis, "s", last + 1, last + count).await;
                last += count;
            }
            None => {
                redis.run(command).await;
            }
        }
        let answer = complete(&app, "stream=s&buckets=50").await;
        assert_eq!(
            (&answer["length"], &answer["indexed"]),
            (&json!(length), &json!(length)),
            "{command}"
        );
        let histogram = answer["histogram"]["buckets"].as_array();
        let counted: u64 =
            histogram.into_iter().flatten().map(|bucket| bucket["count"].as_u64().unwrap()).sum();
        assert_eq!(counted, length, "{command}");
        let types = answer["types"].as_array().unwrap();
        assert_eq!(
            types.iter().map(|count| count["count"].as_u64().unwrap()).sum::<u64>(),
            length,
            "{command}"
        );
    }
}

#[tokio::test]
async fn a_stream_that_was_made_again_is_counted_again() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    for stream in ["short", "long"] {
        let count = if stream == "short" { 100 } else { EVENTS };
        add(&redis, stream, 1, count).await;
        complete(&app, &format!("stream={stream}")).await;
        redis.run(&format!("DEL {stream}")).await;
        assert_eq!(app.error(&format!("/api/index?stream={stream}")).await.1, "stream_not_found");
        add(&redis, stream, 1, count).await;
        complete(&app, &format!("stream={stream}")).await;
        redis.run(&format!("DEL {stream}")).await;
        // As many entries under the same ids.
        redis.add_many(stream, count).await;
        let answer = complete(&app, &format!("stream={stream}")).await;
        assert_eq!(answer["types"], json!([{"type": "Counted", "count": count}]));
    }
}

#[tokio::test]
async fn a_key_that_becomes_something_else_has_no_index() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1, EVENTS).await;
    let indexes = indexes(&redis);
    complete_index(&indexes, "s").await;
    redis.run("DEL s").await;
    redis.run("SET s text").await;
    assert_eq!(indexes.ask(&"s".into()).await.err(), Some(StoreError::WrongType));
    assert!(indexes.known(&"s".into()).await.unwrap().is_none());
}

#[tokio::test]
async fn however_many_ask_one_reads_and_each_sees_how_far_it_is() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1, 4 * EVENTS).await;
    let indexes = indexes(&redis);
    let key = "s".into();
    let asking = (0..20).map(|_| indexes.ask(&key));
    let asked = futures::future::try_join_all(asking).await.unwrap();
    assert!(asked.iter().all(|index| Arc::ptr_eq(index, &asked[0])));
    complete_index(&indexes, "s").await;
    // A page and its end, however many asked: not twenty times as many.
    let stats = redis.run("INFO commandstats").await;
    let text = redis::from_redis_value::<String>(stats).unwrap();
    let calls = text.split("cmdstat_xrange:calls=").nth(1).unwrap().split(',').next().unwrap();
    assert!(calls.parse::<u64>().unwrap() < 200, "{calls}");
}

#[tokio::test]
async fn building_stops_when_nobody_asks_and_goes_on_where_it_was() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1, 30_000).await;
    let store = Store::with_read_rate(redis.url(), NonZeroU32::new(50_000));
    let forgotten_after = Duration::from_millis(50);
    let indexes = Indexes::new(
        store,
        EventReader::default(),
        IndexLimits { bytes: MANY_BYTES, forgotten_after },
    );
    let index = indexes.ask(&"s".into()).await.unwrap();
    eventually("nobody builds", || async { (!index.is_building()).then_some(()) }).await;
    let (indexed, standing) = index.view(|view| (view.blocks.len(), view.standing));
    assert!((1..30_000).contains(&indexed), "{indexed}");
    assert_eq!(standing, Standing::Partial);
    let mut before = indexed;
    let index = eventually("everything is counted", || {
        let indexes = indexes.clone();
        let index = Arc::clone(&index);
        let lost = index.view(|view| view.blocks.len()) < before;
        before = index.view(|view| view.blocks.len());
        async move {
            assert!(!lost);
            let again = indexes.ask(&"s".into()).await.unwrap();
            assert!(Arc::ptr_eq(&again, &index));
            again.view(|view| view.standing == Standing::Complete).then_some(again)
        }
    })
    .await;
    assert_eq!(index.view(|view| view.blocks.last_id()), Some(EntryId::new(30_000, 0)));
}

#[tokio::test]
async fn the_index_that_was_not_asked_for_the_longest_makes_room() {
    let redis = TestRedis::start().await;
    for stream in ["a", "b", "c"] {
        add(&redis, stream, 1, 2_000).await;
    }
    let measured = indexes(&redis);
    let bytes = complete_index(&measured, "a").await.view(|view| view.blocks.byte_size());
    let limits = IndexLimits::of_bytes(bytes * 5 / 2);
    let indexes = Indexes::new(Store::new(redis.url()), EventReader::default(), limits);
    for stream in ["a", "b", "a", "c"] {
        complete_index(&indexes, stream).await;
    }
    let is_known = async |stream: &str| indexes.known(&stream.into()).await.unwrap().is_some();
    assert!(is_known("a").await && is_known("c").await && !is_known("b").await);
}

#[tokio::test]
async fn without_room_for_an_index_the_answer_says_so() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1, EVENTS).await;
    let app = TestApp::start_without_indexes(&redis).await;
    for _ in 0..2 {
        let answer = app.ok("/api/index?stream=s").await;
        assert_eq!((&answer["length"], &answer["indexed"]), (&json!(EVENTS), &json!(0)));
        assert_eq!(answer["is_complete"], false);
        assert!(answer["problem"].as_str().unwrap().contains("`--index-mb`"), "{answer}");
    }
}

#[tokio::test]
async fn a_bad_parameter_is_named() {
    let redis = TestRedis::start().await;
    add(&redis, "s", 1, 1).await;
    let app = TestApp::start(&redis).await;
    for (query, status, part) in [
        ("stream=nope", 404, "`nope`"),
        ("", 400, "`stream`"),
        ("stream=s&buckets=0", 400, "`buckets`"),
        ("stream=s&from=x", 400, "`from`"),
        ("stream=s&from=2&to=1", 400, "`to`"),
    ] {
        let (got, _, message) = app.error(&format!("/api/index?{query}")).await;
        assert_eq!(got, status, "{query}");
        assert!(message.contains(part), "{query}: {message}");
    }
}
