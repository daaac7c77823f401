//! The folder of folds.
//!
//! The server keeps the sources only, and as many as fit into a budget: engines read them, and keep what they read themselves.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rewind_domain::aggregate_pattern::AggregatePatterns;
use rewind_domain::{FoldError, FoldErrorKind, StreamKey};

use super::{FoldPlan, Script};
use crate::cache_figures::CacheFigures;
use crate::engines::{EngineError, Engines};

use super::saving::{self, WriteError};

/// For how long a file is taken to be what it was when it was looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// How long a file may be, in bytes: what is longer is no fold.
const MAX_BYTES: u64 = 256 * 1024;
/// How many files are kept in memory, read or being read. Further ones are read again when needed.
const MAX_KEPT: usize = 256;
/// How many bytes of them: as many files of usual length, of which none is near [`MAX_BYTES`].
const MOST_KEPT_BYTES: usize = 8 * 1024 * 1024;

/// The folds of all types of aggregates: those that have a file, and the default for the others.
///
/// A file is read when its fold is needed, and again once it has changed.
pub struct Library {
    folder: Option<PathBuf>,
    aggregates: AggregatePatterns,
    engines: Engines,
    /// Locked for moments only, never while a file is read.
    files: Mutex<Files>,
}

/// The files that are kept, by their names.
type Files = HashMap<String, Slot>;

/// The place of a file. Whoever looks at the file holds it, so that others who want the same one wait, and nobody else does.
struct Slot {
    known: Arc<tokio::sync::Mutex<Known>>,
    used: Instant,
    /// What it took when that was last noted.
    bytes: usize,
}

/// The file of a type.
#[derive(Clone)]
pub struct FoldFile {
    /// Its name within the folder.
    pub name: String,
    /// What is in it.
    pub source: Arc<str>,
    /// Why it is no fold, where it is none.
    pub problem: Option<FoldError>,
}

impl FoldFile {
    /// What it takes, in bytes, about.
    fn byte_size(&self) -> usize {
        let problem = self.problem.as_ref().map_or(0, |problem| problem.message.len());
        self.name.len() + self.source.len() + problem
    }

    /// The fold.
    pub fn script(&self) -> Script {
        Script { name: self.name.clone(), source: self.source.to_string() }
    }
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
        "stream `{0}` has no type to name a file after; folds are for keys that fit `--aggregate-pattern`, such as `aggregate:Order:123`"
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
        /// What is in it now; `None` if there is none any more.
        current: Option<String>,
    },
    /// Whether it is one could not be found out.
    #[error(transparent)]
    Engine(EngineError),
    /// The file cannot be written.
    #[error("file `{name}` cannot be written: {source}")]
    Io {
        /// The file.
        name: String,
        /// Why.
        source: std::io::Error,
    },
}

#[derive(Default)]
struct Known {
    looked: Option<Instant>,
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
    /// The folds in this folder, or none but the default. What a file holds is read by `engines`.
    pub fn new(folder: Option<PathBuf>, aggregates: AggregatePatterns, engines: Engines) -> Self {
        Self { folder, aggregates, engines, files: Mutex::default() }
    }

    /// Whether there is a folder to save folds to.
    pub fn has_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// The type of the aggregate whose history a stream is.
    pub fn aggregate_type(&self, stream: &StreamKey) -> Option<StreamKey> {
        self.aggregates.aggregate_type(stream)
    }

    fn file_name(&self, stream: &StreamKey) -> Option<String> {
        file_name(&self.aggregate_type(stream)?)
    }

    /// What runs the folds.
    pub fn engines(&self) -> &Engines {
        &self.engines
    }

    /// How much memory the files that are kept take, and how much they may.
    pub fn figures(&self) -> CacheFigures {
        let bytes = bytes_of(&self.files());
        CacheFigures { name: "fold", bytes, budget: MOST_KEPT_BYTES, dropped: 0 }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        // Nothing panics while it is locked; and if, the map would still be whole.
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fold for a stream, or why the file that there is for it is none.
    ///
    /// # Errors
    /// If there is no engine to find that out.
    pub async fn fold(
        &self,
        stream: &StreamKey,
    ) -> Result<Result<FoldPlan, FoldError>, EngineError> {
        Ok(match self.file(stream).await? {
            None => Ok(FoldPlan::Merge),
            Some(FoldFile { problem: Some(problem), .. }) => Err(problem),
            Some(file) => Ok(FoldPlan::Script(file.script())),
        })
    }

    /// The file for a stream.
    ///
    /// # Errors
    /// If there is no engine to read it.
    pub async fn file(&self, stream: &StreamKey) -> Result<Option<FoldFile>, EngineError> {
        let Some(folder) = self.folder.as_deref() else { return Ok(None) };
        let Some(name) = self.file_name(stream) else { return Ok(None) };
        let slot = self.slot(&name);
        let mut known = slot.lock().await;
        if known.looked.is_none_or(|looked| looked.elapsed() >= LOOK_AGAIN) || known.stamp.is_none()
        {
            known.look(folder, &name, &self.engines).await?;
        }
        let file = known.file.clone();
        drop(known);
        self.fit(&name, &slot, file.as_ref());
        Ok(file)
    }

    /// Notes what a file takes, and makes room for it.
    fn fit(&self, name: &str, known: &Arc<tokio::sync::Mutex<Known>>, file: Option<&FoldFile>) {
        let mut files = self.files();
        let slot = files.get_mut(name).filter(|slot| Arc::ptr_eq(&slot.known, known));
        let Some(slot) = slot else { return };
        slot.bytes = size_of::<Slot>() + size_of::<Known>() + name.len();
        slot.bytes += file.map_or(0, FoldFile::byte_size);
        while bytes_of(&files) > MOST_KEPT_BYTES && remove_oldest(&mut files) {}
    }

    /// The place of a file. The one unused for longest makes way where there are too many.
    fn slot(&self, name: &str) -> Arc<tokio::sync::Mutex<Known>> {
        let mut files = self.files();
        if files.len() >= MAX_KEPT && !files.contains_key(name) {
            remove_oldest(&mut files);
        }
        let now = Instant::now();
        let slot = files.entry(name.to_owned()).or_insert_with(|| Slot {
            known: Arc::default(),
            used: now,
            bytes: 0,
        });
        slot.used = now;
        Arc::clone(&slot.known)
    }

    /// Saves the fold for a stream's type, in place of the file with this [tag](rewind_app::api::fold_tag), empty where there is to be
    /// none; in place of what is there now where none is given. Returns the name of the file.
    ///
    /// # Errors
    /// If that is not allowed, the source is no fold, the file is another one by now, or cannot be written.
    pub async fn save(
        &self,
        stream: &StreamKey,
        source: &str,
        tag: Option<&str>,
    ) -> Result<String, SaveError> {
        let folder = self.folder.clone().ok_or(SaveError::Forbidden)?;
        let name = self.file_name(stream).ok_or_else(|| SaveError::NoType(stream.clone()))?;
        let io = |source| SaveError::Io { name: name.clone(), source };
        let script = Script { name: name.clone(), source: source.to_owned() };
        let expected = match tag {
            Some(tag) => tag.to_owned(),
            None => {
                let path = folder.join(&name);
                let current = on_a_thread(move || saving::read(&path)).await;
                saving::tag_of(current.map_err(io)?.as_deref())
            }
        };
        let read = self.engines.read_fold(&script).await.map_err(SaveError::Engine)?;
        read.map_err(SaveError::Invalid)?;
        let write = move || saving::write(&folder, &script.name, &expected, &script.source);
        on_a_thread(write).await.map_err(|error| match error {
            WriteError::Changed(current) => SaveError::Changed { name: name.clone(), current },
            WriteError::Io(source) => io(source),
        })?;
        self.files().remove(&name);
        Ok(name)
    }
}

fn bytes_of(files: &Files) -> usize {
    files.values().map(|slot| slot.bytes).sum()
}

/// Drops the file that was unused for the longest. Returns whether there was one.
fn remove_oldest(files: &mut Files) -> bool {
    let oldest = files.iter().min_by_key(|(_, slot)| slot.used).map(|(name, _)| name.clone());
    oldest.is_some_and(|oldest| files.remove(&oldest).is_some())
}

/// Does work with files on a thread that nobody else waits for.
async fn on_a_thread<T: Send + 'static, E: From<io::Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(io::Error::other(error).into()))
}

impl Known {
    async fn look(
        &mut self,
        folder: &Path,
        name: &str,
        engines: &Engines,
    ) -> Result<(), EngineError> {
        let (path, before) = (folder.join(name), self.stamp);
        let found = tokio::task::spawn_blocking(move || read_if_changed(&path, before)).await;
        let Ok(found) = found else { return Ok(()) };
        match found {
            Found::Unchanged => {}
            Found::Nothing => *self = Self::default(),
            Found::File(stamp, contents) => {
                let file = read(name, contents, engines).await?;
                if let Some(error) = &file.problem {
                    tracing::warn!(file = name, %error, "this file is no fold");
                }
                (self.stamp, self.file) = (Some(stamp), Some(file));
            }
        }
        self.looked = Some(Instant::now());
        Ok(())
    }
}

/// What is at the path of a file.
enum Found {
    /// What was there before.
    Unchanged,
    /// No file, and no fold.
    Nothing,
    /// Something else, or why it cannot be read.
    File(Stamp, Result<String, String>),
}

fn read_if_changed(path: &Path, before: Option<Stamp>) -> Found {
    let stamp = match std::fs::metadata(path) {
        Ok(about) if about.is_file() => {
            Stamp { modified: about.modified().ok(), length: about.len() }
        }
        _ => return Found::Nothing,
    };
    if Some(stamp) == before {
        return Found::Unchanged;
    }
    let source = match stamp.length {
        length if length > MAX_BYTES => Err(format!("is longer than {MAX_BYTES} bytes")),
        _ => std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}")),
    };
    Found::File(stamp, source)
}

async fn read(
    name: &str,
    contents: Result<String, String>,
    engines: &Engines,
) -> Result<FoldFile, EngineError> {
    let (source, problem) = match contents {
        Ok(source) => {
            let script = Script { name: name.to_owned(), source };
            let problem = engines.read_fold(&script).await?.err();
            (script.source, problem)
        }
        Err(reason) => {
            let message = format!("file `{name}` {reason}");
            let kind = FoldErrorKind::Invalid;
            (String::new(), Some(FoldError { kind, message, line: None, column: None }))
        }
    };
    Ok(FoldFile { name: name.to_owned(), source: source.into(), problem })
}

/// The name of the file for a type of aggregate, if it can be that of a file.
fn file_name(of_type: &StreamKey) -> Option<String> {
    let text = std::str::from_utf8(of_type.as_bytes()).ok()?;
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_name =
        (1..=128).contains(&text.len()) && !text.starts_with('.') && text.chars().all(is_plain);
    is_name.then(|| format!("{text}.js"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_make_file_names() {
        for (of_type, name) in [
            ("Order", Some("Order.js")),
            ("loan-application_2", Some("loan-application_2.js")),
            ("Größe", Some("Größe.js")),
            ("../x", None),
            (".hidden", None),
            ("a/b", None),
            ("a\\b", None),
            ("", None),
        ] {
            assert_eq!(file_name(&of_type.into()).as_deref(), name, "{of_type}");
        }
        assert_eq!(file_name(&StreamKey::from_bytes(&b"\xff"[..])), None);
    }
}
