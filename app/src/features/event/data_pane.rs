//! What happened: the data of an event.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::{Event, Pointer, StreamKey};

use super::load_button;
use crate::features::event::views::fields_table::FieldsTable;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::json_tree::JsonTree;
use crate::ui::state::tree_state::TreeState;
use crate::ui::text;

/// The data as a tree; where it could not be read why, and the fields instead.
#[component]
pub(super) fn DataPane(
    stream: StreamKey,
    event: Arc<Event>,
    /// Whether this is all that one answer holds.
    is_loaded: bool,
    /// What is open in the tree; kept from event to event.
    tree: RwSignal<TreeState>,
    /// A value to go to.
    reveal: RwSignal<Option<Pointer>>,
    on_load: impl Fn() + 'static,
) -> impl IntoView {
    let error = event.decode_error.as_ref().map(|error| {
        view! {
            <div class="banner warning" role="note" data-testid="decode-error">
                <Icon glyph=Glyph::Warning />
                <span>
                    <strong>"Not all of it was read: "</strong>
                    {foreign(&error.to_string())}
                    ". The raw fields are what Redis holds."
                </span>
            </div>
        }
    });
    let decoded = event.decoded.as_ref().map(|from| {
        view! {
            <p class="pane-note" data-testid="decoded">
                {format!("Decoded as {from}. The raw fields are under Fields.")}
            </p>
        }
    });
    let cut = event.cut.as_ref().and_then(|cut| cut.data.clone());
    let content = match cut {
        Some(cut) => {
            let size = text::byte_size(cut.bytes);
            let load = load_button(&event, is_loaded, on_load);
            view! {
                {load}
                <p class="pane-note" data-testid="data-cut">
                    {format!("The data is {size} of JSON, which begins:")}
                </p>
                <pre class="data-preview">{cut.preview}</pre>
            }
            .into_any()
        }
        None if !event.has_data() => view! { <FieldsTable stream event /> }.into_any(),
        None => {
            let data = event.data.clone();
            view! {
                <section class="detail-data" aria-label="Data">
                    <JsonTree
                        id="event-data"
                        label="Data of the event"
                        document=Signal::derive(move || data.clone())
                        state=tree
                        reveal
                    />
                </section>
            }
            .into_any()
        }
    };
    view! {
        {error}
        {decoded}
        {content}
    }
}
