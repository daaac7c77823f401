//! The pinned tools that build the front end: found, or installed once per user.
//!
//! They go to a cache folder keyed by version and outside of any working copy, since building
//! them from source takes minutes that a fresh clone must not pay again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::steps::{Step, Steps};
use crate::workspace::Workspace;

/// Bundles the front end.
const TRUNK: Tool = Tool {
    package: "trunk",
    command: "trunk",
    version: "0.22.1",
    // It declares a newer Rust than it needs. The features that are left out look for updates.
    source_flags: &[
        "--locked",
        "--ignore-rust-version",
        "--no-default-features",
        "--features",
        "rustls",
    ],
    source_minutes: 5,
};

/// Generates the JavaScript side of the WebAssembly; must equal the `wasm-bindgen` of `Cargo.lock`.
const WASM_BINDGEN: Tool = Tool {
    package: "wasm-bindgen-cli",
    command: "wasm-bindgen",
    version: "0.2.130",
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
    /// The Trunk executable.
    pub(crate) trunk: PathBuf,
    /// PATH with the tools on it that Trunk calls by name.
    pub(crate) path: OsString,
}

struct Tool {
    package: &'static str,
    command: &'static str,
    version: &'static str,
    source_flags: &'static [&'static str],
    source_minutes: u32,
}

impl Tools {
    /// Finds the tools, or installs what is missing.
    pub(crate) fn ensure(workspace: &Workspace, steps: &mut Steps) -> Result<Self> {
        steps.run("Front-end tools", |step| {
            let cache = cache_folder()?;
            let trunk = TRUNK.ensure(workspace, &cache, step)?;
            let wasm_bindgen = WASM_BINDGEN.ensure(workspace, &cache, step)?;
            let path = path_with([&trunk, &wasm_bindgen], &cache)?;
            step.outcome(format!(
                "{} {} and {} {}",
                TRUNK.command, TRUNK.version, WASM_BINDGEN.command, WASM_BINDGEN.version
            ));
            Ok(Self { trunk, path })
        })
    }
}

impl Tool {
    fn ensure(&self, workspace: &Workspace, cache: &Path, step: &Step) -> Result<PathBuf> {
        let on_path = process::find_on_path(self.command);
        if let Some(found) = on_path.filter(|file| self.is_version_of(file)) {
            return Ok(found);
        }
        let home = cache.join(format!("{}-{}", self.package, self.version));
        let installed = home.join("bin").join(self.command);
        if self.is_version_of(&installed) {
            return Ok(installed);
        }
        if !self.install_prebuilt(workspace, &home, step) || !self.is_version_of(&installed) {
            self.install_from_source(workspace, &home, step)?;
        }
        if !self.is_version_of(&installed) {
            bail!(
                "`{}` was installed but does not answer as version {}: remove `{}` and try again",
                installed.display(),
                self.version,
                home.display()
            );
        }
        Ok(installed)
    }

    /// Running it is the only proof that an installation is complete.
    fn is_version_of(&self, file: &Path) -> bool {
        process::is_executable(file)
            && process::output(Command::new(file).arg("--version"))
                .is_ok_and(|said| said.split_whitespace().any(|word| word == self.version))
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

/// PATH with the folders of those tools in front that come from the cache. The others are the
/// first of their name on PATH already, and moving their folders forward would change which
/// program other names find.
fn path_with<const N: usize>(tools: [&Path; N], cache: &Path) -> Result<OsString> {
    let cached = tools.iter().filter(|tool| tool.starts_with(cache));
    let mut folders =
        cached.filter_map(|tool| tool.parent()).map(PathBuf::from).collect::<Vec<_>>();
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    env::join_paths(folders).context("the cache folder's path contains a `:`")
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
             `xtask/src/tools.rs` and `Trunk.toml`",
            WASM_BINDGEN.version
        );
    }

    #[test]
    fn trunk_is_told_the_same_version_of_wasm_bindgen() {
        let config = concat!(env!("CARGO_MANIFEST_DIR"), "/../Trunk.toml");
        let config = fs::read_to_string(config).unwrap();
        assert!(config.contains(&format!("wasm_bindgen = \"{}\"", WASM_BINDGEN.version)));
    }

    #[test]
    fn a_tool_of_another_version_or_one_that_fails_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        assert!(TRUNK.is_version_of(&fake_tool(folder.path(), "echo trunk 0.22.1")));
        assert!(!TRUNK.is_version_of(&fake_tool(folder.path(), "echo trunk 0.22.10")));
        assert!(!TRUNK.is_version_of(&fake_tool(folder.path(), "echo trunk 0.22.1; exit 1")));
        assert!(!TRUNK.is_version_of(&folder.path().join("absent")));
    }

    #[test]
    fn only_tools_from_the_cache_move_to_the_front_of_the_path() {
        let cache = Path::new("/cache");
        let tools = [Path::new("/cache/trunk-1/bin/trunk"), Path::new("/usr/bin/wasm-bindgen")];
        let path = path_with(tools, cache).unwrap();
        let folders = env::split_paths(&path).collect::<Vec<_>>();
        assert_eq!(folders[0], Path::new("/cache/trunk-1/bin"));
        let before = env::split_paths(&env::var_os("PATH").unwrap()).collect::<Vec<_>>();
        assert_eq!(folders[1..], before);
    }
}
