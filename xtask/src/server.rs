//! The `rewind` binary.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result};

use crate::process;
use crate::steps::Steps;
use crate::workspace::Workspace;

const BINARY: &str = "rewind";

/// How the server is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quick to build.
    Debug,
    /// Quick to run.
    Release,
}

/// Builds the server with the front end in it, and returns where the binary is.
pub(crate) fn build(workspace: &Workspace, profile: Profile, steps: &mut Steps) -> Result<PathBuf> {
    let (name, flags): (_, &[_]) = match profile {
        Profile::Debug => ("Server (debug)", &["--package", "rewind-server"]),
        Profile::Release => ("Server (release)", &["--package", "rewind-server", "--release"]),
    };
    build_as(workspace, name, flags, steps)
}

/// Builds all tests, and the server for them to start.
///
/// In one go: alone, the server would get other features of the crates that the tests use too,
/// and those would be built twice.
pub(crate) fn build_with_tests(workspace: &Workspace, steps: &mut Steps) -> Result<PathBuf> {
    build_as(workspace, "Server and tests", &["--tests"], steps)
}

fn build_as(
    workspace: &Workspace,
    name: &str,
    flags: &[&str],
    steps: &mut Steps,
) -> Result<PathBuf> {
    steps.run(name, |step| {
        let mut cargo = process::cargo(workspace);
        // Asking Cargo where it put the binary is right for every `target-dir` and `target` that
        // a user's configuration may set. Warnings still go to the terminal.
        cargo
            .args(["build", "--locked", "--bin", BINARY])
            .args(flags)
            .arg("--message-format=json-render-diagnostics")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let mut child = cargo.spawn().context("cannot start `cargo build`")?;
        let mut messages = String::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_string(&mut messages).context("cannot read what `cargo build` says")?;
        }
        process::succeeded(&cargo, child.wait()?)?;
        // The binary's own tests are an executable too, but one with a hash in its name.
        let binary = messages.lines().filter_map(executable).find(|path| path.ends_with(BINARY));
        step.outcome("built");
        binary.with_context(|| format!("`cargo build` made no executable `{BINARY}`"))
    })
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
