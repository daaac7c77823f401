//! axe-core, which looks through a page for what keeps people from using it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::steps::{Step, Steps};
use crate::{process, tools};

const PACKAGE: &str = "axe-core";
const VERSION: &str = "4.14.1";
/// The hash of the package, as npm computes it.
const INTEGRITY: &str = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==";
/// The one file of it that is needed.
const SCRIPT: &str = "axe.min.js";

/// Finds its script, or has npm fetch it, once for all working copies. `None` where that cannot be: the test that needs it says then that
/// it is left out.
pub(crate) fn find_or_fetch(steps: &Steps) -> Result<Option<PathBuf>> {
    let folder = tools::cache_folder()?.join(format!("{PACKAGE}-{VERSION}"));
    let script = folder.join(SCRIPT);
    steps.run(PACKAGE, |step| {
        if !script.is_file()
            && let Err(error) = fetch(&folder, step)
        {
            step.say(&format!("{error:#}"));
            step.outcome("NOT there: the test that needs it is LEFT OUT");
            return Ok(None);
        }
        step.outcome(VERSION);
        Ok(Some(script.clone()))
    })
}

/// Puts the script into a folder. It is moved there as a whole, so that there is never a part of it.
fn fetch(folder: &Path, step: &Step) -> Result<()> {
    step.say("fetching it from npm");
    let scratch = folder.with_extension(format!("{}.part", std::process::id()));
    fs::create_dir_all(&scratch).with_context(|| format!("cannot make `{}`", scratch.display()))?;
    let fetched = unpack(&scratch).and_then(|script| {
        fs::create_dir_all(folder)?;
        fs::rename(script, folder.join(SCRIPT)).context("cannot keep it")
    });
    // What is left of it is in nobody's way.
    let _ = fs::remove_dir_all(&scratch);
    fetched
}

fn unpack(scratch: &Path) -> Result<PathBuf> {
    let mut pack = Command::new("npm");
    pack.args(["pack", "--json", &format!("{PACKAGE}@{VERSION}")]).current_dir(scratch);
    let told = process::output(&mut pack)?;
    if !told.contains(INTEGRITY) {
        bail!("what npm fetched is not the `{PACKAGE}` that is expected here");
    }
    let archive = format!("{PACKAGE}-{VERSION}.tgz");
    let within = format!("package/{SCRIPT}");
    process::output(Command::new("tar").current_dir(scratch).args(["-xzf", &archive, &within]))?;
    Ok(scratch.join(within))
}
