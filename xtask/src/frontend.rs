//! The front end: fetched crates, Trunk, compression; left alone while nothing changed.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::compress;
use crate::fingerprint::Fingerprint;
use crate::process;
use crate::steps::{Step, Steps};
use crate::toolchain;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// What the front end is made of.
const INPUTS: [&str; 9] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "Trunk.toml",
    "app",
    "domain",
    "frontend",
    "style",
    "xtask/src/compress.rs",
];

/// What Trunk leaves in `dist` when it is interrupted, and its lock in any case. The server would
/// embed them.
const LEFTOVERS: [&str; 2] = [".trunk-lock", ".stage"];

/// Downloads the crates of `Cargo.lock`, for all targets: Trunk itself works offline.
pub(crate) fn fetch(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    steps.run("Crates", |step| {
        process::run(process::cargo(workspace).args(["fetch", "--locked"]))?;
        step.outcome("here");
        Ok(())
    })
}

/// Brings `dist` up to date.
pub(crate) fn build(workspace: &Workspace, tools: &Tools, steps: &mut Steps) -> Result<()> {
    steps.run("Front end", |step| {
        let _lock = lock(workspace, step)?;
        // Taken before the build: what is edited while it runs must count as a change.
        let inputs = inputs(workspace)?;
        let dist = workspace.dist();
        let stamp = workspace.scratch().join("frontend.stamp");
        if fs::read_to_string(&stamp).is_ok_and(|found| found == stamp_of(&inputs, &dist)) {
            step.outcome("up to date");
            return Ok(());
        }
        remove(&stamp)?;
        remove_leftovers(&dist)?;
        step.say("building with Trunk");
        process::run(&mut trunk(workspace, tools))?;
        remove_leftovers(&dist)?;
        if !dist.join("index.html").is_file() {
            bail!("Trunk made no `index.html` in `{}`", dist.display());
        }
        step.say("compressing");
        let weight = compress::compress(&dist)?;
        fs::write(&stamp, stamp_of(&inputs, &dist))
            .with_context(|| format!("cannot write `{}`", stamp.display()))?;
        let kilobytes = weight.transferred_bytes.div_ceil(1000);
        step.outcome(format!("{} files, {kilobytes} KB with Brotli", weight.files));
        Ok(())
    })
}

fn trunk(workspace: &Workspace, tools: &Tools) -> Command {
    // Trunk starts Cargo by itself, so it gets the same variables that Cargo gets from here.
    let cargo = process::cargo(workspace);
    let mut trunk = Command::new(&tools.trunk);
    for (name, value) in cargo.get_envs() {
        match value {
            Some(value) => trunk.env(name, value),
            None => trunk.env_remove(name),
        };
    }
    trunk.current_dir(workspace.root()).env("PATH", &tools.path).args(["build", "--release"]);
    // By convention any value switches colours off, but Trunk takes it for a flag's and only
    // accepts `true` and `false`.
    if std::env::var_os("NO_COLOR").is_some() {
        trunk.env("NO_COLOR", "true");
    }
    trunk
}

fn inputs(workspace: &Workspace) -> Result<String> {
    let mut fingerprint = Fingerprint::new().text(&toolchain::compiler()?);
    for input in INPUTS {
        fingerprint = fingerprint.text(input).path(&workspace.root().join(input))?;
    }
    Ok(fingerprint.finish())
}

/// Says for which inputs `dist` was built and what came out, so that a `dist` which anything else
/// wrote to does not pass for up to date.
fn stamp_of(inputs: &str, dist: &Path) -> String {
    let outputs = Fingerprint::new().path(dist);
    outputs.map_or_else(|_| String::new(), |outputs| format!("{inputs} {}\n", outputs.finish()))
}

/// Keeps two commands at a time from writing to `dist`. Unlocks when it is dropped.
fn lock(workspace: &Workspace, step: &Step) -> Result<File> {
    let scratch = workspace.scratch();
    let path = scratch.join("frontend.lock");
    let cannot = || format!("cannot lock `{}`", path.display());
    fs::create_dir_all(&scratch).with_context(cannot)?;
    let file = File::create(&path).with_context(cannot)?;
    if file.try_lock().is_err() {
        step.say("waiting for another `cargo xtask` that is building it");
        file.lock().with_context(cannot)?;
    }
    Ok(file)
}

fn remove_leftovers(dist: &Path) -> Result<()> {
    LEFTOVERS.iter().try_for_each(|name| remove(&dist.join(name)))
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.with_context(|| format!("cannot remove `{}`", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_trunk_leaves_behind_is_removed_and_may_be_absent() {
        let dist = tempfile::tempdir().unwrap();
        fs::write(dist.path().join(".trunk-lock"), "").unwrap();
        fs::create_dir(dist.path().join(".stage")).unwrap();
        fs::write(dist.path().join(".stage/half.wasm"), "").unwrap();
        remove_leftovers(dist.path()).unwrap();
        assert_eq!(fs::read_dir(dist.path()).unwrap().count(), 0);
        remove_leftovers(dist.path()).unwrap();
    }

    #[test]
    fn a_stamp_does_not_fit_once_the_output_changed() {
        let dist = tempfile::tempdir().unwrap();
        fs::write(dist.path().join("index.html"), "<p>").unwrap();
        let stamp = stamp_of("inputs", dist.path());
        assert_eq!(stamp_of("inputs", dist.path()), stamp);
        assert_ne!(stamp_of("others", dist.path()), stamp);
        fs::write(dist.path().join("index.html"), "<b>").unwrap();
        assert_ne!(stamp_of("inputs", dist.path()), stamp);
    }
}
