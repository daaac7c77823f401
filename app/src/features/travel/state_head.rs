//! Which version is shown, and the event that made it.

use leptos::prelude::*;
use rewind_domain::travel::Step;

use super::Travel;
use crate::address::EventsAddress;
use crate::ui::event_type::EventType;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::moment::Moment;
use crate::ui::state::shared::Same;

#[component]
pub(super) fn StateHead(travel: Travel) -> impl IntoView {
    let traveller = travel.traveller;
    let latest = move || {
        traveller.facts.with(|facts| facts.as_ref().map_or(0, |facts| facts.latest)).to_string()
    };
    let is_ready = Memo::new(move |_| traveller.facts.with(Option::is_some));
    let made_by = move || match traveller.step.get() {
        Some(step) => view! { <StepFacts travel step /> }.into_any(),
        None if is_ready.get() => {
            view! { <span class="faint">"Before the first event"</span> }.into_any()
        }
        None => ().into_any(),
    };
    view! {
        <h2>
            "Version "
            <span data-testid="version">{move || traveller.version.get().to_string()}</span>
            <span class="version-of">" of "{latest}</span>
        </h2>
        <div class="state-event">{made_by}</div>
    }
}

#[component]
fn StepFacts(travel: Travel, step: Same<Step>) -> impl IntoView {
    let stream = travel.traveller.stream();
    let event = EventsAddress::newest(stream).with_event(Some(step.id)).href();
    let unread = step.decode_error.as_ref().map(|error| {
        let title = format!("{error}. This event may have changed less than it should.");
        view! {
            <span class="badge warning" data-testid="decode-error" title=title>
                <Icon glyph=Glyph::Warning />
                "not all of it was read"
                <span class="sr-only">": " {title.clone()}</span>
            </span>
        }
    });
    let skipped = step.is_skipped.then(|| {
        view! {
            <span class="badge" title="The fold has no rule for events of this type, so the state is as it was">
                "no rule in the fold"
            </span>
        }
    });
    view! {
        <EventType event_type=step.event_type.clone() />
        <span class="facts-time">
            <Moment ms=step.timestamp_ms has_zone=true />
        </span>
        <a class="id" href=event title="Open this event" data-testid="event-of-version">
            {step.id.to_string()}
        </a>
        {unread}
        {skipped}
    }
}
