//! Writing the file of a fold, so that nobody's change is lost and nobody ever reads half of it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use rewind_app::api::fold_tag;

/// Why a file was not written.
#[derive(Debug)]
pub(super) enum WriteError {
    /// Something else stands there than was expected: this, or nothing.
    Changed(Option<String>),
    /// The system refuses.
    Io(io::Error),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What stands in a file; `None` if there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The tag of what stands in a file, empty where there is none.
pub(super) fn tag_of(source: Option<&str>) -> String {
    source.map(fold_tag).unwrap_or_default()
}

/// Writes a file in a folder where `expected` is the tag of what stands there. Its mode stays, and where it is a link, the link stays
/// and what it leads to is written.
///
/// Whoever reads it meanwhile gets the old text or the new one. Several servers may share the folder.
pub(super) fn write(
    folder: &Path,
    name: &str,
    expected: &str,
    source: &str,
) -> Result<(), WriteError> {
    // Released when it is dropped.
    let lock = File::open(folder)?;
    lock.lock()?;
    let path = target(&folder.join(name))?;
    let current = read(&path)?;
    if tag_of(current.as_deref()) != expected {
        return Err(WriteError::Changed(current));
    }
    let beside = path.parent().unwrap_or(folder);
    let mut written = beside_file(&path, beside)?;
    written.write_all(source.as_bytes())?;
    written.as_file().sync_all()?;
    written.persist(&path).map_err(|error| error.error)?;
    // Makes the new name last as well; where the system cannot do that, the file itself is safe.
    if let Ok(beside) = File::open(beside) {
        let _ = beside.sync_all();
    }
    Ok(())
}

/// Where a file really is.
fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.is_symlink() => fs::canonicalize(path),
        _ => Ok(path.to_owned()),
    }
}

/// A new file beside another one, under a name of its own, with the mode that the other has or a new file would have. It is removed
/// when it is dropped.
fn beside_file(path: &Path, folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".rewind-").suffix(".tmp");
    match fs::metadata(path) {
        Ok(about) if about.permissions().readonly() => {
            Err(io::Error::new(io::ErrorKind::PermissionDenied, "it may only be read"))
        }
        Ok(about) => {
            let file = builder.tempfile_in(folder)?;
            file.as_file().set_permissions(about.permissions())?;
            Ok(file)
        }
        Err(_) => {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                // The system takes away what new files must not have.
                builder.permissions(fs::Permissions::from_mode(0o666));
            }
            builder.tempfile_in(folder)
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn save(folder: &Path, before: Option<&str>, source: &str) -> Result<(), WriteError> {
        write(folder, "Order.js", &tag_of(before), source)
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_stands_there_is_replaced_only_by_who_has_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Order.js");
        save(folder.path(), None, "one").unwrap();
        assert!(
            matches!(save(folder.path(), None, "two"), Err(WriteError::Changed(Some(now))) if now == "one")
        );
        save(folder.path(), Some("one"), "two").unwrap();
        assert!(matches!(save(folder.path(), Some("one"), "x"), Err(WriteError::Changed(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        fs::remove_file(&path).unwrap();
        assert!(matches!(save(folder.path(), Some("two"), "x"), Err(WriteError::Changed(None))));
        assert_eq!(names(folder.path()), [""; 0]);
    }

    #[test]
    fn of_many_at_the_same_time_one_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        save(folder.path(), None, "before").unwrap();
        let saved: Vec<String> = std::thread::scope(|scope| {
            let save = |number: usize| {
                let (folder, source) = (folder.path(), format!("by {number}"));
                scope.spawn(move || save(folder, Some("before"), &source).is_ok().then_some(source))
            };
            let all: Vec<_> = (0..16).map(save).collect();
            all.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(saved, [fs::read_to_string(folder.path().join("Order.js")).unwrap()]);
        assert_eq!(names(folder.path()), ["Order.js"]);
    }

    #[test]
    fn the_mode_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Order.js");
        save(folder.path(), None, "one").unwrap();
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode() & 0o600, 0o600);
        assert_eq!(mode() & 0o111, 0);
        for wanted in [0o600, 0o664, 0o755] {
            fs::set_permissions(&path, fs::Permissions::from_mode(wanted)).unwrap();
            let now = fs::read_to_string(&path).unwrap();
            save(folder.path(), Some(&now), &format!("{now}.")).unwrap();
            assert_eq!(mode(), wanted);
        }
    }

    #[test]
    fn what_may_only_be_read_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Order.js");
        fs::write(&path, "one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(save(folder.path(), Some("one"), "two"), Err(WriteError::Io(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(names(folder.path()), ["Order.js"]);
    }

    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let kept = elsewhere.path().join("kept.js");
        fs::write(&kept, "one").unwrap();
        let link = folder.path().join("Order.js");
        symlink(&kept, &link).unwrap();
        save(folder.path(), Some("one"), "two").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&kept).unwrap(), "two");
        assert_eq!((names(folder.path()).len(), names(elsewhere.path()).len()), (1, 1));

        fs::remove_file(&kept).unwrap();
        assert!(matches!(save(folder.path(), None, "three"), Err(WriteError::Io(_))));
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}
