//! Output that nobody reads, or that cannot be written: the work is done, and said, all the same.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use rewind_tests::{TestRedis, rewind_binary};

use super::run;

const STREAM: &str = "events:orders";

fn start(redis: &TestRedis, arguments: &[&str], input: &str, output: Stdio) -> Child {
    let mut process = Command::new(rewind_binary())
        .args(arguments)
        .env("REWIND_REDIS_URL", redis.url_text())
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    process
}

/// Runs a command whose output is closed at once. Returns its status and what it said.
fn unread(redis: &TestRedis, arguments: &[&str], input: &str) -> (i32, String) {
    let mut process = start(redis, arguments, input, Stdio::piped());
    drop(process.stdout.take());
    ended(process)
}

/// Runs a command whose output goes where nothing has room.
fn unwritten(redis: &TestRedis, arguments: &[&str], input: &str) -> (i32, String) {
    let full = File::options().write(true).open("/dev/full").unwrap();
    ended(start(redis, arguments, input, full.into()))
}

fn ended(process: Child) -> (i32, String) {
    let output = process.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn lines(count: usize) -> String {
    "{\"type\":\"a\"}\n".repeat(count)
}

async fn length(redis: &TestRedis, stream: &str) -> i64 {
    redis::from_redis_value(redis.run(&format!("XLEN {stream}")).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_published_though_nobody_reads_the_ids() {
    let redis = TestRedis::start().await;
    for (arguments, total) in
        [(&["publish", "s", "--one-by-one"][..], 300), (&["publish", "s"], 600)]
    {
        let (status, said) = unread(&redis, arguments, &lines(300));
        assert_eq!((status, length(&redis, "s").await), (0, total), "{said}");
        assert!(said.contains("added 300 events to `s`"), "{said}");
    }
    for arguments in [&["publish", "s", "--one-by-one"][..], &["publish", "s"]] {
        let before = length(&redis, "s").await;
        let (status, said) = unwritten(&redis, arguments, &lines(3));
        assert_eq!((status, length(&redis, "s").await), (7, before + 3), "{said}");
        assert!(said.contains("added 3 events") && said.contains("cannot be written"), "{said}");
    }
    // What went wrong with the work counts more.
    let (status, said) =
        unwritten(&redis, &["publish", "s", "--one-by-one"], "{\"type\":\"a\"}\n{");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("added 1 event to `s`") && said.contains("line 2"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_that_changes_something_says_what_it_did_where_its_output_cannot() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 9).await;
    run(&redis, &["groups", "create", STREAM, "billing"]);
    redis.run("XREADGROUP GROUP billing gone COUNT 4 STREAMS events:orders >").await;
    for (arguments, done) in [
        (&["append", "Order", "1", "--type", "a"][..], "appended 1 event"),
        (&["claim", STREAM, "billing", "new", "--min-idle", "0s"], "4 entries were given"),
        (&["ack", STREAM, "billing", "1-0"], "acknowledged 1 entry"),
        (&["groups", "delete-consumer", STREAM, "billing", "new", "--ack"], "was removed"),
        (&["groups", "reset", STREAM, "billing"], "was reset"),
        (&["trim", STREAM, "--max-len", "8", "--force"], "removed 1 entry"),
        (&["groups", "delete", STREAM, "billing"], "was deleted"),
        (&["groups", "create", STREAM, "billing"], "was made"),
    ] {
        let (status, said) = unwritten(&redis, arguments, "");
        assert_eq!(status, 7, "{arguments:?}: {said}");
        assert!(said.contains(done), "{arguments:?}: {said}");
    }
    run(
        &redis,
        &[
            "consume",
            STREAM,
            "--group",
            "billing",
            "--until-idle",
            "--exec",
            "exit 1",
            "--max-deliveries",
            "1",
        ],
    );
    let (status, said) = unwritten(&redis, &["dead", "replay", STREAM, "billing", "--all"], "");
    assert_eq!(status, 7, "{said}");
    assert!(said.contains("8 dead letters were replayed"), "{said}");
    assert_eq!(length(&redis, "{events:orders}:dead:billing").await, 0);
    for arguments in [
        &["events", STREAM][..],
        &["info", STREAM],
        &["groups", "list", STREAM],
        &["completions", "bash"],
        &["man"],
    ] {
        assert_eq!(unwritten(&redis, arguments, "").0, 7, "{arguments:?}");
    }
    assert_eq!(unread(&redis, &["events", STREAM], "").0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_line_was_not_read_is_not_acknowledged() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 50).await;
    let arguments = ["consume", STREAM, "--group", "billing", "--max-deliveries", "1"];
    let mut process = start(&redis, &arguments, "", Stdio::piped());
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert!(line.contains("1-0"), "{line}");
    // Whatever else was read into the buffer meanwhile goes with it.
    let read = 1 + output.buffer().iter().filter(|byte| **byte == b'\n').count();
    drop(output);
    let (status, said) = ended(process);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains(&format!("{read} handled")), "{said}");
    let pending = run(&redis, &["pending", STREAM, "billing"]).lines();
    assert_eq!(pending.len(), 50 - read);
    assert!(pending.iter().all(|entry| entry["deliveries"] == 0), "{pending:?}");
    assert_eq!(run(&redis, &["dead", "list", STREAM, "billing"]).out, "");

    let (status, said) = unwritten(&redis, &[&arguments[..], &["--until-idle"]].concat(), "");
    assert_eq!(status, 7, "{said}");
    let rest = run(&redis, &[&arguments[..], &["--until-idle"]].concat());
    assert_eq!(rest.lines().len(), 50 - read, "{}", rest.error);
}
