//! What Cargo builds, found where Cargo says that it put it.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::process;

/// The executables that a `cargo build` made, or found to be up to date.
pub(crate) struct Executables {
    paths: Vec<PathBuf>,
}

impl Executables {
    /// The one with this file name.
    pub(crate) fn named(&self, name: &str) -> Result<PathBuf> {
        // An executable's own tests are one too, but with a hash in its name.
        self.find(|file| file == name)
            .with_context(|| format!("`cargo build` made no executable `{name}`"))
    }

    /// The tests of this name.
    pub(crate) fn test(&self, name: &str) -> Result<PathBuf> {
        let is_hash = |text: &str| text.len() == 16 && !text.contains('-');
        self.find(|file| {
            file.strip_prefix(name).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_hash)
        })
        .with_context(|| format!("`cargo build` made no tests `{name}`"))
    }

    fn find(&self, is_meant: impl Fn(&str) -> bool) -> Option<PathBuf> {
        let name = |path: &Path| path.file_name().and_then(OsStr::to_str).map(str::to_owned);
        self.paths.iter().find(|path| name(path).is_some_and(|name| is_meant(&name))).cloned()
    }
}

/// Runs a `cargo build`, and returns the executable with this file name that comes of it.
pub(crate) fn build(cargo: Command, name: &str) -> Result<PathBuf> {
    build_all(cargo)?.named(name)
}

/// Runs a `cargo build`.
///
/// Asking Cargo what came of it is right for every `target-dir` and `target` that a user's configuration may set.
/// Warnings still go to the terminal.
pub(crate) fn build_all(mut cargo: Command) -> Result<Executables> {
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
    Ok(Executables { paths: messages.lines().filter_map(executable).collect() })
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
    fn a_program_and_its_tests_are_told_apart() {
        let paths =
            ["/t/deps/trunk-0123456789abcdef", "/t/deps/trunk-line-0123456789abcdef", "/t/trunk"];
        let executables = Executables { paths: paths.map(PathBuf::from).to_vec() };
        assert_eq!(executables.named("trunk").unwrap(), Path::new(paths[2]));
        assert_eq!(executables.test("trunk").unwrap(), Path::new(paths[0]));
        assert!(executables.test("line").is_err());
    }

    #[test]
    fn the_executable_is_read_from_the_message_that_has_one() {
        let message =
            r#"{"reason":"compiler-artifact","executable":"/a \"b\"/rewind","fresh":true}"#;
        assert_eq!(executable(message), Some(PathBuf::from("/a \"b\"/rewind")));
        assert_eq!(executable(r#"{"reason":"compiler-artifact","executable":null}"#), None);
        assert_eq!(executable(r#"{"reason":"build-finished","success":true}"#), None);
    }
}
