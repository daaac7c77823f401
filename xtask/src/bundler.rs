//! The bundler: the program that makes of compiled WebAssembly what a browser loads.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::server::Profile;
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{artifact, process};

const PACKAGE: &str = "rewind-bundler";

/// The bundler, ready to run.
pub(crate) struct Bundler {
    program: PathBuf,
}

impl Bundler {
    /// Builds it. It has the versions of wasm-bindgen and wasm-split that `Cargo.lock` names, so nothing has to be
    /// installed that fits them.
    pub(crate) fn build(workspace: &Workspace, steps: &Steps) -> Result<Self> {
        steps.run("Bundler", |step| {
            step.say_what_comes();
            let mut cargo = process::cargo(workspace);
            cargo.args(["build", "--locked", "--package", PACKAGE]).args(Profile::Quick.flags());
            let program = artifact::build(cargo, PACKAGE)?;
            step.outcome("built");
            Ok(Self { program })
        })
    }

    /// Its executable.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Joins the program of the front end to JavaScript, split into a file for each page or whole, in a folder.
    pub(crate) fn bundle(&self, program: &Path, is_split: bool, assets: &Path) -> Result<()> {
        let how = if is_split { "split" } else { "whole" };
        process::run(Command::new(&self.program).arg(how).arg(program).arg(assets))
    }

    /// Writes compressed siblings beside the files of a folder, and returns what they weigh, for people.
    pub(crate) fn compress(&self, folder: &Path) -> Result<String> {
        process::output(Command::new(&self.program).arg("compress").arg(folder))
    }
}
