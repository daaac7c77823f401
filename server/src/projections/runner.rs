//! Keeps the projections of a folder up to date.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rewind_store::EventStore;
use rewind_store::project::{Control, Progress, ProjectError, note_problem};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use super::folder::{self, FolderError};
use super::{ReadError, projection_of};
use crate::engines::Engines;
use crate::folds::Script;

/// How often it is looked whether a file has changed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// After how long a projection that stopped is tried again: what was in its way may be gone.
const RETRY: Duration = Duration::from_secs(30);

/// How long projections may take to store what they have in hand when the process is asked to end: less than the time after which it is ended.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// What became of one projection of a folder.
pub(crate) struct CaughtUp {
    pub(crate) name: String,
    pub(crate) outcome: Result<Progress, RunError>,
}

/// Why a projection of a folder could not be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// Its file is no projection.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its file cannot be read.
    #[error("`{name}.js` cannot be read: {reason}")]
    Unreadable { name: String, reason: String },
    /// It stopped.
    #[error(transparent)]
    Project(#[from] ProjectError),
}

/// Runs all projections of a folder until it is asked to stop, and then until each has stored what it has in hand.
pub(crate) async fn run_all(
    folder: PathBuf,
    store: EventStore,
    engines: Engines,
    mut stopping: watch::Receiver<bool>,
) {
    let mut running: BTreeMap<String, Running> = BTreeMap::new();
    let mut last_error = String::new();
    loop {
        match read_on_a_thread(&folder).await {
            Ok(files) => {
                last_error.clear();
                let gone: Vec<String> =
                    running.keys().filter(|name| !files.contains_key(*name)).cloned().collect();
                for name in gone {
                    tracing::info!(projection = %name, "its file is gone, so it is not run any more");
                    stop(running.remove(&name)).await;
                }
                for (name, file) in files {
                    if running.get(&name).is_some_and(|running| running.file == file) {
                        continue;
                    }
                    stop(running.remove(&name)).await;
                    let new = Running::start(name.clone(), file, &store, &engines);
                    running.insert(name, new);
                }
            }
            Err(error) if error.to_string() != last_error => {
                last_error = error.to_string();
                tracing::error!(%error, "the projections stay as they are");
            }
            Err(_) => {}
        }
        tokio::select! {
            _ = stopping.wait_for(|stops| *stops) => break,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
    stop_all(running).await;
}

/// Stops all, and those that do not end in time without waiting for them: what they have not stored is handled again by whoever comes next.
async fn stop_all(running: BTreeMap<String, Running>) {
    let mut tasks = JoinSet::new();
    let mut aborts = Vec::new();
    for (name, running) in running {
        running.ask_to_stop();
        aborts.push(running.task.abort_handle());
        tasks.spawn(async move {
            // It has ended then, one way or the other.
            let _ = running.task.await;
            name
        });
    }
    let all = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_WITHIN, all).await.is_err() {
        tracing::warn!("projections did not stop in time, and were given up");
        aborts.iter().for_each(AbortHandle::abort);
    }
}

/// Has all projections of a folder handle what there is, one after the other.
///
/// # Errors
/// If the folder cannot be read.
pub(crate) async fn catch_up_all(
    folder: &Path,
    store: &EventStore,
    engines: &Engines,
) -> Result<Vec<CaughtUp>, FolderError> {
    let mut all = Vec::new();
    for (name, file) in read_on_a_thread(folder).await? {
        let outcome = catch_up(&name, file, store, engines).await;
        all.push(CaughtUp { name, outcome });
    }
    Ok(all)
}

async fn catch_up(
    name: &str,
    file: Result<Script, String>,
    store: &EventStore,
    engines: &Engines,
) -> Result<Progress, RunError> {
    let mut projection = match read(name, file, engines).await {
        Ok(projection) => projection,
        Err(error) => {
            note_problem(store, name, &error.to_string()).await.map_err(ProjectError::from)?;
            return Err(error);
        }
    };
    Ok(projection.catch_up(store).await?)
}

async fn read(
    name: &str,
    file: Result<Script, String>,
    engines: &Engines,
) -> Result<rewind_store::project::Projection, RunError> {
    let script = file.map_err(|reason| RunError::Unreadable { name: name.to_owned(), reason })?;
    Ok(projection_of(name, &script, engines).await?)
}

async fn read_on_a_thread(folder: &Path) -> Result<folder::Files, FolderError> {
    let path = folder.to_owned();
    let read = tokio::task::spawn_blocking(move || folder::read(&path)).await;
    read.unwrap_or_else(|error| {
        let source = std::io::Error::other(error);
        Err(FolderError::Unreadable { path: folder.to_owned(), source })
    })
}

/// A projection that is being run.
struct Running {
    file: Result<Script, String>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    fn start(
        name: String,
        file: Result<Script, String>,
        store: &EventStore,
        engines: &Engines,
    ) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (store, engines) = (store.clone(), engines.clone());
        let task = tokio::spawn(run_one(name, file.clone(), store, engines, stopping));
        Self { file, stop, task }
    }

    fn ask_to_stop(&self) {
        // Whoever is done need not be asked.
        let _ = self.stop.send(true);
    }
}

async fn stop(running: Option<Running>) {
    if let Some(running) = running {
        running.ask_to_stop();
        // It has ended then, one way or the other.
        let _ = running.task.await;
    }
}

/// Runs one projection, again after a while where it stopped, until it is asked to stop.
async fn run_one(
    name: String,
    file: Result<Script, String>,
    store: EventStore,
    engines: Engines,
    mut stopping: watch::Receiver<bool>,
) {
    let mut last_error = String::new();
    loop {
        // Where that cannot be read it is tried again by itself.
        let wanted = Control::read(&store, &name).await.unwrap_or_default();
        let mut stops = stopping.clone();
        let stop = async move {
            // The other end goes only with this task.
            let _ = stops.wait_for(|stops| *stops).await;
        };
        let outcome = match read(&name, file.clone(), &engines).await {
            Ok(mut projection) => projection.run(&store, stop).await.map_err(RunError::from),
            Err(error) => {
                // Where Redis is away that is said in the log all the same.
                let _ = note_problem(&store, &name, &error.to_string()).await;
                Err(error)
            }
        };
        match outcome {
            Ok(()) => return,
            Err(error) if error.to_string() != last_error => {
                last_error = error.to_string();
                tracing::error!(projection = %name, %error, "a projection stopped");
            }
            Err(_) => {}
        }
        tokio::select! {
            _ = stopping.wait_for(|stops| *stops) => return,
            _ = wanted.changed(&store, &name) => {}
            () = tokio::time::sleep(RETRY) => {}
        }
    }
}
