//! The events that a filter means, or those of many streams, as they are found.

use std::ops::Range;
use std::sync::Arc;

use leptos::prelude::*;

use super::listing::Listing;
use crate::api::find::FindProgress;
use crate::api::{ApiError, ErrorCode, Order};
use crate::browser::frame_stream::FrameStream;
use crate::browser::frames::OncePerFrame;
use crate::components::event_grid::EventRow;
use crate::state::address::EventsOf;
use crate::state::findings::{Findings, Stage};
use crate::state::query::Query;
use crate::state::sse::Frame;

/// How close to the end of what was found the search goes on by itself, in rows.
const NEAR_END: u64 = 60;

/// A search, and what can be done with it.
#[derive(Clone, Copy)]
pub(super) struct Finding {
    findings: RwSignal<Findings>,
    listing: Listing,
    stream: StoredValue<Option<FrameStream>, LocalStorage>,
    question: StoredValue<Question>,
}

#[derive(Clone, Debug)]
struct Question {
    of: EventsOf,
    filter: String,
    order: Order,
}

impl Finding {
    /// Begins a search.
    pub(super) fn new(of: EventsOf, filter: String, order: Order) -> Self {
        let findings = RwSignal::new(Findings::default());
        let rows = Memo::new(move |_| findings.with(|findings| findings.found().len() as u64));
        let row = Callback::new(move |at: u64| row_of(findings, order, at));
        let drawn = RwSignal::new(0..0_u64);
        let sample = Memo::new(move |_| {
            let range = drawn.get();
            findings.with(|findings| {
                let begin = usize::try_from(range.start).unwrap_or(usize::MAX);
                let count = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
                let shown = findings.found().iter().skip(begin).take(count);
                shown.map(|found| Arc::clone(&found.event)).collect::<Vec<_>>()
            })
        });
        let listing = Listing {
            rows: rows.into(),
            row,
            top: RwSignal::new(0.0),
            active: RwSignal::new(None),
            on_drawn: Callback::new(move |range: Range<u64>| {
                drawn.try_set(range);
            }),
            sample: sample.into(),
            is_known: Signal::derive(move || {
                findings.with(|findings| *findings.stage() != Stage::Running)
            }),
        };
        let finding = Self {
            findings,
            listing,
            stream: StoredValue::new_local(None),
            question: StoredValue::new(Question { of, filter, order }),
        };
        finding.open();
        Effect::new(move || {
            let is_near = drawn.get().end + NEAR_END >= rows.get();
            let may_go_on = findings.with(|findings| *findings.stage() == Stage::Resting);
            // Whoever held it has seen the end of it; who scrolls there wants more.
            if is_near && may_go_on && drawn.with_untracked(|drawn| drawn.start > 0) {
                finding.run();
            }
        });
        on_cleanup(move || {
            finding.stream.try_update_value(Option::take);
        });
        finding
    }

    pub(super) fn listing(self) -> Listing {
        self.listing
    }

    pub(super) fn stage(self) -> Stage {
        self.findings.with(|findings| findings.stage().clone())
    }

    pub(super) fn progress(self) -> FindProgress {
        self.findings.with(Findings::progress)
    }

    /// The times between which it has looked, in Unix milliseconds.
    pub(super) fn looked_between_ms(self) -> Option<(u64, u64)> {
        self.findings.with(Findings::looked_between_ms)
    }

    /// Goes on where it rests or failed.
    pub(super) fn run(self) {
        self.findings.update(Findings::run);
        self.open();
    }

    /// Rests until it is told to go on.
    pub(super) fn rest(self) {
        self.stream.try_update_value(Option::take);
        self.findings.update(Findings::rest);
    }

    fn open(self) {
        let Question { of, filter, order } = self.question.get_value();
        let position = self.findings.with_untracked(|f| f.position().map(str::to_owned));
        let url = of
            .on_query(Query::default())
            .with_some("filter", Some(filter).filter(|filter| !filter.is_empty()))
            .with("order", if order == Order::Asc { "asc" } else { "desc" })
            .with_some("position", position)
            .on("/api/find");
        let findings = self.findings;
        // Frames arrive faster than they can be drawn.
        let buffer = StoredValue::new_local(Vec::<Frame>::new());
        let flush = OncePerFrame::new(move || {
            let frames = buffer.try_update_value(std::mem::take).unwrap_or_default();
            let mut wrong = None;
            findings.try_update(|findings| {
                wrong = frames.iter().find_map(|frame| findings.take(frame).err());
                if let Some(error) = &wrong {
                    findings.fail(unreadable(error));
                }
            });
            let is_over = findings.try_with_untracked(|f| *f.stage() != Stage::Running);
            if is_over.unwrap_or(true) {
                self.stream.try_update_value(Option::take);
            }
        });
        let flush_rest = flush.clone();
        let stream = FrameStream::open(
            url,
            move |frames| {
                buffer.try_update_value(|buffer| buffer.extend(frames));
                flush.request();
            },
            move |end| {
                let error = end.err().unwrap_or_else(|| {
                    ApiError::new(
                        ErrorCode::ServerUnreachable,
                        "the search was cut off; it can go on where it was",
                    )
                });
                flush_rest.run();
                findings.try_update(|findings| findings.fail(error));
            },
        );
        self.stream.try_set_value(stream);
    }
}

fn unreadable(error: &serde_json::Error) -> ApiError {
    let message = format!("what the search found cannot be read ({error}); reload the page");
    ApiError::new(ErrorCode::Internal, message)
}

fn row_of(findings: RwSignal<Findings>, order: Order, at: u64) -> EventRow {
    findings.with(|findings| {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let found = findings.found();
        let Some(shown) = found.get(at) else { return EventRow::Coming };
        // The one that came before in time is above or below.
        let before = match order {
            Order::Asc => at.checked_sub(1),
            Order::Desc => at.checked_add(1),
        };
        let before = before.and_then(|at| found.get(at));
        EventRow::Event {
            event: Arc::clone(&shown.event),
            stream: shown.stream.clone(),
            is_fresh: false,
            since_ms: before.map(|before| shown.event.timestamp_ms - before.event.timestamp_ms),
        }
    })
}
