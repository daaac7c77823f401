//! The pages, each of which lies in a file of its own, so that the first visit fetches only what it shows.
//!
//! With the feature `split` the program is split at the functions here: what only one of these pages reaches goes into
//! its file, and what only some of them share into files between. Without it the program stays in one piece, which is
//! quicker to build; a program that has split points and was not split does not load.

use leptos::prelude::*;
use rewind_domain::StreamKey;
#[cfg(feature = "split")]
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use crate::address::{
    EventsAddress, EventsOf, FoldAddress, OperatingAddress, StreamsAddress, TravelAddress,
};
use crate::features::events::EventsPage;
use crate::features::folds::WorkbenchPage;
use crate::features::overview::OverviewPage;
use crate::features::streams::StreamsPage;
use crate::features::travel::TravelPage;
use crate::shell::lazy_page::{Draw, LazyPage};
use crate::shell::operating_page::OperatingPage;

/// A page about a stream.
type AboutStream<A> = (StreamKey, Signal<A>);

/// All of them.
#[derive(Clone, Copy)]
pub(crate) struct LazyPages {
    /// What is going on.
    pub(crate) overview: LazyPage<()>,
    /// The list of streams.
    pub(crate) streams: LazyPage<Signal<StreamsAddress>>,
    /// A stream's events.
    pub(crate) events: LazyPage<(EventsOf, Signal<EventsAddress>)>,
    /// An aggregate's history.
    pub(crate) travel: LazyPage<AboutStream<TravelAddress>>,
    /// A fold and what it makes of an aggregate.
    pub(crate) workbench: LazyPage<AboutStream<FoldAddress>>,
    /// The pages from which the event store is operated.
    pub(crate) operating: LazyPage<(OperatingAddress, Signal<OperatingAddress>)>,
}

impl LazyPages {
    /// None of them is fetched yet.
    pub(crate) fn new() -> Self {
        Self {
            overview: LazyPage::new(overview),
            streams: LazyPage::new(streams),
            events: LazyPage::new(events),
            travel: LazyPage::new(travel),
            workbench: LazyPage::new(workbench),
            operating: LazyPage::new(operating),
        }
    }

    /// Fetches all, so that going to one takes no time.
    pub(crate) fn fetch(self) {
        self.overview.fetch();
        self.streams.fetch();
        self.events.fetch();
        self.travel.fetch();
        self.workbench.fetch();
        self.operating.fetch();
    }
}

/// Declares functions that fetch a page, each with the function that draws it.
macro_rules! split_points {
    ($(fn $page:ident() -> Draw<$about:ty> { $draw:expr })*) => {$(
        #[cfg(feature = "split")]
        #[wasm_split($page, fallible)]
        fn $page() -> Result<Draw<$about>, SplitLoaderError> {
            Ok($draw)
        }

        #[cfg(not(feature = "split"))]
        async fn $page() -> Result<Draw<$about>, std::convert::Infallible> {
            Ok($draw)
        }
    )*};
}

split_points! {
    fn overview() -> Draw<()> { |()| view! { <OverviewPage /> }.into_any() }

    fn streams() -> Draw<Signal<StreamsAddress>> {
        |address| view! { <StreamsPage address /> }.into_any()
    }

    fn events() -> Draw<(EventsOf, Signal<EventsAddress>)> {
        |(of, address)| view! { <EventsPage of address /> }.into_any()
    }

    fn travel() -> Draw<AboutStream<TravelAddress>> {
        |(stream, address)| view! { <TravelPage stream address /> }.into_any()
    }

    fn workbench() -> Draw<AboutStream<FoldAddress>> {
        |(stream, address)| view! { <WorkbenchPage stream address /> }.into_any()
    }

    fn operating() -> Draw<(OperatingAddress, Signal<OperatingAddress>)> {
        |(page, address)| view! { <OperatingPage page address /> }.into_any()
    }
}
