//! How the events of an aggregate lie in time.

use rewind_app::api::query::TimelineQuery;
use rewind_app::api::{ApiError, Shortfall, TimelineAnswer};
use rewind_domain::RawEvent;
use rewind_domain::fold::Applied;
use rewind_domain::lanes::{Lane, Lanes};
use rewind_domain::timeline::{Tick, Timeline};
use rewind_domain::travel::{Replay, ReplayError};
use serde::{Deserialize, Serialize};

use crate::api_errors::walk_error;
use crate::engines::Joined;
use crate::folds::FoldPlan;
use crate::travel::{Flow, Traveller, Visitor, VisitorKind};

pub(super) async fn timeline(
    traveller: &Traveller,
    fold: FoldPlan,
    query: TimelineQuery,
) -> Result<TimelineAnswer, ApiError> {
    let TimelineQuery { stream, buckets } = query;
    let buckets = buckets.get();
    let (survey, outcome) = traveller
        .walk(&stream, &fold, Survey { buckets, ..Survey::default() })
        .await
        .map_err(|error| walk_error(&stream, error))?;
    Ok(TimelineAnswer {
        first_version: outcome.extent.trimmed_count(),
        latest_version: survey.latest_version.unwrap_or_else(|| outcome.extent.trimmed_count()),
        timeline: survey.timeline.unwrap_or_else(|| Timeline::of(Vec::new(), 1)),
        lanes: survey.drawn,
        stopped: outcome.stopped,
        incomplete: Shortfall::of(outcome.incomplete, &outcome.tally),
        fold: fold.name().to_owned(),
        stream,
    })
}

/// Notes when each event happened and what it changed.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Survey {
    buckets: u64,
    #[serde(skip)]
    ticks: Vec<Tick>,
    #[serde(skip)]
    lanes: Lanes,
    /// What came of it.
    timeline: Option<Timeline>,
    drawn: Vec<Lane>,
    latest_version: Option<u64>,
}

impl Survey {
    fn tick(&mut self, event: &RawEvent<'_>, is_failed: bool) -> i64 {
        let timestamp_ms = event.timestamp_ms();
        self.ticks.push(Tick { version: event.version, timestamp_ms, is_failed });
        timestamp_ms
    }
}

impl Joined for Survey {}

impl Visitor for Survey {
    type Error = ApiError;

    const KIND: VisitorKind = VisitorKind::Timeline;

    fn event(
        &mut self,
        replay: &mut Replay<'_>,
        event: &RawEvent<'_>,
        _is_last: bool,
    ) -> Result<Flow, ReplayError> {
        let (applied, changes) = replay.push_compared(event)?;
        let timestamp_ms = self.tick(event, applied == Applied::Unread);
        self.lanes.note(event.version, timestamp_ms, &changes);
        Ok(Flow::Continue)
    }

    fn unfolded(&mut self, event: &RawEvent<'_>) -> Flow {
        self.tick(event, true);
        Flow::Continue
    }

    fn close(&mut self) {
        let (ticks, lanes) = (std::mem::take(&mut self.ticks), std::mem::take(&mut self.lanes));
        self.latest_version = ticks.last().map(|tick| tick.version);
        let buckets = usize::try_from(self.buckets).unwrap_or(usize::MAX);
        self.timeline = Some(Timeline::of(ticks, buckets));
        self.drawn = lanes.finish();
    }
}
