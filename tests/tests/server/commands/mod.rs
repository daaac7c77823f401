//! The commands for the event store, run as a script runs them.

mod append;
mod consume;
mod dry_run;
mod events;
mod info;
mod output;
mod publish;
mod shell;
mod statuses;
mod trim;

use std::io::Write as _;
use std::process::{Command, Stdio};

use rewind_tests::{TestRedis, rewind_binary};
use serde_json::Value;

/// What a command printed, and how it ended.
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub error: String,
}

impl Ran {
    /// The lines that it printed, each read as JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Runs a command on this Redis.
pub fn run(redis: &TestRedis, arguments: &[&str]) -> Ran {
    run_with(redis, arguments, "")
}

/// Runs a command with this on its standard input.
pub fn run_with(redis: &TestRedis, arguments: &[&str], input: &str) -> Ran {
    run_at(&redis.url_text(), arguments, input)
}

/// Runs a command on the Redis at this address.
pub fn run_at(url: &str, arguments: &[&str], input: &str) -> Ran {
    let mut process = Command::new(rewind_binary())
        .args(arguments)
        .env("REWIND_REDIS_URL", url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may have ended before it could be written.
    let _ = process.stdin.take().unwrap().write_all(input.as_bytes());
    let output = process.wait_with_output().unwrap();
    Ran {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        error: String::from_utf8(output.stderr).unwrap(),
    }
}
