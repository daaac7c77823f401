//! The events that a filter means, or those of many streams: those that are found, and those that are added.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::reactive::spawn_local_scoped_with_cancellation;
use rewind_domain::StreamKey;

use crate::address::EventsOf;
use crate::api::find::{FindBegun, FindProgress};
use crate::api::query::{FindQuery, Query as _};
use crate::api::{ApiError, ErrorCode, Order};
use crate::features::events::listing::Listing;
use crate::features::events::state::findings::Stage;
use crate::features::events::state::found_list::{FoundList, FoundRow};
use crate::features::events::views::event_grid::EventRow;
use crate::features::live::LiveLine;
use crate::features::live::messages::{LineStatus, LiveMessage, Liveness};
use crate::features::live::watch::Watch;
use crate::platform::availability::Availability;
use crate::platform::clock;
use crate::platform::frame_stream::FrameStream;
use crate::platform::frames::OncePerFrame;
use crate::platform::retries::Retries;
use rewind_domain::sse::Frame;

/// How close to the end of what was found the search goes on by itself, in rows.
const NEAR_END: u64 = 60;

/// A search and what is added since, and what can be done with it.
#[derive(Clone, Copy)]
pub(super) struct Finding {
    list: RwSignal<FoundList>,
    listing: Listing,
    line: RwSignal<LineStatus>,
    /// Whether someone holds new events back.
    is_paused: RwSignal<bool>,
    /// How many events had arrived when someone was at the upper edge.
    seen: RwSignal<u64>,
    search: StoredValue<Option<Search>, LocalStorage>,
    live: StoredValue<Option<LiveLine>, LocalStorage>,
    question: StoredValue<Question>,
}

#[derive(Clone, Debug)]
struct Question {
    of: EventsOf,
    filter: String,
    order: Order,
}

/// A search that runs. Dropping it ends it.
struct Search {
    _stream: FrameStream,
    /// Puts into the list what has arrived.
    flush: OncePerFrame,
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
            above: RwSignal::new(0),
            is_used: RwSignal::new(false),
            active: RwSignal::new(None),
            on_drawn: Callback::new(move |range: Range<u64>| {
                drawn.try_set(range);
            }),
            sample: sample.into(),
            remade: RwSignal::new(Vec::new()),
            times_remade: RwSignal::new(0),
            is_known: Signal::derive(move || {
                list.with(|list| *list.findings().stage() != Stage::Running)
            }),
        };
        let finding = Self {
            list,
            listing,
            line: RwSignal::new(LineStatus::default()),
            is_paused: RwSignal::new(false),
            seen: RwSignal::new(0),
            search: StoredValue::new_local(None),
            live: StoredValue::new_local(None),
            question: StoredValue::new(Question { of, filter, order }),
        };
        finding.open();
        finding.follow_once_begun();
        finding.hold_while_used();
        finding.try_again_by_itself();
        finding.begin_again_where_it_is_another();
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
        // It goes on behind what has arrived, so none of that may be lost.
        if let Some(search) = self.search.try_update_value(Option::take).flatten() {
            search.flush.run();
        }
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
            _ => self.line.with(|line| Liveness::of(line, self.is_paused.get())),
        }
    }

    /// How many events someone holds back, while any would be.
    pub(super) fn held_back(self) -> Option<u64> {
        let held_back = self.list.with(|list| list.arrivals().held_back());
        held_back.filter(|_| self.is_paused.get())
    }

    /// Holds new events back, or shows those that were.
    pub(super) fn toggle_pause(self) {
        self.is_paused.update(|is_paused| *is_paused = !*is_paused);
    }

    /// How many new events are out of sight: above the upper edge, or held back while the list has to hold still.
    pub(super) fn newer_above(self) -> u64 {
        if self.order() != Order::Desc {
            return 0;
        }
        let waiting = self.list.with(|list| list.arrivals().held_back()).unwrap_or(0);
        let above = match self.listing.top.get() >= 1.0 {
            true => self.arrived().saturating_sub(waiting).saturating_sub(self.seen.get()),
            false => 0,
        };
        above + if self.is_paused.get() { 0 } else { waiting }
    }

    /// Goes to the newest event.
    pub(super) fn to_newest(self) {
        self.listing.to_first();
    }

    fn order(self) -> Order {
        self.question.with_value(|question| question.order)
    }

    /// Holds new events back as long as someone wants that or the list has to hold still.
    fn hold_while_used(self) {
        let moves_rows = self.order() == Order::Desc;
        Effect::new(move || {
            let is_used = moves_rows && self.listing.is_used.get();
            let is_held = self.is_paused.get() || is_used;
            self.change(|list| match is_held {
                true => list.arrivals_mut().pause(),
                false => list.arrivals_mut().resume(),
            });
        });
    }

    /// Changes the list, and stays with what is shown.
    fn change(self, change: impl FnOnce(&mut FoundList)) {
        let added = self.list.try_update(|list| {
            let before = list.rows();
            change(list);
            list.rows().saturating_sub(before)
        });
        if let Some(added) = added
            && self.order() == Order::Desc
        {
            self.listing.add_above(added);
        }
    }

    /// Asks for what is to be found from the position on.
    ///
    /// Called where anything may go on, so nothing here belongs to whichever part of the page did so: that part may be drawn again, and
    /// what belonged to it would be gone while the search still runs.
    fn open(self) {
        let Question { of, filter, order } = self.question.get_value();
        let position =
            self.list.with_untracked(|list| list.findings().position().map(str::to_owned));
        let (stream, category, all) = of.parameters();
        let query =
            FindQuery { stream, category, all, filter, order, position, ..FindQuery::default() };
        let url = query.to_url("/api/find");
        let list = self.list;
        // Frames arrive faster than they can be drawn.
        let arrived = Rc::new(RefCell::new(Vec::<Frame>::new()));
        let buffer = Rc::clone(&arrived);
        let flush = OncePerFrame::new(move || {
            let frames = buffer.take();
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
        let (flush_soon, flush_rest) = (flush.clone(), flush.clone());
        let stream = FrameStream::open(
            url,
            move |frames| {
                arrived.borrow_mut().extend(frames);
                flush_soon.request();
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
        self.search.try_set_value(stream.map(|stream| Search { _stream: stream, flush }));
    }

    /// Goes on by itself where it failed for now, such as while Redis is away.
    fn try_again_by_itself(self) {
        let list = self.list;
        let has_failed = Memo::new(move |_| {
            list.with(|list| match list.findings().stage() {
                Stage::Failed(error) => error.code.is_passing(),
                _ => false,
            })
        });
        let is_settled = Memo::new(move |_| {
            list.with(|list| !matches!(list.findings().stage(), Stage::Failed(_) | Stage::Running))
        });
        let retries = StoredValue::new(Retries::default());
        let availability = Availability::find();
        // What the search needs lives as long as the list, not as long as this effect.
        let owner = Owner::current();
        Effect::new(move || {
            let owner = owner.clone();
            if is_settled.get() {
                retries.set_value(Retries::default());
            }
            if !has_failed.get() {
                return;
            }
            let error = list.with_untracked(|list| match list.findings().stage() {
                Stage::Failed(error) => Some(error.clone()),
                _ => None,
            });
            if let (Some(availability), Some(error)) = (availability, &error) {
                availability.failed(error);
            }
            let wait_ms = retries.try_update_value(|retries| retries.next_ms(clock::random()));
            spawn_local_scoped_with_cancellation(async move {
                let wait_ms = wait_ms.unwrap_or_default();
                match availability {
                    Some(availability) => availability.wait(wait_ms).await,
                    None => clock::sleep(wait_ms).await,
                }
                match owner {
                    Some(owner) => owner.with(|| self.run()),
                    None => self.run(),
                }
            });
        });
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
            let watch =
                self.question.with_value(|Question { of, filter, .. }| Watch::events(of, filter));
            let line = LiveLine::open(watch, Some(after), move |messages| self.hear(messages));
            self.live.try_set_value(Some(line));
        });
    }

    fn hear(self, messages: Vec<LiveMessage>) {
        // The page may be gone by the time of the next frame.
        if self
            .line
            .try_update(|line| messages.iter().for_each(|message| line.note(message)))
            .is_none()
        {
            return;
        }
        let mut of_list = Vec::new();
        for message in messages {
            match message {
                LiveMessage::Remade(stream) => {
                    self.hear_all(std::mem::take(&mut of_list));
                    if self.begin_again(&stream) {
                        return;
                    }
                }
                message @ (LiveMessage::Entry(_) | LiveMessage::Gap(_)) => of_list.push(message),
                _ => {}
            }
        }
        self.hear_all(of_list);
    }

    /// Searches again if the search went on in another stream than the one where it began.
    fn begin_again_where_it_is_another(self) {
        let is_another = Memo::new(move |_| self.list.with(|list| list.findings().is_another()));
        Effect::new(move || {
            let single = self.question.with_value(|question| question.of.single().cloned());
            if is_another.get()
                && let Some(stream) = single
            {
                self.begin_again(&stream);
            }
        });
    }

    fn hear_all(self, messages: Vec<LiveMessage>) {
        if !messages.is_empty() {
            self.change(|list| messages.into_iter().for_each(|message| list.hear(message)));
        }
    }

    /// A stream was made again. What it had is not listed any more; what it has now follows on the line, or, where it is the only one, is
    /// searched for on a new one. Says whether the line is another now.
    fn begin_again(self, stream: &StreamKey) -> bool {
        let is_only_one = self.question.with_value(|question| question.of.single().is_some());
        self.list.update(|list| list.begin_again(stream, is_only_one));
        self.listing.note_remade(stream);
        if !is_only_one {
            self.listing.active.set(None);
            return false;
        }
        self.search.try_update_value(Option::take);
        self.live.try_update_value(Option::take);
        self.listing.reset();
        self.open();
        true
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
