//! Keyframes: replays that go on from what earlier ones came to give what replaying from the start gives.

use rewind_domain::travel::Cursor;
use rewind_server::config::FoldConfig;
use rewind_tests::{TestApp, TestRedis};
use serde_json::{Value, json};

/// Enough for several keyframes.
const EVENTS: u64 = 6_000;

/// A server with room for keyframes, and one without.
async fn both(redis: &TestRedis) -> (TestApp, TestApp) {
    let without = TestApp::start_with(redis.url(), FoldConfig::default(), 0).await;
    (TestApp::start(redis).await, without)
}

/// The answers of both to the same question.
async fn ask(apps: &(TestApp, TestApp), question: &str) -> (Value, Value) {
    (apps.0.ok(question).await, apps.1.ok(question).await)
}

/// What both say about a version by way of a window: how far a window reaches depends on how quickly it was made, but not what is in it.
async fn look(apps: &(TestApp, TestApp), version: u64) -> (Value, Value) {
    let (with, without) =
        ask(apps, &format!("/api/window?stream=s&limit=10&version={version}")).await;
    let seen = |mut answer: Value| {
        let mut cursor = Cursor::new(serde_json::from_value(answer["window"].take()).unwrap());
        cursor.seek(version).unwrap();
        answer["state"] = json!(cursor.state());
        answer["step"] = json!(cursor.step());
        answer
    };
    let (mut with, mut without) = (seen(with), seen(without));
    // What was passed over counts up to the end of the window.
    with["incomplete"].take();
    without["incomplete"].take();
    (with, without)
}

async fn fill(redis: &TestRedis, stream: &str, from: u64, to: u64) {
    let mut pipeline = redis::pipe();
    for n in from..=to {
        let data = match n % 7 {
            0 => "not json".to_owned(),
            rest => {
                format!(r#"{{"n":{n},"by":{{"k{rest}":{n}.10}},"list":[{rest},{{"id":{n}}}]}}"#)
            }
        };
        pipeline
            .cmd("XADD")
            .arg(stream)
            .arg(format!("{n}-0"))
            .arg("type")
            .arg("T")
            .arg("data")
            .arg(data);
    }
    let mut connection = redis.connection().await;
    pipeline.query_async::<Vec<String>>(&mut connection).await.unwrap();
}

#[tokio::test]
async fn going_on_from_keyframes_changes_no_answer() {
    let redis = TestRedis::start().await;
    fill(&redis, "s", 1, EVENTS).await;
    let apps = both(&redis).await;
    // Lays keyframes, in one of them.
    assert_eq!(apps.0.ok("/api/replay?stream=s").await["version"], EVENTS);
    for version in [0, 1, 1_023, 1_024, 1_025, 1_026, 2_048, 3_000, 5_119, 5_121, 5_999, 6_000] {
        let question = format!("/api/replay?stream=s&version={version}");
        let (with, without) = ask(&apps, &question).await;
        assert_eq!(with, without, "{question}");
        let question = format!("/api/replay?stream=s&id={version}-5");
        let (with, without) = ask(&apps, &question).await;
        assert_eq!(with, without, "{question}");
        let (with, without) = look(&apps, version).await;
        assert_eq!(with, without, "the window around {version}");
    }
}

#[tokio::test]
async fn what_is_added_later_is_folded_onto_them() {
    let redis = TestRedis::start().await;
    fill(&redis, "s", 1, EVENTS).await;
    let apps = both(&redis).await;
    apps.0.ok("/api/replay?stream=s").await;
    fill(&redis, "s", EVENTS + 1, EVENTS + 50).await;
    let (with, without) = ask(&apps, "/api/replay?stream=s").await;
    assert_eq!(with, without);
    assert_eq!(with["latest_version"], EVENTS + 50);
    let (with, without) = look(&apps, EVENTS + 50).await;
    assert_eq!(with, without);
}

#[tokio::test]
async fn they_are_given_up_once_something_was_taken_away() {
    let redis = TestRedis::start().await;
    fill(&redis, "s", 1, EVENTS).await;
    let apps = both(&redis).await;
    for command in ["XDEL s 3000-0", "XTRIM s MAXLEN 4000", "XDEL s 5999-0"] {
        apps.0.ok("/api/replay?stream=s").await;
        redis.run(command).await;
        for version in [5_500, 5_998, 6_000] {
            let question = format!("/api/replay?stream=s&version={version}");
            let (with, without) = ask(&apps, &question).await;
            assert_eq!(with, without, "{question} after {command}");
        }
    }
}

#[tokio::test]
async fn they_are_given_up_once_the_stream_is_another_one() {
    let redis = TestRedis::start().await;
    fill(&redis, "s", 1, EVENTS).await;
    let apps = both(&redis).await;
    apps.0.ok("/api/replay?stream=s").await;
    redis.run("DEL s").await;
    redis.add_many("s", EVENTS).await;
    let (with, without) = ask(&apps, "/api/replay?stream=s&version=5000").await;
    assert_eq!(with, without);
    assert_eq!(with["state"], json!({"n": 5_000}));
    redis.run("DEL s").await;
    assert_eq!(apps.0.error("/api/replay?stream=s&version=5000").await.1, "stream_not_found");
}

#[tokio::test]
async fn states_stay_right_while_entries_are_added_and_trimmed() {
    let redis = TestRedis::start().await;
    redis.add_many("s", EVENTS).await;
    let app = TestApp::start(&redis).await;
    let writing = async {
        for n in 1..=40 {
            let id = EVENTS + n;
            redis.add("s", &format!("{id}-0"), "T", &format!(r#"{{"n":{id}}}"#)).await;
            redis.run(&format!("XTRIM s MAXLEN {}", EVENTS - n * 100)).await;
        }
    };
    let reading = async {
        for round in 0..40 {
            // Versions that are not trimmed by then.
            let version = EVENTS - round;
            let answer = app.ok(&format!("/api/replay?stream=s&version={version}")).await;
            assert_eq!(answer["state"], json!({"n": version}));
        }
    };
    futures::join!(writing, reading);
}
