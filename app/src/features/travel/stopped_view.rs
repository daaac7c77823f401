//! In place of a state that the fold could not make.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::travel::ReplayError;

use super::Travel;
use super::fold_href;
use crate::address::{EventsAddress, Point};
use crate::ui::event_type::EventType;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// Says where and why there is no state from here on, and where to go.
#[component]
pub(super) fn StoppedView(travel: Travel, stopped: Arc<ReplayError>) -> impl IntoView {
    let traveller = travel.traveller;
    let stream = traveller.stream();
    let ReplayError { version, id, event_type, error } = &*stopped;
    let version = *version;
    let (first, _) = traveller.bounds();
    let place = match (error.line, error.column) {
        (Some(line), Some(column)) => format!(" ({line}:{column})"),
        (Some(line), None) => format!(" ({line})"),
        _ => String::new(),
    };
    let message =
        format!("Stopped at version {}: {}{place}", text::grouped(version), error.message);
    let event = id.map(|id| {
        let href = EventsAddress::newest(stream.clone()).with_event(Some(id)).href();
        view! {
            <p class="stopped-event">
                <EventType event_type=event_type.clone() />
                <a class="id" href=href title="Open this event" data-testid="stopped-event">{id.to_string()}</a>
            </p>
        }
    });
    let is_here = Memo::new(move |_| traveller.version.get() == version);
    let before = (version > first).then(|| {
        let before = version - 1;
        view! {
            <button
                type="button"
                class="button"
                data-testid="before-stop"
                on:click=move |_| traveller.jump(Point::Version(before))
            >
                <Icon glyph=Glyph::Previous />
                {format!("Version {}, the last with a state", text::grouped(before))}
            </button>
        }
    });
    let there = move || {
        (!is_here.get()).then(|| {
            view! {
                <button
                    type="button"
                    class="button"
                    data-testid="at-stop"
                    on:click=move |_| traveller.jump(Point::Version(version))
                >
                    {format!("Version {}, where it stopped", text::grouped(version))}
                </button>
            }
        })
    };
    view! {
        <div class="stopped" role="alert" data-testid="stopped">
            <Icon glyph=Glyph::Warning />
            <h3>{message}</h3>
            <p>
                {move || match is_here.get() {
                    true => "The fold failed on this event. There is no state from here on.",
                    false => "The fold failed on an earlier event. There is no state at this version.",
                }}
            </p>
            {event}
            <div class="error-actions">
                <a class="button primary" href=fold_href(&stream, version) data-testid="mend-fold">
                    <Icon glyph=Glyph::Fold />
                    "Open the fold at this event"
                </a>
                {before}
                {there}
            </div>
        </div>
    }
}
