//! Trying a fold that is being written, beside the one that is saved.

use std::time::Duration;

use rewind_app::api::query::{TryFoldQuery, Until};
use rewind_app::api::{ApiError, ErrorCode, TrialAnswer, VersionRun};
use rewind_domain::travel::{Replay, ReplayError};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, FoldError, Json, RawEvent, StreamKey, diff};
use rewind_script::thread_time;
use serde::{Deserialize, Serialize};

use super::check_version;
use crate::api_errors::{engine_error, walk_error};
use crate::engines::{Joined, Prepared};
use crate::folds::{Failures, FoldPlan, LEFT, Library, RIGHT, Script};
use crate::travel::{Flow, Traveller, Visitor, VisitorKind};

/// How long the processor works at comparing states: someone waits for it with each key.
const BUDGET: Duration = Duration::from_secs(2);
/// How many runs of versions are told.
const RUNS: usize = 500;

pub(super) async fn try_fold(
    traveller: &Traveller,
    library: &Library,
    query: TryFoldQuery,
) -> Result<TrialAnswer, ApiError> {
    let at = query.at();
    let TryFoldQuery { stream, source, .. } = query;
    let file = library.file(&stream).await.map_err(|error| engine_error(&error))?;
    let name = file.as_ref().map_or("fold.js", |file| file.name.as_str());
    let tried = Script { name: name.to_owned(), source };
    let read = library.engines().read_fold(&tried).await.map_err(|error| engine_error(&error))?;
    read.map_err(|error| ApiError::unusable(ErrorCode::FoldInvalid, &error))?;
    let saved = match file {
        Some(file) => FoldPlan::Script(file.script()),
        None => FoldPlan::Merge,
    };
    let fold = FoldPlan::Compared { saved: Box::new(saved), tried };
    let (trial, outcome) = traveller
        .walk(&stream, &fold, Trial::new(stream.clone(), at))
        .await
        .map_err(|error| walk_error(&stream, error))?;
    let (failures, has_saved) = (trial.failures, trial.has_saved);
    let stopped_at = |failure: Option<(u64, FoldError)>| {
        failure.map(|(version, error)| {
            let (id, event_type) = trial.events.get(&version).cloned().unwrap_or_default();
            ReplayError { version, id, event_type, error }
        })
    };
    let stopped = stopped_at(failures.right);
    let saved_stopped = stopped_at(failures.left).filter(|_| has_saved);
    let is_there = stopped.as_ref().is_none_or(|stopped| stopped.version > trial.shown);
    let state = trial.right.filter(|_| is_there);
    let changes = match (&trial.left, &state) {
        (Some(left), Some(right)) if has_saved => diff::diff(left, right),
        _ => Vec::new(),
    };
    Ok(TrialAnswer {
        version: trial.shown,
        state,
        changes,
        stopped,
        saved_stopped,
        differing: trial.differing,
        differing_total: trial.differing_total,
        compared_until: trial.compared_until,
        latest_version: outcome.extent.latest_version(),
        stream,
    })
}

/// Compares the states by two folds at every version.
#[derive(Serialize, Deserialize)]
pub(crate) struct Trial {
    stream: StreamKey,
    at: Until,
    /// The version whose states are kept.
    shown: u64,
    left: Option<Json>,
    right: Option<Json>,
    differing: Vec<VersionRun>,
    differing_total: u64,
    compared_until: u64,
    /// How long the processor had worked for this thread when it began.
    #[serde(skip, default = "thread_time")]
    since: Duration,
    is_late: bool,
    /// The events at which a fold may have failed.
    events: std::collections::HashMap<u64, (Option<EntryId>, Option<String>)>,
    had: (bool, bool),
    /// Where the folds failed.
    failures: Failures,
    /// Whether what is saved is a fold.
    has_saved: bool,
}

impl Trial {
    fn new(stream: StreamKey, at: Until) -> Self {
        Self {
            stream,
            at,
            shown: 0,
            left: None,
            right: None,
            differing: Vec::new(),
            differing_total: 0,
            compared_until: 0,
            since: thread_time(),
            is_late: false,
            events: std::collections::HashMap::new(),
            had: (true, true),
            failures: Failures::default(),
            has_saved: true,
        }
    }

    fn look(&mut self, version: u64, state: &Json, event: &RawEvent<'_>) {
        let (left, right) = (state.get(LEFT), state.get(RIGHT));
        let has = (left.is_some(), right.is_some());
        if has != self.had {
            self.had = has;
            let event = event.decode();
            self.events.insert(version, (Some(event.id), event.event_type));
        }
        if left != right {
            self.differing_total += 1;
            let has_room = self.differing.len() < RUNS;
            match self.differing.last_mut() {
                Some(run) if run.to + 1 == version => run.to = version,
                _ if has_room => self.differing.push(VersionRun { from: version, to: version }),
                _ => {}
            }
        }
        self.compared_until = version;
    }

    fn keep(&mut self, state: &Json) {
        self.left = state.get(LEFT).cloned();
        self.right = state.get(RIGHT).cloned();
    }
}

impl Joined for Trial {
    fn part(&mut self, fold: &Prepared) {
        if let Prepared::Compared(comparison, has_saved) = fold {
            self.failures = comparison.failures();
            self.has_saved = *has_saved;
        }
    }
}

impl Visitor for Trial {
    type Error = ApiError;

    const KIND: VisitorKind = VisitorKind::Trial;

    fn lays_keyframes(&self) -> bool {
        false
    }

    fn begin(&mut self, extent: &StreamExtent) -> Result<u64, ApiError> {
        self.shown = match self.at {
            Until::Version(version) => version,
            Until::Latest | Until::Id(_) | Until::TimeMs(_) => extent.latest_version(),
        };
        check_version(&self.stream, self.shown, extent.trimmed_count(), extent)?;
        self.compared_until = extent.trimmed_count();
        Ok(0)
    }

    fn event(
        &mut self,
        replay: &mut Replay<'_>,
        event: &RawEvent<'_>,
        _is_last: bool,
    ) -> Result<Flow, ReplayError> {
        if event.version == self.shown.saturating_add(1) && self.right.is_none() {
            self.keep(&replay.state()?);
        }
        replay.push(event)?;
        self.is_late = self.is_late || thread_time().saturating_sub(self.since) > BUDGET;
        if self.is_late && event.version > self.shown {
            return Ok(Flow::Stop);
        }
        if !self.is_late {
            let state = replay.state()?;
            self.look(event.version, &state, event);
        }
        if event.version == self.shown {
            self.keep(&replay.state()?);
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, replay: &mut Replay<'_>) -> Result<(), ReplayError> {
        if replay.version() <= self.shown {
            self.keep(&replay.state()?);
        }
        Ok(())
    }
}
