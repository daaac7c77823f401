//! Replays: the state of an aggregate at a point, and the versions around it.

use std::sync::Arc;

use rewind_app::api::backend::{ReplayQuery, Until, WindowQuery};
use rewind_app::api::{ApiError, ErrorCode, ReplayAnswer, WindowAnswer};
use rewind_domain::travel::{Replay, ReplayError, Step, Window};
use rewind_domain::versions::{Incomplete, IncompleteReason, StreamExtent};
use rewind_domain::{Entry, EntryId, Fold, Json, StreamKey, layout};

use super::api_error;
use crate::store::{History, Store, StoreError};

pub(super) async fn replay(
    store: &Store,
    fold: Arc<dyn Fold>,
    query: ReplayQuery,
) -> Result<ReplayAnswer, ApiError> {
    let stream = query.stream;
    let run = fold_history(store, &stream, &fold, query.until, Recorded::Last).await?;
    let step = run.steps.into_iter().next_back();
    Ok(ReplayAnswer {
        version: step.as_ref().map_or(run.base_version, |step| step.version),
        id: step.as_ref().map(|step| step.id),
        event_type: step.as_ref().and_then(|step| step.event_type.clone()),
        timestamp_ms: step.as_ref().map(|step| step.timestamp_ms),
        changes: step.map(|step| step.changes).unwrap_or_default(),
        latest_version: run.latest_version,
        state: run.state,
        incomplete: run.incomplete,
        fold: fold.name().to_owned(),
        stream,
    })
}

pub(super) async fn window(
    store: &Store,
    fold: Arc<dyn Fold>,
    query: WindowQuery,
) -> Result<WindowAnswer, ApiError> {
    let WindowQuery { stream, around, limit } = query;
    let version = match around {
        Until::Version(version) => version,
        // Where in the numbering these are is only known once read.
        Until::Latest => {
            let info = store.info(&stream).await.map_err(|e| api_error(Some(&stream), &e))?;
            info.extent.latest_version()
        }
        Until::Id(_) | Until::TimeMs(_) => {
            fold_history(store, &stream, &fold, around, Recorded::Last).await?.version()
        }
    };
    let from = version.saturating_sub(limit / 2);
    let recorded = Recorded::Versions { around: version, from, limit };
    let until = Until::Version(version);
    let run = fold_history(store, &stream, &fold, until, recorded).await?;
    Ok(WindowAnswer {
        window: Window { base_version: run.base_version, state: run.base_state, steps: run.steps },
        first_version: run.first_version,
        latest_version: run.latest_version,
        incomplete: run.incomplete,
        fold: fold.name().to_owned(),
        stream,
    })
}

/// Which versions are kept as steps while folding.
#[derive(Clone, Copy)]
enum Recorded {
    /// The last one.
    Last,
    /// About `limit` versions from `from` on, which go on behind the one asked for.
    Versions { around: u64, from: u64, limit: u64 },
}

/// What folding a history came to.
struct Run {
    /// The version before the first event present.
    first_version: u64,
    latest_version: u64,
    incomplete: Option<Incomplete>,
    base_version: u64,
    base_state: Json,
    steps: Vec<Step>,
    state: Json,
}

impl Run {
    fn version(&self) -> u64 {
        self.steps.last().map_or(self.base_version, |step| step.version)
    }
}

async fn fold_history(
    store: &Store,
    stream: &StreamKey,
    fold: &Arc<dyn Fold>,
    until: Until,
    recorded: Recorded,
) -> Result<Run, ApiError> {
    let end = match until {
        Until::Latest | Until::Version(_) => None,
        Until::Id(id) => Some(id),
        Until::TimeMs(ms) => Some(EntryId::new(ms, u64::MAX)),
    };
    let history = store.history(stream, end).await.map_err(|e| api_error(Some(stream), &e))?;
    let plan = Plan::new(stream, &history.info().extent, until, recorded)?;
    let outcome = if history.is_one_page() {
        plan.run(history, fold.as_ref())
    } else {
        // Long enough to hold up other requests on this thread.
        let fold = Arc::clone(fold);
        tokio::task::spawn_blocking(move || plan.run(history, fold.as_ref())).await.map_err(
            |error| {
                tracing::error!(%error, "a replay came to a bad end");
                ApiError::new(ErrorCode::Internal, "the replay failed; the server's log says why")
            },
        )?
    };
    outcome.map_err(|error| match error {
        RunError::Store(error) => api_error(Some(stream), &error),
        RunError::Fold(error) => ApiError::new(ErrorCode::FoldFailed, error.to_string()),
    })
}

enum RunError {
    Store(StoreError),
    Fold(ReplayError),
}

/// From where to where to fold, and what to keep.
struct Plan {
    extent: StreamExtent,
    /// The version before the first event present.
    first: u64,
    /// Steps are kept of the versions after this one; of the last one alone where there is none.
    keep_after: Option<u64>,
    /// The last version to fold.
    last: u64,
}

impl Plan {
    fn new(
        stream: &StreamKey,
        extent: &StreamExtent,
        until: Until,
        recorded: Recorded,
    ) -> Result<Self, ApiError> {
        let first = extent.gone();
        let latest = extent.latest_version();
        if let Until::Version(version) = until {
            check_version(stream, version, first, latest, extent)?;
        }
        let (keep_after, last) = match (recorded, until) {
            (Recorded::Last, Until::Version(version)) => (None, version),
            (Recorded::Last, _) => (None, u64::MAX),
            (Recorded::Versions { around, from, limit }, _) => {
                // A window at the end of the history reaches further back instead.
                let keep_after = from.min(latest.saturating_sub(limit)).max(first);
                (Some(keep_after), keep_after.saturating_add(limit).max(around).min(latest))
            }
        };
        Ok(Self { extent: extent.clone(), first, keep_after, last })
    }

    fn run(self, mut history: History, fold: &dyn Fold) -> Result<Run, RunError> {
        let mut replay = Replay::new(fold, self.first);
        let mut incomplete = self.extent.incomplete();
        let mut steps = Vec::new();
        let mut base = None;
        let mut pending: Option<(u64, Entry)> = None;
        'pages: while let Some(page) = history.next_page().map_err(RunError::Store)? {
            let expected = pending.as_ref().map_or(self.first, |(version, _)| *version) + 1;
            if page.first_version > expected && !page.entries.is_empty() {
                incomplete = Some(overtaken(incomplete, expected, page.first_version - 1));
            }
            for (version, entry) in (page.first_version..).zip(page.entries) {
                if version > self.last {
                    break 'pages;
                }
                // One entry is held back, since only the last one is recorded where no window is asked for.
                if let Some((version, entry)) = pending.replace((version, entry)) {
                    self.step(&mut replay, version, entry, &mut base, &mut steps)?;
                }
            }
        }
        if let Some((version, entry)) = pending {
            let keeps = self.keep_after.unwrap_or_else(|| replay.version());
            let plan = Self { keep_after: Some(keeps), ..self };
            plan.step(&mut replay, version, entry, &mut base, &mut steps)?;
            return Ok(plan.finish(&replay, incomplete, base, steps));
        }
        Ok(self.finish(&replay, incomplete, base, steps))
    }

    /// Folds one entry, and keeps the step where it is one of those asked for.
    fn step(
        &self,
        replay: &mut Replay<'_>,
        version: u64,
        entry: Entry,
        base: &mut Option<(u64, Json)>,
        steps: &mut Vec<Step>,
    ) -> Result<(), RunError> {
        let event = layout::decode(entry);
        if self.keep_after.is_some_and(|keep_after| version > keep_after) {
            base.get_or_insert_with(|| (replay.version(), replay.state().clone()));
            steps.push(replay.push_recorded(version, &event).map_err(RunError::Fold)?);
            Ok(())
        } else {
            replay.push(version, &event).map_err(RunError::Fold)
        }
    }

    fn finish(
        self,
        replay: &Replay<'_>,
        incomplete: Option<Incomplete>,
        base: Option<(u64, Json)>,
        steps: Vec<Step>,
    ) -> Run {
        let (base_version, base_state) =
            base.unwrap_or_else(|| (replay.version(), replay.state().clone()));
        Run {
            first_version: self.first,
            latest_version: self.extent.latest_version(),
            incomplete,
            base_version,
            base_state,
            steps,
            state: replay.state().clone(),
        }
    }
}

fn check_version(
    stream: &StreamKey,
    version: u64,
    first: u64,
    latest: u64,
    extent: &StreamExtent,
) -> Result<(), ApiError> {
    let missing = |why: String| Err(ApiError::new(ErrorCode::VersionNotFound, why));
    if version > latest {
        return missing(format!(
            "stream `{stream}` has no version {version}; its latest is {latest}"
        ));
    }
    if version < first {
        let why =
            extent.incomplete().map(|incomplete| incomplete.explanation()).unwrap_or_default();
        return missing(format!(
            "stream `{stream}` has no version {version} any more; the first is {first}. {why}"
        ));
    }
    Ok(())
}

/// Trimming overtook the reader: what was read before it is still folded, what it took is not.
fn overtaken(known: Option<Incomplete>, from: u64, to: u64) -> Incomplete {
    match known {
        Some(known) if known.reason == IncompleteReason::Deleted => known,
        Some(known) if known.reason == IncompleteReason::Trimmed => {
            Incomplete { missing_to: to, ..known }
        }
        _ => Incomplete { missing_from: from, missing_to: to, reason: IncompleteReason::Trimmed },
    }
}
