//! `rewind consume`, and the commands for groups, pending entries and dead letters.

use rewind_tests::TestRedis;
use serde_json::{Value, json};

use super::run;

const STREAM: &str = "events:orders";

fn consume(redis: &TestRedis, arguments: &[&str]) -> super::Ran {
    let common = ["consume", STREAM, "--group", "billing", "--until-idle", "--retry-after", "1ms"];
    run(redis, &[&common, arguments].concat())
}

fn ids(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_printed_and_acknowledged() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3).await;
    let ran = consume(&redis, &["--count", "2"]);
    assert_eq!((ran.status, ids(&ran.lines())), (0, vec!["1-0", "2-0"]), "{}", ran.error);
    assert_eq!(ran.lines()[0]["data"], json!({"n": 1}));
    assert_eq!(
        (&ran.lines()[0]["type"], &ran.lines()[0]["stream"]),
        (&json!("Counted"), &json!(STREAM))
    );
    assert!(ran.error.contains("2 handled"), "{}", ran.error);
    assert_eq!(ids(&consume(&redis, &[]).lines()), ["3-0"]);
    assert_eq!(consume(&redis, &[]).out, "");
    let groups = run(&redis, &["groups", "list", STREAM]);
    assert_eq!(
        groups.lines(),
        [json!({
            "group": "billing", "consumers": 1, "pending": 0, "last_delivered_id": "3-0",
            "lag": 0, "lag_is_exact": true,
        })]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_the_count_is_taken_though_some_of_it_fails() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 5).await;
    let failing = ["--exec", "test $REWIND_ID != 1-0", "--max-deliveries", "2", "--count", "2"];
    let ran = consume(&redis, &failing);
    assert_eq!(ran.status, 0, "{}", ran.error);
    let groups = run(&redis, &["groups", "list", STREAM]).lines();
    assert_eq!(
        (&groups[0]["last_delivered_id"], &groups[0]["pending"]),
        (&json!("2-0"), &json!(0))
    );
    assert_eq!(run(&redis, &["dead", "list", STREAM, "billing"]).lines().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_gets_each_event_and_acknowledges_it_by_its_status() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3).await;
    redis.run("XADD events:orders 4-0 type Paid user_id ada data {\"n\":").await;
    let script = "cat; echo \" $REWIND_ID $REWIND_TYPE $REWIND_DELIVERIES $REWIND_GROUP $REWIND_USER_ID\"; test \"$REWIND_ID\" != 2-0";
    let ran = consume(&redis, &["--exec", script, "--max-deliveries", "2"]);
    assert_eq!(ran.status, 0, "{}", ran.error);
    let mut printed: Vec<_> = ran.out.lines().map(str::trim_end).collect();
    printed.sort_unstable();
    assert_eq!(
        printed,
        [
            "{\"n\": 4-0 Paid 1 billing ada",
            "{\"n\":1} 1-0 Counted 1 billing",
            "{\"n\":2} 2-0 Counted 1 billing",
            "{\"n\":2} 2-0 Counted 2 billing",
            "{\"n\":3} 3-0 Counted 1 billing",
        ]
    );
    let dead = run(&redis, &["dead", "list", STREAM, "billing"]).lines();
    assert_eq!((&dead[0]["origin"], &dead[0]["deliveries"]), (&json!("2-0"), &json!(2)));
    assert_eq!((&dead[0]["consumer"], &dead[0]["type"]), (&json!("rewind"), &json!("Counted")));
    let reason = dead[0]["reason"].as_str().unwrap();
    assert!(reason.contains("status: 1"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_replayed_once_or_dropped() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 2).await;
    consume(&redis, &["--exec", "exit 7", "--max-deliveries", "1"]);
    let dead = run(&redis, &["dead", "list", STREAM, "billing"]).lines();
    let (first, second) = (dead[0]["id"].as_str().unwrap(), dead[1]["id"].as_str().unwrap());
    let dry = run(&redis, &["dead", "replay", STREAM, "billing", "--all", "--dry-run"]);
    assert!(
        dry.status == 0 && dry.error.contains("2 dead letters would be replayed"),
        "{}",
        dry.error
    );
    let replayed = run(&redis, &["dead", "replay", STREAM, "billing", first]);
    assert_eq!((replayed.status, &replayed.lines()[0]["outcome"]), (0, &json!("replayed")));
    assert_eq!(run(&redis, &["dead", "replay", STREAM, "billing", first]).status, 4);
    let again = consume(&redis, &[]).lines();
    assert_eq!(again[0]["fields"]["replay_of"], dead[0]["origin"]);
    let to_group = run(&redis, &["dead", "replay", STREAM, "billing", second, "--to-group"]);
    assert_eq!(&to_group.lines()[0]["id"], &dead[1]["origin"], "{}", to_group.error);
    assert_eq!(ids(&consume(&redis, &[]).lines()), [dead[1]["origin"].as_str().unwrap()]);
    assert_eq!(run(&redis, &["dead", "drop", STREAM, "billing", first]).status, 4);
    assert_eq!(run(&redis, &["dead", "list", STREAM, "billing"]).out, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_made_reset_and_deleted() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 5).await;
    let lag = || run(&redis, &["groups", "list", STREAM]).lines()[0]["lag"].clone();
    let made = run(&redis, &["groups", "create", STREAM, "billing", "--from", "end"]);
    assert_eq!((made.status, &made.lines()[0]["done"]), (0, &json!("made")));
    assert_eq!(run(&redis, &["groups", "create", STREAM, "billing"]).lines()[0]["done"], "existed");
    assert_eq!(lag(), 0);
    let dry = run(&redis, &["groups", "reset", STREAM, "billing", "--from", "2-0", "--dry-run"]);
    assert!(dry.error.contains("`5-0`") && lag() == 0, "{}", dry.error);
    assert_eq!(run(&redis, &["groups", "reset", STREAM, "billing", "--from", "2-0"]).status, 0);
    assert_eq!(lag(), 3);
    assert_eq!(run(&redis, &["groups", "delete", STREAM, "billing", "--dry-run"]).status, 0);
    assert_eq!(run(&redis, &["groups", "delete", STREAM, "billing"]).status, 0);
    let gone = run(&redis, &["groups", "delete", STREAM, "billing"]);
    assert_eq!(gone.status, 4);
    assert!(gone.error.contains("`billing`") && gone.error.contains(STREAM), "{}", gone.error);
    assert_eq!(run(&redis, &["groups", "list", "nothing"]).status, 4);
    assert_eq!(run(&redis, &["groups", "create", STREAM, "x", "--from", "noon"]).status, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_entries_are_listed_claimed_and_acknowledged() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 4).await;
    redis.run("XGROUP CREATE events:orders billing 0").await;
    redis.run("XREADGROUP GROUP billing gone STREAMS events:orders >").await;
    redis.run("XDEL events:orders 4-0").await;
    let pending = run(&redis, &["pending", STREAM, "billing"]).lines();
    assert_eq!(ids(&pending), ["1-0", "2-0", "3-0", "4-0"]);
    assert_eq!((&pending[0]["consumer"], &pending[0]["type"]), (&json!("gone"), &json!("Counted")));
    assert_eq!((&pending[3]["is_deleted"], &pending[3]["type"]), (&json!(true), &Value::Null));
    assert_eq!(run(&redis, &["pending", STREAM, "billing", "--min-idle", "1h"]).out, "");

    let claim = ["claim", STREAM, "billing", "new", "--min-idle", "0s"];
    let dry = run(&redis, &[&claim[..], &["1-0", "--dry-run"]].concat());
    assert!(dry.error.contains("1 entry would"), "{}", dry.error);
    assert_eq!(dry.lines(), [json!({"id": "1-0", "consumer": "new", "dry_run": true})]);
    let claimed = run(&redis, &[&claim[..], &["1-0", "2-0"]].concat()).lines();
    assert_eq!(ids(&claimed), ["1-0", "2-0"]);
    let of_new = run(&redis, &["pending", STREAM, "billing", "--consumer", "new"]).lines();
    assert_eq!(ids(&of_new), ["1-0", "2-0"]);

    let dry = run(&redis, &["ack", STREAM, "billing", "1-0", "9-0", "--dry-run"]);
    assert!(dry.error.contains("1 of 2 entries"), "{}", dry.error);
    let acknowledged = run(&redis, &["ack", STREAM, "billing", "1-0", "9-0"]).lines();
    assert_eq!(acknowledged, [json!({"acknowledged": 1, "not_pending": 1, "deleted": 0})]);
    let acknowledged = run(&redis, &["ack", STREAM, "billing", "3-0", "--delete"]).lines();
    assert_eq!(acknowledged, [json!({"acknowledged": 1, "not_pending": 0, "deleted": 1})]);
    assert_eq!(run(&redis, &["ack", STREAM, "nobody", "1-0"]).status, 4);
    assert_eq!(run(&redis, &["pending", STREAM, "nobody"]).status, 4);

    let delete = ["groups", "delete-consumer", STREAM, "billing", "new"];
    assert_eq!(run(&redis, &delete).status, 2);
    let removed = run(&redis, &[&delete[..], &["--claim-to", "gone"]].concat()).lines();
    assert_eq!(removed, [json!({"consumer": "new", "settled": 1, "gone": 0})]);
    let consumers = run(&redis, &["groups", "consumers", STREAM, "billing"]).lines();
    assert_eq!(consumers.len(), 1);
    assert_eq!(run(&redis, &[&delete[..], &["--ack"]].concat()).status, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_consumed_is_a_status_of_its_own() {
    let redis = TestRedis::start().await;
    redis.run("SET events:orders text").await;
    let ran = consume(&redis, &[]);
    assert_eq!(ran.status, 1);
    assert!(ran.error.contains("group `billing` of stream `events:orders`"), "{}", ran.error);
    for arguments in [
        &["pending", STREAM, "billing"][..],
        &["consume", STREAM, "--group", "billing"],
        &["dead", "list", STREAM, "billing"],
    ] {
        let away = super::run_at("redis+unix:///nowhere", arguments, "");
        assert_eq!(away.status, 5, "{}", away.error);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_asked_to_end_gives_back_what_it_did_not_finish() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3).await;
    let mut process = std::process::Command::new(rewind_tests::rewind_binary())
        .args(["consume", STREAM, "--group", "billing", "--exec"])
        .arg("test $REWIND_ID = 1-0 && exit 0; echo begun; exec sleep 600")
        .env("REWIND_REDIS_URL", redis.url_text())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut begun = [0; 6];
    std::io::Read::read_exact(process.stdout.as_mut().unwrap(), &mut begun).unwrap();
    let pid = process.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let ended = tokio::task::spawn_blocking(move || process.wait().unwrap()).await.unwrap();
    assert!(ended.success(), "{ended}");
    let pending = run(&redis, &["pending", STREAM, "billing", "--min-idle", "1h"]).lines();
    assert_eq!(ids(&pending), ["2-0", "3-0"]);
    let deliveries: Vec<_> =
        pending.iter().map(|line| line["deliveries"].as_u64().unwrap()).collect();
    assert_eq!(deliveries, [1, 0]);
}
