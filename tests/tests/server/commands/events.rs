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
async fn events_have_no_versions_where_some_were_deleted_from_the_middle() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 5).await;
    redis.run("XDEL s 3-0").await;
    let ran = run(&redis, &["events", "s"]);
    let (lines, error) = (ran.lines(), ran.error);
    assert_eq!(lines.len(), 4, "{error}");
    assert!(lines.iter().all(|line| line["version"].is_null()), "{lines:?}");
    assert!(error.contains("deleted from the middle"), "{error}");
    let ran = run(&redis, &["events", "s", "--after-version", "2"]);
    assert!(ran.status == 1 && ran.error.contains("deleted from the middle"), "{}", ran.error);
}

#[tokio::test]
async fn payloads_are_read_as_the_configuration_says() {
    let redis = TestRedis::start().await;
    // MessagePack of {"n": 7}, in a field that only the rule knows to hold a payload.
    let mut connection = redis.connection().await;
    let mut command = redis::cmd("XADD");
    command.arg("s").arg("1-0").arg("type").arg("a").arg("body").arg(b"\x81\xa1n\x07");
    command.query_async::<()>(&mut connection).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("rewind.toml");
    let rule = "[[decoders]]\nstream = \"s\"\nfield = \"body\"\nas = \"msgpack\"\n";
    std::fs::write(&config, rule).unwrap();
    let config = config.to_str().unwrap();
    for (arguments, names) in [
        (&["events", "s"][..], ["data", "decoded"]),
        (&["consume", "s", "--group", "g", "--until-idle"], ["data", "decoded"]),
    ] {
        let ran = run(&redis, &[arguments, &["--config", config]].concat());
        let line = ran.lines().pop().expect(&ran.error);
        assert_eq!(line[names[0]], json!({"n": 7}), "{line}");
        assert!(line[names[1]].as_str().unwrap().contains("MessagePack"), "{line}");
    }
    let handed = ["consume", "s", "--group", "h", "--until-idle", "--exec", "cat"];
    let ran = run(&redis, &[&handed[..], &["--config", config]].concat());
    assert_eq!(ran.out, r#"{"n":7}"#, "{}", ran.error);
}

#[tokio::test]
async fn an_event_is_printed_whole_however_large_it_is() {
    let redis = TestRedis::start().await;
    let text = "x".repeat(13 << 20);
    redis.add("s", "1-0", "Small", "1").await;
    redis.add("s", "2-0", "Large", &format!("\"{text}\"")).await;
    redis.add("s", "3-0", "Small", "3").await;
    for arguments in [&["events", "s"][..], &["consume", "s", "--group", "g", "--until-idle"]] {
        let lines = run(&redis, arguments).lines();
        assert_eq!(lines.len(), 3, "{arguments:?}");
        assert!(lines[1]["data"].as_str() == Some(text.as_str()), "{arguments:?}");
    }
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
