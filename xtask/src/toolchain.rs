//! The parts of the Rust toolchain that a plain installation may lack.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::steps::{Step, Steps};
use crate::workspace::Workspace;

/// What the front end is compiled for.
pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Makes sure that the front end can be compiled to WebAssembly.
pub(crate) fn wasm_target(steps: &Steps) -> Result<()> {
    steps.run("WebAssembly target", |step| {
        // Asking the compiler instead of rustup finds the target where a distribution installed
        // it, and is faster.
        if has_wasm_target()? {
            step.outcome("present");
            return Ok(());
        }
        rustup(step, "target", &[WASM_TARGET])?;
        if !has_wasm_target()? {
            bail!(
                "rustup says that `{WASM_TARGET}` is installed, but rustc does not find it: \
                 is `rustc` on PATH the one that rustup manages?"
            );
        }
        step.outcome("added");
        Ok(())
    })
}

/// Makes sure that there are a formatter and a linter.
pub(crate) fn lint_components(workspace: &Workspace, steps: &Steps) -> Result<()> {
    steps.run("Formatter and linter", |step| {
        let has = |subcommand: &str| {
            process::output(process::cargo(workspace).args([subcommand, "--version"])).is_ok()
        };
        if has("fmt") && has("clippy") {
            step.outcome("present");
            return Ok(());
        }
        rustup(step, "component", &["rustfmt", "clippy"])?;
        step.outcome("added");
        Ok(())
    })
}

/// The compiler's version, commit and host: what is built depends on it.
pub(crate) fn compiler() -> Result<String> {
    process::output(rustc().arg("-vV"))
}

fn has_wasm_target() -> Result<bool> {
    let sysroot = PathBuf::from(process::output(rustc().args(["--print", "sysroot"]))?);
    let libraries = sysroot.join("lib/rustlib").join(WASM_TARGET).join("lib");
    let Ok(entries) = libraries.read_dir() else { return Ok(false) };
    let mut names = entries.flatten().map(|entry| entry.file_name());
    Ok(names.any(|name| name.to_string_lossy().starts_with("libstd-")))
}

fn rustup(step: &Step, kind: &str, what: &[&str]) -> Result<()> {
    let command = format!("rustup {kind} add {}", what.join(" "));
    let Some(rustup) = process::find_on_path("rustup") else {
        bail!(
            "`{}` is missing and there is no `rustup` to add it: install Rust from \
             https://rustup.rs, or the package of your system that contains it",
            what.join("` or `")
        );
    };
    step.say(&format!("adding with `{command}`"));
    process::run(Command::new(rustup).args([kind, "add"]).args(what))
        .with_context(|| format!("`{}` could not be added", what.join("` and `")))
}

fn rustc() -> Command {
    Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}
