//! Events: those of a stream as they are scrolled to, those that a filter means as they are found, and those of many streams as one
//! list. What is at the end of a stream is live.

mod browsing;
mod choosing;
mod coverage;
mod finding;
mod index;
mod jump;
mod list;
mod listing;
pub(crate) mod state;
pub(crate) mod views;

use std::sync::Arc;

use crate::platform::title::title;
use leptos::prelude::*;
use rewind_domain::filter::known_paths;
use rewind_domain::{Filter, FilterError};

use self::browsing::Browsing;
use self::choosing::{ChosenStreams, StreamChooser};
use self::finding::Finding;
use self::list::{BrowseList, FindList};
use self::listing::Listing;
use crate::address::{EventsAddress, EventsOf, Point};
use crate::api::{ErrorCode, IndexAnswer, Order};
use crate::features::event::EventPanel;
use crate::features::events::state::findings::Stage;
use crate::features::events::views::columns_menu::ColumnsMenu;
use crate::features::events::views::event_grid::{EventGrid, EventPlace, focus_grid};
use crate::features::events::views::filter_box::{FILTER_ID, FilterBox, Suggestions};
use crate::features::events::views::histogram_strip::HistogramStrip;
use crate::features::events::views::many_head::ManyHead;
use crate::features::events::views::type_facets::TypeFacets;
use crate::features::export::running::Exports;
use crate::features::export::views::export_menu::{ExportMenu, FileToSave};
use crate::platform::keyboard::{focus_box, on_page_key};
use crate::platform::location::{History, Location};
use crate::platform::places::{Place, Places};
use crate::ui::stream_head::{Lens, StreamHead};
use crate::ui::text;

/// Lists events.
#[component]
pub(crate) fn EventsPage(
    /// Of which streams.
    of: EventsOf,
    /// Which of them, from where on, and what is open.
    #[prop(into)]
    address: Signal<EventsAddress>,
) -> impl IntoView {
    let location = Location::expect();
    title({
        let name = match &of {
            EventsOf::Stream(stream) => stream.name().to_string(),
            EventsOf::Streams(streams) => format!("{} streams", streams.len()),
            EventsOf::Category(category) => category.to_string(),
            EventsOf::All => "All streams".to_owned(),
        };
        move || format!("{name} · Events · Rewind")
    });
    let index = index::watch(of.single().cloned());
    let filter = Memo::new(move |_| address.with(|address| address.filter.trim().to_owned()));
    let order = Memo::new(move |_| address.with(|address| address.order));
    let columns = Memo::new(move |_| address.with(|address| address.columns.clone()));
    let set_filter = move |filter: String| {
        let address = address.get_untracked().with_filter(filter);
        location.go(&address.href(), History::Push);
    };
    let with_term = move |term: String| {
        let before = Filter::parse(&filter.get_untracked()).unwrap_or_default();
        set_filter(without_times(&before).with(&term));
    };
    on_page_key(move |key| match key {
        "/" => {
            focus_box(FILTER_ID);
            true
        }
        _ => false,
    });

    // What is listed is another list whenever one of these changes; what is open stays.
    let kind = Memo::new({
        let of = of.clone();
        move |_| Kind::of(&of, &filter.get(), order.get())
    });
    let listing = RwSignal::new(None::<Listing>);
    let server_problem = RwSignal::new(None::<FilterError>);
    let length = RwSignal::new(None::<u64>);
    let body = {
        let of = of.clone();
        move || {
            server_problem.set(None);
            listing.set(None);
            match kind.get() {
                Kind::Browse(order) => {
                    let at = address.with_untracked(|address| match (address.at, &address.event) {
                        // An open event is in sight.
                        (Point::Latest, Some(event)) => Point::Id(event.id),
                        (at, _) => at,
                    });
                    let Some(stream) = of.single().cloned() else { return ().into_any() };
                    let browsing = Browsing::new(stream, order, at);
                    listing.set(Some(browsing.listing()));
                    Effect::new(move || length.set(browsing.length()));
                    keep_place(location, address, browsing);
                    view! {
                        <BrowseList browsing index address>
                            <Grid address listing=browsing.listing() has_streams=false />
                        </BrowseList>
                    }
                    .into_any()
                }
                Kind::Find(filter, order) => {
                    let finding = Finding::new(of.clone(), filter, order);
                    listing.set(Some(finding.listing()));
                    keep_found_place(location, address, finding);
                    Effect::new(move || server_problem.set(refused(&finding.stage())));
                    let has_streams = of.single().is_none();
                    view! {
                        <FindList finding has_streams>
                            <Grid address listing=finding.listing() has_streams />
                        </FindList>
                    }
                    .into_any()
                }
                Kind::Wrong => view! { <list::NoFilter /> }.into_any(),
            }
        }
    };

    let sample =
        Memo::new(move |_| listing.get().map(|list| list.sample.get()).unwrap_or_default());
    let paths = Memo::new(move |before: Option<&Vec<String>>| {
        let paths = sample.with(|events| known_paths(events.iter().map(Arc::as_ref)));
        match before {
            Some(before) if paths.is_empty() => before.clone(),
            _ => paths,
        }
    });
    let suggestions = Memo::new(move |_| {
        let types = index.with(|index| index.as_ref().map(|index| type_names(index)));
        let seen = || {
            let mut types: Vec<String> =
                sample.with(|events| events.iter().filter_map(|e| e.event_type.clone()).collect());
            types.sort();
            types.dedup();
            types
        };
        Arc::new(Suggestions { types: types.unwrap_or_else(seen), paths: paths.get() })
    });
    let problem =
        Memo::new(move |_| Filter::parse(&filter.get()).err().or_else(|| server_problem.get()));
    let selected = Memo::new(move |_| address.with(|address| address.event.is_some()));
    let head = match of.clone() {
        EventsOf::Stream(stream) => view! {
            <StreamHead stream lens=Lens::Events>
                {move || length.get().map(|length| text::counted(length, "event", "events"))}
            </StreamHead>
        }
        .into_any(),
        many => view! { <ManyHead of=many /> }.into_any(),
    };
    let exports = Exports::get();
    let can_grow = matches!(of, EventsOf::Stream(_) | EventsOf::Streams(_));
    let chosen = of.clone();
    let chooser = can_grow.then(|| view! { <StreamChooser of=of.clone() address /> });
    let strip = of.single().is_some().then(|| {
        view! {
            <div class="overview">
                <HistogramStrip index on_range=with_term />
                <TypeFacets index filter on_change=set_filter />
            </div>
        }
    });
    view! {
        <div class="page events-page" class:with-detail=selected>
            {head}
            <ChosenStreams of=chosen address />
            <div class="toolbar events-toolbar">
                <FilterBox filter on_change=set_filter problem suggestions />
                {chooser}
                <OrderSwitch address />
                <ColumnsMenu
                    columns
                    paths
                    on_change=move |columns| {
                        let address = EventsAddress { columns, ..address.get_untracked() };
                        location.go(&address.href(), History::Replace);
                    }
                />
                <ExportMenu address on_save=move |file: FileToSave| exports.begin(&file.href, file.name) />
            </div>
            {strip}
            <div class="events-body">
                <section class="events-list" aria-label="Events">
                    {body}
                </section>
                <OpenEvent address listing />
            </div>
        </div>
    }
}

/// Which list it is.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// All events of a stream.
    Browse(Order),
    /// What a filter means.
    Find(String, Order),
    /// The filter is none.
    Wrong,
}

impl Kind {
    fn of(of: &EventsOf, filter: &str, order: Order) -> Self {
        match (filter.is_empty(), of.single()) {
            (true, Some(_)) => Self::Browse(order),
            _ if Filter::parse(filter).is_err() => Self::Wrong,
            _ => Self::Find(filter.to_owned(), order),
        }
    }
}

/// The list, with what is open in it.
#[component]
fn Grid(address: Signal<EventsAddress>, listing: Listing, has_streams: bool) -> impl IntoView {
    let location = Location::expect();
    let columns = Memo::new(move |_| address.with(|address| address.columns.clone()));
    let selected = Memo::new(move |_| {
        address.with(|address| {
            let id = address.event.as_ref()?.id;
            Some(EventPlace { stream: address.stream()?, id })
        })
    });
    let select = move |place: Option<EventPlace>| {
        let before = address.get_untracked();
        let address = match &place {
            Some(place) => before.with_event_of(&place.stream, place.id),
            None => EventsAddress { event: None, ..before.clone() },
        };
        if address != before {
            // One entry in the history for having something open, however much is looked at.
            let how = match before.event.is_some() && place.is_some() {
                true => History::Replace,
                false => History::Push,
            };
            location.go(&address.href(), how);
        }
    };
    let compare = move |place: EventPlace| {
        let before = address.get_untracked();
        match selected.get_untracked() {
            Some(open) if open != place => {
                let compared = before.compared_with(&open.stream, open.id);
                let compared = compared.with_event_of(&place.stream, place.id);
                location.go(&compared.href(), History::Replace);
            }
            _ => select(Some(place)),
        }
    };
    view! {
        <EventGrid
            rows=listing.rows
            row=listing.row
            top=listing.top
            above=listing.above
            active=listing.active
            on_still=move |is_still: bool| {
                listing.is_used.try_set(is_still);
            }
            on_drawn=listing.on_drawn
            columns
            has_streams
            selected
            on_select=select
            on_compare=compare
            href=move |place: EventPlace| {
                address.get_untracked().with_event_of(&place.stream, place.id).href()
            }
        />
    }
}

/// The event that is open.
#[component]
fn OpenEvent(address: Signal<EventsAddress>, listing: RwSignal<Option<Listing>>) -> impl IntoView {
    let location = Location::expect();
    let stream = Memo::new(move |_| {
        address.with(|address| address.event.is_some().then(|| address.stream()).flatten())
    });
    let listed = Memo::new(move |_| {
        let place = address.with(|address| {
            let id = address.event.as_ref()?.id;
            Some(EventPlace { stream: address.stream()?, id })
        })?;
        listing.get()?.event(&place)
    });
    let note = RwSignal::new(None::<String>);
    // The row that was stepped to, and how many were above the list then; it may have to be fetched first.
    let wanted = RwSignal::new(None::<(u64, u64)>);
    Effect::new(move || {
        let (Some((at, above)), Some(listing)) = (wanted.get(), listing.get()) else { return };
        let at = at + listing.above.get().saturating_sub(above);
        let Some(place) = listing.row.run(at).place() else { return };
        wanted.set(None);
        let address = address.get_untracked().with_event_of(&place.stream, place.id);
        location.go(&address.href(), History::Replace);
    });
    let step = move |forward: bool| {
        let Some(list) = listing.get_untracked() else { return };
        let Some((at, _)) = listed.get_untracked() else { return };
        let target = if forward { at.checked_add(1) } else { at.checked_sub(1) };
        match target.filter(|target| *target < list.rows.get_untracked()) {
            Some(target) => {
                note.set(None);
                list.active.set(Some(target));
                wanted.set(Some((target, list.above.get_untracked())));
            }
            None if forward => note.set(Some("This is the last event of the list".to_owned())),
            None => note.set(Some("This is the first event of the list".to_owned())),
        }
    };
    let close = move || {
        let address = EventsAddress { event: None, ..address.get_untracked() };
        location.go(&address.href(), History::Push);
        focus_grid();
    };
    move || {
        stream.get().map(|stream| {
            view! {
                <EventPanel
                    stream
                    address
                    listed=move || listed.get().map(|(_, event)| event)
                    times_remade=move || listing.get().map_or(0, |listing| listing.times_remade.get())
                    is_listed=move || listing.get().is_some_and(|listing| listing.is_known.get())
                    on_step=step
                    note
                    on_close=close
                />
            }
        })
    }
}

#[component]
fn OrderSwitch(address: Signal<EventsAddress>) -> impl IntoView {
    let option = move |order: Order, label: &'static str, name: &'static str| {
        let href = move || {
            let address = EventsAddress { order, at: Point::Latest, event: None, ..address.get() };
            address.href()
        };
        let is_chosen = move || address.with(|address| address.order == order);
        view! {
            <a href=href aria-current=move || is_chosen().then_some("true") data-order=name data-testid="order-choice">
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

/// Whoever comes back finds what was at the upper edge, and whoever changes the address goes there.
fn keep_place(location: Location, address: Signal<EventsAddress>, browsing: Browsing) {
    use crate::platform::clock::Debounce;
    /// How long scrolling rests before the address says where.
    const SETTLE_MS: u64 = 400;
    let settle = Debounce::new(SETTLE_MS);
    let written = StoredValue::new(address.with_untracked(|address| address.at));
    Effect::new(move || {
        let at = address.with(|address| address.at);
        if written.get_value() != at {
            written.set_value(at);
            settle.cancel();
            browsing.seek(at);
        }
    });
    Effect::new(move |before: Option<Option<u64>>| {
        let version = browsing.version_at_edge();
        if before.is_some_and(|before| before != version) {
            settle.call(move || {
                let now = address.get_untracked();
                let at = version.map_or(Point::Latest, Point::Version);
                if now.filter.is_empty() && now.at != at {
                    written.set_value(at);
                    location.go(&EventsAddress { at, ..now }.href(), History::Replace);
                }
            });
        }
        version
    });
}

/// Whoever comes back to what was found finds the event that was at the upper edge, wherever it is by then.
fn keep_found_place(location: Location, address: Signal<EventsAddress>, finding: Finding) {
    /// How far below its old place an event is looked for: rows that were added since are above it.
    const MAX_ADDED: f64 = 2_000.0;
    let places = Places::expect();
    let name = StoredValue::new(address.with_untracked(|address| {
        let list = EventsAddress {
            columns: address.columns.clone(),
            ..address.listing(address.of.clone())
        };
        list.href()
    }));
    let before = location.is_return().then(|| name.with_value(|name| places.of(name))).flatten();
    let wanted = StoredValue::new(before.filter(|place| place.top > 0.0));
    let listing = finding.listing();
    let owner = Owner::current();
    Effect::new(move || {
        let (rows, stage) = (listing.rows.get(), finding.stage());
        let Some(Place { top, event: Some(event) }) = wanted.get_value() else { return };
        let is_it = |at: &u64| {
            untrack(|| listing.row.run(*at).place())
                .is_some_and(|place| (place.stream, place.id) == event)
        };
        #[expect(clippy::cast_precision_loss, reason = "no list has more than 2⁵³ rows")]
        match (0..rows).find(is_it) {
            Some(at) => {
                wanted.set_value(None);
                listing.top.set(at as f64 + top.fract());
            }
            None if rows as f64 > top + MAX_ADDED || stage == Stage::Finished => {
                wanted.set_value(None);
            }
            None if stage == Stage::Resting => match &owner {
                Some(owner) => owner.with(|| finding.run()),
                None => finding.run(),
            },
            None => {}
        }
    });
    Effect::new(move || {
        let top = listing.top.get();
        if wanted.with_value(Option::is_some) {
            return;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a row is within 0 and the number of rows"
        )]
        let edge = untrack(|| listing.row.run(top.max(0.0) as u64)).place();
        let event = edge.map(|place| (place.stream, place.id));
        name.with_value(|name| places.keep(name, Place { top, event }));
    });
}

/// What the server found wrong with the filter.
fn refused(stage: &Stage) -> Option<FilterError> {
    match stage {
        Stage::Failed(error)
            if error.code == ErrorCode::BadParameter
                && error.parameter.as_deref() == Some("filter") =>
        {
            let column = error.column.unwrap_or(1);
            Some(FilterError { message: error.message.clone(), column, length: 1 })
        }
        _ => None,
    }
}

/// The filter without the times that it has: a new range takes their place.
fn without_times(filter: &Filter) -> Filter {
    use rewind_domain::filter::TermKind;
    let mut filter = filter.clone();
    while let Some(at) = filter.terms().iter().position(|term| term.kind() == TermKind::Time) {
        filter = Filter::parse(&filter.without(at)).unwrap_or_default();
    }
    filter
}

fn type_names(index: &IndexAnswer) -> Vec<String> {
    index.types.iter().filter_map(|count| count.r#type.clone()).collect()
}
