//! The `rewind` binary.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::artifact::Executables;
use crate::profile::{Kind, Profile};
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{artifact, process};

const BINARY: &str = "rewind";

/// Tells `server/build.rs` which front end the server embeds.
const FRONT_END: &str = "REWIND_FRONT_END";

/// Builds the server, with the front end in it that was built last for this profile, and returns where the binary is.
pub(crate) fn build(workspace: &Workspace, profile: Profile, steps: &Steps) -> Result<PathBuf> {
    let flags = [&["--package", "rewind-server"], profile.flags()].concat();
    steps.run(&format!("Server ({})", profile.name()), |step| {
        step.say_what_comes();
        let binary = artifact::build(command(workspace, &flags, profile.front_end()), BINARY)?;
        step.outcome("built");
        Ok(binary)
    })
}

/// Builds all tests, and the server for them to start.
///
/// In one go: alone, the server would get other features of the crates that the tests use too,
/// and those would be built twice.
pub(crate) fn build_with_tests(workspace: &Workspace, steps: &Steps) -> Result<Executables> {
    steps.run("Server and tests", |step| {
        let built = artifact::build_all(command(workspace, &["--tests"], Kind::Release))?;
        step.outcome("built");
        Ok(built)
    })
}

/// The server among what was built.
pub(crate) fn binary(built: &Executables) -> Result<PathBuf> {
    built.named(BINARY)
}

fn command(workspace: &Workspace, flags: &[&str], front_end: Kind) -> Command {
    let mut cargo = process::cargo(workspace);
    cargo.args(["build", "--locked", "--bin", BINARY]).args(flags);
    match front_end {
        Kind::Release => cargo.env_remove(FRONT_END),
        Kind::Quick => cargo.env(FRONT_END, "quick"),
    };
    cargo
}
