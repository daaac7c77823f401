//! A fingerprint of files: equal as long as nothing was changed, added, renamed or removed.
//!
//! Contents are read rather than times compared, since a checkout changes times without changing
//! anything, and can bring back an older file that differs from what was built.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Collects what a result depends on.
pub(crate) struct Fingerprint {
    hasher: DefaultHasher,
}

impl Fingerprint {
    /// Of nothing yet.
    pub(crate) fn new() -> Self {
        Self { hasher: DefaultHasher::new() }
    }

    /// Adds a text that the result depends on.
    pub(crate) fn text(mut self, text: &str) -> Self {
        text.hash(&mut self.hasher);
        self
    }

    /// Adds a file, or a folder with everything in it. That there is none counts too.
    pub(crate) fn path(mut self, path: &Path) -> Result<Self> {
        self.visit(path, path)?;
        Ok(self)
    }

    /// The fingerprint of all that was added.
    pub(crate) fn finish(self) -> String {
        format!("{:016x}", self.hasher.finish())
    }

    fn visit(&mut self, base: &Path, path: &Path) -> Result<()> {
        // Relative to what was asked for, so that a working copy can be moved.
        path.strip_prefix(base).unwrap_or(path).hash(&mut self.hasher);
        let unreadable = || format!("cannot read `{}`", path.display());
        let meta = match fs::metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                "absent".hash(&mut self.hasher);
                return Ok(());
            }
            meta => meta.with_context(unreadable)?,
        };
        if meta.is_dir() {
            let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let mut names = entries
                .with_context(unreadable)?
                .iter()
                .map(fs::DirEntry::file_name)
                .collect::<Vec<_>>();
            // Hidden files are those of editors.
            names.retain(|name| !name.to_string_lossy().starts_with('.'));
            names.sort();
            names.iter().try_for_each(|name| self.visit(base, &path.join(name)))
        } else {
            fs::read(path).with_context(unreadable)?.hash(&mut self.hasher);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folder: &Path) -> String {
        Fingerprint::new().path(folder).unwrap().finish()
    }

    #[test]
    fn it_changes_with_contents_names_and_missing_files_but_not_with_times() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir(root.join("src")).unwrap();
        fs::write(root.join("src/a.rs"), "1").unwrap();
        let first = of(root);

        fs::write(root.join("src/a.rs"), "1").unwrap();
        fs::write(root.join("src/.a.rs.swp"), "an editor's").unwrap();
        assert_eq!(of(root), first);

        fs::write(root.join("src/a.rs"), "2").unwrap();
        let changed = of(root);
        assert_ne!(changed, first);

        fs::rename(root.join("src/a.rs"), root.join("src/b.rs")).unwrap();
        let renamed = of(root);
        assert_ne!(renamed, changed);

        fs::remove_file(root.join("src/b.rs")).unwrap();
        assert_ne!(of(root), renamed);
        assert_ne!(of(root), of(&root.join("absent")));
    }

    #[test]
    fn it_does_not_depend_on_where_the_folder_is() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for folder in [&one, &other] {
            fs::write(folder.path().join("a"), "1").unwrap();
        }
        assert_eq!(of(one.path()), of(other.path()));
    }
}
