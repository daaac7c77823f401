//! `GET /api/replay` and `GET /api/window`

use rewind_domain::travel::{Cursor, Window};
use rewind_tests::{TestApp, TestRedis};
use serde_json::{Value, json};

#[tokio::test]
async fn the_state_at_a_version_is_the_fold_of_the_events_up_to_it() {
    let redis = TestRedis::start().await;
    redis.add("s", "1000-0", "Created", r#"{"items":{"a":{"qty":1}},"total":1.10}"#).await;
    redis.add("s", "2000-0", "ItemAdded", r#"{"items":{"b":{"qty":2}},"total":3.30}"#).await;
    redis.add("s", "3000-0", "Cancelled", r#"{"items":null}"#).await;
    let app = TestApp::start(&redis).await;

    let states = [
        json!({}),
        json!({"items": {"a": {"qty": 1}}, "total": 1.10}),
        json!({"items": {"a": {"qty": 1}, "b": {"qty": 2}}, "total": 3.30}),
        json!({"items": null, "total": 3.30}),
    ];
    for (version, state) in states.iter().enumerate() {
        let answer = app.ok(&format!("/api/replay?stream=s&version={version}")).await;
        assert_eq!(answer["state"], *state, "{version}");
        assert_eq!((&answer["version"], &answer["latest_version"]), (&json!(version), &json!(3)));
        assert_eq!(answer["fold"], "deep_merge");
        assert!(answer.get("incomplete").is_none());
    }
    let second = app.ok("/api/replay?stream=s&version=2").await;
    assert_eq!(
        (&second["id"], &second["type"], &second["timestamp_ms"]),
        (&json!("2000-0"), &json!("ItemAdded"), &json!(2000))
    );
    assert_eq!(
        second["changes"],
        json!([
            {"op": "add", "path": "/items/b", "new": {"qty": 2}},
            {"op": "replace", "path": "/total", "old": 1.10, "new": 3.30},
        ])
    );
}

#[tokio::test]
async fn a_point_can_be_given_as_an_id_or_a_time() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 10).await;
    let app = TestApp::start(&redis).await;
    for (point, version) in [
        ("", 10),
        ("id=4-0", 4),
        ("id=4-5", 4),
        ("id=99-0", 10),
        ("id=0-1", 0),
        ("time_ms=7", 7),
        ("time_ms=0", 0),
    ] {
        let answer = app.ok(&format!("/api/replay?stream=s&{point}")).await;
        assert_eq!(answer["version"], version, "{point}");
        assert_eq!(answer["latest_version"], 10, "{point}");
    }
}

#[tokio::test]
async fn a_version_that_is_not_there_is_an_error_that_says_what_is() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 10).await;
    redis.run("XTRIM s MAXLEN 6").await;
    let app = TestApp::start(&redis).await;
    let (status, code, message) = app.error("/api/replay?stream=s&version=11").await;
    assert_eq!((status, code.as_str()), (404, "version_not_found"));
    assert!(message.contains("latest is 10"), "{message}");
    let (status, code, message) = app.error("/api/replay?stream=s&version=3").await;
    assert_eq!((status, code.as_str()), (404, "version_not_found"));
    assert!(message.contains("the first is 4"), "{message}");
    assert_eq!(app.error("/api/replay?stream=nope").await.1, "stream_not_found");
    assert_eq!(app.error("/api/replay?stream=s&version=x").await.1, "bad_parameter");
    assert_eq!(app.error("/api/replay?stream=s&version=1&id=1-0").await.1, "bad_parameter");
}

#[tokio::test]
async fn a_trimmed_head_keeps_the_numbers_and_is_told() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 10).await;
    redis.run("XTRIM s MAXLEN 6").await;
    let app = TestApp::start(&redis).await;
    let answer = app.ok("/api/replay?stream=s&version=5").await;
    assert_eq!(answer["id"], "5-0");
    assert_eq!(
        answer["incomplete"],
        json!({"missing_from": 1, "missing_to": 4, "reason": "trimmed"})
    );
}

#[tokio::test]
async fn entries_deleted_from_the_middle_are_told() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 10).await;
    redis.run("XDEL s 5-0").await;
    let app = TestApp::start(&redis).await;
    assert_eq!(app.ok("/api/replay?stream=s").await["incomplete"]["reason"], "deleted");
}

#[tokio::test]
async fn a_long_history_is_folded_to_its_end() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 12_345).await;
    let app = TestApp::start(&redis).await;
    for version in [1, 999, 1_000, 1_001, 3_000, 12_345] {
        let answer = app.ok(&format!("/api/replay?stream=s&version={version}")).await;
        assert_eq!(answer["state"], json!({ "n": version }));
        assert_eq!(answer["id"], format!("{version}-0"));
    }
}

#[tokio::test]
async fn a_window_leads_to_the_same_states_as_replaying() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 3_000).await;
    let app = TestApp::start(&redis).await;
    for (point, base, last) in [
        ("version=1500", 1_450, 1_550),
        ("version=0", 0, 100),
        ("version=3000", 2_900, 3_000),
        ("", 2_900, 3_000),
        ("id=20-0", 0, 100),
    ] {
        let answer = app.ok(&format!("/api/window?stream=s&limit=100&{point}")).await;
        let window: Window = serde_json::from_value(answer["window"].clone()).unwrap();
        assert_eq!((window.base_version, window.last_version()), (base, last), "{point}");
        assert_eq!(
            (&answer["first_version"], &answer["latest_version"]),
            (&json!(0), &json!(3_000))
        );
        let mut cursor = Cursor::new(window);
        for version in [base, last, (base + last) / 2, base + 1] {
            cursor.seek(version).unwrap();
            let expected = app.ok(&format!("/api/replay?stream=s&version={version}")).await;
            let state: Value = serde_json::from_str(&cursor.state().to_string()).unwrap();
            assert_eq!(state, expected["state"], "{point} {version}");
        }
    }
}

#[tokio::test]
async fn a_window_of_a_trimmed_stream_begins_at_its_first_version() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 50).await;
    redis.run("XTRIM s MAXLEN 20").await;
    let app = TestApp::start(&redis).await;
    let answer = app.ok("/api/window?stream=s&version=35").await;
    assert_eq!(
        (&answer["first_version"], &answer["window"]["base_version"]),
        (&json!(30), &json!(30))
    );
    assert_eq!(answer["window"]["steps"][0]["version"], 31);
}

#[tokio::test]
async fn replays_stay_right_while_the_stream_is_trimmed_under_them() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 40_000).await;
    let app = TestApp::start(&redis).await;
    let trimming = async {
        for length in (1..20).rev() {
            redis.run(&format!("XTRIM s MAXLEN {}", length * 2_000)).await;
        }
    };
    let replaying = async {
        for _ in 0..10 {
            let answer = app.ok("/api/replay?stream=s").await;
            assert_eq!(answer["version"], 40_000, "{answer}");
            assert_eq!(answer["state"]["n"], 40_000);
        }
    };
    futures::join!(trimming, replaying);
    let answer = app.ok("/api/replay?stream=s").await;
    assert_eq!(answer["incomplete"]["missing_to"], 38_000);
}
