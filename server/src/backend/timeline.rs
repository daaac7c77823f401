//! How the events of an aggregate lie in time.

use std::sync::Arc;

use rewind_app::api::backend::TimelineQuery;
use rewind_app::api::{ApiError, Shortfall, TimelineAnswer};
use rewind_domain::fold::Applied;
use rewind_domain::lanes::Lanes;
use rewind_domain::timeline::{Tick, Timeline};
use rewind_domain::travel::{Replay, ReplayError};
use rewind_domain::{Fold, RawEvent};

use super::walk_error;
use crate::travel::{Flow, Traveller, Visitor};

pub(super) async fn timeline(
    traveller: &Traveller,
    fold: Arc<dyn Fold>,
    query: TimelineQuery,
) -> Result<TimelineAnswer, ApiError> {
    let TimelineQuery { stream, buckets } = query;
    let (survey, outcome) = traveller
        .walk(&stream, &fold, Survey::default())
        .await
        .map_err(|error| walk_error(&stream, error))?;
    let latest_version = survey.ticks.last().map_or(outcome.extent.gone(), |tick| tick.version);
    Ok(TimelineAnswer {
        first_version: outcome.extent.gone(),
        latest_version,
        timeline: Timeline::of(survey.ticks, usize::try_from(buckets).unwrap_or(usize::MAX)),
        lanes: survey.lanes.finish(),
        stopped: outcome.stopped,
        incomplete: Shortfall::of(outcome.incomplete, &outcome.tally),
        fold: fold.name().to_owned(),
        stream,
    })
}

/// Notes when each event happened and what it changed.
#[derive(Default)]
struct Survey {
    ticks: Vec<Tick>,
    lanes: Lanes,
}

impl Survey {
    fn tick(&mut self, event: &RawEvent<'_>, is_failed: bool) -> i64 {
        let timestamp_ms = event.timestamp_ms();
        self.ticks.push(Tick { version: event.version, timestamp_ms, is_failed });
        timestamp_ms
    }
}

impl Visitor for Survey {
    type Error = ApiError;

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
}
