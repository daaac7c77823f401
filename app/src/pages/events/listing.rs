//! What the page lists, wherever it comes from.

use std::ops::Range;
use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::{EntryId, Event};

use crate::api::Order;
use crate::components::event_grid::{EventPlace, EventRow};

/// A list of events.
#[derive(Clone, Copy)]
pub(super) struct Listing {
    /// How many rows it has.
    pub(super) rows: Signal<u64>,
    /// What a row shows.
    pub(super) row: Callback<u64, EventRow>,
    /// The row at the upper edge.
    pub(super) top: RwSignal<f64>,
    /// The row where the keys are.
    pub(super) active: RwSignal<Option<u64>>,
    /// Has the rows on screen be fetched.
    pub(super) on_drawn: Callback<Range<u64>>,
    /// Some of the events that are here, to learn from them which values events have.
    pub(super) sample: Signal<Vec<Arc<Event>>>,
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
}

/// Whoever has scrolled away stays with what is shown while rows are added above.
pub(super) fn stay(top: RwSignal<f64>, order: Order, added: u64) {
    let is_away = top.get_untracked() >= 1.0;
    if order == Order::Desc && is_away && added > 0 {
        #[expect(clippy::cast_precision_loss, reason = "no list has more than 2⁵³ rows")]
        top.update(|top| *top += added as f64);
    }
}

/// The id that a list of ids descends to: what comes before all of them.
pub(super) const BEFORE_ALL: EntryId = EntryId::MIN;
