//! One event: what it is, and where to go from it.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::ndjson::Line;
use rewind_domain::{Entry, Event, StreamKey, redis_command};

use crate::address::{EventRef, OperatingAddress, Point, PublishAddress, TravelAddress};
use crate::features::event::views::copy_menu::{CopyItem, CopyMenu};
use crate::features::event::views::deliveries::Deliveries;
use crate::platform::clipboard;
use crate::ui::event_type::EventType;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::moment::Moment;
use crate::ui::text;
use crate::ui::topic_links::AboutAggregates;

/// Why an event that is not all here cannot be copied.
const NOT_WHOLE: &str = "Some of it is not loaded, since it is large";

/// The head of an event: its type, when it was, and what can be done with it.
#[component]
pub(crate) fn EventDetail(
    /// The stream that it is in.
    stream: StreamKey,
    /// The event.
    event: Arc<Event>,
    /// The link to it, as it is looked at.
    href: Signal<String>,
    /// Goes to the next event of the list, or with `false` to the one before.
    #[prop(into)]
    on_step: Callback<bool>,
    /// Compares others with it from now on.
    #[prop(into)]
    on_base: Callback<()>,
) -> impl IntoView {
    let travel = TravelAddress::at(stream.clone(), Point::Id(event.id)).href();
    let version = event.version.map(|version| {
        view! {
            <dt>"Version"</dt>
            <dd>{text::grouped(version)}</dd>
        }
    });
    let copy = EventRef { stream: None, id: event.id };
    let again = PublishAddress { stream: stream.stored_in(), from: Some(copy) };
    let again = OperatingAddress::Publish(again).href();
    view! {
        <header class="detail-head">
            <h2>
                <EventType event_type=event.event_type.clone() />
            </h2>
            <dl class="facts">
                <dt>"Time"</dt>
                <dd>
                    <Moment ms=event.timestamp_ms has_zone=true />
                </dd>
                <dt>"Id"</dt>
                <dd class="mono" data-testid="event-detail-id">{event.id.to_string()}</dd>
                {version}
                <AboutAggregates stream=stream.clone() event=event.clone() />
                <Deliveries stream=stream.clone() id=event.id />
            </dl>
            <div class="detail-actions">
                <span class="pager">
                    {step(on_step, false, Glyph::Up, "The event above (K)")}
                    {step(on_step, true, Glyph::Down, "The event below (J)")}
                </span>
                <a class="button" href=travel data-testid="travel-to-event">
                    <Icon glyph=Glyph::Travel />
                    "Travel to this version"
                </a>
                <button
                    type="button"
                    class="button"
                    title="Compare others with this event (B); or Shift-click another"
                    data-testid="set-base"
                    on:click=move |_| on_base.run(())
                >
                    <Icon glyph=Glyph::Base />
                    "Set base"
                </button>
                <CopyMenu items=copy_items(stream, event, href) />
                <a class="button" href=again data-testid="publish-copy" title="Write a new event that begins like this one">
                    "Edited copy"
                </a>
            </div>
        </header>
    }
}

/// The id of the button that steps: it is made again with each event, and keeps the focus.
pub(crate) const fn step_id(forward: bool) -> &'static str {
    if forward { "event-next" } else { "event-previous" }
}

fn step(
    on_step: Callback<bool>,
    forward: bool,
    glyph: Glyph,
    title: &'static str,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="button icon-only"
            id=step_id(forward)
            title=title
            aria-label=title
            data-testid=step_id(forward)
            on:click=move |_| on_step.run(forward)
        >
            <Icon glyph />
        </button>
    }
}

fn copy_items(stream: StreamKey, event: Arc<Event>, href: Signal<String>) -> Vec<CopyItem> {
    let (for_xadd, for_line, for_json) = (event.clone(), event.clone(), event.clone());
    let (xadd_stream, line_stream) = (stream.clone(), stream);
    let cut = event.cut.clone().unwrap_or_default();
    let are_fields_cut = !cut.fields.is_empty() || cut.fields_left_out > 0;
    let unless = |is_cut: bool| is_cut.then_some(NOT_WHOLE);
    vec![
        CopyItem {
            name: "link",
            id: "link",
            text: Callback::new(move |()| clipboard::absolute(&href.get_untracked())),
            problem: None,
        },
        CopyItem {
            name: "data as JSON",
            id: "json",
            text: Callback::new(move |()| format!("{:#}", for_json.data)),
            problem: unless(cut.data.is_some()),
        },
        CopyItem {
            name: "entry as NDJSON",
            id: "ndjson",
            text: Callback::new(move |()| {
                let entry = Entry { id: for_line.id, fields: for_line.fields.clone() };
                Line::to_json(&line_stream, &entry)
            }),
            problem: unless(are_fields_cut),
        },
        CopyItem {
            name: "entry as XADD",
            id: "xadd",
            text: Callback::new(move |()| {
                redis_command::xadd(&xadd_stream, for_xadd.id, &for_xadd.fields)
            }),
            problem: unless(are_fields_cut),
        },
    ]
}
