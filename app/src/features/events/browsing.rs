//! All events of a stream, fetched as they are scrolled to, and followed at the end.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::reactive::spawn_local_scoped_with_cancellation;
use leptos::task::spawn_local;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};

use crate::address::Point;
use crate::api::query::{EventsQuery, IndexQuery, Limit};
use crate::api::{ApiError, ErrorCode, EventsPage as Answer, Order, StreamSummary, functions};
use crate::features::events::listing::{BEFORE_ALL, Listing};
use crate::features::events::state::version_window::{CHUNK_EVENTS, Slot, VersionWindow};
use crate::features::events::views::event_grid::EventRow;
use crate::features::live::LiveLine;
use crate::features::live::messages::{LineStatus, LiveMessage, Liveness};
use crate::features::live::watch::Watch;
use crate::platform::clock;
use crate::platform::remote::Remote;
use crate::ui::state::seen::{Seen, Sighting};
use crate::ui::text;

/// How long scrolling rests before what is on screen is fetched: whoever drags through a million events sees none of them.
const SETTLE_MS: u32 = 60;
/// How long to wait before asking again for events whose place is not known yet.
const AGAIN_MS: u32 = 700;

/// The list, and what can be done with it.
#[derive(Clone, Copy)]
pub(super) struct Browsing {
    window: RwSignal<VersionWindow>,
    head: Remote<Question, Answer>,
    line: RwSignal<LineStatus>,
    listing: Listing,
    /// Whether someone holds new events back.
    is_paused: RwSignal<bool>,
    /// Why the rows on screen are not here.
    trouble: RwSignal<Option<ApiError>>,
    order: Order,
    stream: StoredValue<StreamKey>,
    /// The stream as it was seen last.
    seen: SeenStream,
}

/// The stream as it was seen last, by whichever answer.
#[derive(Clone, Copy)]
struct SeenStream {
    seen: StoredValue<Seen>,
    /// Whether an answer was about another one.
    is_another: RwSignal<bool>,
}

impl SeenStream {
    /// Takes note of how an answer says that the stream looks.
    fn note(self, extent: &StreamExtent) -> Sighting {
        // The page may be gone by now.
        let sighting = self.seen.try_update_value(|seen| seen.note(extent));
        let sighting = sighting.unwrap_or(Sighting::Same);
        if sighting == Sighting::Another {
            self.is_another.try_set(true);
        }
        sighting
    }
}

/// In which order, and where to begin.
type Question = (Order, Point);

impl Browsing {
    /// Lists a stream.
    pub(super) fn new(stream: StreamKey, order: Order, at: Point) -> Self {
        let window = RwSignal::new(VersionWindow::new(order, 1, 0));
        let key = stream.clone();
        let head = Remote::new(
            move || Some((order, at)),
            move |(order, at)| fetch_head(key.clone(), order, at),
        );
        let rows = Memo::new(move |_| window.with(VersionWindow::rows));
        let (top, active) = (RwSignal::new(0.0), RwSignal::new(None));
        let is_paused = RwSignal::new(false);
        let trouble = RwSignal::new(None);
        let line = RwSignal::new(LineStatus::default());

        let listed = stream.clone();
        let row = Callback::new(move |at: u64| row_of(&listed, window, at));
        let drawn = RwSignal::new(0..0_u64);
        let seen = SeenStream {
            seen: StoredValue::new(Seen::default()),
            is_another: RwSignal::new(false),
        };
        let key_stored = StoredValue::new(stream.clone());
        let fetcher = Fetcher { window, trouble, drawn, stream: key_stored, seen };
        Effect::new(move || {
            drawn.track();
            rows.track();
            fetcher.fetch_once_settled();
        });
        let above = RwSignal::new(0);
        Effect::new(move |before: Option<bool>| {
            let Some(loaded) = head.loaded() else { return false };
            seen.seen.update_value(|seen| seen.begin(&loaded.answer.extent));
            let summary = &loaded.answer.stream;
            let first = (summary.latest_version + 1).saturating_sub(summary.length).max(1);
            let mut begun = VersionWindow::new(order, first, summary.length);
            begun.take_run(loaded.answer.events.iter().cloned().map(Arc::new));
            let begin = begins_at(&loaded.answer, at).map(|version| begun.row_of(version));
            if is_paused.get_untracked() {
                begun.pause();
            }
            window.set(begun);
            if before == Some(true) {
                // What was read before is of a stream that is no more.
                above.set(0);
                top.set(0.0);
                active.set(None);
            } else if let Some(row) = begin {
                #[expect(clippy::cast_precision_loss, reason = "no list has more than 2⁵³ rows")]
                if matches!(at, Point::Version(_)) {
                    top.set(row as f64);
                }
                active.set(Some(row));
            }
            true
        });

        let sample = Memo::new(move |_| window.with(|window| window.sample(drawn.get())));
        let listing = Listing {
            rows: rows.into(),
            row,
            top,
            above,
            is_used: RwSignal::new(false),
            active,
            on_drawn: Callback::new(move |range: Range<u64>| {
                drawn.try_set(range);
            }),
            sample: sample.into(),
            remade: RwSignal::new(Vec::new()),
            times_remade: RwSignal::new(0),
            is_known: Signal::derive(move || head.loaded().is_some()),
        };
        let key = fetcher.stream;
        let browsing =
            Self { window, head, line, listing, is_paused, trouble, order, stream: key, seen };
        browsing.follow(stream);
        browsing.begin_again_where_it_is_another();
        browsing.hold_while_used();
        browsing
    }

    pub(super) fn listing(self) -> Listing {
        self.listing
    }

    /// The stream as a whole, as it was when it was opened.
    pub(super) fn summary(self) -> Option<StreamSummary> {
        self.head.loaded().map(|loaded| loaded.answer.stream.clone())
    }

    /// How many events it has by now.
    pub(super) fn length(self) -> Option<u64> {
        let summary = self.summary()?;
        Some(summary.length + self.window.with(VersionWindow::arrived))
    }

    /// Why there is no list.
    pub(super) fn failure(self) -> Option<ApiError> {
        self.head.final_error()
    }

    /// Why it takes longer.
    pub(super) fn passing_error(self) -> Option<ApiError> {
        self.head.passing_error().or_else(|| self.trouble.get().filter(|e| e.code.is_passing()))
    }

    pub(super) fn is_loading(self) -> bool {
        self.head.is_loading()
    }

    pub(super) fn ask_again(self) {
        self.head.ask_again();
    }

    /// How many events someone holds back, while any would be.
    pub(super) fn held_back(self) -> Option<u64> {
        self.window.with(VersionWindow::held_back).filter(|_| self.is_paused.get())
    }

    /// Holds new events back, or shows those that were.
    pub(super) fn toggle_pause(self) {
        self.is_paused.update(|is_paused| *is_paused = !*is_paused);
    }

    /// Holds new events back as long as someone wants that or the list has to hold still.
    fn hold_while_used(self) {
        let moves_rows = self.order == Order::Desc;
        Effect::new(move || {
            let is_used = moves_rows && self.listing.is_used.get();
            let is_held = self.is_paused.get() || is_used;
            self.change(|window| match is_held {
                true => window.pause(),
                false => window.resume(),
            });
        });
    }

    /// Lists the stream again once an answer is about another stream than the one listed.
    fn begin_again_where_it_is_another(self) {
        Effect::new(move || {
            if self.seen.is_another.get() {
                self.seen.is_another.set(false);
                self.listing.note_remade(&self.stream.get_value());
                self.head.ask_again();
            }
        });
    }

    /// Looks how the stream is now, since the line may not tell what happened before it stood.
    fn look_again(self) {
        let query =
            EventsQuery { limit: Limit::new(1), ..EventsQuery::new(self.stream.get_value()) };
        spawn_local(async move {
            if let Ok(answer) = functions::events(query).await {
                self.seen.note(&answer.extent);
            }
        });
    }

    /// Changes the list, and stays with what is shown.
    fn change(self, change: impl FnOnce(&mut VersionWindow)) {
        // The page may be gone by the time of the next frame.
        let added = self.window.try_update(|window| {
            let rows = window.rows();
            change(window);
            window.rows().saturating_sub(rows)
        });
        if let Some(added) = added
            && self.order == Order::Desc
        {
            self.listing.add_above(added);
        }
    }

    /// How live the list is.
    pub(super) fn liveness(self) -> Liveness {
        match self.head.loaded().is_some() {
            true => self.line.with(|line| Liveness::of(line, self.is_paused.get())),
            false if self.failure().is_some() => {
                Liveness::Off("There is nothing that could be followed".to_owned())
            }
            false => Liveness::Connecting,
        }
    }

    /// How many new events are out of sight: above the upper edge, or held back while the list has to hold still.
    pub(super) fn newer_above(self) -> u64 {
        if self.order != Order::Desc {
            return 0;
        }
        let waiting = self.window.with(VersionWindow::held_back).unwrap_or(0);
        let above =
            if self.listing.top.get() >= 1.0 { self.window.with(VersionWindow::unseen) } else { 0 };
        above + if self.is_paused.get() { 0 } else { waiting }
    }

    /// Goes to the newest event.
    pub(super) fn to_newest(self) {
        match self.order {
            Order::Desc => self.listing.to_first(),
            #[expect(clippy::cast_precision_loss, reason = "no list has more than 2⁵³ rows")]
            Order::Asc => {
                self.listing.top.set(self.window.with_untracked(VersionWindow::rows) as f64);
            }
        }
    }

    /// The version at the upper edge; nothing at the beginning of the list.
    pub(super) fn version_at_edge(self) -> Option<u64> {
        let top = self.listing.top.get();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a row is within 0 and the number of rows"
        )]
        (top >= 1.0).then(|| self.window.with(|window| window.version_of(top as u64)))
    }

    /// Goes to a place in the stream, which the server may have to look up.
    pub(super) fn seek(self, point: Point) {
        match point {
            Point::Version(version) => self.go(version),
            Point::Latest => {
                self.listing.top.set(0.0);
                self.listing.active.set(None);
            }
            Point::Id(_) | Point::TimeMs(_) => {
                let stream = self.stream.get_value();
                spawn_local(async move {
                    loop {
                        let answer = fetch_head(stream.clone(), self.order, point).await;
                        // The page may be gone by now.
                        if self.trouble.try_get_untracked().is_none() {
                            return;
                        }
                        match answer {
                            Ok(answer) => {
                                self.trouble.set(None);
                                if let Some(version) = begins_at(&answer, point) {
                                    self.go(version);
                                }
                                return;
                            }
                            Err(error) => {
                                let is_passing = error.code.is_passing();
                                self.trouble.set(Some(error));
                                if !is_passing {
                                    return;
                                }
                                clock::sleep(AGAIN_MS).await;
                            }
                        }
                    }
                });
            }
        }
    }

    /// Keeps a line open for what is added.
    fn follow(self, stream: StreamKey) {
        let Self { head, line, .. } = self;
        Effect::new(move || {
            line.set(LineStatus::default());
            let Some(loaded) = head.loaded() else { return };
            let after = Some(loaded.answer.stream.last_id.unwrap_or(BEFORE_ALL).to_string());
            // From when the stream was made again until it is read again, what the line tells is of another list.
            let is_over = Cell::new(false);
            let remade = stream.clone();
            let open = LiveLine::open(Watch::stream(&stream), after, move |messages| {
                // The page may be gone by the time of the next frame.
                if line.try_update(|line| line.hear(&messages)) == Some(true) {
                    self.look_again();
                }
                if messages.iter().any(|message| matches!(message, LiveMessage::Remade(_))) {
                    is_over.set(true);
                    self.listing.note_remade(&remade);
                }
                let is_in_list = |message: &LiveMessage| {
                    matches!(
                        message,
                        LiveMessage::Entry(_) | LiveMessage::Gap(_) | LiveMessage::Remade(_)
                    )
                };
                match messages.iter().any(is_in_list) {
                    // It may have been deleted and not be there yet; then it is asked for with what is added.
                    true if is_over.get() => head.ask_again(),
                    true => self.change(|window| take(window, messages)),
                    false => {}
                }
            });
            let open = StoredValue::new_local(Some(open));
            on_cleanup(move || drop(open.try_update_value(Option::take)));
        });
    }

    /// Goes to a version.
    pub(super) fn go(self, version: u64) {
        let row = self.window.with_untracked(|window| window.row_of(version));
        self.listing.active.set(Some(row));
    }
}

fn row_of(stream: &StreamKey, window: RwSignal<VersionWindow>, at: u64) -> EventRow {
    window.with(|window| match window.slot(at) {
        Slot::Coming => EventRow::Coming,
        Slot::Gone => EventRow::Missing(format!(
            "Version {} is gone: trimmed or deleted before it could be read",
            text::grouped(window.version_of(at))
        )),
        Slot::Event(event, is_fresh) => {
            let before = event.version.and_then(|version| window.event(version.checked_sub(1)?));
            let since_ms = before.map(|before| event.timestamp_ms - before.timestamp_ms);
            EventRow::Event { event, stream: stream.clone(), is_fresh, since_ms }
        }
    })
}

/// Fetches what is on screen.
#[derive(Clone, Copy)]
struct Fetcher {
    window: RwSignal<VersionWindow>,
    trouble: RwSignal<Option<ApiError>>,
    drawn: RwSignal<Range<u64>>,
    stream: StoredValue<StreamKey>,
    seen: SeenStream,
}

impl Fetcher {
    /// Called in an effect, which cancels what is no longer wanted when it runs again.
    fn fetch_once_settled(self) {
        spawn_local_scoped_with_cancellation(async move {
            clock::sleep(SETTLE_MS).await;
            loop {
                let range = self.drawn.get_untracked();
                let missing = self.window.try_update(|window| window.missing(range));
                let Some(version) = missing.unwrap_or_default().first().copied() else {
                    self.trouble.set(None);
                    return;
                };
                match self.fetch(version).await {
                    Ok(answer) => {
                        if self.seen.note(&answer.extent) == Sighting::Another {
                            return;
                        }
                        let events = answer.events.into_iter().map(Arc::new);
                        self.window.update(|window| window.take(version, events));
                        self.trouble.set(None);
                    }
                    Err(error) => {
                        let is_passing = error.code.is_passing();
                        // Trimmed away since: what is left is asked for by its own rows.
                        let is_gone = error.code == ErrorCode::VersionNotFound;
                        if is_gone {
                            self.window.update(|window| window.take(version, []));
                            continue;
                        }
                        self.trouble.set(Some(error));
                        if !is_passing {
                            return;
                        }
                        clock::sleep(AGAIN_MS).await;
                    }
                }
            }
        });
    }

    async fn fetch(self, version: u64) -> Result<Answer, ApiError> {
        let stream = self.stream.get_value();
        let first = self.window.with_untracked(|window| window.first().max(version));
        let count = (version + CHUNK_EVENTS).saturating_sub(first).max(1);
        functions::events(EventsQuery {
            version: Some(first),
            limit: Limit::new(count),
            order: Order::Asc,
            ..EventsQuery::new(stream)
        })
        .await
    }
}

async fn fetch_head(stream: StreamKey, order: Order, at: Point) -> Result<Answer, ApiError> {
    let (before, version, order) = match at {
        Point::Latest => (None, None, order),
        Point::Version(version) => (None, Some(version), Order::Asc),
        // The event with this id, or the last one before it, comes first.
        Point::Id(id) => (id.next(), None, Order::Desc),
        Point::TimeMs(ms) => (EntryId::new(ms, u64::MAX).next(), None, Order::Desc),
    };
    let query = EventsQuery {
        before,
        version,
        limit: Limit::new(CHUNK_EVENTS),
        order,
        ..EventsQuery::new(stream.clone())
    };
    let answer = functions::events(query).await?;
    let is_placed = answer.events.iter().all(|event| event.version.is_some());
    if !is_placed {
        // Asking for the index has it be made; until then this place has no number.
        functions::index(IndexQuery::new(stream)).await?;
        return Err(ApiError::new(
            ErrorCode::NotIndexed,
            "the events before this place are being counted",
        ));
    }
    Ok(answer)
}

/// The version that the list begins with, where it is not at its beginning.
fn begins_at(answer: &Answer, at: Point) -> Option<u64> {
    match at {
        Point::Latest => None,
        Point::Version(version) => Some(version),
        Point::Id(_) | Point::TimeMs(_) => answer.events.first()?.version,
    }
}

fn take(window: &mut VersionWindow, messages: Vec<LiveMessage>) {
    for message in messages {
        match message {
            LiveMessage::Entry(entry) => window.push(entry.event),
            LiveMessage::Gap(gap) => window.skip(gap.missing.unwrap_or(1)),
            _ => {}
        }
    }
}
