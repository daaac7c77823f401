//! The pinned tools that build the front end: found, or installed once per user.
//!
//! They go to a cache folder keyed by version and outside of any working copy, since building
//! them from source takes minutes that a fresh clone must not pay again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::steps::{Step, Steps};
use crate::workspace::Workspace;

/// Takes the program apart where a page is fetched only when it is shown. Understands what the
/// `wasm_split_helpers` of `Cargo.lock` leaves in it.
const WASM_SPLIT: Tool = Tool {
    package: "wasm_split_cli_support",
    command: "wasm-split-cli",
    version: "0.2.4",
    tells_version: false,
    source_flags: &["--locked", "--features", "build-binary"],
    source_minutes: 1,
};

/// Generates the JavaScript side of the WebAssembly; must equal the `wasm-bindgen` of `Cargo.lock`.
const WASM_BINDGEN: Tool = Tool {
    package: "wasm-bindgen-cli",
    command: "wasm-bindgen",
    version: "0.2.130",
    tells_version: true,
    // Not `--locked`: its lock file names a crate version that the registry no longer serves.
    source_flags: &[],
    source_minutes: 3,
};

/// Both tools run for seconds, so compiling them fast matters more than their own speed.
const QUICK_RELEASE_PROFILE: [(&str, &str); 3] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
];

/// Tools that are ready to use.
pub(crate) struct Tools {
    /// The executable that splits.
    pub(crate) wasm_split: PathBuf,
    /// The executable that generates JavaScript.
    pub(crate) wasm_bindgen: PathBuf,
}

struct Tool {
    package: &'static str,
    command: &'static str,
    version: &'static str,
    /// Whether it answers `--version`. Of one that does not, only what was installed as this
    /// version is used.
    tells_version: bool,
    source_flags: &'static [&'static str],
    source_minutes: u32,
}

impl Tools {
    /// Finds the tools, or installs what is missing.
    pub(crate) fn ensure(workspace: &Workspace, steps: &mut Steps) -> Result<Self> {
        steps.run("Front-end tools", |step| {
            let cache = cache_folder()?;
            let wasm_split = WASM_SPLIT.ensure(workspace, &cache, step)?;
            let wasm_bindgen = WASM_BINDGEN.ensure(workspace, &cache, step)?;
            step.outcome(format!(
                "{} {} and {} {}",
                WASM_SPLIT.command, WASM_SPLIT.version, WASM_BINDGEN.command, WASM_BINDGEN.version
            ));
            Ok(Self { wasm_split, wasm_bindgen })
        })
    }
}

impl Tool {
    fn ensure(&self, workspace: &Workspace, cache: &Path, step: &Step) -> Result<PathBuf> {
        let on_path = process::find_on_path(self.command).filter(|_| self.tells_version);
        if let Some(found) = on_path.filter(|file| self.works(file)) {
            return Ok(found);
        }
        let home = cache.join(format!("{}-{}", self.package, self.version));
        let installed = home.join("bin").join(self.command);
        if self.works(&installed) {
            return Ok(installed);
        }
        if !self.install_prebuilt(workspace, &home, step) || !self.works(&installed) {
            self.install_from_source(workspace, &home, step)?;
        }
        if !self.works(&installed) {
            bail!(
                "`{}` was installed but does not answer as version {}: remove `{}` and try again",
                installed.display(),
                self.version,
                home.display()
            );
        }
        Ok(installed)
    }

    /// Whether this is the tool, and in its version as far as it tells. Running it is the only proof
    /// that an installation is complete.
    fn works(&self, file: &Path) -> bool {
        let question = if self.tells_version { "--version" } else { "--help" };
        process::is_executable(file)
            && process::output(Command::new(file).arg(question)).is_ok_and(|said| {
                !self.tells_version || said.split_whitespace().any(|word| word == self.version)
            })
    }

    /// Whether a prebuilt binary was installed; any failure just leaves the way from source.
    fn install_prebuilt(&self, workspace: &Workspace, home: &Path, step: &Step) -> bool {
        if process::output(process::cargo(workspace).args(["binstall", "-V"])).is_err() {
            return false;
        }
        step.say(&format!("downloading {} {} with `cargo binstall`", self.package, self.version));
        let installed = process::run(
            process::cargo(workspace)
                .args(["binstall", "--no-confirm", "--disable-strategies", "compile", "--root"])
                .arg(home)
                .arg(format!("{}@{}", self.package, self.version)),
        );
        if let Err(error) = &installed {
            step.say(&format!("{error}; building it from source instead"));
        }
        installed.is_ok()
    }

    fn install_from_source(&self, workspace: &Workspace, home: &Path, step: &Step) -> Result<()> {
        step.say(&format!(
            "building {} {} from source, once for all working copies: about {} minutes",
            self.package, self.version, self.source_minutes
        ));
        // A folder of its own lets an interrupted build go on where it was.
        let scratch = home.join("build");
        process::run(
            process::cargo(workspace)
                .args(["install", "--force", self.package, "--version", self.version])
                .args(self.source_flags)
                .arg("--root")
                .arg(home)
                .env("CARGO_TARGET_DIR", &scratch)
                .envs(QUICK_RELEASE_PROFILE),
        )
        .with_context(|| format!("{} {} could not be built", self.package, self.version))?;
        fs::remove_dir_all(&scratch)
            .with_context(|| format!("cannot remove `{}`", scratch.display()))
    }
}

fn cache_folder() -> Result<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache =
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let cache = cache.context("neither `XDG_CACHE_HOME` nor `HOME` is set to an absolute path")?;
    Ok(cache.join("rewind/tools"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn fake_tool(folder: &Path, says: &str) -> PathBuf {
        let file = folder.join("tool");
        fs::write(&file, format!("#!/bin/sh\n{says}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    }

    #[test]
    fn wasm_bindgen_is_the_version_in_the_lock_file() {
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock");
        let lock = fs::read_to_string(lock).unwrap();
        let locked = format!("name = \"wasm-bindgen\"\nversion = \"{}\"\n", WASM_BINDGEN.version);
        assert!(
            lock.contains(&locked),
            "`Cargo.lock` has another version of wasm-bindgen than {}: change it in \
             `xtask/src/tools.rs`",
            WASM_BINDGEN.version
        );
    }

    #[test]
    fn a_tool_of_another_version_or_one_that_fails_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let works = |says| WASM_BINDGEN.works(&fake_tool(folder.path(), says));
        assert!(works("echo wasm-bindgen 0.2.130"));
        assert!(!works("echo wasm-bindgen 0.2.13"));
        assert!(!works("echo wasm-bindgen 0.2.130; exit 1"));
        assert!(!WASM_BINDGEN.works(&folder.path().join("absent")));
    }

    #[test]
    fn a_tool_that_does_not_tell_its_version_must_run_at_least() {
        let folder = tempfile::tempdir().unwrap();
        assert!(WASM_SPLIT.works(&fake_tool(folder.path(), "echo how to use it")));
        assert!(!WASM_SPLIT.works(&fake_tool(folder.path(), "exit 1")));
    }
}
