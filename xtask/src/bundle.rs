//! From a fresh clone to a `rewind` binary with the front end inside.

use std::path::PathBuf;

use anyhow::Result;

use crate::bundler::Bundler;
use crate::frontend;
use crate::profile::Kind;
use crate::profile::Profile;
use crate::server;
use crate::steps::Steps;
use crate::toolchain;
use crate::workspace::Workspace;

/// Builds the front end and the server, and returns the binary.
pub(crate) fn build(workspace: &Workspace, steps: &Steps, profile: Profile) -> Result<PathBuf> {
    front_end(workspace, profile.front_end(), steps)?;
    server::build(workspace, profile, steps)
}

/// Builds the front end with all that it takes, and returns its folder.
pub(crate) fn front_end(workspace: &Workspace, kind: Kind, steps: &Steps) -> Result<PathBuf> {
    toolchain::wasm_target(steps)?;
    let bundler = Bundler::build(workspace, steps)?;
    frontend::build(workspace, kind, &bundler, steps)
}
