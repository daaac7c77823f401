//! The processes that run scripts: what happens to questions when one is killed, when there are many, and when states are full of tricks.

use std::time::{Duration, Instant};

use rewind_server::config::FoldConfig;
use rewind_tests::{RewindProcess, TestApp, TestRedis, eventually};
use serde_json::{Value, json};

const STREAM: &str = "aggregate:Order:1";
/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fold that takes some time for each event.
const SLOW: &str = "export default { initial: () => ({ n: 0, sum: 0 }), on: { $any(state) {
    state.n += 1;
    for (let i = 0; i < 2000; i++) state.sum += 1;
} } };";

async fn get(server: &RewindProcess, path: &str) -> (u16, Value) {
    let url = format!("http://{}{path}", server.address());
    let response = reqwest::get(url).await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_whose_engine_is_killed_has_the_right_answer_or_a_clear_error() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 20_000).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("Order.js"), SLOW).unwrap();
    let folds = folder.path().to_str().unwrap();
    let arguments = ["--folds", folds, "--keyframe-mb", "1"];
    let server = RewindProcess::start_with(&redis.url_text(), &arguments, None);
    let right = json!({ "n": 20_000, "sum": 40_000_000 });
    let path = format!("/api/replay?stream={STREAM}");
    for _ in 0..3 {
        let asked = async { get(&server, &path).await };
        let killed = async {
            eventually("an engine is at work", || async {
                let engines = server.children();
                (!engines.is_empty()).then_some(())
            })
            .await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            for engine in server.children() {
                let engine = engine.to_string();
                std::process::Command::new("kill").args(["-s", "KILL", &engine]).status().unwrap();
            }
        };
        let ((status, answer), ()) = tokio::join!(asked, killed);
        match status {
            200 => assert_eq!(answer["state"], right, "{answer}"),
            _ => assert!(answer["error"]["message"].is_string(), "{status} {answer}"),
        }
        let (status, answer) = get(&server, &path).await;
        assert_eq!((status, &answer["state"]), (200, &right), "{answer}");
    }
    let (status, _) = get(&server, "/api/about").await;
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_hostile_scripts_at_once_leave_plain_questions_their_answers() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 10).await;
    let app = TestApp::start(&redis).await;
    let endless = "export default { on: { $any() { for (;;) String(10n ** 300000n); } } };";
    let body = json!({ "stream": STREAM, "source": endless });
    let client = reqwest::Client::new();
    let asked: Vec<_> = (0..50)
        .map(|_| {
            let request = client.post(format!("{}/api/try_fold", app.url())).json(&body);
            tokio::spawn(request.timeout(2 * PATIENCE).send())
        })
        .collect();
    let started = Instant::now();
    let mut answered = 0;
    while !asked.iter().all(tokio::task::JoinHandle::is_finished) {
        let since = Instant::now();
        app.ok("/healthz").await;
        let page = app.ok(&format!("/api/events?stream={STREAM}")).await;
        assert_eq!(page["events"].as_array().unwrap().len(), 10);
        assert!(since.elapsed() < PATIENCE, "{:?}", since.elapsed());
        assert!(started.elapsed() < 2 * PATIENCE, "the scripts do not come to an end");
        answered += 1;
    }
    assert!(answered > 0);
    for answer in asked {
        let answer = answer.await.unwrap().unwrap();
        let status = answer.status().as_u16();
        let answer: Value = answer.json().await.unwrap();
        match status {
            200 => assert_eq!(answer["stopped"]["version"], 1, "{answer}"),
            _ => assert_eq!(
                (status, &answer["error"]["code"]),
                (503, &json!("too_busy")),
                "{answer}"
            ),
        }
    }
    assert_eq!(app.ok(&format!("/api/replay?stream={STREAM}")).await["version"], 10);
}

/// What is done with a state, and the state that comes of it, or a part of why none does.
const TRICKS: &[(&str, Result<&str, &str>)] = &[
    ("return { get a() { return 1; } };", Ok(r#"{"a":1}"#)),
    ("return { get a() { throw new Error('no'); } };", Err("no")),
    ("return { get a() { for (;;); } };", Err("fold-event-ms")),
    ("return { toJSON() { return { b: 2 }; } };", Ok(r#"{"b":2}"#)),
    ("return { toJSON() { for (;;); } };", Err("fold-event-ms")),
    ("return { toJSON() { return this; } };", Err("")),
    ("return new Proxy({}, {});", Err("Proxy")),
    ("const a = []; a[4e9] = 1; return { a };", Err("")),
    ("return { a: new Array(4e9) };", Err("")),
    ("const a = []; a[4e9] = 1; return { n: new Set(a).size };", Err("")),
    ("return { a: [...new Array(1e9)] };", Err("")),
    ("const a = []; a.length = 4294967295; return { a };", Err("")),
    ("const s = {}; s.s = s; return s;", Err("")),
];

#[tokio::test(flavor = "multi_thread")]
async fn states_full_of_tricks_are_states_or_errors_and_hold_up_nobody() {
    let redis = TestRedis::start().await;
    redis.add(STREAM, "1-0", "Made", "{}").await;
    let app = TestApp::start(&redis).await;
    for (trick, outcome) in TRICKS {
        let source = format!("export default {{ on: {{ Made() {{ {trick} }} }} }};");
        let body = json!({ "stream": STREAM, "source": source });
        let started = Instant::now();
        let (status, answer) = app.post("/api/try_fold", &body).await;
        assert!(started.elapsed() < PATIENCE, "{trick}: {:?}", started.elapsed());
        assert_eq!(status.as_u16(), 200, "{trick}: {answer}");
        let stopped = &answer["stopped"];
        match outcome {
            Ok(state) => {
                let state: Value = serde_json::from_str(state).unwrap();
                assert_eq!(
                    (&answer["state"], stopped),
                    (&state, &Value::Null),
                    "{trick}: {answer}"
                );
            }
            Err(part) => {
                assert_eq!(stopped["version"], 1, "{trick}: {answer}");
                let message = stopped["message"].as_str().unwrap_or_default();
                assert!(message.contains(part), "{trick}: {message}");
            }
        }
    }
    assert_eq!(app.ok(&format!("/api/replay?stream={STREAM}")).await["version"], 1);
}

#[tokio::test]
async fn of_ten_thousand_fold_files_as_many_are_kept_as_there_is_room_for() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..10_000 {
        // Every hundredth is as long as a file may be, about.
        let padding = if n % 100 == 0 { "x".repeat(250_000) } else { String::new() };
        let source =
            format!("// {padding}\nexport default {{ on: {{ $any(s) {{ s.of = {n}; }} }} }};");
        std::fs::write(folder.path().join(format!("T{n}.js")), source).unwrap();
    }
    let redis = TestRedis::start().await;
    let asked: Vec<u64> = (0..10_000).filter(|n| n % 100 == 0 || *n < 300).collect();
    for n in &asked {
        redis.add(&format!("aggregate:T{n}:1"), "1-0", "Made", "{}").await;
    }
    let folds = FoldConfig { folder: Some(folder.path().to_owned()), ..FoldConfig::default() };
    let app = TestApp::start_with_folds(&redis, folds).await;
    let figure =
        async |name: &str| app.figure(&format!("rewind_cache_{name}{{cache=\"fold\"}}")).await;
    let budget = figure("budget_bytes").await;
    for n in &asked {
        let replay = app.ok(&format!("/api/replay?stream=aggregate:T{n}:1")).await;
        assert_eq!(replay["state"]["of"], *n);
        let bytes = figure("bytes").await;
        assert!(0 < bytes && bytes <= budget, "{bytes} of {budget}");
    }
    // What made way is read again.
    let replay = app.ok("/api/replay?stream=aggregate:T0:1").await;
    assert_eq!(replay["state"]["of"], 0);
}
