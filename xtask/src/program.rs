//! The program that runs in the browser: compiled, split into what the first page needs and what
//! each of the others adds, and joined to JavaScript.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::steps::Step;
use crate::toolchain::WASM_TARGET;
use crate::tools::Tools;
use crate::workspace::Workspace;
use crate::{artifact, process};

const PACKAGE: &str = "rewind-frontend";

/// How the main files are called, which `frontend/index.html` names.
const NAME: &str = "rewind";

/// What fetches the other parts. The splitter calls it so, and the main part imports it.
const LOADER: &str = "__wasm_split.js";

/// Makes all files of the program in `assets`, with `scratch` for what is only needed on the way.
pub(crate) fn build(
    workspace: &Workspace,
    tools: &Tools,
    scratch: &Path,
    assets: &Path,
    step: &Step,
) -> Result<()> {
    step.say("compiling");
    let whole = compile(workspace)?;
    step.say("splitting");
    let main = split(tools, &whole, scratch, assets)?;
    bind(tools, &main, assets)
}

fn compile(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = process::cargo(workspace);
    cargo.args(["build", "--locked", "--package", PACKAGE]);
    cargo.args(["--target", WASM_TARGET, "--profile", "wasm-release"]);
    artifact::build(cargo, &format!("{PACKAGE}.wasm"))
}

/// Puts the parts and what loads them into `assets`, and returns the main part, which is not ready
/// for browsers yet.
fn split(tools: &Tools, whole: &Path, scratch: &Path, assets: &Path) -> Result<PathBuf> {
    let mut splitter = Command::new(&tools.wasm_split);
    splitter.arg(whole).arg(scratch).args(["--out-name", NAME]);
    process::run(&mut splitter).with_context(|| {
        format!(
            "the program did not come apart; if `RUSTFLAGS` is set, unset it: it takes the place \
             of the flags for `{WASM_TARGET}` in `.cargo/config.toml`"
        )
    })?;
    let main = scratch.join(format!("{NAME}.wasm"));
    for file in files(scratch)? {
        let name = file.file_name().unwrap_or_default();
        if file != main && file.extension().is_some_and(|ending| ending == "wasm") {
            move_to(&file, &assets.join(name))?;
        }
    }
    move_to(&scratch.join(LOADER), &assets.join(LOADER))?;
    Ok(main)
}

fn bind(tools: &Tools, main: &Path, assets: &Path) -> Result<()> {
    let mut wasm_bindgen = Command::new(&tools.wasm_bindgen);
    wasm_bindgen.args(["--target", "web", "--no-typescript", "--out-name", NAME]);
    // The other parts find the main one's functions and memory by their own names.
    wasm_bindgen.args(["--keep-lld-exports", "--no-demangle"]);
    wasm_bindgen.args(["--remove-name-section", "--remove-producers-section"]);
    process::run(wasm_bindgen.arg("--out-dir").arg(assets).arg(main))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("cannot read `{}`", folder.display());
    let entries = folder.read_dir().with_context(unreadable)?;
    entries.map(|entry| Ok(entry.with_context(unreadable)?.path())).collect()
}

fn move_to(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to)
        .with_context(|| format!("cannot move `{}` to `{}`", from.display(), to.display()))
}
