//! The pages that lie in files of their own, so that the first visit fetches only what it shows.
//!
//! `cargo xtask build` splits the program at the functions here: what only one of these pages reaches goes into its
//! file, and what only some of them share into files between.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::events::EventsPage;
use super::overview::OverviewPage;
use super::part::{Draw, Part};
use super::travel::TravelPage;
use super::workbench::WorkbenchPage;
use crate::state::address::{EventsAddress, EventsOf, FoldAddress, TravelAddress};

/// A page about a stream.
type AboutStream<A> = (StreamKey, Signal<A>);

/// All of them.
#[derive(Clone, Copy)]
pub(crate) struct Parts {
    /// What is going on.
    pub(crate) overview: Part<()>,
    /// A stream's events.
    pub(crate) events: Part<(EventsOf, Signal<EventsAddress>)>,
    /// An aggregate's history.
    pub(crate) travel: Part<AboutStream<TravelAddress>>,
    /// A fold and what it makes of an aggregate.
    pub(crate) workbench: Part<AboutStream<FoldAddress>>,
}

impl Parts {
    /// None of them is fetched yet.
    pub(crate) fn new() -> Self {
        Self {
            overview: Part::new(overview),
            events: Part::new(events),
            travel: Part::new(travel),
            workbench: Part::new(workbench),
        }
    }

    /// Fetches all, so that going to one takes no time.
    pub(crate) fn fetch(self) {
        self.overview.fetch();
        self.events.fetch();
        self.travel.fetch();
        self.workbench.fetch();
    }
}

#[wasm_split(overview, fallible)]
fn overview() -> Result<Draw<()>, SplitLoaderError> {
    Ok(|()| view! { <OverviewPage /> }.into_any())
}

#[wasm_split(events, fallible)]
fn events() -> Result<Draw<(EventsOf, Signal<EventsAddress>)>, SplitLoaderError> {
    Ok(|(of, address)| view! { <EventsPage of address /> }.into_any())
}

#[wasm_split(travel, fallible)]
fn travel() -> Result<Draw<AboutStream<TravelAddress>>, SplitLoaderError> {
    Ok(|(stream, address)| view! { <TravelPage stream address /> }.into_any())
}

#[wasm_split(workbench, fallible)]
fn workbench() -> Result<Draw<AboutStream<FoldAddress>>, SplitLoaderError> {
    Ok(|(stream, address)| view! { <WorkbenchPage stream address /> }.into_any())
}
