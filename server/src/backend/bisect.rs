//! The versions at which an expression over the state becomes true or false.

use std::sync::{Arc, Mutex, PoisonError};

use rewind_app::api::query::BisectQuery;
use rewind_app::api::{
    ApiError, BisectAnswer, ErrorCode, ExpressionFailures, Shortfall, Transition,
};
use rewind_domain::travel::{Replay, ReplayError};
use rewind_domain::{FoldError, FoldErrorKind, RawEvent};
use serde::{Deserialize, Serialize};

use crate::api_errors::{engine_error, walk_error};
use crate::engines::{Engines, Joined, Prepared};
use crate::folds::{FoldPlan, Verdict};
use crate::travel::{Flow, Traveller, Visitor, VisitorKind};

/// How many transitions are told: more than anybody goes through one by one.
const MAX_TRANSITIONS: usize = 1_000;

pub(super) async fn bisect(
    traveller: &Traveller,
    engines: &Engines,
    fold: FoldPlan,
    query: BisectQuery,
) -> Result<BisectAnswer, ApiError> {
    let BisectQuery { stream, expression } = query;
    let unusable = |error: FoldError| ApiError::unusable(ErrorCode::ExpressionInvalid, &error);
    let read = engines.read_expression(&expression).await;
    read.map_err(|error| engine_error(&error))?.map_err(unusable)?;
    let fold = FoldPlan::Judged { fold: Box::new(fold), expression: expression.clone() };
    let (search, outcome) = traveller
        .walk(&stream, &fold, Bisection::new())
        .await
        .map_err(|error| walk_error(&stream, error))?;
    if let Some(error) = search.ended {
        return Err(unusable(error));
    }
    let Bisection { was_true, is_true, transitions, total, failures, first_true, until, .. } =
        search;
    Ok(BisectAnswer {
        expression,
        first_true,
        was_true,
        is_true,
        transitions,
        total,
        until,
        failures,
        stopped: outcome.stopped,
        incomplete: Shortfall::of(outcome.incomplete, &outcome.tally),
        fold: fold.name().to_owned(),
        stream,
    })
}

/// Evaluates an expression at every version.
#[derive(Serialize, Deserialize)]
pub(crate) struct Bisection {
    #[serde(skip, default = "no_verdict")]
    verdict: Arc<Mutex<Verdict>>,
    /// Whether the version before the first event was looked at.
    is_begun: bool,
    was_true: bool,
    is_true: bool,
    first_true: Option<u64>,
    transitions: Vec<Transition>,
    total: u64,
    until: u64,
    failures: Option<ExpressionFailures>,
    /// Why it cannot be evaluated any further.
    ended: Option<FoldError>,
}

fn no_verdict() -> Arc<Mutex<Verdict>> {
    Arc::new(Mutex::new(Ok(false)))
}

impl Bisection {
    fn new() -> Self {
        Self {
            verdict: no_verdict(),
            is_begun: false,
            was_true: false,
            is_true: false,
            first_true: None,
            transitions: Vec::new(),
            total: 0,
            until: 0,
            failures: None,
            ended: None,
        }
    }

    /// Whether the expression is true at this version. One that throws is not; one that runs into a limit ends the search.
    fn judge(&mut self, version: u64) -> bool {
        let verdict = self.verdict.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match verdict {
            Ok(is_true) => is_true,
            Err(error) if error.kind == FoldErrorKind::Threw => {
                let failures = self.failures.get_or_insert_with(|| ExpressionFailures {
                    count: 0,
                    first_version: version,
                    message: error.to_string(),
                });
                failures.count += 1;
                false
            }
            Err(error) => {
                self.ended = Some(error);
                false
            }
        }
    }

    /// Looks at the state before the first event. There the expression may well throw for want of an event, which tells nothing.
    fn begin_at(&mut self, version: u64) {
        if !self.is_begun {
            self.is_begun = true;
            self.until = version;
            self.was_true = self.judge(version);
            self.is_true = self.was_true;
            self.first_true = self.was_true.then_some(version);
            self.failures = None;
        }
    }
}

impl Joined for Bisection {
    fn join(&mut self, fold: &Prepared) {
        if let Prepared::Judged(judged) = fold {
            self.verdict = judged.verdict();
        }
    }
}

impl Visitor for Bisection {
    type Error = ApiError;

    const KIND: VisitorKind = VisitorKind::Bisect;

    fn lays_keyframes(&self) -> bool {
        false
    }

    fn event(
        &mut self,
        replay: &mut Replay<'_>,
        event: &RawEvent<'_>,
        _is_last: bool,
    ) -> Result<Flow, ReplayError> {
        self.begin_at(replay.version());
        replay.push(event)?;
        let is_true = self.judge(event.version);
        if self.ended.is_some() {
            return Ok(Flow::Stop);
        }
        self.until = event.version;
        if is_true != self.is_true {
            self.is_true = is_true;
            self.total += 1;
            if is_true {
                self.first_true.get_or_insert(event.version);
            }
            if self.transitions.len() < MAX_TRANSITIONS {
                self.transitions.push(Transition {
                    version: event.version,
                    id: event.id,
                    event_type: event.event_type(),
                    timestamp_ms: event.timestamp_ms(),
                    becomes: is_true,
                });
            }
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, replay: &mut Replay<'_>) -> Result<(), ReplayError> {
        self.begin_at(replay.version());
        Ok(())
    }
}
