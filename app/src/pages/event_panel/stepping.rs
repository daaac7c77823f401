//! From event to event in the order of the list, over the borders of its pages.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use rewind_domain::EntryId;

use crate::api::{ApiError, Order, functions};
use crate::browser::location::{History, Location};
use crate::components::event_table;
use crate::state::address::{EventsAddress, PageAt};
use crate::state::tail::TailRow;
use crate::state::text;

/// How long it says that there is no further event.
const NOTED: Duration = Duration::from_millis(2_500);

/// Steps through the list.
#[derive(Clone, Copy)]
pub(super) struct Stepping {
    location: Location,
    address: Signal<EventsAddress>,
    rows: Memo<Vec<TailRow>>,
    /// Whether the event beyond a border is being looked for.
    is_asking: RwSignal<bool>,
    note: RwSignal<Option<String>>,
}

impl Stepping {
    pub(super) fn new(address: Signal<EventsAddress>, rows: Memo<Vec<TailRow>>) -> Self {
        let location = Location::expect();
        Self { location, address, rows, is_asking: RwSignal::new(false), note: RwSignal::new(None) }
    }

    /// What there is to say of the last step.
    pub(super) fn note(self) -> Option<String> {
        self.note.get()
    }

    /// Goes to the event below the open one, or with `false` to the one above.
    pub(super) fn step(self, forward: bool) {
        let address = self.address.get_untracked();
        let Some(open) = address.event else { return };
        let beside = self.rows.with_untracked(|rows| {
            let ids: Vec<EntryId> = rows.iter().filter_map(|row| Some(row.event()?.id)).collect();
            let at = ids.iter().position(|id| *id == open)?;
            let at = if forward { at.checked_add(1) } else { at.checked_sub(1) };
            ids.get(at?).copied()
        });
        match beside {
            Some(id) => {
                self.location.go(&address.with_event(Some(id)).href(), History::Replace);
                event_table::show(id);
            }
            None => self.step_over(address, open, forward),
        }
    }

    /// Goes on on the page that begins or ends with the event beyond.
    fn step_over(self, address: EventsAddress, open: EntryId, forward: bool) {
        if self.is_asking.get_untracked() {
            return;
        }
        self.is_asking.set(true);
        spawn_local(async move {
            let is_later = forward == (address.order == Order::Asc);
            let answer = neighbour(&address, open, is_later).await;
            // The page may be gone, or something else be open by now.
            let is_here = self.is_asking.try_set(false).is_none()
                && self.address.try_get_untracked().is_some_and(|now| now == address);
            if !is_here {
                return;
            }
            match answer {
                Ok(Some(id)) => {
                    let page = if is_later { PageAt::After(open) } else { PageAt::Before(open) };
                    let address = address.with_event(Some(id));
                    let address = EventsAddress { page, ..address };
                    self.location.go(&address.href(), History::Replace);
                }
                Ok(None) if forward => self.say("This is the last event of the list".to_owned()),
                Ok(None) => self.say("This is the first event of the list".to_owned()),
                Err(error) => self.say(text::sentence(&error.message)),
            }
        });
    }

    fn say(self, what: String) {
        self.note.set(Some(what));
        set_timeout(
            move || {
                self.note.try_set(None);
            },
            NOTED,
        );
    }
}

/// The event next to another one.
async fn neighbour(
    address: &EventsAddress,
    id: EntryId,
    is_later: bool,
) -> Result<Option<EntryId>, ApiError> {
    let stream = address.stream.to_string();
    let (limit, id) = (Some("1".to_owned()), Some(id.to_string()));
    let (after, before, order) = if is_later { (id, None, "asc") } else { (None, id, "desc") };
    let page =
        functions::events(stream, after, before, limit, Some(order.to_owned()), None, None).await?;
    Ok(page.events.first().map(|event| event.id))
}
