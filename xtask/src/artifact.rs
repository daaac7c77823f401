//! What Cargo builds, found where Cargo says that it put it.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::process;

/// Runs a `cargo build`, and returns the executable with this file name that comes of it.
///
/// Asking Cargo is right for every `target-dir` and `target` that a user's configuration may set.
/// Warnings still go to the terminal.
pub(crate) fn build(mut cargo: Command, name: &str) -> Result<PathBuf> {
    cargo
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = cargo.spawn().context("cannot start `cargo build`")?;
    let mut messages = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut messages).context("cannot read what `cargo build` says")?;
    }
    process::succeeded(&cargo, child.wait()?)?;
    // An executable's own tests are one too, but with a hash in its name.
    let found = messages.lines().filter_map(executable).find(|path| path.ends_with(name));
    found.with_context(|| format!("`cargo build` made no executable `{name}`"))
}

/// The executable that a message of Cargo speaks of.
fn executable(message: &str) -> Option<PathBuf> {
    let (_, rest) = message.split_once(r#""executable":""#)?;
    let mut path = String::new();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some(PathBuf::from(path)),
            // Of the characters that JSON escapes, a path has quotes and backslashes at most.
            '\\' => path.push(characters.next()?),
            character => path.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_read_from_the_message_that_has_one() {
        let message =
            r#"{"reason":"compiler-artifact","executable":"/a \"b\"/rewind","fresh":true}"#;
        assert_eq!(executable(message), Some(PathBuf::from("/a \"b\"/rewind")));
        assert_eq!(executable(r#"{"reason":"compiler-artifact","executable":null}"#), None);
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
