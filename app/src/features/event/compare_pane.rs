//! What differs from another event.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::{EntryId, Event, Pointer, StreamKey};
use web_sys::SubmitEvent;

use crate::address::EventsAddress;
use crate::address::event_ref::{EventPane, EventRef};
use crate::api::query::EventQuery;
use crate::api::{ApiError, functions};
use crate::features::event::state::difference;
use crate::platform::keyboard::focus;
use crate::platform::location::{History, Location};
use crate::platform::remote::Remote;
use crate::ui::change_list::ChangeList;
use crate::ui::error_panel::ErrorPanel;
use crate::ui::event_type::EventType;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::skeleton::Skeleton;
use crate::ui::state::changes::Changes;
use crate::ui::state::shared::Same;

const BASE_ID: &str = "event-base";

/// The event that this one is compared with, and what differs.
#[component]
pub(super) fn ComparePane(
    stream: StreamKey,
    event: Arc<Event>,
    address: Signal<EventsAddress>,
    /// A value to go to in the data.
    reveal: RwSignal<Option<Pointer>>,
) -> impl IntoView {
    let written = Memo::new(move |_| address.with(|address| address.base.clone()));
    let base = Memo::new(move |_| {
        address.with(|address| Some((address.base_stream()?, address.base.as_ref()?.id)))
    });
    let this = (stream.clone(), event.id);
    let is_itself = Memo::new(move |_| base.with(|base| base.as_ref() == Some(&this)));
    let content = move || {
        match base.get() {
        None => view! {
            <p class="pane-note" data-testid="no-base">
                "Set an event as the base, then choose another: what differs appears here. Or write down which one to compare with."
            </p>
        }
        .into_any(),
        Some(_) if is_itself.get() => view! {
            <p class="pane-note" data-testid="is-base">
                "This event is the base. Choose another one to see what differs from it."
            </p>
        }
        .into_any(),
        Some(base) => {
            view! { <Difference stream=stream.clone() event=event.clone() base reveal address /> }
                .into_any()
        }
    }
    };
    view! {
        <BaseForm address base=written />
        {content}
    }
}

/// A box to write down an event in.
#[component]
fn BaseForm(address: Signal<EventsAddress>, base: Memo<Option<EventRef>>) -> impl IntoView {
    let location = Location::expect();
    let problem = RwSignal::new(None::<String>);
    let written = RwSignal::new(String::new());
    Effect::new(move || {
        written.set(base.with(|base| base.as_ref().map(EventRef::to_string).unwrap_or_default()));
        problem.set(None);
    });
    let clear = move || {
        let address = EventsAddress { base: None, ..address.get_untracked() };
        location.go(&address.href(), History::Replace);
        // The button goes, and would take the keyboard along.
        focus(BASE_ID);
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        match written.with_untracked(|text| text.parse::<EventRef>()) {
            Ok(EventRef { stream, id }) => {
                let address = address.get_untracked();
                // Without a stream the one of the open event is meant.
                if let Some(stream) = stream.or_else(|| address.stream()) {
                    location.go(&address.compared_with(&stream, id).href(), History::Replace);
                }
            }
            Err(error) => problem.set(Some(error)),
        }
    };
    view! {
        <form class="base-form" on:submit=submit>
            <label for=BASE_ID>"Compare with"</label>
            <span class="search" class:invalid=move || problem.with(Option::is_some)>
                <Icon glyph=Glyph::Base />
                <input
                    id=BASE_ID
                    type="text"
                    autocomplete="off"
                    spellcheck="false"
                    placeholder="1706185200000-0 or stream@id"
                    data-testid="event-base"
                    aria-describedby="event-base-problem"
                    prop:value=written
                    on:input=move |event| {
                        written.set(event_target_value(&event));
                        problem.set(None);
                    }
                />
                <span class="search-problem" id="event-base-problem" role="alert">{move || problem.get()}</span>
            </span>
            <Show when=move || base.with(Option::is_some)>
                <button
                    type="button"
                    class="button quiet icon-only"
                    title="Compare no more"
                    aria-label="Compare no more"
                    data-testid="clear-base"
                    on:click=move |_| clear()
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </Show>
        </form>
    }
}

#[component]
fn Difference(
    stream: StreamKey,
    event: Arc<Event>,
    base: (StreamKey, EntryId),
    reveal: RwSignal<Option<Pointer>>,
    address: Signal<EventsAddress>,
) -> impl IntoView {
    let location = Location::expect();
    let (base_stream, base_id) = base;
    let is_elsewhere = base_stream != stream;
    let (key, base_key) = (stream, base_stream.clone());
    let both = Remote::new(
        || Some(()),
        move |()| fetch_both(base_key.clone(), base_id, key.clone(), event.clone()),
    );
    let changes = Memo::new(move |_| match both.loaded() {
        Some(loaded) => {
            let (from, to) = &loaded.answer;
            Changes::Diff(Same::new(difference::changes(from, to)))
        }
        None => Changes::None,
    });
    let chosen = RwSignal::new(None::<Pointer>);
    let go_to = move |path: Pointer| {
        if let Some(inside) = difference::path_in_data(&path) {
            reveal.set(Some(inside));
            let address = address.get_untracked().with_pane(EventPane::Data);
            location.go(&address.href(), History::Replace);
        }
        chosen.set(Some(path));
    };
    let base_href = EventsAddress::newest(base_stream.clone()).with_event(Some(base_id)).href();
    let facts = move || {
        both.loaded().map(|loaded| {
            let (from, to) = &loaded.answer;
            let elsewhere = is_elsewhere
                .then(|| view! { <span class="faint story-stream">{foreign(&base_stream.to_string())}</span> });
            let is_cut = from.cut.is_some() || to.cut.is_some();
            let cut = is_cut.then(|| {
                view! {
                    <p class="pane-note warning">
                        <Icon glyph=Glyph::Warning />
                        "Large values were compared by their beginning only; data larger than a page can hold was not."
                    </p>
                }
            });
            view! {
                <p class="story-head">
                    <a href=base_href.clone() class="story-link" data-testid="base-link">
                        <EventType event_type=from.event_type.clone() />
                        {elsewhere}
                    </a>
                    <span aria-hidden="true">"→"</span>
                    <span class="sr-only">"to"</span>
                    <EventType event_type=to.event_type.clone() />
                </p>
                {cut}
            }
        })
    };
    let is_waiting = Memo::new(move |_| both.loaded().is_none());
    move || match (both.final_error(), is_waiting.get()) {
        (Some(error), _) => view! { <ErrorPanel error /> }.into_any(),
        (None, true) => view! { <Skeleton rows=5 /> }.into_any(),
        (None, false) => view! {
            {facts.clone()}
            <ChangeList changes chosen on_reveal=go_to none_text="Both say the same." />
        }
        .into_any(),
    }
}

async fn fetch_both(
    base_stream: StreamKey,
    base: EntryId,
    stream: StreamKey,
    event: Arc<Event>,
) -> Result<(Arc<Event>, Arc<Event>), ApiError> {
    let from = functions::event(EventQuery { stream: base_stream, id: base }).await?.event;
    let to = match event.cut.is_some() {
        true => Arc::new(functions::event(EventQuery { stream, id: event.id }).await?.event),
        false => event,
    };
    Ok((Arc::new(from), to))
}
