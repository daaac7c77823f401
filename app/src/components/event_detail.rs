//! One event, with everything that is known of it.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::{Event, StreamKey};

use super::copy_button::CopyButton;
use super::event_type::EventType;
use super::fields_table::FieldsTable;
use super::icon::{Glyph, Icon};
use super::json_tree::JsonTree;
use super::moment::Moment;
use crate::browser::clipboard;
use crate::state::address::{Point, TravelAddress};
use crate::state::text;
use crate::state::tree_state::TreeState;

/// An event: its data as a tree, its raw fields, and where to go from it.
#[component]
pub(crate) fn EventDetail(
    /// The stream that it is in.
    stream: StreamKey,
    /// The event.
    event: Arc<Event>,
    /// What is open in the tree of its data; kept from event to event.
    tree: RwSignal<TreeState>,
    /// The link to it.
    href: String,
) -> impl IntoView {
    let travel = TravelAddress::at(stream, Point::Id(event.id)).href();
    let error = event.decode_error.as_ref().map(|error| {
        view! {
            <div class="banner warning" role="note" data-testid="decode-error">
                <Icon glyph=Glyph::Warning />
                <span>
                    <strong>"Not all of it was read: "</strong>
                    {error.to_string()}
                    ". The raw fields below are what Redis holds."
                </span>
            </div>
        }
    });
    let json = event.clone();
    let data = event.data.clone();
    let decoded = event.decoded.clone().map(|from| {
        view! {
            <p class="faint" data-testid="decoded">
                {format!("Decoded as {from}. The raw fields below are what Redis holds.")}
            </p>
        }
    });
    let data = event.has_data().then(|| {
        view! {
            <section class="detail-data" aria-label="Data">
                <h3>"Data"</h3>
                {decoded}
                <JsonTree
                    id="event-data"
                    label="Data of the event"
                    document=Signal::derive(move || data.clone())
                    state=tree
                />
            </section>
        }
    });
    let version = event.version.map(|version| {
        view! {
            <dt>"Version"</dt>
            <dd>{text::grouped(version)}</dd>
        }
    });
    view! {
        <header class="detail-head">
            <h2>
                <EventType event_type=event.event_type.clone() />
            </h2>
            <dl class="facts">
                <dt>"Time"</dt>
                <dd>
                    <Moment ms=event.timestamp_ms />
                    " UTC"
                </dd>
                <dt>"Id"</dt>
                <dd class="mono" data-testid="event-detail-id">{event.id.to_string()}</dd>
                {version}
            </dl>
            <div class="detail-actions">
                <a class="button" href=travel data-testid="travel-to-event">
                    <Icon glyph=Glyph::Travel />
                    "Travel to this version"
                </a>
                <CopyButton label="Copy link" is_labelled=true text=move || clipboard::absolute(&href) />
                <CopyButton label="Copy JSON" is_labelled=true text=move || format!("{:#}", json.data) />
            </div>
        </header>
        {error}
        {data}
        <section class="detail-fields" aria-label="Raw fields">
            <h3>"Raw fields"</h3>
            <FieldsTable fields=event.fields.clone() />
        </section>
    }
}
