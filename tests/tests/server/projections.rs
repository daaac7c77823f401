//! Projections in JavaScript, run by the program as people run it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use rewind_tests::{TestRedis, eventually, rewind_binary};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::commands::run;

const COUNT: &str = r#"export default {
  streams: ["s"],
  initial: () => ({ count: 0, sum: 0, mix: 0 }),
  on: {
    Counted(state, { data }) {
      state.count += 1;
      state.sum += data.n;
      state.mix = (state.mix * 31 + data.n) % 1000003;
    },
  },
};"#;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in files {
        std::fs::write(folder.path().join(name), source).unwrap();
    }
    folder
}

fn path(folder: &TempDir) -> &str {
    folder.path().to_str().unwrap()
}

/// What [`COUNT`] makes of the events 1 to `last`.
fn counted(last: u64) -> Value {
    let mix = (1..=last).fold(0, |mix, n| (mix * 31 + n) % 1_000_003);
    json!({ "count": last, "sum": last * (last + 1) / 2, "mix": mix })
}

async fn text(redis: &TestRedis, line: &str) -> String {
    match redis.run(line).await {
        redis::Value::BulkString(bytes) => String::from_utf8(bytes).unwrap(),
        other => format!("{other:?}"),
    }
}

async fn state(redis: &TestRedis, name: &str) -> Value {
    serde_json::from_str(&text(redis, &format!("GET projection:{name}:state")).await).unwrap()
}

async fn status(redis: &TestRedis, name: &str) -> Value {
    let ran = run(redis, &["project", "status", name]);
    assert_eq!(ran.status, 0, "{}", ran.error);
    ran.lines().pop().unwrap()
}

/// The program, running projections, until it is dropped.
struct Runner(Child);

impl Runner {
    fn start(redis: &TestRedis, arguments: &[&str]) -> Self {
        let child = Command::new(rewind_binary())
            .args(arguments)
            .env("REWIND_REDIS_URL", redis.url_text())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn handled_up_to(redis: &TestRedis, name: &str, id: &str) {
    eventually("all are handled", async || {
        let at = text(redis, &format!("GET projection:{name}:checkpoint")).await;
        (at == id).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_file_is_a_projection_whose_state_is_the_fold_of_its_stream() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 40_000).await;
    let folder = folder(&[("count.js", COUNT), ("README.md", "none")]);
    let ran = run(&redis, &["project", "run", path(&folder), "--once"]);
    assert_eq!(ran.status, 0, "{}", ran.error);
    let expected = json!({
        "name": "count", "handled": 40_000, "events": 40_000, "checkpoint": "40000-0", "lag": 0, "missed": 0,
    });
    assert_eq!(ran.lines(), [expected]);
    assert_eq!(state(&redis, "count").await, counted(40_000));
    redis.add("s", "40001-0", "Counted", r#"{"n":40001}"#).await;
    let ran = run(&redis, &["project", "run", path(&folder), "--once"]);
    assert_eq!(ran.lines()[0]["handled"], 1);
    assert_eq!(state(&redis, "count").await, counted(40_001));
    assert_eq!(run(&redis, &["project", "status"]).lines()[0]["streams"], json!(["s"]));
}

#[tokio::test]
async fn a_table_is_kept_by_key_with_old_events_brought_up_to_date() {
    let redis = TestRedis::start().await;
    let table = r#"export default {
      streams: ["s", "t"],
      upcast: { OrderPlaced: ({ data }) => ({ type: "Ordered", data: { customer: data.who } }) },
      key: ({ data }) => data.customer,
      initial: { orders: 0 },
      on: { Ordered(row) { row.orders += 1; }, Forgotten: () => null },
    };"#;
    let folder = folder(&[("customers.js", table)]);
    for n in 1..=600 {
        let (stream, data) = (if n % 2 == 0 { "s" } else { "t" }, n % 5);
        let (event_type, member) =
            if n % 3 == 0 { ("OrderPlaced", "who") } else { ("Ordered", "customer") };
        redis
            .add(stream, &format!("{n}-0"), event_type, &format!(r#"{{"{member}":"c{data}"}}"#))
            .await;
    }
    redis.add("s", "601-0", "Forgotten", r#"{"customer":"c4"}"#).await;
    let ran = run(&redis, &["project", "run", path(&folder), "--once"]);
    assert_eq!(ran.status, 0, "{}", ran.error);
    assert_eq!(text(&redis, "HGET projection:customers:rows c1").await, r#"{"orders":120}"#);
    assert_eq!(redis.run("HLEN projection:customers:rows").await, redis::Value::Int(4));
    redis.add("t", "602-0", "Ordered", r#"{"customer":"c1"}"#).await;
    run(&redis, &["project", "run", path(&folder), "--once"]);
    assert_eq!(text(&redis, "HGET projection:customers:rows c1").await, r#"{"orders":121}"#);
}

#[tokio::test]
async fn a_handler_that_fails_stops_its_projection_at_that_event_and_the_others_go_on() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 3_000).await;
    let failing = COUNT.replace(
        "state.count += 1;",
        "\n  if (data.n === 1234) throw new Error(\"no room\");\n state.count += 1;",
    );
    let endless = COUNT
        .replace("state.count += 1;", "while (data.n === 77) state.count += 1; state.count += 1;");
    let broken = "export default {\n  stream: [] };";
    let folder = folder(&[
        ("broken.js", broken),
        ("count.js", COUNT),
        ("endless.js", &endless),
        ("failing.js", &failing),
    ]);
    let ran = run(&redis, &["project", "run", path(&folder), "--once"]);
    assert_eq!(ran.status, 2, "{}", ran.error);
    assert!(ran.error.contains("no room") && ran.error.contains("line 2"), "{}", ran.error);
    assert_eq!(state(&redis, "count").await, counted(3_000));
    let failed = status(&redis, "failing").await;
    assert_eq!(failed["activity"], "failed");
    assert_eq!(failed["failure"]["id"], "1234-0");
    assert_eq!(failed["failure"]["event_type"], "Counted");
    assert_eq!(
        (&failed["failure"]["line"], failed["failure"]["column"].is_u64()),
        (&json!(7), true)
    );
    assert_eq!(failed["lag"], 1_767);
    assert_eq!(state(&redis, "failing").await, counted(1_233));
    let endless = status(&redis, "endless").await;
    assert_eq!(endless["failure"]["id"], "77-0");
    assert!(endless["error"].as_str().unwrap().contains("fold-event-ms"), "{endless}");
    assert_eq!(state(&redis, "endless").await, counted(76));
    let broken = status(&redis, "broken").await;
    assert!(broken["error"].as_str().unwrap().contains("line 2, column 3"), "{broken}");
    // Mended, it goes on where it stopped.
    std::fs::write(folder.path().join("failing.js"), COUNT).unwrap();
    run(&redis, &["project", "run", path(&folder), "--once"]);
    assert_eq!(state(&redis, "failing").await, counted(3_000));
    assert_eq!(status(&redis, "failing").await["error"], Value::Null);
}

#[tokio::test]
async fn a_step_that_cannot_be_stopped_is_given_up_at_its_event() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 200).await;
    let huge = COUNT.replace(
        "state.count += 1;",
        "if (data.n === 150) { const x = 7n ** 90000000n; } state.count += 1;",
    );
    let folder = folder(&[("huge.js", &huge)]);
    let ran = run(&redis, &["project", "run", path(&folder), "--once"]);
    assert_eq!(ran.status, 1, "{}", ran.error);
    assert_eq!(status(&redis, "huge").await["failure"]["id"], "150-0");
    assert_eq!(state(&redis, "huge").await, counted(149));
}

#[tokio::test]
async fn memory_that_a_batch_takes_together_is_not_blamed_on_one_of_its_events() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 60).await;
    // A row for each event: each is small enough, and all of them are not.
    let table = r#"export default {
      streams: ["s"],
      key: ({ data }) => String(data.n),
      on: { Counted: (row, { data }) => ({ text: "x".repeat(1 << 20) + data.n }) },
    };"#;
    let folder = folder(&[("rows.js", table)]);
    let arguments = ["project", "run", path(&folder), "--once", "--fold-memory-mb", "16"];
    let ran = run(&redis, &arguments);
    assert_eq!(ran.status, 0, "{}", ran.error);
    assert_eq!(ran.lines()[0]["handled"], 60);
    assert_eq!(redis.run("HLEN projection:rows:rows").await, redis::Value::Int(60));
    // What is too much by itself is.
    let huge = table.replace("1 << 20", "1 << 26");
    std::fs::write(folder.path().join("huge.js"), huge).unwrap();
    assert_eq!(run(&redis, &arguments).status, 1);
    assert_eq!(status(&redis, "huge").await["failure"]["id"], "1-0");
}

#[tokio::test]
async fn runners_that_are_doubled_and_killed_apply_each_event_once() {
    let redis = TestRedis::start().await;
    let folder = folder(&[("count.js", COUNT)]);
    let run_folder = || Runner::start(&redis, &["project", "run", path(&folder)]);
    let mut runners = vec![run_folder(), run_folder()];
    let mut added = 0;
    for round in 0..4 {
        for n in added + 1..=added + 500 {
            redis.add("s", &format!("{n}-0"), "Counted", &format!(r#"{{"n":{n}}}"#)).await;
        }
        added += 500;
        // Whoever has the lease goes, and others come; one of them takes no notice of any lease.
        runners.remove(0).kill();
        redis.run("DEL projection:count:lease").await;
        runners.push(run_folder());
        if round % 2 == 1 {
            run(&redis, &["project", "run", path(&folder), "--once"]);
        }
    }
    handled_up_to(&redis, "count", "2000-0").await;
    assert_eq!(state(&redis, "count").await, counted(2_000));
}

#[tokio::test]
async fn a_server_runs_the_folder_and_reads_files_again_that_change() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 10).await;
    let folder = folder(&[("count.js", "export default 1")]);
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--projections", path(&folder)];
    let _server = Runner::start(&redis, &arguments);
    eventually("the file is found to be none", async || {
        let ran = run(&redis, &["project", "status", "count"]);
        ran.lines().pop().filter(|status| status["activity"] == "failed")
    })
    .await;
    std::fs::write(folder.path().join("count.js"), COUNT).unwrap();
    handled_up_to(&redis, "count", "10-0").await;
    redis.add("s", "11-0", "Counted", r#"{"n":11}"#).await;
    handled_up_to(&redis, "count", "11-0").await;
    assert_eq!(state(&redis, "count").await, counted(11));
}

#[tokio::test]
async fn a_projection_is_rebuilt_and_reset_by_command() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 5_000).await;
    let folder = folder(&[("count.js", COUNT)]);
    run(&redis, &["project", "run", path(&folder), "--once"]);
    let doubled = COUNT.replace("state.sum += data.n", "state.sum += 2 * data.n");
    std::fs::write(folder.path().join("count.js"), doubled).unwrap();
    let rebuild = |more: &[&str]| {
        let arguments = ["project", "rebuild", "count", "--projections", path(&folder)];
        run(&redis, &[&arguments[..], more].concat())
    };
    let dry = rebuild(&["--dry-run"]);
    assert_eq!((dry.status, dry.out.as_str()), (0, ""));
    assert!(dry.error.contains("5000 events"), "{}", dry.error);
    assert_eq!(state(&redis, "count").await, counted(5_000));
    let ran = rebuild(&[]);
    assert_eq!(ran.status, 0, "{}", ran.error);
    assert_eq!(ran.lines()[0]["handled"], 5_000);
    assert_eq!(state(&redis, "count").await["sum"], 5_000 * 5_001);
    assert_eq!(rebuild(&["--cancel"]).status, 4);

    let dry = run(&redis, &["project", "reset", "count", "--dry-run"]);
    assert!(dry.lines().contains(&json!({ "key": "projection:count:state" })), "{}", dry.out);
    assert_eq!(state(&redis, "count").await["count"], 5_000);
    assert_eq!(run(&redis, &["project", "reset", "count"]).status, 0);
    assert_eq!(redis.run("DBSIZE").await, redis::Value::Int(1));
    assert_eq!(run(&redis, &["project", "reset", "count"]).status, 4);
    assert_eq!(run(&redis, &["project", "status", "count"]).status, 4);
    assert_eq!(run(&redis, &["project", "run", "/nowhere", "--once"]).status, 2);
    assert_eq!(run(&redis, &["project", "run", "--once"]).status, 2);
    let arguments = ["project", "rebuild", "other", "--projections", path(&folder)];
    assert_eq!(run(&redis, &arguments).status, 4);
}

#[tokio::test]
async fn the_examples_are_projections() {
    let redis = TestRedis::start().await;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/projections");
    let ran = run(&redis, &["project", "run", examples.to_str().unwrap(), "--once"]);
    assert_eq!(ran.status, 0, "{}", ran.error);
    assert!(ran.lines().len() >= 2);
}
