//! Tools of others that some commands use: found, or installed once per user.
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

/// Serves the front end to whoever works on it.
pub(crate) const TRUNK: Tool = Tool {
    name: "Trunk",
    package: "trunk",
    command: "trunk",
    version: "0.22.1",
    // It asks for a newer compiler than it needs. `rustls` is the smallest of the features of which it must have one.
    source_flags: &[
        "--locked",
        "--ignore-rust-version",
        "--no-default-features",
        "--features",
        "rustls",
    ],
};

/// Checks licences, sources and advisories of the dependencies.
pub(crate) const CARGO_DENY: Tool = Tool {
    name: "cargo-deny",
    package: "cargo-deny",
    command: "cargo-deny",
    version: "0.20.2",
    source_flags: &["--locked"],
};

/// A tool that is pinned to a version.
pub(crate) struct Tool {
    /// How its step is called.
    name: &'static str,
    package: &'static str,
    command: &'static str,
    version: &'static str,
    source_flags: &'static [&'static str],
}

impl Tool {
    /// What it is called.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Finds the tool, or installs it.
    pub(crate) fn ensure(&self, workspace: &Workspace, steps: &Steps) -> Result<PathBuf> {
        steps.run(self.name, |step| {
            let found = match self.find()? {
                Some(found) => found,
                None => self.install(workspace, step)?,
            };
            step.outcome(format!("{} {}", self.command, self.version));
            Ok(found)
        })
    }

    /// The tool, where it is on PATH or was installed before.
    pub(crate) fn find(&self) -> Result<Option<PathBuf>> {
        let on_path = process::find_on_path(self.command);
        let candidates = [on_path, Some(self.installed(&self.home()?))];
        Ok(candidates.into_iter().flatten().find(|file| self.works(file)))
    }

    fn install(&self, workspace: &Workspace, step: &Step) -> Result<PathBuf> {
        let home = self.home()?;
        let installed = self.installed(&home);
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

    fn home(&self) -> Result<PathBuf> {
        Ok(cache_folder()?.join(format!("{}-{}", self.package, self.version)))
    }

    fn installed(&self, home: &Path) -> PathBuf {
        home.join("bin").join(self.command)
    }

    /// Whether this is the tool in its version. Running it is the only proof that an installation is complete.
    fn works(&self, file: &Path) -> bool {
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
            "building {} {} from source, once for all working copies: some minutes",
            self.package, self.version
        ));
        // A folder of its own lets an interrupted build go on where it was.
        let scratch = home.join("build");
        process::run(
            process::cargo(workspace)
                // Unoptimised: they have little to do, and would take three times as long to build.
                .args(["install", "--force", "--debug", self.package, "--version", self.version])
                .args(self.source_flags)
                .arg("--root")
                .arg(home)
                .env("CARGO_TARGET_DIR", &scratch)
                .env("CARGO_PROFILE_DEV_DEBUG", "false")
                .env("CARGO_INCREMENTAL", "0"),
        )
        .with_context(|| format!("{} {} could not be built", self.package, self.version))?;
        fs::remove_dir_all(&scratch)
            .with_context(|| format!("cannot remove `{}`", scratch.display()))
    }
}

/// Where what is built once per user is kept.
pub(crate) fn cache_folder() -> Result<PathBuf> {
    Ok(user_cache()?.join("rewind/tools"))
}

/// Where programs keep what they can make again.
pub(crate) fn user_cache() -> Result<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache =
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    cache.context("neither `XDG_CACHE_HOME` nor `HOME` is set to an absolute path")
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
    fn a_tool_of_another_version_or_one_that_fails_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let works = |says| TRUNK.works(&fake_tool(folder.path(), says));
        assert!(works("echo trunk 0.22.1"));
        assert!(!works("echo trunk 0.22.10"));
        assert!(!works("echo trunk 0.22.1; exit 1"));
        assert!(!TRUNK.works(&folder.path().join("absent")));
    }
}
