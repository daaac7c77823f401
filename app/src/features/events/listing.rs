//! What the page lists, wherever it comes from.

use std::ops::Range;
use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::{EntryId, Event, StreamKey};

use crate::features::events::views::event_grid::{EventPlace, EventRow};
use crate::platform::stillness::clear_selection;

/// A list of events.
#[derive(Clone, Copy)]
pub(super) struct Listing {
    /// How many rows it has.
    pub(super) rows: Signal<u64>,
    /// What a row shows.
    pub(super) row: Callback<u64, EventRow>,
    /// The row at the upper edge.
    pub(super) top: RwSignal<f64>,
    /// How many rows were added above the first one since the list began.
    pub(super) above: RwSignal<u64>,
    /// Whether someone is about to press a row or has selected its text, so that none may move.
    pub(super) is_used: RwSignal<bool>,
    /// The row where the keys are.
    pub(super) active: RwSignal<Option<u64>>,
    /// Has the rows on screen be fetched.
    pub(super) on_drawn: Callback<Range<u64>>,
    /// Some of the events that are here, to learn from them which values events have.
    pub(super) sample: Signal<Vec<Arc<Event>>>,
    /// The streams that were made again since the list began, each once.
    pub(super) remade: RwSignal<Vec<StreamKey>>,
    /// How often any was: what was read before is of streams that are no more.
    pub(super) times_remade: RwSignal<u64>,
    /// Whether it is known what the list has.
    pub(super) is_known: Signal<bool>,
}

impl Listing {
    /// The event at this place, where it is among the rows near those on screen.
    pub(super) fn event(self, place: &EventPlace) -> Option<(u64, Arc<Event>)> {
        /// More rows than any screen has, so that an open event is still found once it was scrolled out of sight.
        const NEAR: u64 = 200;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a row is within 0 and the number of rows"
        )]
        let top = self.top.get().max(0.0) as u64;
        let near = top.saturating_sub(NEAR)..top.saturating_add(NEAR).min(self.rows.get());
        let active = self.active.get().into_iter();
        active.chain(near).find_map(|at| match self.row.run(at) {
            EventRow::Event { event, stream, .. }
                if event.id == place.id && stream == place.stream =>
            {
                Some((at, event))
            }
            _ => None,
        })
    }

    /// Rows were added above the first one. Whoever has scrolled away stays with what is shown, and the keys stay at their event.
    pub(super) fn add_above(self, added: u64) {
        if added == 0 {
            return;
        }
        self.above.update(|above| *above += added);
        if self.top.get_untracked() >= 1.0 {
            #[expect(clippy::cast_precision_loss, reason = "no list has more than 2⁵³ rows")]
            self.top.update(|top| *top += added as f64);
        }
        if let Some(active) = self.active.get_untracked() {
            self.active.set(Some(active + added));
        }
    }

    /// Goes to the newest event of a list that begins with it, and lets it move.
    pub(super) fn to_first(self) {
        clear_selection();
        self.is_used.set(false);
        self.top.set(0.0);
    }

    /// Notes that a stream was made again.
    pub(super) fn note_remade(self, stream: &StreamKey) {
        self.times_remade.update(|times| *times += 1);
        if self.remade.with_untracked(|remade| !remade.contains(stream)) {
            self.remade.update(|remade| remade.push(stream.clone()));
        }
    }

    /// Begins again, with other events.
    pub(super) fn reset(self) {
        self.above.set(0);
        self.active.set(None);
        self.top.set(0.0);
    }
}

/// The id that a list of ids descends to: what comes before all of them.
pub(super) const BEFORE_ALL: EntryId = EntryId::MIN;
