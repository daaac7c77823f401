//! From a fresh clone to a `rewind` binary with the front end inside.

use std::path::PathBuf;

use anyhow::Result;

use crate::server::{self, Profile};
use crate::steps::Steps;
use crate::tools::Tools;
use crate::workspace::Workspace;
use crate::{frontend, toolchain};

/// Builds the front end and the server, and returns the binary.
pub(crate) fn build(workspace: &Workspace, steps: &mut Steps, profile: Profile) -> Result<PathBuf> {
    front_end(workspace, steps)?;
    server::build(workspace, profile, steps)
}

/// Builds the front end with all that it takes.
pub(crate) fn front_end(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    toolchain::wasm_target(steps)?;
    let tools = Tools::ensure(workspace, steps)?;
    frontend::build(workspace, &tools, steps)
}
