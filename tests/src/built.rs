//! What the tests start that is not part of them: the server's binary and the front end that it shows.
//!
//! `cargo xtask test` builds both and names the binary. A plain `cargo test` does not; then they are built here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The `rewind` that `REWIND_BIN` names, else the one that Cargo builds of the working copy.
///
/// # Panics
/// Where it cannot be built.
pub fn rewind_binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY
        .get_or_init(|| match std::env::var_os("REWIND_BIN") {
            Some(chosen) => chosen.into(),
            None => build_binary(),
        })
        .clone()
}

/// Makes sure that there is a front end for the server to show.
///
/// # Panics
/// Where there is none and it cannot be built.
pub fn need_front_end() {
    static THERE: OnceLock<()> = OnceLock::new();
    THERE.get_or_init(|| {
        if !workspace().join("dist/index.html").is_file() {
            eprintln!("there is no front end in `dist`: `cargo xtask build --front-end` makes it");
            let built = cargo().args(["xtask", "build", "--front-end"]).status().unwrap();
            assert!(built.success(), "`cargo xtask build --front-end` failed ({built})");
        }
    });
}

/// Cargo, as someone would run it in the working copy.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(workspace()).stdin(Stdio::null());
    // What Cargo says about the package under test would have build scripts run again that watch it.
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The root of the working copy.
#[must_use]
pub fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

fn build_binary() -> PathBuf {
    // With the tests, so that crates that both use are built once.
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let built = cargo()
        .args(["build", "--quiet", "--locked", "--bin", "rewind", "--tests", "--profile", profile])
        .status()
        .unwrap();
    assert!(built.success(), "`cargo build --bin rewind` failed ({built})");
    // Tests lie in `deps`, beside which the binaries are.
    let test = std::env::current_exe().unwrap();
    let binary = test.parent().and_then(Path::parent).unwrap().join("rewind");
    assert!(binary.is_file(), "`{}` was not built: name it in `REWIND_BIN`", binary.display());
    binary
}
