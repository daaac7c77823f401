//! The folder of projections: a JavaScript file for each, named after it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::folds::Script;

/// How long a file may be, in bytes: what is longer is no projection.
const MAX_BYTES: u64 = 256 * 1024;

/// The files of a folder by the names of their projections; each with its script, or why it cannot be read.
pub(crate) type Files = BTreeMap<String, Result<Script, String>>;

/// Why there are no projections.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be read.
    #[error("the folder `{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no file for a projection.
    #[error("the folder `{}` has no file `{name}.js`", path.display())]
    NoFile {
        /// The folder.
        path: PathBuf,
        /// The projection.
        name: String,
    },
}

/// How the keys of the rebuild of a projection are named after it.
const REBUILD: &str = ":next";

/// Reads the files of a folder.
///
/// # Errors
/// If it is none.
pub(crate) fn read(folder: &Path) -> Result<Files, FolderError> {
    let unreadable = |source| FolderError::Unreadable { path: folder.to_owned(), source };
    let mut files = Files::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_script = path.extension().is_some_and(|extension| extension == "js");
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        if is_script && !name.starts_with('.') {
            files
                .insert(name.to_owned(), read_file(&path, name).map_err(|error| error.to_string()));
        }
    }
    Ok(files)
}

/// The names of the projections in a folder; none where it cannot be read.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let name = |path: PathBuf| {
        let is_script = path.extension().is_some_and(|extension| extension == "js");
        let name = path.file_stem()?.to_str()?;
        (is_script && !name.starts_with('.')).then(|| name.to_owned())
    };
    entries.flatten().filter_map(|entry| name(entry.path())).collect()
}

/// Reads the file of one projection.
///
/// # Errors
/// If there is none.
pub(crate) fn read_one(folder: &Path, name: &str) -> Result<Script, FolderError> {
    let is_name = !name.is_empty() && !name.contains(['/', '\\', '\0']);
    let no_file = || FolderError::NoFile { path: folder.to_owned(), name: name.to_owned() };
    if !is_name {
        return Err(no_file());
    }
    let path = folder.join(format!("{name}.js"));
    read_file(&path, name).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => no_file(),
        _ => FolderError::Unreadable { path, source },
    })
}

fn read_file(path: &Path, name: &str) -> io::Result<Script> {
    if name.ends_with(REBUILD) {
        let message = format!("a name that ends with `{REBUILD}` is that of a rebuild; rename it");
        return Err(io::Error::other(message));
    }
    if std::fs::metadata(path)?.len() > MAX_BYTES {
        let message = format!("it is longer than {} KiB", MAX_BYTES / 1024);
        return Err(io::Error::other(message));
    }
    let source = std::fs::read_to_string(path)?;
    Ok(Script { name: format!("{name}.js"), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_projection_unless_its_name_is_that_of_a_rebuild() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["orders.js", "orders:next.js", ".hidden.js", "README.md"] {
            std::fs::write(folder.path().join(name), "export default {}").unwrap();
        }
        let files = read(folder.path()).unwrap();
        assert_eq!(files.len(), 2);
        assert_eq!(files["orders"].as_ref().unwrap().name, "orders.js");
        assert!(files["orders:next"].as_ref().unwrap_err().contains("rename it"));
        assert!(read_one(folder.path(), "orders:next").is_err());
        assert!(matches!(read_one(folder.path(), "none"), Err(FolderError::NoFile { .. })));
    }
}
