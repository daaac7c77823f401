//! The panel of one event, wherever in its stream that is.

mod compare_pane;
mod data_pane;
mod related_pane;
pub(crate) mod state;
pub(crate) mod views;

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::{EntryId, Event, Pointer, StreamKey};

use self::compare_pane::ComparePane;
use self::data_pane::DataPane;
use self::related_pane::RelatedPane;
use crate::address::EventsAddress;
use crate::address::event_ref::EventPane;
use crate::api::query::EventQuery;
use crate::api::{ApiError, ErrorCode, functions};
use crate::features::event::views::event_detail::{EventDetail, step_id};
use crate::features::event::views::fields_table::FieldsTable;
use crate::platform::clipboard;
use crate::platform::keyboard;
use crate::platform::location::{History, Location};
use crate::platform::remote::Remote;
use crate::ui::empty_state::EmptyState;
use crate::ui::error_panel::ErrorPanel;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::skeleton::Skeleton;
use crate::ui::state::tree_state::TreeState;

/// The open event, and what is looked at of it.
#[component]
pub(super) fn EventPanel(
    /// The stream that is listed.
    stream: StreamKey,
    /// Which event is open.
    address: Signal<EventsAddress>,
    /// The open event as the list has it, where it has it.
    #[prop(into)]
    listed: Signal<Option<Arc<Event>>>,
    /// Whether it is known what the list has.
    #[prop(into)]
    is_listed: Signal<bool>,
    /// How often a stream of the list was made again: what was read before that is not there any more.
    #[prop(into)]
    times_remade: Signal<u64>,
    /// Goes to the next event of the list, or with `false` to the one before.
    #[prop(into)]
    on_step: Callback<bool>,
    /// What there is to say of the last step.
    #[prop(into)]
    note: Signal<Option<String>>,
    /// Closes the event.
    on_close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let location = Location::expect();
    let selected =
        Memo::new(move |_| address.with(|address| address.event.as_ref().map(|event| event.id)));
    let pane = Memo::new(move |_| address.with(|address| address.pane));
    let read = Memo::new(move |before: Option<&Option<(u64, Arc<Event>)>>| {
        let (id, times) = (selected.get()?, times_remade.get());
        let found = listed.get().filter(|event| event.id == id).map(|event| (times, event));
        // It stays open when it makes room in the list for newer ones.
        let is_it = |read: &&(u64, Arc<Event>)| read.0 == times && read.1.id == id;
        found.or_else(|| before.and_then(|before| before.as_ref().filter(is_it).cloned()))
    });
    let here = Memo::new(move |_| read.get().map(|(_, event)| event));
    // The event of which all is wanted that one answer holds.
    let wanted = RwSignal::new(None::<EntryId>);
    let single = {
        let key = stream.clone();
        Remote::new(
            move || {
                let is_needed = move |id: &EntryId| {
                    wanted.get() == Some(*id) || (is_listed.get() && here.with(Option::is_none))
                };
                Some((selected.get().filter(is_needed)?, times_remade.get()))
            },
            move |(id, _)| fetch_event(key.clone(), id),
        )
    };
    let shown = Memo::new(move |_| {
        let id = selected.get()?;
        let listed = here.get();
        let question = (id, times_remade.get());
        let answered = single.loaded().filter(|loaded| loaded.question == question);
        Some(match (answered, listed) {
            (Some(loaded), listed) => match &loaded.answer {
                Some(event) => {
                    let version = event.version.or(listed.and_then(|listed| listed.version));
                    Shown::Event(Arc::new(Event { version, ..event.clone() }), true)
                }
                None => Shown::Gone(id),
            },
            (None, Some(event)) => Shown::Event(event, false),
            (None, None) => single.error().map_or(Shown::Loading, Shown::Error),
        })
    });

    let tree = RwSignal::new(TreeState::default());
    let reveal = RwSignal::new(None::<Pointer>);
    let go = move |address: EventsAddress| location.go(&address.href(), History::Replace);
    let look_at = move |pane: EventPane| go(address.get_untracked().with_pane(pane));
    let set_base = move || {
        let address = address.get_untracked();
        if let (Some(stream), Some(id)) = (address.stream(), selected.get_untracked()) {
            go(address.compared_with(&stream, id));
        }
    };
    keyboard::on_page_key(move |key| {
        if selected.get_untracked().is_none() {
            return false;
        }
        match key {
            "Escape" => on_close(),
            "j" => on_step.run(true),
            "k" => on_step.run(false),
            "b" => set_base(),
            "y" => copy_link(address.get_untracked()),
            key => match EventPane::ALL.into_iter().find(|pane| pane.key() == key) {
                Some(pane) => look_at(pane),
                None => return false,
            },
        }
        true
    });

    let content = {
        let stream = stream.clone();
        move |event: Arc<Event>, is_loaded: bool| {
            let stream = stream.clone();
            let load = {
                let id = event.id;
                move || wanted.set(Some(id))
            };
            match pane.get() {
                EventPane::Data => {
                    view! { <DataPane stream event is_loaded tree reveal on_load=load /> }
                        .into_any()
                }
                EventPane::Fields => {
                    let load = load_button(&event, is_loaded, load);
                    view! {
                        {load}
                        <FieldsTable stream event />
                    }
                    .into_any()
                }
                EventPane::Related => {
                    view! { <RelatedPane stream id=event.id address /> }.into_any()
                }
                EventPane::Compare => {
                    view! { <ComparePane stream event address reveal /> }.into_any()
                }
            }
        }
    };
    move || {
        keep_step_focused();
        let content = match shown.get()? {
            Shown::Event(event, is_loaded) => {
                let id = event.id;
                let href = move || address.get().with_event(Some(id)).href();
                view! {
                    <EventDetail
                        stream=stream.clone()
                        event=event.clone()
                        href=Signal::derive(href)
                        on_step
                        on_base=move |()| set_base()
                    />
                    <PaneTabs address pane />
                    <div class="detail-pane" data-testid="event-pane">
                        {
                            let content = content.clone();
                            move || content(event.clone(), is_loaded)
                        }
                    </div>
                }
                .into_any()
            }
            Shown::Gone(id) => view! {
                <EmptyState title="This entry is not there any more">
                    "Entry "
                    <code>{id.to_string()}</code>
                    " was trimmed or deleted, or never was in this stream."
                </EmptyState>
            }
            .into_any(),
            Shown::Loading => view! { <Skeleton rows=6 /> }.into_any(),
            Shown::Error(error) => {
                view! { <ErrorPanel error retry=move |()| single.ask_again() /> }.into_any()
            }
        };
        Some(view! {
            <aside class="detail" aria-label="Event" data-testid="event-detail">
                <button
                    type="button"
                    class="button quiet icon-only detail-close"
                    data-testid="event-close"
                    aria-label="Close the event"
                    title="Close (Esc)"
                    on:click=move |_| on_close()
                >
                    <Icon glyph=Glyph::Close />
                </button>
                {content}
                <p class="toast" class:on=move || note.with(Option::is_some) role="status">
                    {note}
                </p>
            </aside>
        })
    }
}

/// Links to the panes.
#[component]
fn PaneTabs(address: Signal<EventsAddress>, pane: Memo<EventPane>) -> impl IntoView {
    let location = Location::expect();
    let tab = move |of: EventPane| {
        let href = move || address.with(|address| address.with_pane(of).href());
        view! {
            <a
                href=href
                aria-current=move || (pane.get() == of).then_some("true")
                title=format!("{} ({})", of.label(), of.key().to_uppercase())
                data-testid=format!("event-pane-{}", of.name())
                on:click=move |event| {
                    if !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key()) {
                        event.prevent_default();
                        location.go(&address.get_untracked().with_pane(of).href(), History::Replace);
                    }
                }
            >
                {of.label()}
            </a>
        }
    };
    view! {
        <nav class="detail-tabs" aria-label="What is shown of the event">
            {EventPane::ALL.map(tab)}
        </nav>
    }
}

/// What the panel shows.
#[derive(Clone, Debug, PartialEq)]
enum Shown {
    Loading,
    /// The event, and whether it is all that one answer holds of it.
    Event(Arc<Event>, bool),
    Gone(EntryId),
    Error(ApiError),
}

/// Where something is left out that can be had: the button that gets it.
fn load_button(event: &Event, is_loaded: bool, on_load: impl Fn() + 'static) -> Option<AnyView> {
    event.cut.as_ref()?;
    Some(match is_loaded {
        true => view! {
            <p class="pane-note">"What is larger than a page can hold is cut; downloads are whole."</p>
        }
        .into_any(),
        false => view! {
            <p class="pane-note load-more">
                <span>"This event is large; these are the beginnings of its values."</span>
                <button type="button" class="button" data-testid="load-event" on:click=move |_| on_load()>
                    "Load more of it"
                </button>
            </p>
        }
        .into_any(),
    })
}

/// Gives the focus back to a button that is drawn again with the next event, so that it can be pressed again.
fn keep_step_focused() {
    let focused = document().active_element().map(|element| element.id());
    let step = [true, false].map(step_id).into_iter().find(|id| focused.as_deref() == Some(*id));
    if let Some(id) = step {
        request_animation_frame(move || keyboard::focus(id));
    }
}

fn copy_link(address: EventsAddress) {
    leptos::task::spawn_local(async move {
        clipboard::copy(&clipboard::absolute(&address.href())).await;
    });
}

/// Reads one event; none where there is none with this id.
async fn fetch_event(stream: StreamKey, id: EntryId) -> Result<Option<Event>, ApiError> {
    match functions::event(EventQuery { stream, id }).await {
        Ok(answer) => Ok(Some(answer.event)),
        Err(error)
            if matches!(error.code, ErrorCode::EventNotFound | ErrorCode::StreamNotFound) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
