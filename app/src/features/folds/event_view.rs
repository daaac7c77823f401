//! The event that made the version which is looked at.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::{EntryId, Event, StreamKey};

use crate::address::EventsAddress;
use crate::api::query::{EventsQuery, Limit, Until, WindowQuery};
use crate::api::{ApiError, ErrorCode, Order, functions};
use crate::features::folds::place::Place;
use crate::platform::remote::Remote;
use crate::ui::event_type::EventType;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::json_tree::JsonTree;
use crate::ui::moment::Moment;
use crate::ui::state::tree_state::TreeState;

/// The event of the version, with its data: what a handler is given.
#[component]
pub(super) fn EventView(
    /// The stream.
    stream: StreamKey,
    /// The version.
    place: Place,
) -> impl IntoView {
    let key = stream.clone();
    let version = Memo::new(move |_| {
        let last = place.is_known.get().then(|| place.versions.get().last)?;
        Some(place.settled.get().unwrap_or(last)).filter(|version| *version <= last)
    });
    let remote = Remote::new(move || version.get(), move |version| fetch(key.clone(), version));
    let event = Memo::new(move |_| remote.loaded().and_then(|loaded| loaded.answer.clone()));
    let tree = RwSignal::new(TreeState::default());
    let facts = move || match event.get() {
        Some(event) => view! {
            <EventType event_type=event.event_type.clone() />
            <span class="bench-event-time">
                <Moment ms=event.timestamp_ms has_zone=true />
            </span>
        }
        .into_any(),
        None => view! { <span class="faint">{absence(place, remote)}</span> }.into_any(),
    };
    let link = move || {
        event.get().map(|event| {
            let href = EventsAddress::newest(stream.clone()).with_event(Some(event.id));
            view! {
                <p class="bench-event-id">
                    <a class="id" href=href.href() title="Open this event" data-testid="fold-event-link">
                        {event.id.to_string()}
                    </a>
                </p>
            }
        })
    };
    let unread = move || {
        event.get().and_then(|event| event.decode_error.clone()).map(|error| {
            view! {
                <div class="banner warning" role="note">
                    <Icon glyph=Glyph::Warning />
                    <span>
                        <strong>"Not all of it was read: "</strong>
                        {foreign(&error.to_string())}
                        "."
                    </span>
                </div>
            }
        })
    };
    let data =
        Signal::derive(move || event.get().map(|event| event.data.clone()).unwrap_or_default());
    let has_data = Memo::new(move |_| event.get().is_some_and(|event| event.has_data()));
    view! {
        <details class="bench-event" data-testid="fold-event" open>
            <summary data-testid="fold-event-button">
                <span class="tree-twisty"><Icon glyph=Glyph::Closed /></span>
                <h3>"Event"</h3>
                {facts}
            </summary>
            {link}
            {unread}
            <Show when=move || has_data.get()>
                <JsonTree id="fold-event-data" label="Data of the event" document=data state=tree />
            </Show>
        </details>
    }
}

fn absence(place: Place, remote: Remote<u64, Option<Arc<Event>>>) -> &'static str {
    let versions = place.versions.get();
    if place.is_known.get() && versions.shown <= versions.first {
        "Before the first event"
    } else if remote.is_loading() {
        ""
    } else {
        "It cannot be shown while the saved fold cannot be used"
    }
}

/// The event that made a version; `None` if none did, or where the saved fold is none, without which versions are not
/// told.
async fn fetch(stream: StreamKey, version: u64) -> Result<Option<Arc<Event>>, ApiError> {
    let query = WindowQuery::new(stream.clone(), Until::Version(version)).with_limit(2);
    let answer = match functions::window(query).await {
        Ok(answer) => answer,
        Err(error) if matches!(error.code, ErrorCode::FoldInvalid | ErrorCode::VersionNotFound) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut steps = answer.window.steps.iter().chain(&answer.unfolded);
    match steps.find(|step| step.version == version) {
        Some(step) => fetch_event(stream, step.id).await,
        None => Ok(None),
    }
}

async fn fetch_event(stream: StreamKey, id: EntryId) -> Result<Option<Arc<Event>>, ApiError> {
    let Some(before) = id.prev() else { return Ok(None) };
    let page = functions::events(EventsQuery {
        after: Some(before),
        limit: Limit::new(1),
        order: Order::Asc,
        ..EventsQuery::new(stream)
    })
    .await?;
    Ok(page.events.into_iter().find(|event| event.id == id).map(Arc::new))
}
