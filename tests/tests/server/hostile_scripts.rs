//! Scripts that the engine cannot stop: they are given up, say where, and harm nobody else.

use std::time::{Duration, Instant};

use rewind_server::config::FoldConfig;
use rewind_tests::{LiveLine, TestApp, TestRedis, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

const STREAM: &str = "aggregate:Order:1";
/// How long an answer may take on a busy machine. What is hostile here would take minutes, or for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// An expression of steps that the engine cannot interrupt.
const ENDLESS: &str = "Array.from({ length: 99999 }, () => String(10n ** 300000n))";

/// Single steps that take minutes, tricks, and loops without an end.
const HOSTILE: &[&str] = &[
    "for (;;) String(10n ** 300000n);",
    "String(10n ** 30000000n);",
    "let n = 3n; for (;;) n *= n;",
    "for (;;) 'e\\u0301\\u0323'.repeat(1e6).normalize('NFC');",
    "const t = 'a'.repeat(2000); Array.from({ length: 20000 }, (_, n) => t + n).sort().sort().sort().sort().sort().sort().sort().sort();for(;;);",
    "/^(a+)+$/.test('a'.repeat(60) + '!');",
    "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);",
    "Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1);",
    "let d = {}; for (let n = 0; n < 60; n++) d = { a: d, b: d }; JSON.stringify(d);",
    "while (true) {}",
    "`${{ toString() { for (;;) String(10n ** 300000n); } }}`;",
    "[3, 2, 1].sort(() => { for (;;); });",
];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn handler(step: &str) -> String {
    format!(
        "export default {{ on: {{ Created() {{}}, Paid(state) {{ {step} }}, Noted(s) {{ s.n = 1; }} }} }};"
    )
}

/// Three events; the second is the one that hostile handlers are for.
async fn order(redis: &TestRedis) {
    for (n, event_type) in ["Created", "Paid", "Noted"].iter().enumerate() {
        redis.add(STREAM, &format!("{}-0", n + 1), event_type, r#"{"total":5}"#).await;
    }
}

async fn start(redis: &TestRedis, source: &str) -> (TestApp, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Order.js"), source).unwrap();
    let config = FoldConfig { folder: Some(folder.path().to_owned()), ..FoldConfig::default() };
    (TestApp::start_with_folds(redis, config).await, folder)
}

const SOUND: &str = "export default { on: { $any(s) { s.n = (s.n ?? 0) + 1; } } };";

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_cannot_be_stopped_is_an_error_at_its_event() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let (app, _folder) = start(&redis, SOUND).await;
    for step in HOSTILE {
        let body = json!({ "stream": STREAM, "source": handler(step) });
        let started = Instant::now();
        let (status, answer) = app.post("/api/try_fold", &body).await;
        assert!(started.elapsed() < PATIENCE, "{step} took {:?}", started.elapsed());
        assert_eq!(status.as_u16(), 200, "{step}: {answer}");
        let stopped = &answer["stopped"];
        assert_eq!(stopped["version"], 2, "{step}: {answer}");
        assert_eq!(stopped["id"], "2-0", "{step}: {answer}");
        let kind = stopped["kind"].as_str().unwrap_or_default();
        assert!(["event_timeout", "out_of_memory", "threw"].contains(&kind), "{step}: {answer}");
    }
    assert!(app.figure("rewind_engines_given_up_total").await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_by_such_a_fold_has_what_came_before() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let (app, _folder) = start(&redis, &handler("for (;;) String(10n ** 300000n);")).await;
    let answer = app.ok(&format!("/api/window?stream={STREAM}&version=3")).await;
    let stopped = &answer["stopped"];
    assert_eq!((&stopped["version"], &stopped["id"]), (&json!(2), &json!("2-0")), "{answer}");
    assert_eq!(stopped["type"], "Paid", "{answer}");
    assert!(stopped["message"].as_str().unwrap().contains("`fold-event-ms`"), "{answer}");
    let versions = |steps: &Value| -> Vec<u64> {
        steps.as_array().unwrap().iter().map(|step| step["version"].as_u64().unwrap()).collect()
    };
    assert_eq!(versions(&answer["window"]["steps"]), [1], "{answer}");
    assert_eq!(versions(&answer["unfolded"]), [2, 3], "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_never_comes_to_its_end_is_no_fold_and_stalls_nobody() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let (app, _folder) = start(&redis, SOUND).await;
    let app = &app;
    let hostile = async {
        for top in [
            "while(true){}",
            "for(;;)String(10n**300000n);",
            "export default { initial() { for(;;)String(10n**300000n); }, on: {} };",
        ] {
            let body = json!({ "stream": STREAM, "source": top });
            let (status, answer) = app.post("/api/try_fold", &body).await;
            assert_eq!(status.as_u16(), 422, "{top}: {answer}");
            assert_eq!(answer["error"]["code"], "fold_invalid", "{top}: {answer}");
        }
    };
    let others = async {
        for _ in 0..20 {
            let started = Instant::now();
            assert_eq!(app.ok(&format!("/api/replay?stream={STREAM}")).await["state"]["n"], 3);
            app.request("/healthz").send().await.unwrap();
            assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        }
    };
    tokio::join!(hostile, others);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expression_that_cannot_be_stopped_ends_its_question_only() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let (app, _folder) = start(&redis, SOUND).await;
    let expression = encoded(&format!("{ENDLESS}.length > 0"));
    let (status, code, message) =
        app.error(&format!("/api/bisect?stream={STREAM}&expression={expression}")).await;
    assert_eq!((status, code.as_str()), (422, "expression_invalid"), "{message}");
    assert!(message.contains("`fold-event-ms`"), "{message}");

    let filter = encoded(&format!("={ENDLESS}.length > event.data.total"));
    let mut line =
        LiveLine::open(app.request(&format!("/api/find?stream={STREAM}&filter={filter}"))).await;
    let failed = line.next_named("failed").await;
    assert_eq!(failed.data["error"]["code"], "expression_invalid", "{}", failed.data);

    let mut line = app.live(&format!("stream={STREAM}&after=0-0&filter={filter}")).await;
    let errors = line.next_named("filter_errors").await;
    assert_eq!(errors.data["id"], "1-0", "{}", errors.data);
    assert_eq!(app.ok(&format!("/api/replay?stream={STREAM}")).await["state"]["n"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_hostile_questions_do_not_keep_a_sound_one_from_its_answer() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let (app, _folder) = start(&redis, SOUND).await;
    let alone = app.ok(&format!("/api/replay?stream={STREAM}")).await;
    let expression = encoded(&format!("{ENDLESS}.length > 0"));
    let path = format!("/api/bisect?stream={STREAM}&expression={expression}");
    let asked: Vec<_> = (0..20).map(|_| tokio::spawn(app.request(&path).send())).collect();
    let started = Instant::now();
    assert_eq!(app.ok(&format!("/api/replay?stream={STREAM}")).await, alone);
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    for answer in asked {
        assert_eq!(answer.await.unwrap().unwrap().status().as_u16(), 422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_frees_its_engine() {
    let redis = TestRedis::start().await;
    for n in 1..=400 {
        redis.add(STREAM, &format!("{n}-0"), "Slow", "{}").await;
    }
    // Each event is within its limit, and all together take half a minute.
    let slow = "export default { on: { Slow(s) { for (let i = 0; i < 3e5; i++) s.n = i; } } };";
    let (app, _folder) = start(&redis, slow).await;
    let request = app.request(&format!("/api/blame?stream={STREAM}")).send();
    assert!(tokio::time::timeout(Duration::from_millis(700), request).await.is_err());
    eventually("the engine is free", || async {
        (app.figure("rewind_engines").await == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deep_recursion_is_an_error_with_the_largest_stack_too() {
    let redis = TestRedis::start().await;
    order(&redis).await;
    let folder = tempfile::tempdir().unwrap();
    let recursive = handler("(function deeper(n) { return deeper(n + 1) + 1; })(0);");
    std::fs::write(folder.path().join("Order.js"), recursive).unwrap();
    for kib in [64, 1_024] {
        let mut config =
            FoldConfig { folder: Some(folder.path().to_owned()), ..FoldConfig::default() };
        config.limits.stack_bytes = kib * 1024;
        let app = TestApp::start_with_folds(&redis, config).await;
        let answer = app.ok(&format!("/api/window?stream={STREAM}&version=3")).await;
        assert_eq!(answer["stopped"]["kind"], "stack_overflow", "{kib}: {answer}");
        assert_eq!(answer["stopped"]["version"], 2, "{kib}: {answer}");
    }
}
