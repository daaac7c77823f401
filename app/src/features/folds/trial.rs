//! What the fold that is being written makes of the stream.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::travel::ReplayError;

use crate::api::query::TryFoldQuery;
use crate::api::{ApiError, ErrorCode, TrialAnswer, functions};
use crate::features::folds::desk::Desk;
use crate::features::folds::place::Place;
use crate::features::folds::views::code_editor::{Problem, Spot};
use crate::platform::clock::Debounce;
use crate::platform::remote::{Loaded, Remote};

/// How long to stop typing before the fold is tried.
const CALM_MS: u64 = 300;

/// All that decides what comes of trying a fold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    source: Arc<str>,
    version: Option<u64>,
    /// Which saved fold it is compared with.
    revision: u32,
}

/// A fold at work.
#[derive(Clone, Copy)]
pub(super) struct Trial {
    answer: Remote<Question, TrialAnswer>,
    /// What is wrong with what is written.
    pub(super) problem: Memo<Option<Problem>>,
    /// Where the fold stops.
    pub(super) stopped: Memo<Option<ReplayError>>,
    /// Why there is no fold in what is written, so that what is shown comes from what was written before.
    pub(super) refusal: Memo<Option<ApiError>>,
}

impl Trial {
    pub(super) fn new(stream: &StreamKey, desk: Desk, place: Place) -> Self {
        let calm = RwSignal::new(None::<Arc<str>>);
        let debounce = Debounce::new(CALM_MS);
        Effect::new(move |was_ready: Option<bool>| {
            let is_ready = desk.is_ready.get();
            let text = desk.text.get();
            if is_ready && was_ready == Some(true) {
                debounce.call(move || calm.set(Some(text.into())));
            } else if is_ready {
                calm.set(Some(text.into()));
            }
            is_ready
        });
        let question = Memo::new(move |_| {
            let source = calm.get().filter(|source| !source.trim().is_empty())?;
            let (version, revision) = (place.settled.get(), desk.revision.get());
            Some(Question { source, version, revision })
        });
        let key = stream.clone();
        let answer = Remote::new(
            move || question.get(),
            move |question: Question| {
                functions::try_fold(TryFoldQuery {
                    stream: key.clone(),
                    source: question.source.to_string(),
                    version: question.version,
                })
            },
        );
        Effect::new(move || {
            if let Some(loaded) = answer.loaded() {
                place.note_latest(loaded.answer.latest_version);
            }
        });
        let refusal = Memo::new(move |_| {
            let is_blank =
                calm.with(|text| text.as_ref().is_some_and(|text| text.trim().is_empty()));
            answer.final_error().or_else(|| is_blank.then(blank))
        });
        let stopped = Memo::new(move |_| {
            let is_current = refusal.with(Option::is_none);
            answer.loaded().filter(|_| is_current)?.answer.stopped.clone()
        });
        let problem = Memo::new(move |_| match refusal.get() {
            Some(error) => refused(error),
            None => stopped.get().map(|stopped| Problem {
                spot: spot(stopped.error.line, stopped.error.column),
                message: stopped.to_string(),
            }),
        });
        Self { answer, problem, stopped, refusal }
    }

    /// The last outcome, possibly of what was written before.
    pub(super) fn loaded(self) -> Option<Arc<Loaded<Question, TrialAnswer>>> {
        self.answer.loaded()
    }

    /// Why it takes longer.
    pub(super) fn passing_error(self) -> Option<ApiError> {
        self.answer.passing_error()
    }

    /// Whether it is being tried.
    pub(super) fn is_loading(self) -> bool {
        self.answer.is_loading() && self.answer.error().is_none()
    }

    /// Tries it once more.
    pub(super) fn ask_again(self) {
        self.answer.ask_again();
    }
}

/// The server refuses an empty source as a parameter that is missing, which says less.
fn blank() -> ApiError {
    let message = "the fold is empty; it needs `export default { initial: () => ({}), on: { … } }`";
    ApiError::new(ErrorCode::FoldInvalid, message)
}

/// What is wrong with the source, if it is the source that is wrong.
fn refused(error: ApiError) -> Option<Problem> {
    let is_about_source =
        error.code == ErrorCode::FoldInvalid || error.parameter.as_deref() == Some("source");
    let spot = spot(error.line, error.column);
    is_about_source.then_some(Problem { spot, message: error.message })
}

fn spot(line: Option<u32>, column: Option<u32>) -> Option<Spot> {
    Some(Spot { line: line?, column: column.unwrap_or(1) })
}
