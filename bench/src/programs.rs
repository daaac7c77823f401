//! Where the programs are that take part.

use std::env;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// The `rewind` binary to measure: the one that `REWIND_BIN` names, else the one that lies beside this program.
pub(crate) fn rewind() -> Result<PathBuf> {
    if let Some(chosen) = chosen("REWIND_BIN")? {
        return Ok(chosen);
    }
    let own = env::current_exe().context("cannot tell where this program is")?;
    let beside = own.with_file_name("rewind");
    if !beside.is_file() {
        bail!(
            "there is no `rewind` to measure: run `cargo xtask bench`, which builds it, or set `REWIND_BIN` to its path"
        );
    }
    if own.parent().is_some_and(|folder| folder.ends_with("debug")) {
        bail!("`{}` is not optimised: run `cargo xtask bench`", beside.display());
    }
    Ok(beside)
}

/// The Redis or Valkey server to start.
pub(crate) fn redis_server() -> Result<PathBuf> {
    find("REWIND_REDIS_SERVER", &["redis-server", "valkey-server"])?
        .context("there is no `redis-server` on PATH: install Redis or Valkey")
}

/// The program that drives the browser, where there is one.
pub(crate) fn chromedriver() -> Result<Option<PathBuf>> {
    let names = [
        "chromedriver",
        "/usr/lib/chromium/chromedriver",
        "/usr/lib/chromium-browser/chromedriver",
    ];
    find("REWIND_CHROMEDRIVER", &names)
}

/// The browser, where there is one under a name that we know. ChromeDriver may know another.
pub(crate) fn chromium() -> Result<Option<PathBuf>> {
    let names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
    find("REWIND_CHROMIUM", &names)
}

fn find(variable: &str, names: &[&str]) -> Result<Option<PathBuf>> {
    if let Some(chosen) = chosen(variable)? {
        return Ok(Some(chosen));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    Ok(names.iter().find_map(|name| on_path(&folders, name)))
}

fn on_path(folders: &[PathBuf], name: &str) -> Option<PathBuf> {
    // Joining an absolute path gives that path.
    folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// What a variable names. Taken as it is: some programs are links, and go by the name under which they were called.
fn chosen(variable: &str) -> Result<Option<PathBuf>> {
    let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) else { return Ok(None) };
    let path = PathBuf::from(path);
    if !path.is_file() {
        bail!("`{variable}` names `{}`, which is no file", path.display());
    }
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_on_the_path_or_by_its_full_name() {
        let folders = [PathBuf::from("/nowhere"), PathBuf::from("/bin")];
        assert_eq!(on_path(&folders, "sh"), Some("/bin/sh".into()));
        assert_eq!(on_path(&folders[..1], "/bin/sh"), Some("/bin/sh".into()));
        assert_eq!(on_path(&folders, "frobnicate-that-nobody-has"), None);
    }
}
