//! How a stream grows while it is looked at. Whoever is at its last version goes along; for whoever moved back, what is
//! new is counted.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use rewind_domain::{EntryId, StreamKey};

use crate::api::query::{EventsQuery, Limit};
use crate::api::{ApiError, EventsPage, StreamSummary, functions};
use crate::features::live::LiveLine;
use crate::features::live::messages::{LineStatus, LiveMessage, Liveness};
use crate::features::live::watch::Watch;
use crate::features::travel::traveller::Traveller;
use crate::platform::remote::Remote;

/// How long to wait between two looks at what is new: a stream may grow faster than states can be read.
const CATCH_UP: Duration = Duration::from_millis(250);

/// What is known of the growth of a stream.
#[derive(Clone, Copy)]
pub(super) struct Growth {
    /// How live the page is.
    pub(super) liveness: Memo<Liveness>,
    /// How many versions came since someone was at the last one.
    pub(super) newer: Memo<u64>,
}

/// Watches the traveller's stream.
pub(super) fn watch(traveller: Traveller, on_remade: Callback<()>) -> Growth {
    let reached = RwSignal::new(Reached::default());
    let line = RwSignal::new(LineStatus::default());
    let stream = traveller.stream();
    let key = stream.clone();
    let page = Remote::new(|| Some(()), move |()| fetch_page(key.clone()));
    Effect::new(move || {
        let Some(loaded) = page.loaded() else { return };
        let StreamSummary { last_id, latest_version, .. } = loaded.answer.stream;
        traveller.saw(&loaded.answer.extent);
        reached.set(Reached { latest: latest_version, skipped: 0 });
        let after = Some(last_id.unwrap_or(EntryId::MIN).to_string());
        let open = LiveLine::open(Watch::stream(&stream), after, move |messages| {
            // The page may be gone by the time of the next frame.
            if line.try_update(|line| line.hear(&messages)) == Some(true) {
                look_again(traveller);
            }
            if messages.iter().any(|message| matches!(message, LiveMessage::Remade(_))) {
                on_remade.try_run(());
                return;
            }
            reached.try_update(|reached| reached.hear(&messages));
        });
        let open = StoredValue::new_local(Some(open));
        on_cleanup(move || drop(open.try_update_value(Option::take)));
    });
    Effect::new(move || {
        // Once for what came, and once for an answer that was made before it came.
        traveller.facts.track();
        traveller.note_latest(reached.with(|reached| reached.latest));
    });
    go_along(traveller);
    Growth {
        liveness: Memo::new(move |_| line.with(|line| Liveness::of(line, false))),
        newer: count_newer(traveller),
    }
}

/// Goes to what is new as long as the traveller follows, not more often than answers can be drawn.
fn go_along(traveller: Traveller) {
    let latest = latest(traveller);
    let is_waiting = StoredValue::new(false);
    Effect::new(move || {
        let is_behind = traveller.is_following.get() && traveller.version.get() < latest.get();
        if !is_behind || is_waiting.get_value() || traveller.facts.with_untracked(Option::is_none) {
            return;
        }
        is_waiting.set_value(true);
        let pending = set_timeout_with_handle(
            move || {
                is_waiting.try_set_value(false);
                if traveller.is_following.try_get_untracked() == Some(true) {
                    traveller.catch_up();
                }
            },
            CATCH_UP,
        );
        // Not on the effect's own clean-up: it runs with each event, and nobody would ever arrive.
        drop(pending);
    });
}

fn count_newer(traveller: Traveller) -> Memo<u64> {
    let latest = latest(traveller);
    let seen = Memo::new(move |seen: Option<&u64>| {
        let (latest, is_following) = (latest.get(), traveller.is_following.get());
        match seen {
            Some(seen) if *seen > 0 && !is_following => *seen,
            _ => latest,
        }
    });
    Memo::new(move |_| latest.get().saturating_sub(seen.get()))
}

fn latest(traveller: Traveller) -> Memo<u64> {
    Memo::new(move |_| traveller.facts.with(|facts| facts.as_ref().map_or(0, |facts| facts.latest)))
}

/// How far a stream reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reached {
    /// Its last version.
    latest: u64,
    /// How many versions are gone behind that one, as far as that was told. The next event says better which it is, where it says it.
    skipped: u64,
}

impl Reached {
    fn hear(&mut self, messages: &[LiveMessage]) {
        for message in messages {
            match message {
                LiveMessage::Entry(entry) => {
                    let counted = self.latest + 1 + std::mem::take(&mut self.skipped);
                    self.latest = entry.event.version.unwrap_or(counted).max(self.latest);
                }
                LiveMessage::Gap(gap) => self.skipped += gap.missing.unwrap_or(0),
                _ => {}
            }
        }
    }
}

/// Looks how the stream is now, since the line may not tell what happened before it stood.
fn look_again(traveller: Traveller) {
    let stream = traveller.stream();
    spawn_local(async move {
        if let Ok(page) = fetch_page(stream).await {
            traveller.saw(&page.extent);
        }
    });
}

async fn fetch_page(stream: StreamKey) -> Result<EventsPage, ApiError> {
    functions::events(EventsQuery { limit: Limit::new(1), ..EventsQuery::new(stream) }).await
}
