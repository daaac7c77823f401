//! The Redis and Valkey servers that the store's tests are run on, one after the other: all that a folder has.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::tools;

/// A server to test on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Engine {
    /// The name of its folder, such as `valkey-9.1`.
    pub(crate) name: String,
    /// The program.
    pub(crate) program: PathBuf,
}

/// The folder in which engines are looked for unless another one is named.
pub(crate) fn folder() -> Result<PathBuf> {
    Ok(tools::user_cache()?.join("rewind-engines"))
}

/// The engines of a folder: each folder in it that has a `redis-server` or `valkey-server`, by name.
pub(crate) fn find(folder: &Path) -> Result<Vec<Engine>> {
    let mut engines = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let home = entry.with_context(|| format!("cannot read `{}`", folder.display()))?.path();
        let program = ["redis-server", "valkey-server"]
            .into_iter()
            .map(|name| home.join(name))
            .find(|program| program.is_file());
        if let (Some(program), Some(name)) = (program, home.file_name()) {
            engines.push(Engine { name: name.to_string_lossy().into_owned(), program });
        }
    }
    if engines.is_empty() {
        bail!(
            "there is no engine in `{}`; put each into a folder of its own there, as `redis-7.2/redis-server`, or name another folder with `--engines=DIR`",
            folder.display()
        );
    }
    engines.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(engines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_folders_with_a_server() {
        let folder = tempfile::tempdir().unwrap();
        assert!(find(folder.path()).unwrap_err().to_string().contains("--engines"));
        for (name, program) in
            [("valkey-9.1", "valkey-server"), ("redis-6.2", "redis-server"), ("other", "README")]
        {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join(program), "").unwrap();
        }
        let names: Vec<String> =
            find(folder.path()).unwrap().into_iter().map(|engine| engine.name).collect();
        assert_eq!(names, ["redis-6.2", "valkey-9.1"]);
    }
}
