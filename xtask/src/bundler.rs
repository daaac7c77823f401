//! The bundler: the program that makes of compiled WebAssembly what a browser loads.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::fingerprint::Fingerprint;
use crate::profile::Profile;
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{artifact, process, toolchain, tools};

const PACKAGE: &str = "rewind-bundler";

/// The crates that do its work, as `Cargo.lock` calls them. What else it is made of does not change what it makes.
const CRATES: [&str; 4] =
    ["brotli", "flate2", "wasm-bindgen-cli-support", "wasm_split_cli_support"];

/// The bundler, ready to run.
pub(crate) struct Bundler {
    program: PathBuf,
}

impl Bundler {
    /// Builds it, unless another working copy has built the same. It has the versions of wasm-bindgen and wasm-split that
    /// `Cargo.lock` names, so nothing has to be installed that fits them.
    pub(crate) fn build(workspace: &Workspace, steps: &Steps) -> Result<Self> {
        steps.run("Bundler", |step| {
            let program = tools::cache_folder()?.join(format!("bundler-{}", key(workspace)?));
            if process::is_executable(&program) {
                step.outcome("up to date");
                return Ok(Self { program });
            }
            step.say_what_comes();
            let mut cargo = process::cargo(workspace);
            cargo.args(["build", "--locked", "--package", PACKAGE]).args(Profile::Quick.flags());
            let built = artifact::build(cargo, PACKAGE)?;
            keep(&built, &program)?;
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

/// Tells one bundler from another.
fn key(workspace: &Workspace) -> Result<String> {
    let lock = workspace.root().join("Cargo.lock");
    let lock =
        fs::read_to_string(&lock).with_context(|| format!("cannot read `{}`", lock.display()))?;
    let mut key = Fingerprint::new()
        .text(&toolchain::compiler()?)
        .path(&workspace.root().join("xtask/bundler"))?;
    for name in CRATES {
        key = key.text(entry_of(&lock, name));
    }
    Ok(key.finish())
}

/// What a lock file says about a crate.
fn entry_of<'a>(lock: &'a str, name: &str) -> &'a str {
    let name = format!("name = \"{name}\"\n");
    lock.split("[[package]]\n").find(|entry| entry.starts_with(&name)).unwrap_or_default()
}

/// Copies a program to where it stays. At once, or someone might run a part of it.
fn keep(built: &Path, program: &Path) -> Result<()> {
    let cannot = || format!("cannot copy `{}` to `{}`", built.display(), program.display());
    let folder = program.parent().with_context(cannot)?;
    fs::create_dir_all(folder).with_context(cannot)?;
    let part = program.with_extension(format!("{}.part", std::process::id()));
    fs::copy(built, &part).with_context(cannot)?;
    fs::rename(&part, program).with_context(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_of_it_is_found_in_the_lock_file() {
        let lock = fs::read_to_string(Workspace::find().root().join("Cargo.lock")).unwrap();
        for name in CRATES {
            let entry = entry_of(&lock, name);
            assert!(entry.contains("\nversion = "), "{name}: {entry}");
        }
        assert_eq!(entry_of(&lock, "no-such-crate"), "");
    }
}
