//! The events that a filter means, or those of many streams: those that are found, and those that are added.

use std::ops::Range;
use std::sync::Arc;

use leptos::prelude::*;

use super::listing::{Listing, stay};
use crate::api::find::{FindBegun, FindProgress};
use crate::api::{ApiError, ErrorCode, Order};
use crate::browser::frame_stream::FrameStream;
use crate::browser::frames::OncePerFrame;
use crate::browser::live::LiveLine;
use crate::components::event_grid::EventRow;
use crate::state::address::EventsOf;
use crate::state::findings::Stage;
use crate::state::found_list::{FoundList, FoundRow};
use crate::state::live::{LineStatus, LiveMessage, Liveness};
use crate::state::query::Query;
use crate::state::sse::Frame;

/// How close to the end of what was found the search goes on by itself, in rows.
const NEAR_END: u64 = 60;

/// A search and what is added since, and what can be done with it.
#[derive(Clone, Copy)]
pub(super) struct Finding {
    list: RwSignal<FoundList>,
    listing: Listing,
    line: RwSignal<LineStatus>,
    /// How many events had arrived when someone was at the upper edge.
    seen: RwSignal<u64>,
    search: StoredValue<Option<FrameStream>, LocalStorage>,
    live: StoredValue<Option<LiveLine>, LocalStorage>,
    question: StoredValue<Question>,
}

#[derive(Clone, Debug)]
struct Question {
    of: EventsOf,
    filter: String,
    order: Order,
}

impl Finding {
    /// Begins a search. What is added from then on is followed.
    pub(super) fn new(of: EventsOf, filter: String, order: Order) -> Self {
        let list = RwSignal::new(FoundList::new(order));
        let rows = Memo::new(move |_| list.with(FoundList::rows));
        let row = Callback::new(move |at: u64| row_of(list, at));
        let drawn = RwSignal::new(0..0_u64);
        let sample = Memo::new(move |_| list.with(|list| list.sample(drawn.get())));
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
                list.with(|list| *list.findings().stage() != Stage::Running)
            }),
        };
        let finding = Self {
            list,
            listing,
            line: RwSignal::new(LineStatus::default()),
            seen: RwSignal::new(0),
            search: StoredValue::new_local(None),
            live: StoredValue::new_local(None),
            question: StoredValue::new(Question { of, filter, order }),
        };
        finding.open();
        finding.follow_once_begun();
        Effect::new(move || {
            let is_near = drawn.get().end + NEAR_END >= rows.get();
            let may_go_on = list.with(|list| *list.findings().stage() == Stage::Resting);
            // Whoever held it has seen the end of it; who scrolls there wants more.
            if is_near && may_go_on && drawn.with_untracked(|drawn| drawn.start > 0) {
                finding.run();
            }
        });
        Effect::new(move || {
            let events = list.with(|list| list.arrivals().events());
            if listing.top.get() < 1.0 {
                finding.seen.set(events);
            }
        });
        on_cleanup(move || {
            finding.search.try_update_value(Option::take);
            finding.live.try_update_value(Option::take);
        });
        finding
    }

    pub(super) fn listing(self) -> Listing {
        self.listing
    }

    pub(super) fn stage(self) -> Stage {
        self.list.with(|list| list.findings().stage().clone())
    }

    pub(super) fn progress(self) -> FindProgress {
        self.list.with(|list| list.findings().progress())
    }

    /// The times between which it has looked, in Unix milliseconds.
    pub(super) fn looked_between_ms(self) -> Option<(u64, u64)> {
        self.list.with(|list| list.findings().looked_between_ms())
    }

    /// Whether only some of the events are meant.
    pub(super) fn has_filter(self) -> bool {
        self.question.with_value(|question| !question.filter.is_empty())
    }

    /// Goes on where it rests or failed.
    pub(super) fn run(self) {
        self.list.update(|list| list.findings_mut().run());
        self.open();
    }

    /// Rests until it is told to go on.
    pub(super) fn rest(self) {
        self.search.try_update_value(Option::take);
        self.list.update(|list| list.findings_mut().rest());
    }

    /// How many events were added since.
    pub(super) fn arrived(self) -> u64 {
        self.list.with(|list| list.arrivals().events())
    }

    /// What is known of the live line.
    pub(super) fn line(self) -> RwSignal<LineStatus> {
        self.line
    }

    /// How live the list is.
    pub(super) fn liveness(self) -> Liveness {
        match self.stage() {
            Stage::Failed(_) if self.list.with(|list| list.findings().begun().is_none()) => {
                Liveness::Off("There is nothing that could be followed".to_owned())
            }
            _ => self.line.with(|line| Liveness::of(line, self.held_back().is_some())),
        }
    }

    /// How many events are held back, where any would be.
    pub(super) fn held_back(self) -> Option<u64> {
        self.list.with(|list| list.arrivals().held_back())
    }

    /// Holds new events back, or shows those that were.
    pub(super) fn toggle_pause(self) {
        self.change(|list| match list.arrivals().held_back() {
            Some(_) => list.arrivals_mut().resume(),
            None => list.arrivals_mut().pause(),
        });
    }

    /// How many new events are above the upper edge.
    pub(super) fn newer_above(self) -> u64 {
        let is_newest_first = self.question.with_value(|question| question.order == Order::Desc);
        match is_newest_first && self.listing.top.get() >= 1.0 {
            true => {
                let held_back = self.held_back().unwrap_or(0);
                self.arrived().saturating_sub(held_back).saturating_sub(self.seen.get())
            }
            false => 0,
        }
    }

    /// Goes to the newest event.
    pub(super) fn to_newest(self) {
        self.listing.top.set(0.0);
    }

    /// Changes the list, and stays with what is shown.
    fn change(self, change: impl FnOnce(&mut FoundList)) {
        let order = self.question.with_value(|question| question.order);
        let added = self.list.try_update(|list| {
            let before = list.rows();
            change(list);
            list.rows().saturating_sub(before)
        });
        if let Some(added) = added {
            stay(self.listing.top, order, added);
        }
    }

    fn open(self) {
        let Question { of, filter, order } = self.question.get_value();
        let position =
            self.list.with_untracked(|list| list.findings().position().map(str::to_owned));
        let url = of
            .on_query(Query::default())
            .with_some("filter", Some(filter).filter(|filter| !filter.is_empty()))
            .with("order", if order == Order::Asc { "asc" } else { "desc" })
            .with_some("position", position)
            .on("/api/find");
        let list = self.list;
        // Frames arrive faster than they can be drawn.
        let buffer = StoredValue::new_local(Vec::<Frame>::new());
        let flush = OncePerFrame::new(move || {
            let frames = buffer.try_update_value(std::mem::take).unwrap_or_default();
            list.try_update(|list| {
                let wrong = frames.iter().find_map(|frame| list.take(frame).err());
                if let Some(error) = &wrong {
                    list.findings_mut().fail(unreadable(error));
                }
            });
            let is_over =
                list.try_with_untracked(|list| *list.findings().stage() != Stage::Running);
            if is_over.unwrap_or(true) {
                self.search.try_update_value(Option::take);
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
                list.try_update(|list| list.findings_mut().fail(error));
            },
        );
        self.search.try_set_value(stream);
    }

    /// Opens the live line once the search knows where it begins, so that nothing falls between the two.
    fn follow_once_begun(self) {
        let begun = Memo::new(move |_| self.list.with(|list| list.findings().begun().is_some()));
        Effect::new(move || {
            if !begun.get() {
                return;
            }
            let after = self.list.with_untracked(|list| {
                list.findings().begun().and_then(|FindBegun { live_after, .. }| live_after.clone())
            });
            let Some(after) = after else {
                let why = "Not all of these streams can be read, so they are not followed";
                self.line.update(|line| line.note(&LiveMessage::Failed(why.to_owned())));
                return;
            };
            let watch = self.question.with_value(|Question { of, filter, .. }| of.watch(filter));
            let line = LiveLine::open(watch, Some(after), move |messages| self.hear(messages));
            self.live.try_set_value(Some(line));
        });
    }

    fn hear(self, messages: Vec<LiveMessage>) {
        // The page may be gone by the time of the next frame.
        self.line.try_update(|line| messages.iter().for_each(|message| line.note(message)));
        let is_in_list = |message: &LiveMessage| {
            matches!(message, LiveMessage::Entry(_) | LiveMessage::Gap(_) | LiveMessage::Remade(_))
        };
        if messages.iter().any(is_in_list) {
            self.change(|list| messages.into_iter().for_each(|message| list.hear(message)));
        }
    }
}

fn unreadable(error: &serde_json::Error) -> ApiError {
    let message = format!("what the search found cannot be read ({error}); reload the page");
    ApiError::new(ErrorCode::Internal, message)
}

fn row_of(list: RwSignal<FoundList>, at: u64) -> EventRow {
    list.with(|list| match list.row(at) {
        None => EventRow::Coming,
        Some(FoundRow::Missing(what)) => EventRow::Missing(what),
        Some(FoundRow::Event(found, is_fresh)) => EventRow::Event {
            event: Arc::clone(&found.event),
            stream: found.stream.clone(),
            is_fresh,
            since_ms: list.since_ms(at),
        },
    })
}
