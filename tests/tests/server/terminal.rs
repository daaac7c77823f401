//! What reaches terminals and log files: nothing that they would act on.

use std::process::{Command, Output};

use rewind_tests::{RewindProcess, TestRedis, eventually, rewind_binary};

fn run(redis: &TestRedis, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(rewind_binary())
        .args(arguments)
        .env("REWIND_REDIS_URL", redis.url_text())
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn acts(text: &str) -> bool {
    text.chars()
        .any(|char| (char.is_control() && char != '\n') || matches!(char, '\u{202a}'..='\u{202e}'))
}

#[tokio::test]
async fn messages_of_the_command_line_show_keys_without_obeying_them() {
    let redis = TestRedis::start().await;
    let key = "missing\u{1b}[31m\u{7}\u{9b}2J\u{202e}\r\nerror: faked";
    let output = run(&redis, &["export", key], &[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(text.contains("missing\\u{1b}[31m"), "{text}");
    assert!(!acts(&text), "{text:?}");
}

#[tokio::test]
async fn a_log_file_has_neither_colours_nor_what_keys_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let url = "redis+unix:///nowhere/\u{1b}[31m\u{202e}socket";
    let server = RewindProcess::start_with(url, &[], Some(log.clone()));
    let text = eventually("something is logged", || async {
        let text = std::fs::read_to_string(&log).unwrap();
        text.contains("starting without Redis").then_some(text)
    })
    .await;
    assert!(text.contains("nowhere"), "{text:?}");
    assert!(!acts(&text), "{text:?}");
    drop(server);
}

#[tokio::test]
async fn a_number_beyond_its_bounds_is_refused_wherever_it_is_given() {
    let redis = TestRedis::start().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rewind.toml");
    std::fs::write(&file, "keyframe-mb = 99999999\n").unwrap();
    let file = file.to_str().unwrap();
    for (arguments, environment, parts) in [
        (
            vec!["serve", "--max-viewers", "0"],
            vec![],
            ["`--max-viewers` is `0`", "from 1 to 100000"],
        ),
        (
            vec!["serve"],
            vec![("REWIND_INDEX_MB", "-1")],
            ["environment variable `REWIND_INDEX_MB` is `-1`", "from 0 to 16384"],
        ),
        (
            vec!["serve", "--config", file],
            vec![],
            ["rewind.toml`: `keyframe-mb` is `99999999`", "from 0 to 16384"],
        ),
    ] {
        let output = run(&redis, &arguments, &environment);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        for part in parts {
            assert!(text.contains(part), "{arguments:?}: {text}");
        }
    }
}
