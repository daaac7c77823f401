//! Runs of versions: a full state, and what each event after it changed.

use std::time::Duration;

use rewind_app::api::query::{Until, WindowQuery};
use rewind_app::api::{ApiError, Shortfall, WindowAnswer};
use rewind_domain::travel::{Replay, ReplayError, Step, Window};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{Json, RawEvent, StreamKey};
use rewind_script::thread_time;
use serde::{Deserialize, Serialize};

use super::{check_version, replay};
use crate::api_errors::walk_error;
use crate::engines::Joined;
use crate::folds::FoldPlan;
use crate::travel::{Flow, Reach, Span, Traveller, Visitor, VisitorKind};
use rewind_store::HistoryEnd;

/// How long the processor may work at recording the versions of a window, once the one asked for is in it. A large state makes for a small
/// window, so that a jump stays quick.
const BUDGET: Duration = Duration::from_millis(6);
/// A state of this many values counts as large. Windows of others are never cut: they take no longer than that.
const LARGE: usize = 256;
/// How many versions are recorded on either side of the one asked for, however long that takes.
const AT_LEAST: u64 = 5;

pub(super) async fn window(
    traveller: &Traveller,
    fold: FoldPlan,
    query: WindowQuery,
) -> Result<WindowAnswer, ApiError> {
    let around = query.around();
    let WindowQuery { stream, limit, .. } = query;
    let limit = limit.get();
    let target = match around {
        Until::Version(version) => Some(version),
        Until::Latest => None,
        // Which versions these are is only known once there.
        Until::Id(_) | Until::TimeMs(_) => {
            match replay::arrive(traveller, &fold, &stream, around).await {
                Ok((_, outcome)) => Some(outcome.version),
                // The window says so itself.
                Err(ApiError { version: Some(version), .. }) => Some(version),
                Err(error) => return Err(error),
            }
        }
    };
    let recorder = Recorder::new(stream.clone(), target, limit);
    let (recorder, outcome) = traveller
        .walk(&stream, &fold, recorder)
        .await
        .map_err(|error| walk_error(&stream, error))?;
    let Recorder { base, steps, unfolded, around, keep_after, .. } = recorder;
    let (base_version, state) = base.unwrap_or((keep_after, Json::Null));
    let window = Window { base_version, state, steps };
    let version = match unfolded.last() {
        Some(step) => around.min(step.version),
        None => around.min(window.last_version()),
    };
    Ok(WindowAnswer {
        window,
        version,
        first_version: outcome.extent.trimmed_count(),
        latest_version: outcome.extent.latest_version(),
        stopped: outcome.stopped,
        unfolded,
        incomplete: Shortfall::of(outcome.incomplete, &outcome.tally),
        fold: fold.name().to_owned(),
        extent: outcome.extent,
        stream,
    })
}

/// Records the versions around one.
#[derive(Serialize, Deserialize)]
pub(crate) struct Recorder {
    stream: StreamKey,
    /// The version asked for; the last one where there is none.
    target: Option<u64>,
    limit: u64,
    around: u64,
    /// Versions after this one are recorded.
    keep_after: u64,
    /// The last version that may be recorded.
    last: u64,
    /// How long the processor had worked for this thread when the first of them was recorded.
    #[serde(skip)]
    since: Option<Duration>,
    /// Whether a state was large.
    is_large: bool,
    base: Option<(u64, Json)>,
    steps: Vec<Step>,
    unfolded: Vec<Step>,
}

impl Recorder {
    fn new(stream: StreamKey, target: Option<u64>, limit: u64) -> Self {
        Self {
            stream,
            target,
            limit,
            around: 0,
            keep_after: 0,
            last: 0,
            since: None,
            is_large: false,
            base: None,
            steps: Vec::new(),
            unfolded: Vec::new(),
        }
    }

    /// Begins later where recording all that comes before the version asked for would take too long.
    fn hurry(&mut self, version: u64) {
        let Some(elapsed) = self.since.map(elapsed) else { return };
        // Too early to tell.
        if elapsed < BUDGET / 5 {
            return;
        }
        let recorded = u32::try_from(self.steps.len()).unwrap_or(u32::MAX);
        let each = elapsed / recorded.saturating_sub(1).max(1);
        let to_come = self.around.saturating_sub(version);
        let affordable = (BUDGET / 2).as_nanos() / each.as_nanos().max(1);
        let affordable = u64::try_from(affordable).unwrap_or(u64::MAX).max(AT_LEAST);
        if to_come > affordable {
            self.keep_after = self.around - affordable;
            self.base = None;
            self.steps.clear();
            self.since = None;
        }
    }

    fn is_enough(&self, version: u64) -> bool {
        let is_late = self.since.is_some_and(|since| elapsed(since) > BUDGET);
        version >= self.last || (is_late && version >= self.around.saturating_add(AT_LEAST))
    }
}

fn elapsed(since: Duration) -> Duration {
    thread_time().saturating_sub(since)
}

impl Joined for Recorder {}

impl Visitor for Recorder {
    type Error = ApiError;

    const KIND: VisitorKind = VisitorKind::Window;

    fn span(&self) -> Span {
        match self.target {
            None => Span { from: Some(Reach::FromEnd(self.limit)), to: HistoryEnd::Now },
            Some(version) => {
                let from = version.saturating_sub(self.limit / 2);
                let last = from.saturating_add(self.limit).max(version);
                Span { from: Some(Reach::Version(from)), to: HistoryEnd::Count(last) }
            }
        }
    }

    fn begin(&mut self, extent: &StreamExtent) -> Result<u64, ApiError> {
        let (first, latest) = (extent.trimmed_count(), extent.latest_version());
        let around = self.target.unwrap_or(latest);
        check_version(&self.stream, around, extent.trimmed_count(), extent)?;
        let from = around.saturating_sub(self.limit / 2);
        self.around = around;
        // A window at the end of the history reaches further back instead.
        self.keep_after = from.min(latest.saturating_sub(self.limit)).max(first);
        self.last = self.keep_after.saturating_add(self.limit).max(around).min(latest);
        Ok(self.keep_after)
    }

    fn event(
        &mut self,
        replay: &mut Replay<'_>,
        event: &RawEvent<'_>,
        _is_last: bool,
    ) -> Result<Flow, ReplayError> {
        if event.version > self.last {
            return Ok(Flow::Stop);
        }
        if event.version <= self.keep_after {
            replay.push(event)?;
            return Ok(Flow::Continue);
        }
        if self.base.is_none() {
            self.base = Some((replay.version(), replay.state()?));
        }
        self.steps.push(replay.push_recorded(event)?);
        // The first one takes longer than those behind it, since nothing of its state was read out before.
        self.is_large |= replay.state()?.nodes_up_to(LARGE) == LARGE;
        if self.is_large {
            self.since.get_or_insert_with(thread_time);
        }
        if self.is_enough(event.version) {
            return Ok(Flow::Stop);
        }
        self.hurry(event.version);
        Ok(Flow::Continue)
    }

    fn finish(&mut self, replay: &mut Replay<'_>) -> Result<(), ReplayError> {
        if self.base.is_none() {
            self.base = Some((replay.version(), replay.state()?));
        }
        Ok(())
    }

    fn unfolded(&mut self, event: &RawEvent<'_>) -> Flow {
        if event.version > self.last {
            return Flow::Stop;
        }
        if event.version > self.keep_after {
            self.unfolded.push(Step::new(event, Vec::new(), None));
        }
        if event.version == self.last { Flow::Stop } else { Flow::Continue }
    }
}
