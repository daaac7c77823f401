//! The exit statuses: each means the same for every command.

use rewind_tests::{LossyProxy, TestRedis};
use tempfile::TempDir;

use super::{Ran, run, run_at};

const STREAM: &str = "events:orders";
const NOWHERE: &str = "redis://127.0.0.1:1";

/// Every command, with what it needs at least.
const COMMANDS: [&[&str]; 20] = [
    &["publish", STREAM, "--type", "a"],
    &["append", "Order", "1", "--type", "a"],
    &["events", STREAM],
    &["trim", STREAM, "--max-len", "1"],
    &["info", STREAM],
    &["consume", STREAM, "--group", "g", "--until-idle"],
    &["groups", "list", STREAM],
    &["groups", "create", STREAM, "g"],
    &["groups", "reset", STREAM, "g"],
    &["groups", "delete", STREAM, "g"],
    &["groups", "consumers", STREAM, "g"],
    &["groups", "delete-consumer", STREAM, "g", "c", "--ack"],
    &["pending", STREAM, "g"],
    &["ack", STREAM, "g", "1-0"],
    &["claim", STREAM, "g", "c"],
    &["dead", "list", STREAM, "g"],
    &["dead", "replay", STREAM, "g", "1-0"],
    &["dead", "drop", STREAM, "g", "1-0"],
    &["project", "status"],
    &["project", "reset", "p"],
];

/// Those that run projections, which need a folder of them.
fn runs(folder: &TempDir) -> [Vec<&str>; 2] {
    let folder = folder.path().to_str().unwrap();
    [
        vec!["project", "run", folder, "--once"],
        vec!["project", "rebuild", "p", "--projections", folder],
    ]
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source =
        "export default { streams: [\"events:orders\"], initial: {}, on: { Counted() {} } }";
    std::fs::write(folder.path().join("p.js"), source).unwrap();
    folder
}

fn assert_status(ran: &Ran, status: i32, arguments: &[&str]) {
    assert_eq!(ran.status, status, "{arguments:?}: {} {}", ran.out, ran.error);
    assert_eq!(ran.error.contains("error: "), status != 0, "{arguments:?}: {}", ran.error);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_the_command_line_or_the_configuration_is_2() {
    let folder = folder();
    let runs = runs(&folder);
    let all = COMMANDS.iter().copied().chain(runs.iter().map(Vec::as_slice));
    for command in all.chain([&["import", "x"][..], &["export", "x"], &["serve"]]) {
        for more in [&["--config", "/nowhere.toml"][..], &["--no-such-option"]] {
            let arguments = [command, more].concat();
            assert_status(&run_at(NOWHERE, &arguments, ""), 2, &arguments);
        }
        let ran = run_at("http://not-redis", command, "");
        assert_status(&ran, 2, command);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_is_5() {
    let folder = folder();
    let runs = runs(&folder);
    for arguments in COMMANDS.iter().copied().chain(runs.iter().map(Vec::as_slice)) {
        assert_status(&run_at(NOWHERE, arguments, ""), 5, arguments);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redis_refuses_is_1() {
    let redis = TestRedis::start().await;
    for key in [STREAM, "aggregate:Order:1", "{events:orders}:dead:g", "projection:p:status"] {
        redis.run(&format!("SET {key} text")).await;
    }
    redis.run("SET projection:p:checkpoint 1-0").await;
    let folder = folder();
    let runs = runs(&folder);
    for arguments in COMMANDS.iter().copied().chain(runs.iter().map(Vec::as_slice)) {
        // These look at no type: one names what is of another type, and one removes whatever is there.
        if matches!(arguments, ["project", "status" | "reset", ..]) {
            continue;
        }
        assert_status(&run(&redis, arguments), 1, arguments);
    }
    assert_status(&run(&redis, &["project", "status", "p"]), 1, &["project", "status", "p"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_and_not_there_is_4_and_done_is_0() {
    let redis = TestRedis::start().await;
    let folder = folder();
    let runs = runs(&folder);
    let makes_or_lists = |arguments: &[&str]| {
        matches!(
            arguments,
            ["publish" | "append" | "consume", ..]
                | ["groups", "create", ..]
                | ["dead", "list", ..]
                | ["project", "status" | "run" | "rebuild", ..]
        )
    };
    let all = || COMMANDS.iter().copied().chain(runs.iter().map(Vec::as_slice));
    for arguments in all().filter(|arguments| !makes_or_lists(arguments)) {
        assert_status(&run(&redis, arguments), 4, arguments);
    }
    for arguments in all().filter(|arguments| makes_or_lists(arguments)) {
        assert_status(&run(&redis, arguments), 0, arguments);
    }
    redis.run("XGROUP CREATE events:orders all $").await;
    redis.run("XGROUP CREATECONSUMER events:orders g c").await;
    for arguments in [
        &["project", "status", "none"][..],
        &["project", "rebuild", "none", "--projections", folder.path().to_str().unwrap()],
        &["events", STREAM, "--after-version", "9999"],
        &["groups", "delete-consumer", STREAM, "g", "none", "--ack"],
    ] {
        let status = if arguments[0] == "events" { 0 } else { 4 };
        assert_status(&run(&redis, arguments), status, arguments);
    }
    // What is there now is found.
    for arguments in all().filter(|arguments| {
        !matches!(arguments, ["dead", "replay" | "drop", ..] | ["groups", "delete", ..])
    }) {
        assert_status(&run(&redis, arguments), 0, arguments);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_as_expected_is_3() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3).await;
    redis.run("XGROUP CREATE events:orders g 0").await;
    run(&redis, &["append", "Order", "1", "--type", "a"]);
    redis.run("XADD {events:orders}:dead:g 5-0 not ours").await;
    for arguments in [
        &["append", "Order", "1", "--type", "a", "--expect", "new"][..],
        &["trim", STREAM, "--max-len", "1"],
        &["dead", "replay", STREAM, "g", "5-0"],
    ] {
        assert_status(&run(&redis, arguments), 3, arguments);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_to_a_write_is_6() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3).await;
    redis.run("XGROUP CREATE events:orders g 0").await;
    redis.run("XREADGROUP GROUP g c STREAMS events:orders >").await;
    redis.run("XADD {events:orders}:dead:g 5-0 not ours").await;
    for (word, arguments) in [
        ("XADD", &["publish", STREAM, "--type", "a"][..]),
        ("EVAL", &["append", "Order", "1", "--type", "a"]),
        ("XCLAIM", &["claim", STREAM, "g", "d", "1-0", "--min-idle", "0s"]),
        ("XDEL", &["dead", "drop", STREAM, "g", "5-0"]),
        ("EVAL", &["dead", "replay", STREAM, "g", "5-0"]),
        ("XTRIM", &["trim", STREAM, "--max-len", "1", "--force"]),
        ("CREATE", &["groups", "create", STREAM, "other"]),
        ("SETID", &["groups", "reset", STREAM, "g"]),
        ("DESTROY", &["groups", "delete", STREAM, "g"]),
    ] {
        let proxy = LossyProxy::start(&redis).await;
        proxy.lose_replies_to(word);
        let url = format!("redis://{}", proxy.address());
        let ran = run_at(&url, arguments, "");
        assert_status(&ran, 6, arguments);
        assert!(ran.error.contains("not known"), "{arguments:?}: {}", ran.error);
    }
}
