//! The `rewind` binary.

use std::path::PathBuf;

use anyhow::Result;

use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{artifact, process};

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
        cargo.args(["build", "--locked", "--bin", BINARY]).args(flags);
        let binary = artifact::build(cargo, BINARY)?;
        step.outcome("built");
        Ok(binary)
    })
}
