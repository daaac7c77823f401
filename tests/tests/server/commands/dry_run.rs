//! `--dry-run`: the output and the status of the real run, without doing anything.

use rewind_tests::TestRedis;
use serde_json::{Value, json};

use super::{Ran, run, run_at, run_with};

const STREAM: &str = "events:orders";

/// Runs a command dry, sees that nothing changed, and then runs it.
async fn both(redis: &TestRedis, arguments: &[&str]) -> (Ran, Ran) {
    let before = everything(redis).await;
    let dry = run(redis, &[arguments, &["--dry-run"]].concat());
    assert_eq!(everything(redis).await, before, "{arguments:?}");
    (dry, run(redis, arguments))
}

/// The command that replays these dead letters.
fn on<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["dead", "replay", STREAM, "billing"], more].concat()
}

/// All keys with what they hold, pending lists included.
async fn everything(redis: &TestRedis) -> Vec<String> {
    let redis::Value::Array(keys) = redis.run("KEYS *").await else { panic!("no keys") };
    let mut all = Vec::new();
    for key in keys {
        let key: String = redis::from_redis_value(key).unwrap();
        all.push(format!("{key} {:?}", redis.run(&format!("DUMP {key}")).await));
    }
    all.sort();
    all
}

/// What a command printed, without what only a dry run says and what only the real one knows.
fn alike(ran: &Ran) -> (i32, Vec<Value>) {
    let mut lines = ran.lines();
    for line in lines.iter_mut().filter_map(Value::as_object_mut) {
        for name in ["dry_run", "id", "ids", "outcome"] {
            line.remove(name);
        }
    }
    (ran.status, lines)
}

async fn assert_alike(redis: &TestRedis, arguments: &[&str]) -> Ran {
    let (dry, real) = both(redis, arguments).await;
    assert_eq!(alike(&dry), alike(&real), "{arguments:?}\n{}\n{}", dry.error, real.error);
    for line in dry.lines() {
        // What was missed and what would go are told by the same rows.
        let is_told = line["key"].is_string() || dry.status == 3;
        assert!(line["dry_run"] == json!(true) || is_told, "{line}");
    }
    dry
}

#[tokio::test]
async fn publishing_and_appending_print_and_end_alike() {
    let redis = TestRedis::start().await;
    redis.run("SET text x").await;
    assert_alike(&redis, &["publish", STREAM, "--type", "a"]).await;
    assert_eq!(assert_alike(&redis, &["publish", "text", "--type", "a"]).await.status, 1);
    let two = "{\"type\":\"a\"}\n{\"type\":\"b\"}\n";
    let dry = run_with(&redis, &["publish", STREAM, "--dry-run"], two);
    assert_eq!((dry.status, dry.lines().len()), (0, 2), "{}", dry.error);
    let append = ["append", "Order", "1", "--type", "a", "--expect"];
    for expected in ["new", "new", "1", "7"] {
        assert_alike(&redis, &[&append[..], &[expected]].concat()).await;
    }
    let nowhere = ["publish", STREAM, "--type", "a", "--dry-run"];
    assert_eq!(run_at("redis://127.0.0.1:1", &nowhere, "").status, 5);
    redis.run("CONFIG SET maxmemory 1").await;
    assert_eq!(assert_alike(&redis, &["publish", STREAM, "--type", "a"]).await.status, 1);
}

#[tokio::test]
async fn what_was_published_under_a_key_is_found_without_doing_it_again() {
    let redis = TestRedis::start().await;
    let arguments = ["publish", STREAM, "--type", "a", "--idempotency-key", "k"];
    let first = run(&redis, &arguments).lines();
    let dry = run(&redis, &[&arguments[..], &["--dry-run"]].concat()).lines();
    assert_eq!(dry[0]["id"], first[0]["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_entries_and_groups_are_treated_alike() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 6).await;
    assert_alike(&redis, &["groups", "create", STREAM, "billing"]).await;
    assert_alike(&redis, &["groups", "create", STREAM, "billing"]).await;
    redis.run("XREADGROUP GROUP billing gone STREAMS events:orders >").await;
    redis.run("XDEL events:orders 6-0").await;
    let claim = ["claim", STREAM, "billing", "new", "--min-idle"];
    let named = assert_alike(&redis, &[&claim[..], &["0s", "1-0", "9-0"]].concat()).await;
    assert_eq!(named.lines().len(), 1);
    assert_alike(&redis, &[&claim[..], &["1h"]].concat()).await;
    assert_eq!(assert_alike(&redis, &[&claim[..], &["0s"]].concat()).await.lines().len(), 5);
    assert_alike(&redis, &["ack", STREAM, "billing", "1-0", "9-0"]).await;
    let delete = ["groups", "delete-consumer", STREAM, "billing", "new", "--ack"];
    assert_alike(&redis, &delete).await;
    assert_eq!(assert_alike(&redis, &delete).await.status, 4);
    assert_alike(&redis, &["groups", "reset", STREAM, "billing", "--from", "2-0"]).await;
    assert_eq!(assert_alike(&redis, &["groups", "reset", STREAM, "none"]).await.status, 4);
    assert_eq!(assert_alike(&redis, &["trim", STREAM, "--max-len", "1"]).await.status, 3);
    assert_alike(&redis, &["trim", STREAM, "--max-len", "3", "--force"]).await;
    assert_alike(&redis, &["groups", "delete", STREAM, "billing"]).await;
    assert_eq!(assert_alike(&redis, &["groups", "delete", STREAM, "billing"]).await.status, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_replayed_and_dropped_alike() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 4).await;
    let consume = ["consume", STREAM, "--group", "billing", "--until-idle", "--exec", "exit 1"];
    run(&redis, &[&consume[..], &["--max-deliveries", "1"]].concat());
    redis.run("XADD {events:orders}:dead:billing * not ours").await;
    redis.run("XDEL events:orders 2-0").await;
    let dead = run(&redis, &["dead", "list", STREAM, "billing"]).lines();
    let ids: Vec<&str> = dead.iter().map(|letter| letter["id"].as_str().unwrap()).collect();
    assert_alike(&redis, &on(&[ids[0]])).await;
    assert_eq!(assert_alike(&redis, &on(&[ids[0]])).await.status, 4);
    // Its entry is gone from the stream; the last one was made by somebody else.
    assert_eq!(assert_alike(&redis, &on(&[ids[1], "--to-group"])).await.status, 3);
    assert_eq!(assert_alike(&redis, &on(&[ids[2], "--to-group"])).await.status, 0);
    assert_eq!(assert_alike(&redis, &on(&["--all"])).await.status, 3);
    let drop = ["dead", "drop", STREAM, "billing"];
    assert_alike(&redis, &[&drop[..], &["--all"]].concat()).await;
    assert_eq!(assert_alike(&redis, &[&drop[..], &[ids[0]]].concat()).await.status, 4);
}
