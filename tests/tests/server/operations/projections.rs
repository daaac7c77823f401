//! Projections: told, paused, resumed, led past an event, reset and built again.

use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{done, preview, refused};

const COUNT: &str = r#"export default {
  streams: ["s"],
  initial: () => ({ n: 0 }),
  on: { Counted(state, { data }) {
    if (data.n === 10) throw new Error("no room");
    state.n += 1;
  } },
};"#;
const ROWS: &str = r#"export default {
  streams: ["s"],
  key: ({ data }) => "k" + data.n % 5,
  initial: () => ({ n: 0 }),
  on: { Counted(row) { row.n += 1; } },
};"#;

async fn start(files: &[(&str, &str)]) -> (TestRedis, TestApp, TempDir) {
    let redis = TestRedis::start().await;
    redis.add_many("s", 30).await;
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in files {
        std::fs::write(folder.path().join(name), source).unwrap();
    }
    let mut app = TestApp::start(&redis).await;
    app.restart_with_projections(folder.path().to_owned()).await;
    (redis, app, folder)
}

async fn is(app: &TestApp, name: &str, activity: &str) -> Value {
    eventually(activity, async || {
        let (status, answer) = app.get(&format!("/api/projection?name={name}")).await;
        let projection = &answer["projection"];
        (status == 200
            && projection["activity"] == activity
            && (activity != "following" || projection["lag"] == 0))
            .then_some(answer)
    })
    .await
}

#[tokio::test]
async fn those_that_run_here_and_those_that_others_keep_are_told() {
    let (redis, app, _folder) = start(&[("count.js", COUNT), ("rows.js", ROWS)]).await;
    redis.run("SET projection:foreign:checkpoint 5-0").await;
    redis.run("SET projection:broken:status x").await;
    let answer = is(&app, "rows", "following").await;
    assert_eq!((&answer["rows_total"], &answer["next_cursor"]), (&json!(5), &Value::Null));
    assert!(
        answer["rows"].as_array().unwrap().contains(&json!({ "key": "k1", "row": { "n": 6 } }))
    );
    let answer = app.ok("/api/projection?name=rows&search=k3").await;
    assert_eq!(answer["rows"], json!([{ "key": "k3", "row": { "n": 6 } }]));
    let answer = is(&app, "count", "failed").await;
    let projection = &answer["projection"];
    assert_eq!((&answer["state"], &projection["lag"]), (&json!({ "n": 9 }), &json!(21)));
    assert_eq!(
        (&projection["failure"]["id"], &projection["failure"]["line"]),
        (&json!("10-0"), &json!(5))
    );
    let answer = app.ok("/api/projection?name=foreign").await;
    let projection = &answer["projection"];
    assert_eq!(
        (&projection["activity"], &projection["checkpoint_ms"]),
        (&json!("unknown"), &json!(5))
    );
    let list = eventually("all were found", async || {
        let list = app.ok("/api/projections").await;
        let count = list["projections"].as_array().unwrap().len();
        (list["is_complete"] == true && count == 4).then_some(list)
    })
    .await;
    let of = |at: usize, member: &str| &list["projections"][at][member];
    let names: Vec<&Value> = (0..4).map(|at| of(at, "name")).collect();
    assert_eq!(names, ["broken", "count", "foreign", "rows"]);
    assert!(of(0, "unavailable").is_string(), "{list}");
    assert_eq!((of(1, "is_here"), of(2, "is_here")), (&json!(true), &json!(false)));
    let (status, code, _) = app.error("/api/projection?name=none").await;
    assert_eq!((status, code.as_str()), (404, "target_not_found"));
}

#[tokio::test]
async fn a_state_that_is_too_large_or_no_json_is_told_by_its_beginning() {
    let (redis, app, _folder) = start(&[]).await;
    redis.run("SET projection:p:checkpoint 5-0").await;
    redis.run("SET projection:p:state {broken").await;
    let answer = app.ok("/api/projection?name=p").await;
    assert_eq!((&answer["state"], &answer["state_text"]), (&Value::Null, &json!("{broken")));
    redis.run(&format!("SET projection:p:state \"{}\"", "x".repeat(3 << 20))).await;
    let answer = app.ok("/api/projection?name=p").await;
    assert_eq!(answer["state_bytes"], (3 << 20) + 2);
    assert_eq!(answer["state_text"].as_str().unwrap().len(), 64 << 10);
    redis.run("DEL projection:p:state").await;
    redis.run("SADD projection:p:rows x").await;
    let (status, _, message) = app.error("/api/projection?name=p").await;
    assert!(status == 409 && message.contains("something else"), "{status} {message}");
}

#[tokio::test]
async fn one_that_failed_goes_on_behind_the_event() {
    let (_redis, app, _folder) = start(&[("count.js", COUNT)]).await;
    is(&app, "count", "failed").await;
    let skip =
        |id: &str| json!({ "kind": "skip_event", "projection": "count", "stream": "s", "id": id });
    let seen = preview(&app, &skip("11-0")).await;
    assert!(seen["refusal"].as_str().unwrap().contains("did not fail"), "{seen}");
    done(&app, skip("10-0")).await;
    let answer = is(&app, "count", "following").await;
    assert_eq!(
        (&answer["state"], &answer["projection"]["checkpoint"]),
        (&json!({ "n": 29 }), &json!("30-0"))
    );
    let (status, _) = refused(&app, &skip("10-0"), Some("x")).await;
    assert_eq!(status, 409);
    assert_eq!(super::newest(&app).await["projection"], "count");
}

#[tokio::test]
async fn one_that_is_paused_handles_nothing_until_it_is_resumed() {
    let (redis, app, _folder) = start(&[("rows.js", ROWS)]).await;
    is(&app, "rows", "following").await;
    let operation = |kind: &str| json!({ "kind": kind, "projection": "rows" });
    let seen = preview(&app, &operation("resume_projection")).await;
    assert!(seen["refusal"].is_string(), "{seen}");
    done(&app, operation("pause_projection")).await;
    eventually("nobody holds it", async || {
        (redis.run("EXISTS projection:rows:lease").await == redis::Value::Int(0)).then_some(())
    })
    .await;
    redis.add("s", "31-0", "Counted", r#"{"n":31}"#).await;
    let answer = is(&app, "rows", "paused").await;
    assert_eq!(
        (&answer["projection"]["paused"]["by"], &answer["projection"]["lag"]),
        (&json!("ada"), &json!(1))
    );
    done(&app, operation("resume_projection")).await;
    let answer = is(&app, "rows", "following").await;
    assert_eq!(answer["projection"]["checkpoint"], "31-0");
}

#[tokio::test]
async fn one_is_reset_and_built_again() {
    let (redis, app, folder) = start(&[("rows.js", ROWS)]).await;
    is(&app, "rows", "following").await;
    let doubled = ROWS.replace("row.n += 1", "row.n += 2");
    std::fs::write(folder.path().join("rows.js"), doubled).unwrap();
    let (seen, _) = done(&app, json!({ "kind": "rebuild_projection", "projection": "rows" })).await;
    assert_eq!(seen["count"], 30);
    let reply: String = redis::cmd("HGET")
        .arg("projection:rows:rows")
        .arg("k1")
        .query_async(&mut redis.connection().await)
        .await
        .unwrap();
    assert_eq!(reply, r#"{"n":12}"#);
    std::fs::remove_file(folder.path().join("rows.js")).unwrap();
    let is_gone = async || {
        let list = app.ok("/api/projections").await;
        (list["projections"][0]["is_here"] == false).then_some(())
    };
    eventually("its file is gone", is_gone).await;
    is(&app, "rows", "stopped").await;
    done(&app, json!({ "kind": "reset_projection", "projection": "rows" })).await;
    assert_eq!(
        redis.run("EXISTS projection:rows:rows projection:rows:checkpoint").await,
        redis::Value::Int(0)
    );
}
