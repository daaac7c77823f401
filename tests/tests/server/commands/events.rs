//! `rewind events`

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use rewind_tests::{TestRedis, rewind_binary};
use serde_json::json;

use super::run;

#[tokio::test]
async fn events_are_read_from_a_place_on_with_their_versions() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 1_200).await;
    redis.run("XTRIM s MAXLEN = 1000").await;
    let versions = |arguments: &[&str]| -> Vec<Option<u64>> {
        let ran = run(&redis, &[&["events", "s"], arguments].concat());
        assert_eq!(ran.status, 0, "{}", ran.error);
        ran.lines().iter().map(|line| line["version"].as_u64()).collect()
    };
    let all = versions(&[]);
    assert_eq!((all.len(), all[0], all[999]), (1_000, Some(201), Some(1_200)));
    assert_eq!(versions(&["--after-version", "1198"]), [Some(1_199), Some(1_200)]);
    assert_eq!(versions(&["--newest", "-n", "2"]), [Some(1_200), Some(1_199)]);
    assert_eq!(versions(&["--after", "1199-0"]), [Some(1_200)]);
    assert!(versions(&["--type", "Other"]).is_empty());
    assert_eq!(run(&redis, &["events", "s", "--after-version", "7"]).status, 4);
    assert_eq!(run(&redis, &["events", "none"]).status, 4);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_is_printed_as_it_is() {
    let redis = TestRedis::start().await;
    redis.run("XADD s 1-0 type a data {broken").await;
    redis.run("XADD s 2-0 type a data {} user_id ada").await;
    let lines = run(&redis, &["events", "s"]).lines();
    assert!(
        lines[0]["decode_error"].is_string() && lines[0]["fields"].to_string().contains("{broken")
    );
    assert_eq!(lines[1]["fields"], json!([["user_id", "ada"]]));
}

#[tokio::test]
async fn events_are_followed_over_a_restart_of_redis() {
    let mut redis = TestRedis::start_persistent().await;
    redis.run("XADD s 1-0 type a data 1").await;
    let mut process = Command::new(rewind_binary())
        .args(["events", "s", "--follow", "-n", "3"])
        .env("REWIND_REDIS_URL", redis.url_text())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("1-0"));
    redis.run("XADD s 2-0 type a data 2").await;
    assert!(lines.next().unwrap().unwrap().contains("2-0"));
    redis.kill();
    redis.start_again().await;
    redis.run("XADD s 3-0 type a data 3").await;
    assert!(lines.next().unwrap().unwrap().contains("3-0"));
    assert!(process.wait().unwrap().success());
}
