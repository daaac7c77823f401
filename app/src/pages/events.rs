//! The events of a stream, page by page; the newest page is live.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::{EntryId, Event, StreamKey};

use super::event_panel::EventPanel;
use crate::api::{ApiError, EventsPage as Answer, Order, functions};
use crate::browser::keyboard;
use crate::browser::live_line::{LiveLine, LiveMessage};
use crate::browser::location::{History, Location};
use crate::browser::remote::{Loaded, Remote};
use crate::components::empty_state::EmptyState;
use crate::components::error_panel::{ErrorBanner, ErrorPanel};
use crate::components::event_table::{EventTable, focus_table};
use crate::components::incomplete_banner::IncompleteBanner;
use crate::components::live_status::{LivePause, LiveStatus};
use crate::components::pager::{Pager, Pages};
use crate::components::skeleton::Skeleton;
use crate::components::stream_head::{Lens, StreamHead};
use crate::state::address::{EventsAddress, PageAt};
use crate::state::event_ref::EventRef;
use crate::state::live::{LineStatus, Liveness};
use crate::state::tail::{Tail, TailRow};
use crate::state::text;

/// How many events a page has.
const PAGE_EVENTS: u64 = 100;

/// Which page of the list: all that a request for it says.
type Question = (Order, PageAt);

/// The page that grows while it is looked at.
const HEAD: Question = (Order::Desc, PageAt::Start);

/// Lists the events of a stream.
#[component]
pub(crate) fn EventsPage(
    /// The stream.
    stream: StreamKey,
    /// Which page of it, and which event is open.
    #[prop(into)]
    address: Signal<EventsAddress>,
) -> impl IntoView {
    let location = Location::expect();
    let key = stream.to_string();
    super::title({
        let name = stream.name();
        move || format!("{name} · Events · Rewind")
    });

    let question = Memo::new(move |_| address.with(|address| (address.order, address.page)));
    let page = Remote::new(
        move || Some(question.get()),
        move |(order, at)| fetch_page(key.clone(), order, at),
    );
    let tail = RwSignal::new(None::<Tail>);
    let line = RwSignal::new(LineStatus::default());
    follow_head(stream.clone(), page, tail, line);
    prefer_live_page(location, page, address);

    let rows = Memo::new(move |_| match tail.get() {
        Some(tail) => tail.rows().iter().cloned().collect::<Vec<_>>(),
        None => page.loaded().map(|loaded| plain_rows(&loaded.answer.events)).unwrap_or_default(),
    });
    let paused = Memo::new(move |_| tail.with(|tail| tail.as_ref().and_then(Tail::paused)));
    let liveness = Memo::new(move |_| match tail.with(Option::is_some) {
        true => line.with(|line| Liveness::of(line, paused.get().is_some())),
        false if page.final_error().is_some() => {
            Liveness::Off("There is nothing that could be followed".to_owned())
        }
        false if question.get() == HEAD => Liveness::Connecting,
        false => {
            Liveness::Off("Only the newest page, newest first, follows what is added".to_owned())
        }
    });
    let is_head = Memo::new(move |_| tail.with(Option::is_some));
    let toggle_pause = move || {
        tail.update(|tail| {
            if let Some(tail) = tail {
                match tail.paused() {
                    Some(_) => tail.resume(),
                    None => tail.pause(),
                }
            }
        });
    };
    keyboard::on_page_key(move |event| match event.key().as_str() {
        "p" if is_head.get_untracked() => {
            toggle_pause();
            true
        }
        _ => false,
    });

    let selected = Memo::new(move |_| address.with(|address| address.event));
    let select = move |event: Option<EntryId>| {
        let address = address.get_untracked();
        if address.event != event {
            // One entry in the history for having something open, however much is looked at.
            let how = match address.event.is_some() && event.is_some() {
                true => History::Replace,
                false => History::Push,
            };
            location.go(&address.with_event(event).href(), how);
        }
    };

    let compare = move |event: EntryId| {
        let address = address.get_untracked();
        match address.event {
            Some(open) if open != event => {
                let compared = address.compared_with(EventRef::here(open)).with_event(Some(event));
                location.go(&compared.href(), History::Replace);
            }
            _ => select(Some(event)),
        }
    };

    let pages = Memo::new(move |_| {
        let Some(loaded) = page.loaded() else { return Pages::default() };
        let scrolled_to = tail.with(|tail| {
            let tail = tail.as_ref().filter(|tail| tail.scrolled_out() > 0)?;
            tail.rows().iter().rev().find_map(|row| Some(row.event()?.id))
        });
        address.with(|address| pages(address, &loaded, scrolled_to))
    });
    let order = Memo::new(move |_| question.get().0);
    let summary = Memo::new(move |_| page.loaded().map(|loaded| loaded.answer.stream.clone()));
    let incomplete = Memo::new(move |_| summary.get().and_then(|summary| summary.incomplete));
    let length = move || {
        let arrived = tail.with(|tail| tail.as_ref().map_or(0, Tail::arrived));
        summary.get().map(|summary| text::counted(summary.length + arrived, "event", "events"))
    };

    let table = move || {
        if let Some(error) = page.final_error() {
            return view! {
                <ErrorPanel error retry=move |()| page.ask_again()>
                    <a class="button" href="/">"All streams"</a>
                </ErrorPanel>
            }
            .into_any();
        }
        match summary.with(Option::is_some) {
            false => view! { <Skeleton rows=12 class="event-row" /> }.into_any(),
            true => view! {
                <EventTable
                    rows
                    selected
                    on_select=select
                    on_compare=compare
                    href=move |id| address.get_untracked().with_event(Some(id)).href()
                />
                <Show when=move || rows.with(Vec::is_empty)>
                    <EmptyState title="No events here">
                        "The stream is empty at this place. Events that are added appear on its newest page."
                    </EmptyState>
                </Show>
            }
            .into_any(),
        }
    };
    let scrolled_out = move || {
        let count = tail.with(|tail| tail.as_ref().map_or(0, Tail::scrolled_out));
        (count > 0).then(|| {
            let count = text::counted(count, "older event", "older events");
            view! {
                <p class="scrolled-out" role="note">
                    {format!("{count} made room for newer ones; they are on the page “Older”.")}
                </p>
            }
        })
    };

    view! {
        <div class="page events-page" class:with-detail=move || selected.get().is_some()>
            <StreamHead stream=stream.clone() lens=Lens::Events>
                {length}
            </StreamHead>
            <div class="toolbar">
                <OrderSwitch address />
                <Pager pages order />
                <span class="toolbar-gap"></span>
                <LiveStatus liveness />
                <Show when=move || is_head.get()>
                    <LivePause paused on_toggle=move |()| toggle_pause() />
                </Show>
            </div>
            <div class="loading-bar" class:on=move || page.is_loading() && page.error().is_none() aria-hidden="true"></div>
            <ErrorBanner error=Signal::derive(move || page.passing_error()) />
            <IncompleteBanner incomplete />
            <div class="events-body">
                <section class="events-list" aria-label="Events" aria-busy=move || page.is_loading().to_string()>
                    {table}
                    {scrolled_out}
                </section>
                <EventPanel
                    stream
                    address
                    rows
                    is_listed=move || page.loaded().is_some() || page.final_error().is_some()
                    on_close=move || {
                        select(None);
                        focus_table();
                    }
                />
            </div>
        </div>
    }
}

async fn fetch_page(stream: String, order: Order, at: PageAt) -> Result<Answer, ApiError> {
    // The events next to an entry are those that come first on the way from it, whichever way the list runs.
    let (after, before, read_order) = match at {
        PageAt::Start => (None, None, order),
        PageAt::After(id) => (Some(id.to_string()), None, Order::Asc),
        PageAt::Before(id) => (None, Some(id.to_string()), Order::Desc),
    };
    let name = match read_order {
        Order::Asc => "asc",
        Order::Desc => "desc",
    };
    let limit = Some(PAGE_EVENTS.to_string());
    let page =
        functions::events(stream, after, before, limit, Some(name.to_owned()), None, None).await?;
    Ok(if read_order == order { page } else { turned(page) })
}

/// The same page from its other end.
fn turned(mut page: Answer) -> Answer {
    page.events.reverse();
    Answer { next: page.prev, prev: page.next, ..page }
}

fn plain_rows(events: &[Event]) -> Vec<TailRow> {
    events
        .iter()
        .map(|event| TailRow::Event { event: Arc::new(event.clone()), is_fresh: false })
        .collect()
}

/// Keeps a line open while the newest page is shown.
fn follow_head(
    stream: StreamKey,
    page: Remote<Question, Answer>,
    tail: RwSignal<Option<Tail>>,
    line: RwSignal<LineStatus>,
) {
    Effect::new(move || {
        let head = page.loaded().filter(|loaded| loaded.question == HEAD);
        tail.set(head.as_ref().map(|loaded| Tail::new(&loaded.answer.events)));
        line.set(LineStatus::default());
        if head.is_none() {
            return;
        }
        let after = tail.with_untracked(|tail| tail.as_ref().map_or(EntryId::MIN, Tail::last_id));
        let open = LiveLine::open(stream.clone(), after, move |messages| {
            // The page may be gone by the time of the next frame.
            line.try_update(|line| messages.iter().for_each(|message| line.note(message)));
            tail.try_update(|tail| {
                if let Some(tail) = tail {
                    take(tail, messages);
                }
            });
        });
        let open = StoredValue::new_local(Some(open));
        on_cleanup(move || drop(open.try_update_value(Option::take)));
    });
}

fn take(tail: &mut Tail, messages: Vec<LiveMessage>) {
    for message in messages {
        match message {
            LiveMessage::Event(event) => tail.push_event(*event),
            LiveMessage::Gap(gap) => tail.push_gap(gap),
            LiveMessage::Lag
            | LiveMessage::Redis(_)
            | LiveMessage::Failed(_)
            | LiveMessage::Line(_) => {}
        }
    }
}

/// Whoever pages up to where the list begins is on its live page.
fn prefer_live_page(
    location: Location,
    page: Remote<Question, Answer>,
    address: Signal<EventsAddress>,
) {
    Effect::new(move || {
        let Some(loaded) = page.loaded() else { return };
        let address = address.get_untracked();
        let is_paged_to = match loaded.question {
            (Order::Desc, PageAt::After(_)) | (Order::Asc, PageAt::Before(_)) => true,
            (_, PageAt::Start | PageAt::After(_) | PageAt::Before(_)) => false,
        };
        let is_this = loaded.question == (address.order, address.page);
        if is_this && is_paged_to && loaded.answer.prev.is_none() {
            let start = EventsAddress { page: PageAt::Start, ..address };
            location.go(&start.href(), History::Replace);
        }
    });
}

/// The pages around this one. `scrolled_to` is where the next begins once rows of this one have left it.
fn pages(
    address: &EventsAddress,
    loaded: &Loaded<Question, Answer>,
    scrolled_to: Option<EntryId>,
) -> Pages {
    let (order, at) = loaded.question;
    let Answer { next, prev, .. } = &loaded.answer;
    let address = EventsAddress { order, ..address.clone() };
    let to = |page: PageAt| address.with_page(page).href();
    let next = scrolled_to.or(*next);
    match order {
        Order::Desc => Pages {
            first: (at != PageAt::Start).then(|| to(PageAt::Start)),
            previous: prev.map(|id| to(PageAt::After(id))),
            next: next.map(|id| to(PageAt::Before(id))),
            last: next.map(|_| to(PageAt::After(EntryId::MIN))),
        },
        Order::Asc => Pages {
            first: (at != PageAt::Start).then(|| to(PageAt::Start)),
            previous: prev.map(|id| to(PageAt::Before(id))),
            next: next.map(|id| to(PageAt::After(id))),
            last: next.map(|_| to(PageAt::Before(EntryId::MAX))),
        },
    }
}

#[component]
fn OrderSwitch(address: Signal<EventsAddress>) -> impl IntoView {
    let option = move |order: Order, label: &'static str, name: &'static str| {
        let href = move || {
            let stream = address.with(|address| address.stream.clone());
            EventsAddress { order, ..EventsAddress::newest(stream) }.href()
        };
        let is_chosen = move || address.with(|address| address.order == order);
        view! {
            <a href=href aria-current=move || is_chosen().then_some("true") data-order=name>
                {label}
            </a>
        }
    };
    view! {
        <div class="segmented" role="group" aria-label="Order" data-testid="order">
            {option(Order::Desc, "Newest first", "desc")}
            {option(Order::Asc, "Oldest first", "asc")}
        </div>
    }
}
