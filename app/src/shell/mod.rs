//! The shell: what stands around every page, and which page an address shows.

#![allow(
    unreachable_pub,
    reason = "the component macro makes `pub` items, however visible the component is"
)]
#![allow(clippy::needless_pass_by_value, reason = "components own what they are given")]

pub(crate) mod cluster_notice;
pub(crate) mod lazy_page;
pub(crate) mod lazy_pages;
pub(crate) mod not_found;
pub(crate) mod operating_page;
pub(crate) mod theme_switch;
pub(crate) mod top_bar;
pub(crate) mod zone_switch;

use leptos::prelude::*;

use crate::address::{
    Address, EventsAddress, EventsOf, FoldAddress, OperatingAddress, StreamsAddress, TravelAddress,
};
use crate::api::export::Ticket;
use crate::api::query::NoQuery;
use crate::api::{About, ApiError, functions};
use crate::features::export::running::Exports;
use crate::features::export::views::export_tray::ExportTray;
use crate::features::streams::OpenCategories;
use crate::platform::availability::{Availability, Away};
use crate::platform::clock::{self, Now};
use crate::platform::copying;
use crate::platform::drafts::Drafts;
use crate::platform::idle;
use crate::platform::keyboard::focus;
use crate::platform::location::Location;
use crate::platform::places::Places;
use crate::platform::polling::keep_asking;
use crate::platform::remote::{Loaded, Remote};
use crate::platform::rights::Rights;
use crate::platform::zone::ChosenZone;
use crate::shell::cluster_notice::ClusterNotice;
use crate::shell::lazy_pages::LazyPages;
use crate::shell::not_found::{NotFoundPage, UnreadablePage};
use crate::shell::top_bar::TopBar;
use crate::ui::aggregates::Aggregates;
use crate::ui::content::CONTENT_ID;
use crate::ui::keys_dialog::{KeyHelp, KeysDialog};
use crate::ui::state::key_help::KeysOf;
use crate::ui::topic_links::Topics;

/// The whole user interface.
#[component]
pub fn App() -> impl IntoView {
    let location = Location::provide();
    let now = Now::provide();
    let availability = Availability::provide();
    ChosenZone::provide();
    OpenCategories::provide();
    Places::provide();
    Drafts::provide();
    copying::keep_hidden_characters();
    let exports = Exports::provide();
    let help = KeyHelp::provide();
    let keys_of = Memo::new(move |_| match location.address() {
        Address::Streams(_) => KeysOf::Streams,
        Address::Events(_) => KeysOf::Events,
        Address::Travel(_) => KeysOf::Travel,
        Address::Fold(_) => KeysOf::Fold,
        Address::Overview
        | Address::Operating(_)
        | Address::Unreadable { .. }
        | Address::NotFound => KeysOf::Other,
    });

    let about = Remote::new(|| Some(()), move |()| ask_about(now, availability));
    watch_availability(about, availability);
    let lazy_pages = LazyPages::new();
    fetch_when_idle(lazy_pages, about);
    let told = Memo::new(move |_| about.loaded().map(|loaded| loaded.answer.clone()));
    Rights::provide(told);
    Aggregates::provide(Memo::new(move |_| {
        told.with(|told| told.as_ref().map(|about| about.aggregates.clone()).unwrap_or_default())
    }));
    Topics::provide(Memo::new(move |_| {
        told.with(|told| told.as_ref().map(|about| about.topics.clone()).unwrap_or_default())
    }));

    // That page has it among what it finds about Redis.
    let is_overview = Memo::new(move |_| location.address() == Address::Overview);

    // What `index.html` shows until here.
    if let Some(boot) = document().get_element_by_id("boot") {
        boot.remove();
    }
    view! {
        <a class="skip-link" data-testid="skip" href=format!("#{CONTENT_ID}")>"Skip to the content"</a>
        <TopBar about=told away=move || availability.away() />
        <ClusterNotice about=told is_said=is_overview />
        <main id=CONTENT_ID tabindex="-1">
            {pages(location, lazy_pages)}
        </main>
        <KeysDialog help of=keys_of />
        <ExportTray
            exports=exports.list()
            on_cancel=move |ticket| exports.cancel(ticket)
            on_dismiss=move |ticket: Ticket| {
                exports.dismiss(&ticket);
                // The row goes, and would take the keyboard along.
                focus(CONTENT_ID);
            }
        />
    }
}

/// Asks what the server is, how Redis is, and what time it is there.
async fn ask_about(now: Now, availability: Availability) -> Result<About, ApiError> {
    let asked_ms = clock::now_ms();
    let about = functions::about(NoQuery {}).await?;
    now.set_by(about.now_ms, asked_ms);
    let is_redis_there = about.redis_version.is_some();
    availability.answered(if is_redis_there { Away::Nothing } else { Away::Redis });
    Ok(about)
}

/// Keeps what the bar says about Redis true, also on a page that asks for nothing else: whoever looks learns within two seconds
/// that it went away. While it is away someone waits for it.
fn watch_availability(about: Remote<(), About>, availability: Availability) {
    const WHILE_UP_MS: u64 = 1_500;
    const WHILE_AWAY_MS: u64 = 750;
    let wait_ms = move |loaded: &Loaded<(), About>| match loaded.answer.redis_version {
        Some(_) => WHILE_UP_MS,
        None => WHILE_AWAY_MS,
    };
    keep_asking(about, wait_ms, || false);
    availability.on_doubt(move || {
        if !about.is_loading() {
            about.ask_again();
        }
    });
}

/// Fetches the other pages once the server has answered, so that they do not hold up the first one, and the browser has
/// nothing else to do.
fn fetch_when_idle(lazy_pages: LazyPages, about: Remote<(), About>) {
    let is_answered = Memo::new(move |_| about.loaded().is_some());
    Effect::new(move || {
        if is_answered.get() {
            idle::call(move || lazy_pages.fetch());
        }
    });
}

/// The page of the address. A page about another stream is another page, with nothing left of the one before.
fn pages(location: Location, lazy_pages: LazyPages) -> impl IntoView {
    let page = Memo::new(move |_| match location.address() {
        Address::Overview => Page::Overview,
        Address::Streams(_) => Page::Streams,
        Address::Events(address) => Page::Events(address.of),
        Address::Travel(address) => Page::Travel(address.stream),
        Address::Fold(address) => Page::Fold(address.stream),
        Address::Operating(address) => Page::Operating(address.page()),
        Address::Unreadable { reason } => Page::Unreadable(reason),
        Address::NotFound => Page::NotFound,
    });
    // Whoever follows a link with the keyboard goes on in the page that it leads to.
    Effect::new(move |before: Option<()>| {
        page.track();
        if before.is_some() {
            focus(CONTENT_ID);
        }
    });
    move || match page.get() {
        Page::Overview => lazy_pages.overview.show(()),
        Page::Streams => {
            let address = Memo::new(move |before: Option<&StreamsAddress>| {
                match location.address() {
                    Address::Streams(address) => address,
                    // The page is about to go.
                    _ => before.cloned().unwrap_or_default(),
                }
            });
            lazy_pages.streams.show(address.into())
        }
        Page::Events(of) => {
            let first = EventsAddress::of(of.clone());
            let address =
                Memo::new(move |before: Option<&EventsAddress>| match location.address() {
                    Address::Events(address) if address.of == first.of => address,
                    _ => before.cloned().unwrap_or_else(|| first.clone()),
                });
            lazy_pages.events.show((of, address.into()))
        }
        Page::Travel(stream) => {
            let first = TravelAddress::latest(stream.clone());
            let address =
                Memo::new(move |before: Option<&TravelAddress>| match location.address() {
                    Address::Travel(address) if address.stream == first.stream => address,
                    _ => before.cloned().unwrap_or_else(|| first.clone()),
                });
            lazy_pages.travel.show((stream, address.into()))
        }
        Page::Fold(stream) => {
            let first = FoldAddress::latest(stream.clone());
            let address = Memo::new(move |before: Option<&FoldAddress>| match location.address() {
                Address::Fold(address) if address.stream == first.stream => address,
                _ => before.cloned().unwrap_or_else(|| first.clone()),
            });
            lazy_pages.workbench.show((stream, address.into()))
        }
        Page::Operating(page) => {
            let first = page.clone();
            let address =
                Memo::new(move |before: Option<&OperatingAddress>| match location.address() {
                    Address::Operating(address) if address.page() == first => address,
                    _ => before.cloned().unwrap_or_else(|| first.clone()),
                });
            lazy_pages.operating.show((page, address.into()))
        }
        Page::Unreadable(reason) => view! { <UnreadablePage reason /> }.into_any(),
        Page::NotFound => view! { <NotFoundPage /> }.into_any(),
    }
}

/// Which page is shown, and what it cannot be without.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Page {
    Overview,
    Streams,
    Events(EventsOf),
    Travel(rewind_domain::StreamKey),
    Fold(rewind_domain::StreamKey),
    Operating(OperatingAddress),
    Unreadable(String),
    NotFound,
}
