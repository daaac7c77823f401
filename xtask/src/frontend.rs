//! The front end: the program, the document and their compressed siblings; left alone while nothing
//! changed.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::fingerprint::Fingerprint;
use crate::steps::{Step, Steps};
use crate::tools::Tools;
use crate::workspace::Workspace;
use crate::{compress, document, program, toolchain};

/// What the front end is made of.
const INPUTS: [&str; 11] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "app",
    "domain",
    "frontend",
    "style",
    "xtask/src/compress.rs",
    "xtask/src/document.rs",
    "xtask/src/program.rs",
    "xtask/src/tools.rs",
];

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
        make(workspace, tools, &dist, step)?;
        step.say("compressing");
        let weight = compress::compress(&dist)?;
        fs::write(&stamp, stamp_of(&inputs, &dist))
            .with_context(|| format!("cannot write `{}`", stamp.display()))?;
        let kilobytes = weight.transferred_bytes.div_ceil(1000);
        step.outcome(format!("{} files, {kilobytes} KB with Brotli", weight.files));
        Ok(())
    })
}

/// Makes all files of the front end, in place of those that `dist` has.
fn make(workspace: &Workspace, tools: &Tools, dist: &Path, step: &Step) -> Result<()> {
    let scratch = workspace.scratch().join("frontend");
    let assets = scratch.join("assets");
    remove(&scratch)?;
    fs::create_dir_all(&assets).with_context(|| format!("cannot create `{}`", assets.display()))?;
    program::build(workspace, tools, &scratch, &assets, step)?;
    document::assets(workspace, &assets)?;
    let fingerprint = Fingerprint::new().path(&assets)?.finish();
    let (document, folder) = document::document(workspace, &fingerprint)?;
    remove(dist)?;
    copy(&assets, &dist.join(folder))?;
    let index = dist.join("index.html");
    fs::write(&index, document).with_context(|| format!("cannot write `{}`", index.display()))
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

/// Copies the files of a folder, rather than moving it: `target` may be on another file system.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let cannot = || format!("cannot copy `{}` to `{}`", from.display(), to.display());
    fs::create_dir_all(to).with_context(cannot)?;
    for entry in from.read_dir().with_context(cannot)? {
        let file = entry.with_context(cannot)?;
        fs::copy(file.path(), to.join(file.file_name())).with_context(cannot)?;
    }
    Ok(())
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
