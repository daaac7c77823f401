//! `rewind project`: projections that are scripts are run, rebuilt, looked at and reset.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use clap::{Args, Subcommand};
use rewind_domain::time::UtcTime;
use rewind_store::project::{self, Failure as EventFailure, Progress, ProjectError, Status};
use rewind_store::{EventStore, StoreError};
use serde::Serialize;
use tokio::sync::watch;

use super::Failure;
use super::output::{OutputOptions, Record, counted, note};
use crate::config::{FoldLimitOptions, ProjectionOptions, ReadConfig, RedisOptions};
use crate::engines::Engines;
use crate::event_reader::EventReader;
use crate::projections::{
    FolderError, ReadError, RunError, catch_up_all, projection_of, read_one, run_all,
};
use crate::signals;

/// How often progress is told, so that a terminal can be read.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// What to do with projections.
#[derive(Args)]
pub struct ProjectArgs {
    #[command(subcommand)]
    command: ProjectCommand,
}

#[derive(Subcommand)]
enum ProjectCommand {
    /// Keep the projections of a folder up to date: handle the events that are there, then those that come
    Run(RunArgs),
    /// Make a projection again from the first event, beside the old one, and put it in its place in one step
    Rebuild(RebuildArgs),
    /// Show how projections are: those of this folder or of anybody, with their lag
    Status(StatusArgs),
    /// Forget all that is stored of a projection, so that it begins with the first event again
    Reset(ResetArgs),
}

#[derive(Args)]
struct RunArgs {
    /// The folder of projections, a JavaScript file for each; the same as `--projections`
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Handle the events that are there, and end
    #[arg(long)]
    once: bool,
    #[command(flatten)]
    shared: SharedArgs,
}

#[derive(Args)]
struct RebuildArgs {
    /// The name of the projection: that of its file, without `.js`
    #[arg(value_name = "NAME")]
    name: String,
    /// Cancel the rebuild that is under way, wherever it runs; the projection stays as it is
    #[arg(long)]
    cancel: bool,
    /// Read the script and say what would be made again
    #[arg(long, conflicts_with = "cancel")]
    dry_run: bool,
    #[command(flatten)]
    shared: SharedArgs,
}

#[derive(Args)]
struct StatusArgs {
    /// The names of projections [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redis: RedisOptions,
}

#[derive(Args)]
struct ResetArgs {
    /// The name of the projection
    #[arg(value_name = "NAME")]
    name: String,
    /// Say which keys would be removed, and remove none
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redis: RedisOptions,
}

#[derive(Args)]
struct SharedArgs {
    #[command(flatten)]
    projections: ProjectionOptions,
    #[command(flatten)]
    limits: FoldLimitOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    redis: RedisOptions,
}

impl ProjectArgs {
    /// Does what the command line says.
    pub async fn run(self) -> Result<(), Failure> {
        match self.command {
            ProjectCommand::Run(args) => args.run().await,
            ProjectCommand::Rebuild(args) => args.run().await,
            ProjectCommand::Status(args) => args.run().await,
            ProjectCommand::Reset(args) => args.run().await,
        }
    }
}

impl SharedArgs {
    /// The store, and what runs scripts.
    fn open(&self) -> Result<(EventStore, Engines), Failure> {
        let ReadConfig { redis_url, codecs, .. } = self.redis.resolve()?;
        let engines = Engines::new(None, self.limits.limits(), &EventReader::new(codecs)).map_err(
            |error| Failure::Refused(format!("nothing can be started to run scripts: {error}")),
        )?;
        Ok((EventStore::new(redis_url), engines))
    }

    fn folder(&self, given: Option<PathBuf>) -> Result<PathBuf, Failure> {
        let folder = match given {
            Some(folder) => ProjectionOptions { projections: Some(folder) }.check()?,
            None => self.projections.clone().check()?,
        };
        folder.ok_or_else(|| {
            Failure::Usage(
                "which folder has the projections? name it by `--projections DIR`".to_owned(),
            )
        })
    }
}

impl RunArgs {
    async fn run(self) -> Result<(), Failure> {
        let folder = self.shared.folder(self.folder)?;
        let (store, engines) = self.shared.open()?;
        // Whoever starts it wants to know at once where there is no Redis.
        store.reads().ping().await?;
        if !self.once {
            let stop = asked_to_stop()?;
            note(&format!("runs the projections in `{}`", folder.display()));
            let (sender, stopping) = watch::channel(false);
            tokio::spawn(async move {
                stop.await;
                // Whoever is done need not be asked.
                let _ = sender.send(true);
            });
            run_all(folder, store, engines, stopping).await;
            return Ok(());
        }
        let mut report = self.shared.output.report();
        let (mut failure, mut caught_up) = (None, 0);
        for projection in catch_up_all(&folder, &store, &engines).await? {
            match projection.outcome {
                Ok(progress) => {
                    caught_up += 1;
                    report.record(&Handled::of(&projection.name, &progress));
                }
                Err(error) => {
                    let error = Failure::from(error).about(&projection.name);
                    note(&error.to_string());
                    failure = failure.or(Some(error));
                }
            }
        }
        let count = counted(caught_up, "projection", "projections");
        report.end(failure.map_or(Ok(()), Err), &format!("{count} caught up"), false)
    }
}

impl RebuildArgs {
    async fn run(self) -> Result<(), Failure> {
        let name = &self.name;
        if self.cancel {
            let store = EventStore::new(self.shared.redis.url()?);
            return match project::cancel_rebuild(&store, name).await? {
                true => Ok(()),
                false => Err(Failure::NotFound(format!("`{name}` is not being rebuilt"))),
            };
        }
        let folder = self.shared.folder(None)?;
        let script = read_one(&folder, name)?;
        let (store, engines) = self.shared.open()?;
        let mut projection =
            projection_of(name, &script, &engines).await.map_err(RunError::from)?;
        if self.dry_run {
            let status = store.reads().projection(name).await?;
            note(&match status {
                Some(status) => format!(
                    "`{name}` would be made again from the first event, and replace what {} events came to",
                    status.events
                ),
                None => format!("`{name}` would be made from the first event; there is none yet"),
            });
            return Ok(());
        }
        let mut told = Told::default();
        let stop = asked_to_stop()?;
        let rebuilt =
            projection.rebuild_until(&store, stop, |progress| told.tell(progress)).await?;
        let mut report = self.shared.output.report();
        report.details(&Handled::of(name, &rebuilt));
        report.end(Ok(()), &format!("`{name}` was rebuilt"), false)
    }
}

impl StatusArgs {
    async fn run(self) -> Result<(), Failure> {
        let store = EventStore::new(self.redis.url()?);
        let is_all = self.names.is_empty();
        let names = match is_all {
            true => store.reads().projections().await?,
            false => self.names,
        };
        let mut found = Vec::new();
        for name in names {
            match store.reads().projection(&name).await {
                Ok(Some(status)) => found.push(Shown::of(status)),
                // Somebody else's key that is named like one of a projection says nothing of the others.
                Err(StoreError::WrongType) if is_all => {
                    note(&format!("`{name}` is no projection: its keys hold something else"));
                }
                Err(error) => return Err(error.into()),
                // It went meanwhile.
                Ok(None) if is_all => {}
                Ok(None) => {
                    return Err(Failure::NotFound(format!("there is no projection `{name}`")));
                }
            }
        }
        Ok(self.output.open().records(&found)?)
    }
}

impl ResetArgs {
    async fn run(self) -> Result<(), Failure> {
        let store = EventStore::new(self.redis.url()?);
        let keys = match self.dry_run {
            true => project::reset_removes(&store, &self.name).await?,
            false => project::reset(&store, &self.name).await?,
        };
        if keys.is_empty() {
            return Err(Failure::NotFound(format!("there is no projection `{}`", self.name)));
        }
        let keys: Vec<Removed> = keys.into_iter().map(|key| Removed { key }).collect();
        let mut report = self.output.report();
        report.records(&keys);
        let verb = if self.dry_run { "would be" } else { "were" };
        let done = format!("{} {verb} removed", counted(keys.len() as u64, "key", "keys"));
        report.end(Ok(()), &done, self.dry_run)
    }
}

/// What resolves when the process is asked to end.
fn asked_to_stop() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    signals::stop().map_err(|error| Failure::Refused(format!("signals cannot be heard: {error}")))
}

/// Tells people how far a rebuild is.
#[derive(Default)]
struct Told {
    last: Option<Instant>,
}

impl Told {
    fn tell(&mut self, progress: &Progress) {
        let is_soon = self.last.is_some_and(|last| last.elapsed() < TELL_EVERY);
        if is_soon || !std::io::stderr().is_terminal() {
            return;
        }
        self.last = Some(Instant::now());
        let lag = progress.lag.map(|lag| format!(", {lag} to come")).unwrap_or_default();
        note(&format!("{} events{lag}, {:.0} a second", progress.handled, progress.rate));
    }
}

/// What was handled.
#[derive(Serialize)]
struct Handled<'a> {
    name: &'a str,
    handled: u64,
    events: u64,
    checkpoint: rewind_domain::EntryId,
    lag: Option<u64>,
    missed: u64,
}

impl<'a> Handled<'a> {
    fn of(name: &'a str, progress: &Progress) -> Self {
        let Progress { handled, events, lag, checkpoint, missed, .. } = *progress;
        Self { name, handled, events, checkpoint, lag, missed }
    }
}

impl Record for Handled<'_> {
    const COLUMNS: &'static [&'static str] =
        &["name", "handled", "events", "checkpoint", "lag", "missed"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.to_owned(),
            self.handled.to_string(),
            self.events.to_string(),
            self.checkpoint.to_string(),
            self.lag.map_or_else(|| "?".to_owned(), |lag| lag.to_string()),
            self.missed.to_string(),
        ]
    }
}

#[derive(Serialize)]
struct Removed {
    key: String,
}

impl Record for Removed {
    const COLUMNS: &'static [&'static str] = &["key"];

    fn cells(&self) -> Vec<String> {
        vec![self.key.clone()]
    }
}

/// How a projection is.
#[derive(Serialize)]
struct Shown {
    name: String,
    streams: Vec<rewind_domain::StreamKey>,
    kind: String,
    activity: &'static str,
    checkpoint: Option<rewind_domain::EntryId>,
    lag: Option<u64>,
    rate: f64,
    events: u64,
    missed: u64,
    error: Option<String>,
    failure: Option<EventFailure>,
    notice: Option<String>,
    runner: Option<String>,
    updated_ms: u64,
    rebuild: Option<Box<Shown>>,
}

impl Shown {
    fn of(status: Status) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let abandoned = status.is_abandoned(now_ms).then(|| {
            let seconds = now_ms.saturating_sub(status.updated_ms) / 1_000;
            format!("its runner was last heard of {seconds} s ago")
        });
        Self {
            name: status.name,
            streams: status.streams,
            kind: status.kind,
            activity: status.activity.name(),
            checkpoint: status.checkpoint,
            lag: status.lag,
            rate: status.rate,
            events: status.events,
            missed: status.missed,
            error: status.error,
            failure: status.failure,
            notice: status.notice.or(abandoned),
            runner: status.runner,
            updated_ms: status.updated_ms,
            rebuild: status.rebuild.map(|rebuild| Box::new(Self::of(*rebuild))),
        }
    }
}

impl Record for Shown {
    const COLUMNS: &'static [&'static str] =
        &["name", "kind", "activity", "checkpoint", "lag", "rate", "events", "updated", "notes"];

    fn cells(&self) -> Vec<String> {
        let rebuild = self.rebuild.as_ref().map(|rebuild| {
            let lag = rebuild.lag.map(|lag| format!(", {lag} to come")).unwrap_or_default();
            format!("is being rebuilt: {} events{lag}", rebuild.events)
        });
        let notes: Vec<String> =
            [self.error.clone(), self.notice.clone(), rebuild].into_iter().flatten().collect();
        let updated = match i64::try_from(self.updated_ms) {
            Ok(0) | Err(_) => String::new(),
            Ok(ms) => UtcTime(ms).to_string(),
        };
        vec![
            self.name.clone(),
            self.kind.clone(),
            self.activity.to_owned(),
            self.checkpoint.map(|id| id.to_string()).unwrap_or_default(),
            self.lag.map_or_else(|| "?".to_owned(), |lag| lag.to_string()),
            format!("{:.1}", self.rate),
            self.events.to_string(),
            updated,
            notes.join("; "),
        ]
    }
}

impl From<ProjectError> for Failure {
    fn from(error: ProjectError) -> Self {
        let message = error.to_string();
        match error {
            ProjectError::Read(error) => error.into(),
            ProjectError::Write(error) => error.into(),
            ProjectError::Busy { .. } => Self::Conflict(message),
            ProjectError::Gone { .. } => Self::NotFound(message),
            ProjectError::NoStreams { .. } | ProjectError::TooManyStreams { .. } => {
                Self::Usage(message)
            }
            _ => Self::Refused(message),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let message = error.to_string();
        match error {
            RunError::Project(error) => error.into(),
            RunError::Read(ReadError::Engine(_)) => Self::Refused(message),
            RunError::Read(ReadError::Invalid { .. }) | RunError::Unreadable { .. } => {
                Self::Usage(message)
            }
        }
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        let message = error.to_string();
        match error {
            FolderError::NoFile { .. } => Self::NotFound(message),
            FolderError::Unreadable { .. } => Self::Usage(message),
        }
    }
}
