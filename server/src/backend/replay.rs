//! The state of an aggregate at a point of its history.

use rewind_app::api::query::{ReplayQuery, Until};
use rewind_app::api::{ApiError, ReplayAnswer, Shortfall};
use rewind_domain::travel::{Replay, ReplayError, Step};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, Json, RawEvent, StreamKey};
use serde::{Deserialize, Serialize};

use super::check_version;
use crate::api_errors::walk_error;
use crate::engines::Joined;
use crate::folds::FoldPlan;
use crate::travel::{Flow, Outcome, Reach, Span, Traveller, Visitor, VisitorKind};
use rewind_store::HistoryEnd;

pub(super) async fn replay(
    traveller: &Traveller,
    fold: FoldPlan,
    query: ReplayQuery,
) -> Result<ReplayAnswer, ApiError> {
    let until = query.until();
    let stream = query.stream;
    let (point, outcome) = arrive(traveller, &fold, &stream, until).await?;
    let Point { step, state, .. } = point;
    Ok(ReplayAnswer {
        version: outcome.version,
        id: step.as_ref().map(|step| step.id),
        event_type: step.as_ref().and_then(|step| step.event_type.clone()),
        timestamp_ms: step.as_ref().map(|step| step.timestamp_ms),
        changes: step.map(|step| step.changes).unwrap_or_default(),
        latest_version: outcome.extent.latest_version(),
        state,
        incomplete: Shortfall::of(outcome.incomplete, &outcome.tally),
        fold: fold.name().to_owned(),
        stream,
    })
}

/// Walks to a point. An error where the fold fails on the way.
pub(super) async fn arrive(
    traveller: &Traveller,
    fold: &FoldPlan,
    stream: &StreamKey,
    until: Until,
) -> Result<(Point, Outcome), ApiError> {
    let (mut point, mut outcome) = walk_to(traveller, fold, stream, until).await?;
    if point.step.is_none()
        && outcome.stopped.is_none()
        && outcome.version > outcome.extent.trimmed_count()
    {
        // Only once there does the walk know that this is where it ends.
        let version = Until::Version(outcome.version);
        (point, outcome) = walk_to(traveller, fold, stream, version).await?;
    }
    match outcome.stopped {
        Some(stopped) => Err(ApiError::stopped(&stopped)),
        None => Ok((point, outcome)),
    }
}

async fn walk_to(
    traveller: &Traveller,
    fold: &FoldPlan,
    stream: &StreamKey,
    until: Until,
) -> Result<(Point, Outcome), ApiError> {
    let point = Point { stream: stream.clone(), until, step: None, state: Json::Null };
    traveller.walk(stream, fold, point).await.map_err(|error| walk_error(stream, error))
}

/// A point in a history, and what is there.
#[derive(Serialize, Deserialize)]
pub(crate) struct Point {
    stream: StreamKey,
    until: Until,
    /// What made its version.
    pub(super) step: Option<Step>,
    /// The state there.
    pub(super) state: Json,
}

impl Joined for Point {}

impl Visitor for Point {
    type Error = ApiError;

    const KIND: VisitorKind = VisitorKind::Point;

    fn span(&self) -> Span {
        // One event is left to be folded, since it is told what it changed.
        let (from, to) = match self.until {
            Until::Latest => (Some(Reach::FromEnd(1)), HistoryEnd::Now),
            Until::Version(version) => {
                (version.checked_sub(1).map(Reach::Version), HistoryEnd::Count(version))
            }
            Until::Id(id) => (Some(Reach::Before(id)), HistoryEnd::Id(id)),
            Until::TimeMs(ms) => {
                let id = EntryId::new(ms, u64::MAX);
                (Some(Reach::Before(id)), HistoryEnd::Id(id))
            }
        };
        Span { from, to }
    }

    fn begin(&mut self, extent: &StreamExtent) -> Result<u64, ApiError> {
        match self.until {
            Until::Version(version) => {
                check_version(&self.stream, version, extent.trimmed_count(), extent)?;
                Ok(version.saturating_sub(1))
            }
            Until::Latest => Ok(extent.latest_version().saturating_sub(1)),
            Until::Id(_) | Until::TimeMs(_) => Ok(u64::MAX),
        }
    }

    fn event(
        &mut self,
        replay: &mut Replay<'_>,
        event: &RawEvent<'_>,
        is_last: bool,
    ) -> Result<Flow, ReplayError> {
        let is_there = match self.until {
            Until::Version(version) if event.version > version => return Ok(Flow::Stop),
            Until::Version(version) => event.version == version,
            Until::Latest | Until::Id(_) | Until::TimeMs(_) => is_last,
        };
        if is_there {
            self.step = Some(replay.push_recorded(event)?);
            Ok(Flow::Stop)
        } else {
            replay.push(event)?;
            Ok(Flow::Continue)
        }
    }

    fn finish(&mut self, replay: &mut Replay<'_>) -> Result<(), ReplayError> {
        self.state = replay.state()?;
        Ok(())
    }
}
