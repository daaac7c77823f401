//! The folder of folds.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rewind_domain::{DeepMerge, Fold, FoldError, FoldErrorKind, StreamKey};
use rewind_script::{Limits, ScriptFold};

use super::saving::{self, WriteError};

/// For how long a file is taken to be what it was when it was looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// How long a file may be, in bytes: what is longer is no fold.
const MAX_BYTES: u64 = 256 * 1024;

/// The folds of all types of aggregates: those that have a file, and the default for the others.
///
/// A file is read when its fold is needed, and again once it has changed.
pub struct Library {
    folder: Option<PathBuf>,
    is_editable: bool,
    limits: Limits,
    files: Mutex<HashMap<String, Known>>,
}

/// The file of a type.
#[derive(Clone)]
pub struct FoldFile {
    /// Its name within the folder.
    pub name: String,
    /// What is in it.
    pub source: Arc<str>,
    /// The fold, or why it is none.
    pub fold: Result<Arc<ScriptFold>, FoldError>,
}

/// Why a fold was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The server was not started with permission to.
    #[error(
        "this server does not save folds; download the file, or start the server with `--folds DIR --allow-fold-edits`"
    )]
    Forbidden,
    /// There is no file name for the aggregate.
    #[error(
        "stream `{0}` has no type to name a file after; folds are for keys such as `aggregate:Order:123`"
    )]
    NoType(StreamKey),
    /// It is no fold.
    #[error(transparent)]
    Invalid(FoldError),
    /// Somebody else has changed the file.
    #[error(
        "file `{name}` was changed by somebody else since it was read; look at the change before you save again"
    )]
    Changed {
        /// The file.
        name: String,
        /// What is in it now; nothing where there is none any more.
        current: Option<String>,
    },
    /// The file cannot be written.
    #[error("file `{name}` cannot be written: {source}")]
    Io {
        /// The file.
        name: String,
        /// Why.
        source: std::io::Error,
    },
}

struct Known {
    looked: Instant,
    stamp: Option<Stamp>,
    file: Option<FoldFile>,
}

/// What tells that a file has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl Library {
    /// The folds in this folder, or none but the default.
    pub fn new(folder: Option<PathBuf>, is_editable: bool, limits: Limits) -> Self {
        let is_editable = is_editable && folder.is_some();
        Self { folder, is_editable, limits, files: Mutex::default() }
    }

    /// Whether folds may be saved.
    pub fn is_editable(&self) -> bool {
        self.is_editable
    }

    /// What each fold may use.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The fold for a stream.
    ///
    /// # Errors
    /// Where there is a file for it that is no fold.
    pub fn fold(&self, stream: &StreamKey) -> Result<Arc<dyn Fold>, FoldError> {
        match self.file(stream) {
            None => Ok(Arc::new(DeepMerge)),
            Some(file) => file.fold.map(|fold| fold as Arc<dyn Fold>),
        }
    }

    /// The file for a stream.
    pub fn file(&self, stream: &StreamKey) -> Option<FoldFile> {
        let folder = self.folder.as_deref()?;
        let name = file_name(stream)?;
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let known = files.entry(name.clone()).or_insert_with(Known::nothing_yet);
        if known.looked.elapsed() >= LOOK_AGAIN || known.stamp.is_none() {
            known.look(folder, &name, self.limits);
        }
        known.file.clone()
    }

    /// Saves the fold for a stream's type, in place of the file with this [tag](rewind_app::api::fold_tag), empty where there is to be
    /// none; in place of what is there now where none is given. Returns the name of the file.
    ///
    /// # Errors
    /// Where that is not allowed, the source is no fold, the file is another one by now, or cannot be written.
    pub fn save(
        &self,
        stream: &StreamKey,
        source: &str,
        tag: Option<&str>,
    ) -> Result<String, SaveError> {
        let folder = self.folder.as_deref().filter(|_| self.is_editable);
        let folder = folder.ok_or(SaveError::Forbidden)?;
        let name = file_name(stream).ok_or_else(|| SaveError::NoType(stream.clone()))?;
        let io = |source| SaveError::Io { name: name.clone(), source };
        let expected = match tag {
            Some(tag) => tag.to_owned(),
            None => saving::tag_of(saving::read(&folder.join(&name)).map_err(io)?.as_deref()),
        };
        ScriptFold::compile(&name, source, self.limits).map_err(SaveError::Invalid)?;
        saving::write(folder, &name, &expected, source).map_err(|error| match error {
            WriteError::Changed(current) => SaveError::Changed { name: name.clone(), current },
            WriteError::Io(source) => io(source),
        })?;
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
        Ok(name)
    }
}

impl Known {
    fn nothing_yet() -> Self {
        Self { looked: Instant::now(), stamp: None, file: None }
    }

    fn look(&mut self, folder: &Path, name: &str, limits: Limits) {
        self.looked = Instant::now();
        let path = folder.join(name);
        let stamp = match std::fs::metadata(&path) {
            Ok(about) if about.is_file() => {
                Some(Stamp { modified: about.modified().ok(), length: about.len() })
            }
            // No file is no fold.
            _ => None,
        };
        if stamp.is_some() && stamp == self.stamp {
            return;
        }
        self.stamp = stamp;
        self.file = stamp.map(|stamp| read(&path, name, stamp, limits));
        if let Some(FoldFile { fold: Err(error), .. }) = &self.file {
            tracing::warn!(file = name, %error, "this file is no fold");
        }
    }
}

fn read(path: &Path, name: &str, stamp: Stamp, limits: Limits) -> FoldFile {
    let source = match stamp.length {
        length if length > MAX_BYTES => Err(format!("is longer than {MAX_BYTES} bytes")),
        _ => std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}")),
    };
    match source {
        Ok(source) => FoldFile {
            name: name.to_owned(),
            fold: ScriptFold::compile(name, &source, limits).map(Arc::new),
            source: source.into(),
        },
        Err(reason) => FoldFile {
            name: name.to_owned(),
            source: "".into(),
            fold: Err(FoldError {
                kind: FoldErrorKind::Invalid,
                message: format!("file `{name}` {reason}"),
                line: None,
                column: None,
            }),
        },
    }
}

/// The name of the file for a stream's type. Only types that are plain names have one, so that no key leads anywhere else.
pub(crate) fn file_name(stream: &StreamKey) -> Option<String> {
    let of_type = stream.aggregate_type()?;
    let text = std::str::from_utf8(of_type.as_bytes()).ok()?;
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_name = text.len() <= 128 && !text.starts_with('.') && text.chars().all(is_plain);
    is_name.then(|| format!("{text}.js"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("rewind-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    const COUNTS: &str =
        "export default { on: { $any(state) { state.n = (state.n ?? 0) + 1; } } };";

    #[test]
    fn only_plain_names_make_file_names() {
        for (key, name) in [
            ("aggregate:Order:1", Some("Order.js")),
            ("aggregate:loan-application_2:a:b", Some("loan-application_2.js")),
            ("aggregate:Größe:1", Some("Größe.js")),
            ("aggregate:../x:1", None),
            ("aggregate:.hidden:1", None),
            ("aggregate:a/b:1", None),
            ("aggregate:a\\b:1", None),
            ("events:orders", None),
        ] {
            assert_eq!(file_name(&key.into()).as_deref(), name, "{key}");
        }
        assert_eq!(file_name(&StreamKey::from_bytes(&b"aggregate:\xff:1"[..])), None);
    }

    #[test]
    fn a_type_without_a_file_has_the_default_fold() {
        let folder = folder("folds-default");
        let library = Library::new(Some(folder.clone()), false, Limits::default());
        assert_eq!(library.fold(&"aggregate:Order:1".into()).unwrap().name(), "deep_merge");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_changes_is_another_fold() {
        let folder = folder("folds-change");
        let stream = StreamKey::from("aggregate:Order:1");
        let library = Library::new(Some(folder.clone()), true, Limits::default());
        library.save(&stream, COUNTS, None).unwrap();
        let first = library.fold(&stream).unwrap();
        assert_eq!(first.name(), "Order.js");
        std::fs::write(folder.join("Order.js"), format!("{COUNTS}\n// changed")).unwrap();
        let changed = || library.fold(&stream).unwrap().fingerprint() != first.fingerprint();
        let since = Instant::now();
        while !changed() {
            assert!(since.elapsed() < Duration::from_secs(10), "the change was not seen");
            std::thread::yield_now();
        }
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_no_fold_is_not_saved_and_leaves_what_is_there() {
        let folder = folder("folds-invalid");
        let stream = StreamKey::from("aggregate:Order:1");
        let library = Library::new(Some(folder.clone()), true, Limits::default());
        library.save(&stream, COUNTS, None).unwrap();
        assert!(matches!(
            library.save(&stream, "export default {", None),
            Err(SaveError::Invalid(_))
        ));
        assert_eq!(&*library.file(&stream).unwrap().source, COUNTS);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn nothing_is_saved_without_permission() {
        let folder = folder("folds-forbidden");
        let library = Library::new(Some(folder.clone()), false, Limits::default());
        let error = library.save(&"aggregate:Order:1".into(), COUNTS, None).unwrap_err();
        assert!(matches!(error, SaveError::Forbidden));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
