//! A command of the shell that is run for each event.

use std::io;
use std::process::Stdio;

use rewind_domain::StreamKey;
use rewind_store::consume::Delivery;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

/// The fields of an entry that have a variable of their own, if they are there.
const METADATA: [(&str, &str); 5] = [
    ("correlation_id", "REWIND_CORRELATION_ID"),
    ("causation_id", "REWIND_CAUSATION_ID"),
    ("user_id", "REWIND_USER_ID"),
    ("idempotency_key", "REWIND_IDEMPOTENCY_KEY"),
    ("replay_of", "REWIND_REPLAY_OF"),
];

/// The command, and what it is told about all events.
pub(super) struct EventCommand {
    line: String,
    stream: String,
    group: String,
    consumer: String,
}

/// Why an event was not handled.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommandError {
    /// It could not be run.
    #[error("the command cannot be run: {0}")]
    NotRun(io::Error),
    /// It said that it failed.
    #[error("the command ended with {0}")]
    Failed(std::process::ExitStatus),
}

impl EventCommand {
    pub(super) fn new(line: String, stream: &StreamKey, group: String, consumer: String) -> Self {
        Self { line, stream: stream.to_string(), group, consumer }
    }

    /// Runs it for an event. If this is dropped, the command is ended.
    pub(super) async fn run(&self, delivery: &Delivery) -> Result<(), CommandError> {
        let event = delivery.event();
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(&self.line).kill_on_drop(true).stdin(Stdio::piped());
        command.env("REWIND_STREAM", variable(&self.stream));
        command.env("REWIND_GROUP", variable(&self.group));
        command.env("REWIND_CONSUMER", variable(&self.consumer));
        command.env("REWIND_ID", event.id.to_string());
        command.env("REWIND_TYPE", variable(event.event_type.as_deref().unwrap_or_default()));
        command.env("REWIND_TIMESTAMP_MS", event.timestamp_ms.to_string());
        command.env("REWIND_DELIVERIES", delivery.deliveries().to_string());
        for (field, name) in METADATA {
            match delivery.fields().get(field) {
                Some(value) => command.env(name, variable(&String::from_utf8_lossy(value))),
                None => command.env_remove(name),
            };
        }
        match &event.decode_error {
            Some(error) => command.env("REWIND_DECODE_ERROR", variable(&error.to_string())),
            None => command.env_remove("REWIND_DECODE_ERROR"),
        };
        // A Ctrl-C is for the consumer, which decides what becomes of the command and all that it started.
        command.process_group(0);
        let mut child = command.spawn().map_err(CommandError::NotRun)?;
        let mut group = ProcessGroup::of(&child);
        if let Some(mut input) = child.stdin.take() {
            // A command need not read it.
            let _ = input.write_all(&payload(delivery)).await;
        }
        let status = child.wait().await.map_err(CommandError::NotRun)?;
        group.is_over = true;
        if status.success() { Ok(()) } else { Err(CommandError::Failed(status)) }
    }
}

/// A command and all that it started, which end together if it is given up.
struct ProcessGroup {
    leader: Option<Pid>,
    is_over: bool,
}

impl ProcessGroup {
    fn of(child: &Child) -> Self {
        let leader = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Self { leader, is_over: false }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(leader) = self.leader.filter(|_| !self.is_over) {
            // It may have ended by itself just now.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

/// The data of an event as JSON text, or the bytes of the field that cannot be read.
fn payload(delivery: &Delivery) -> Vec<u8> {
    let event = delivery.event();
    let broken = event.decode_error.as_ref().filter(|_| !event.has_data());
    let field = broken.and_then(|error| delivery.fields().get(&error.field));
    field.map_or_else(|| event.data.to_string().into_bytes(), <[u8]>::to_vec)
}

/// Text as the value of a variable, which cannot hold the character NUL.
fn variable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
