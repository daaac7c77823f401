//! Answers about projections: how each is, and what is in it.

use std::path::PathBuf;

use futures::StreamExt as _;
use rewind_app::api::query::ProjectionQuery;
use rewind_app::api::{
    ApiError, ErrorCode, ProjectionActivity, ProjectionAnswer, ProjectionFailure, ProjectionPause,
    ProjectionRebuild, ProjectionRow, ProjectionStatus, ProjectionsAnswer,
};
use rewind_domain::Json;
use rewind_store::project::{Activity, Control, Status, StoredRows};
use rewind_store::{Store, StoreError};

use super::folder;
use super::known::KnownProjections;
use crate::api_errors::api_error;

/// How many projections are told.
const MAX_TOLD: usize = 1_000;
/// How many are asked about at the same time: they share one connection.
const AT_ONCE: usize = 16;
/// Up to how many bytes a state is sent as a whole: what a page can show as a tree.
const MAX_STATE_BYTES: u64 = 2 << 20;
/// How many bytes are sent of one that has more.
const CUT_STATE_BYTES: u64 = 64 << 10;
/// The same of a row.
const MAX_ROW_BYTES: usize = 64 << 10;
const CUT_ROW_BYTES: usize = 4 << 10;
/// How many rows are looked at for one answer where a search means few of them.
const MAX_ROWS_LOOKED_AT: usize = 20_000;
/// How many bytes of rows one answer has, about: it ends where they are more.
const MAX_ROWS_BYTES: usize = 4 << 20;

/// Answers about projections. Clones are the same.
#[derive(Clone)]
pub struct Projections {
    store: Store,
    known: KnownProjections,
    folder: Option<PathBuf>,
}

impl Projections {
    /// Answers about those in this store, and in the folder of this server.
    pub fn new(store: Store, known: KnownProjections, folder: Option<PathBuf>) -> Self {
        Self { store, known, folder }
    }

    /// All of them.
    ///
    /// # Errors
    /// Where Redis cannot be read.
    pub(crate) async fn list(&self) -> Result<ProjectionsAnswer, ApiError> {
        let here = self.files().await;
        let found = self.known.names().await.map_err(|error| api_error(None, &error))?;
        let mut names = found.names;
        names.extend(here.iter().cloned());
        names.sort_unstable();
        names.dedup();
        let is_complete = found.is_complete && names.len() <= MAX_TOLD;
        names.truncate(MAX_TOLD);
        let (here, names) = (&here, futures::stream::iter(names));
        let told = names.map(|name| async move {
            let is_here = here.contains(&name);
            match self.status(&name, is_here).await {
                Ok(found) => found,
                Err(error) => {
                    let unavailable = Some(error.to_string());
                    Some(ProjectionStatus { unavailable, ..nothing_of(&name, is_here) })
                }
            }
        });
        let told: Vec<Option<ProjectionStatus>> = told.buffered(AT_ONCE).collect().await;
        let projections = told.into_iter().flatten().collect();
        Ok(ProjectionsAnswer { projections, is_complete, runs_here: self.folder.is_some() })
    }

    /// One of them, with what is in it.
    ///
    /// # Errors
    /// If there is none of this name, and where Redis cannot be read.
    pub(crate) async fn one(&self, query: &ProjectionQuery) -> Result<ProjectionAnswer, ApiError> {
        let cursor = match query.cursor.as_str() {
            "" => 0,
            text => text.parse().map_err(|_| {
                ApiError::bad_parameter("cursor", "must be what an answer gave as `next_cursor`")
            })?,
        };
        let is_here = self.files().await.contains(&query.name);
        let found = self.status(&query.name, is_here).await.map_err(of_key)?;
        let projection = found.ok_or_else(|| {
            let message = format!("there is no projection `{}`", query.name);
            ApiError::new(ErrorCode::TargetNotFound, message)
        })?;
        let stored = self
            .store
            .projection_state(&query.name, MAX_STATE_BYTES, CUT_STATE_BYTES)
            .await
            .map_err(of_key)?;
        let (mut state, mut state_text, mut state_bytes) = (None, None, 0);
        if let Some(stored) = stored {
            state_bytes = stored.bytes;
            let text = String::from_utf8_lossy(&stored.text).into_owned();
            state = if stored.is_cut { None } else { Json::parse(&text).ok() };
            state_text = state.is_none().then_some(text);
        }
        let rows_total = self.store.projection_row_count(&query.name).await.map_err(of_key)?;
        let (rows, next) = match rows_total {
            0 => (Vec::new(), 0),
            _ => self.rows(query, cursor).await.map_err(of_key)?,
        };
        let next_cursor = (next != 0).then(|| next.to_string());
        let answer = ProjectionAnswer {
            projection,
            state,
            state_text,
            state_bytes,
            rows,
            rows_total,
            next_cursor,
        };
        Ok(answer)
    }

    /// The rows that are meant from a cursor on, and where they go on.
    async fn rows(
        &self,
        query: &ProjectionQuery,
        mut cursor: u64,
    ) -> Result<(Vec<ProjectionRow>, u64), StoreError> {
        let limit = usize::try_from(query.limit.get()).unwrap_or(usize::MAX);
        let (mut told, mut looked_at, mut bytes) = (Vec::new(), 0, 0);
        loop {
            let StoredRows { rows, next } =
                self.store.projection_rows(&query.name, cursor, query.limit.get()).await?;
            looked_at += rows.len();
            cursor = next;
            for (key, row) in rows {
                let (key, row) = (String::from_utf8_lossy(&key), String::from_utf8_lossy(&row));
                if query.search.is_empty()
                    || key.contains(&query.search)
                    || row.contains(&query.search)
                {
                    bytes += key.len() + row.len().min(MAX_ROW_BYTES);
                    told.push(shown(key.into_owned(), &row));
                }
            }
            let is_enough = told.len() >= limit || bytes >= MAX_ROWS_BYTES;
            if cursor == 0 || is_enough || looked_at >= MAX_ROWS_LOOKED_AT {
                return Ok((told, cursor));
            }
        }
    }

    /// How one is; `None` where there is none.
    async fn status(
        &self,
        name: &str,
        is_here: bool,
    ) -> Result<Option<ProjectionStatus>, StoreError> {
        let Some(status) = self.store.projection(name).await? else {
            return Ok(is_here.then(|| nothing_of(name, is_here)));
        };
        let control = self.store.projection_control(name).await?;
        let now_ms = self.store.clock_ms(&name.into()).await?;
        let is_run = matches!(status.activity, Activity::CatchingUp | Activity::Following);
        let lag = match is_run && !status.is_abandoned(now_ms) {
            true => status.lag,
            // Its status says how it was when somebody ran it.
            false => self.store.projection_lag(&status).await?,
        };
        Ok(Some(told(status, control, lag, now_ms, is_here)))
    }

    /// The names of the files in the folder of this server.
    async fn files(&self) -> Vec<String> {
        let Some(folder) = self.folder.clone() else { return Vec::new() };
        let read = tokio::task::spawn_blocking(move || folder::names(&folder)).await;
        read.unwrap_or_default()
    }
}

/// What Redis says of a key of a projection is not about a stream.
fn of_key(error: StoreError) -> ApiError {
    match error {
        StoreError::WrongType => {
            let message = "a key of this projection holds something else than it should";
            ApiError::new(ErrorCode::NotAStream, message)
        }
        error => api_error(None, &error),
    }
}

fn told(
    status: Status,
    control: Control,
    lag: Option<u64>,
    now_ms: u64,
    is_here: bool,
) -> ProjectionStatus {
    let is_abandoned = status.is_abandoned(now_ms);
    // The status of one that another program keeps says nothing.
    let is_unknown = status.streams.is_empty() && status.kind.is_empty() && status.error.is_none();
    let activity = match status.activity {
        _ if is_unknown => ProjectionActivity::Unknown,
        Activity::Failed => ProjectionActivity::Failed,
        _ if control.is_paused => ProjectionActivity::Paused,
        _ if is_abandoned => ProjectionActivity::Abandoned,
        Activity::CatchingUp => ProjectionActivity::CatchingUp,
        Activity::Following => ProjectionActivity::Following,
        Activity::Stopped => ProjectionActivity::Stopped,
    };
    let is_run = matches!(activity, ProjectionActivity::CatchingUp | ProjectionActivity::Following);
    ProjectionStatus {
        name: status.name,
        streams: status.streams,
        kind: Some(status.kind).filter(|kind| !kind.is_empty()),
        activity,
        checkpoint: status.checkpoint,
        checkpoint_ms: status.checkpoint.map(|id| id.ms()),
        lag,
        rate: if is_run { status.rate } else { 0.0 },
        events: status.events,
        missed: status.missed,
        error: status.error,
        failure: status.failure.map(|failure| ProjectionFailure {
            stream: failure.stream,
            id: failure.id,
            event_type: failure.event_type,
            message: failure.message,
            line: failure.line,
            column: failure.column,
        }),
        notice: status.notice,
        runner: status.runner,
        updated_ms: Some(status.updated_ms).filter(|ms| *ms > 0),
        is_here,
        paused: control
            .is_paused
            .then_some(ProjectionPause { by: control.by, at_ms: control.at_ms }),
        rebuild: status.rebuild.map(|rebuild| ProjectionRebuild {
            checkpoint: rebuild.checkpoint,
            events: rebuild.events,
            lag: rebuild.lag,
            rate: rebuild.rate,
            error: rebuild.error,
        }),
        unavailable: None,
    }
}

/// A projection of which Redis has nothing yet.
fn nothing_of(name: &str, is_here: bool) -> ProjectionStatus {
    ProjectionStatus {
        name: name.to_owned(),
        streams: Vec::new(),
        kind: None,
        activity: ProjectionActivity::Stopped,
        checkpoint: None,
        checkpoint_ms: None,
        lag: None,
        rate: 0.0,
        events: 0,
        missed: 0,
        error: None,
        failure: None,
        notice: None,
        runner: None,
        updated_ms: None,
        is_here,
        paused: None,
        rebuild: None,
        unavailable: None,
    }
}

fn shown(key: String, row: &str) -> ProjectionRow {
    if row.len() <= MAX_ROW_BYTES
        && let Ok(row) = Json::parse(row)
    {
        return ProjectionRow { key, row: Some(row), text: None };
    }
    let end = row.floor_char_boundary(CUT_ROW_BYTES);
    ProjectionRow { key, row: None, text: Some(row[..end].to_owned()) }
}
