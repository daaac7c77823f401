//! Folds in JavaScript, as the server uses them.

use std::time::{Duration, Instant};

use rewind_domain::aggregate_pattern::AggregatePatterns;
use rewind_server::config::{AccessConfig, FoldConfig};
use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

const STREAM: &str = "aggregate:Order:1";

/// A server with a folder of folds that may be edited, in which `Order.js` is this.
async fn start(redis: &TestRedis, source: &str) -> (TestApp, TempDir) {
    start_within(redis, source, FoldConfig::default()).await
}

/// The same, within other limits.
async fn start_within(redis: &TestRedis, source: &str, config: FoldConfig) -> (TestApp, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Order.js"), source).unwrap();
    let config = FoldConfig { folder: Some(folder.path().to_owned()), ..config };
    (TestApp::start_with_folds(redis, config).await, folder)
}

async fn order(redis: &TestRedis) {
    for (n, (event_type, data)) in [
        ("Created", r#"{"price":1.10,"id":12345678901234567890}"#),
        ("Noted", r#"{"text":"x"}"#),
        ("Added", r#"{"price":2.20,"id":2}"#),
        ("Broken", "no json"),
        ("Added", r#"{"price":3,"id":3}"#),
    ]
    .iter()
    .enumerate()
    {
        redis.add(STREAM, &format!("{}-0", n + 1), event_type, data).await;
    }
}

const COUNTS: &str = r#"
export default {
  initial: () => ({ ids: [], n: 0 }),
  on: {
    Created(state, { data }) { state.ids.push(data.id); state.n += 1; state.first = data; },
    Added: (state, { data }) => ({ ...state, ids: [...state.ids, data.id], n: state.n + 1 }),
  },
};
"#;

#[tokio::test]
async fn states_are_made_by_the_fold_of_the_type() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let (app, _folder) = start(&redis, COUNTS).await;
    let text = app.request(&format!("/api/replay?stream={STREAM}")).send().await.unwrap();
    let text = text.text().await.unwrap();
    // The digits, to the last.
    assert!(text.contains(r#""ids":[12345678901234567890,2,3]"#), "{text}");
    assert!(text.contains(r#""first":{"price":1.10,"id":12345678901234567890}"#), "{text}");
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&answer["fold"], &answer["state"]["n"]), (&json!("Order.js"), &json!(3)));
    assert_eq!(
        answer["incomplete"]["skipped_types"],
        json!([{"type": "Broken", "count": 1}, {"type": "Noted", "count": 1}])
    );
    let window = app.ok(&format!("/api/window?stream={STREAM}")).await;
    assert_eq!(window["window"]["steps"][1]["is_skipped"], true);
    assert_eq!(window["window"]["state"], json!({"ids": [], "n": 0}));
    // Other types have the default.
    redis.add("aggregate:Customer:1", "1-0", "Made", r#"{"a":1}"#).await;
    assert_eq!(app.ok("/api/replay?stream=aggregate:Customer:1").await["fold"], "deep_merge");
}

#[tokio::test]
async fn where_a_fold_fails_states_end_and_events_go_on() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let source = "export default {\n  on: {\n    $any(state, event) {\n      state.n = event.version;\n      if (event.version === 3) event.data.missing.thing;\n    },\n  },\n};\n";
    let (app, _folder) = start(&redis, source).await;
    assert_eq!(app.ok(&format!("/api/replay?stream={STREAM}&version=2")).await["state"]["n"], 2);
    for version in [3, 4, 5] {
        let (status, answer) =
            app.get(&format!("/api/replay?stream={STREAM}&version={version}")).await;
        assert_eq!(status.as_u16(), 422, "{answer}");
        let error = &answer["error"];
        assert_eq!(
            (&error["code"], &error["version"], &error["line"]),
            (&json!("fold_failed"), &json!(3), &json!(5))
        );
        assert!(
            error["message"].as_str().unwrap().starts_with("stopped at version 3: "),
            "{error}"
        );
    }
    let window = app.ok(&format!("/api/window?stream={STREAM}")).await;
    let versions = |steps: &Value| -> Vec<u64> {
        steps.as_array().unwrap().iter().map(|step| step["version"].as_u64().unwrap()).collect()
    };
    assert_eq!(versions(&window["window"]["steps"]), [1, 2]);
    assert_eq!(versions(&window["unfolded"]), [3, 4, 5]);
    assert_eq!(
        (&window["stopped"]["version"], &window["stopped"]["type"]),
        (&json!(3), &json!("Added"))
    );
    assert_eq!(
        (&window["stopped"]["kind"], &window["stopped"]["id"]),
        (&json!("threw"), &json!("3-0"))
    );
    let timeline = app.ok(&format!("/api/timeline?stream={STREAM}")).await;
    assert_eq!(
        (&timeline["latest_version"], &timeline["stopped"]["version"]),
        (&json!(5), &json!(3))
    );
    assert_eq!(
        app.ok(&format!("/api/history?stream={STREAM}&type=Added")).await["entries"][0]["version"],
        5
    );
}

#[tokio::test]
async fn a_fold_that_never_ends_is_stopped_and_keeps_nobody_waiting() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    redis.add_many("s", 10).await;
    let (app, _folder) =
        start(&redis, "export default { on: { Created() { while (true) {} } } };").await;
    let stuck = format!("/api/replay?stream={STREAM}");
    let looping = app.get(&stuck);
    let others = async {
        for _ in 0..20 {
            app.ok("/api/replay?stream=s").await;
        }
        Instant::now()
    };
    let ((status, answer), others_done) = futures::join!(looping, others);
    assert_eq!(status.as_u16(), 422);
    assert!(answer["error"]["message"].as_str().unwrap().contains("fold-event-ms"), "{answer}");
    assert!(others_done.elapsed() < Duration::from_secs(60));
}

#[tokio::test]
async fn what_eats_memory_or_stack_is_stopped() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    for (body, flag) in [
        ("const all = []; for (;;) all.push(new Array(10000).fill(1));", "fold-memory-mb"),
        ("const deeper = () => deeper() + 1; return deeper();", "fold-stack-kb"),
    ] {
        let source = format!("export default {{ on: {{ Created() {{ {body} }} }} }};");
        let mut config = FoldConfig::default();
        // However slow the machine is, it is not time that runs out first.
        config.limits.event_ms = 30_000;
        config.limits.memory_bytes = 16 * 1024 * 1024;
        let (app, _folder) = start_within(&redis, &source, config).await;
        let (status, code, message) = app.error(&format!("/api/replay?stream={STREAM}")).await;
        assert_eq!((status, code.as_str()), (422, "fold_failed"));
        assert!(message.contains(flag), "{message}");
        assert_eq!(
            app.ok(&format!("/api/replay?stream={STREAM}&version=0")).await["state"],
            json!({})
        );
    }
}

#[tokio::test]
async fn a_file_that_is_no_fold_is_told_with_its_place() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let (app, folder) =
        start(&redis, "export default {\n  on: {\n    Created() { state..x; },\n  },\n};").await;
    let (status, answer) = app.get(&format!("/api/replay?stream={STREAM}")).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (422, &json!("fold_invalid")));
    assert_eq!(answer["error"]["line"], 3, "{answer}");
    let fold = app.ok(&format!("/api/fold?stream={STREAM}")).await;
    assert_eq!(fold["problem"]["kind"], "invalid");

    // Once the file is right, so is the answer.
    std::fs::write(folder.path().join("Order.js"), COUNTS).unwrap();
    eventually("the file is read again", || async {
        let (status, answer) = app.get(&format!("/api/replay?stream={STREAM}")).await;
        (status.as_u16() == 200).then_some(answer)
    })
    .await;
}

#[tokio::test]
async fn a_fold_is_tried_beside_the_saved_one() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let (app, _folder) = start(&redis, COUNTS).await;
    let tried = COUNTS.replace("n: state.n + 1", "n: state.n + 10");
    let body = json!({"stream": STREAM, "source": tried, "version": 4});
    let (status, answer) = app.post("/api/try_fold", &body).await;
    assert_eq!(status.as_u16(), 200, "{answer}");
    assert_eq!(answer["state"]["n"], 11);
    assert_eq!(answer["changes"], json!([{"op": "replace", "path": "/n", "old": 2, "new": 11}]));
    assert_eq!(answer["differing"], json!([{"from": 3, "to": 5}]));
    assert_eq!((&answer["differing_total"], &answer["compared_until"]), (&json!(3), &json!(5)));

    let body = json!({"stream": STREAM, "source": "export default { on: { Added() { throw new Error('no') } } };"});
    let (_, answer) = app.post("/api/try_fold", &body).await;
    assert_eq!(
        (&answer["stopped"]["version"], &answer["stopped"]["type"]),
        (&json!(3), &json!("Added"))
    );
    assert_eq!(answer["state"], Value::Null);

    let (status, answer) =
        app.post("/api/try_fold", &json!({"stream": STREAM, "source": "export default {"})).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (422, &json!("fold_invalid")));
    // Nothing of it was kept.
    assert_eq!(app.ok(&format!("/api/fold?stream={STREAM}")).await["source"], COUNTS);
}

#[tokio::test]
async fn a_fold_is_saved_only_with_permission_and_only_if_it_is_one() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let (app, folder) = start(&redis, COUNTS).await;
    let changed = COUNTS.replace("n: 0", "n: 100");
    let save = |stream: &str, source: &str| json!({"stream": stream, "source": source});
    let (status, answer) = app.post("/api/save_fold", &save(STREAM, &changed)).await;
    assert_eq!((status.as_u16(), &answer["source"]), (200, &json!(changed)));
    assert_eq!(app.ok(&format!("/api/replay?stream={STREAM}&version=0")).await["state"]["n"], 100);
    let (status, _) = app.post("/api/save_fold", &save(STREAM, "let x = 1;")).await;
    assert_eq!(status.as_u16(), 422);
    let (status, answer) = app.post("/api/save_fold", &save("events:orders", &changed)).await;
    assert_eq!((status.as_u16(), &answer["error"]["parameter"]), (400, &json!("stream")));
    assert_eq!(std::fs::read_to_string(folder.path().join("Order.js")).unwrap(), changed);

    let config = FoldConfig { folder: Some(folder.path().to_owned()), ..FoldConfig::default() };
    let mut app = TestApp::start_with_folds(&redis, config).await;
    app.restart_with_access(AccessConfig::default()).await;
    let (status, answer) = app.post("/api/save_fold", &save(STREAM, COUNTS)).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (403, &json!("edits_forbidden")));
    assert_eq!(std::fs::read_to_string(folder.path().join("Order.js")).unwrap(), changed);
}

#[tokio::test]
async fn who_saves_over_a_change_of_somebody_else_is_told_and_nothing_is_lost() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let (app, folder) = start(&redis, COUNTS).await;
    let file = folder.path().join("Order.js");
    let tag = app.ok(&format!("/api/fold?stream={STREAM}")).await["tag"].clone();
    let (mine, theirs) = (COUNTS.replace("n: 0", "n: 1"), COUNTS.replace("n: 0", "n: 2"));
    let save = |source: &str, tag: &Value| json!({"stream": STREAM, "source": source, "tag": tag});

    let (status, saved) = app.post("/api/save_fold", &save(&theirs, &tag)).await;
    assert_eq!((status.as_u16(), &saved["source"]), (200, &json!(theirs)));
    let (status, answer) = app.post("/api/save_fold", &save(&mine, &tag)).await;
    assert_eq!((status.as_u16(), &answer["error"]["code"]), (409, &json!("fold_changed")));
    assert_eq!(answer["error"]["current"]["source"], json!(theirs));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);
    // Whoever has seen the change may replace it.
    let (status, saved) =
        app.post("/api/save_fold", &save(&mine, &answer["error"]["current"]["tag"])).await;
    assert_eq!((status.as_u16(), &saved["source"]), (200, &json!(mine)));
    std::fs::remove_file(&file).unwrap();
    let (status, answer) = app.post("/api/save_fold", &save(&theirs, &saved["tag"])).await;
    assert_eq!((status.as_u16(), &answer["error"]["current"]["tag"]), (409, &json!("")));
    let (status, _) = app.post("/api/save_fold", &save(&theirs, &json!(""))).await;
    assert_eq!(status.as_u16(), 200);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), theirs);
}

#[tokio::test]
async fn of_many_saves_at_the_same_time_none_is_lost_silently() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let (app, folder) = start(&redis, COUNTS).await;
    let tag = app.ok(&format!("/api/fold?stream={STREAM}")).await["tag"].clone();
    let saves = (1..=12).map(|number| {
        let source = COUNTS.replace("n: 0", &format!("n: {number}"));
        let body = json!({"stream": STREAM, "source": source, "tag": tag});
        let app = &app;
        async move { (source, app.post("/api/save_fold", &body).await) }
    });
    let mut saved = Vec::new();
    for (source, (status, answer)) in futures::future::join_all(saves).await {
        match status.as_u16() {
            200 => {
                assert_eq!(answer["source"], json!(source), "the answer is about what was sent");
                saved.push(source);
            }
            status => assert_eq!((status, &answer["error"]["code"]), (409, &json!("fold_changed"))),
        }
    }
    assert_eq!(saved, [std::fs::read_to_string(folder.path().join("Order.js")).unwrap()]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn the_keys_of_aggregates_are_those_that_fit_the_patterns_of_the_server() {
    let redis = TestRedis::start().await;
    for stream in ["Order-1", "shop/7/Order", STREAM] {
        redis.add(stream, "1-0", "Created", r#"{"id":1}"#).await;
    }
    let (mut app, _folder) = start(&redis, COUNTS).await;
    let patterns = ["{type}-{id}", "shop/{id}/{type}"].map(|text| text.parse().unwrap());
    app.restart_with_aggregates(AggregatePatterns::new(patterns.to_vec())).await;
    for (stream, kind, fold) in [
        ("Order-1", "aggregate", "Order.js"),
        ("shop/7/Order", "aggregate", "Order.js"),
        (STREAM, "topic", "deep_merge"),
    ] {
        let page = app.ok(&format!("/api/events?stream={stream}")).await;
        assert_eq!(page["stream"]["kind"], kind, "{stream}");
        let replay = app.ok(&format!("/api/replay?stream={stream}")).await;
        assert_eq!(replay["fold"], fold, "{stream}");
    }
    let catalog = app.ok("/api/streams").await;
    let kinds = catalog["streams"].as_array().unwrap().iter();
    assert_eq!(kinds.filter(|stream| stream["kind"] == "aggregate").count(), 2);
    let about = app.ok("/api/about").await;
    assert_eq!(about["aggregates"], json!(["{type}-{id}", "shop/{id}/{type}"]));
}
