//! The rows of the list that are on screen, as the server knows them.

use std::ops::Range;

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::catalog::SortBy;

use super::pace::{RESTING_MS, SOON_MS, WALKING_MS};
use crate::address::StreamsAddress;
use crate::api::query::{CatalogQuery, Limit};
use crate::api::{ApiError, CatalogPage, StreamSummary, functions};
use crate::features::streams::state::window::{WINDOW_ROWS, covering};
use crate::platform::clock::Debounce;
use crate::platform::polling::keep_asking;
use crate::platform::remote::{Loaded, Remote};
use crate::ui::state::steady::in_order;
use crate::ui::text;

/// How long scrolling has to rest before rows are asked for: whoever drags the scroll bar passes over very many.
const SCROLLING_PAUSE_MS: u64 = 60;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
struct Question {
    address: StreamsAddress,
    begins: usize,
}

/// A list of streams.
#[derive(Clone, Copy)]
pub(super) struct Listing {
    remote: Remote<Question, CatalogPage>,
    address: Signal<StreamsAddress>,
    /// Where the rows at hand begin, and in which list.
    window: RwSignal<Question>,
    is_scrolled: RwSignal<bool>,
    is_looked_at: Signal<bool>,
    scrolling: Debounce,
    /// The rows at hand.
    pub(super) rows: Signal<Vec<StreamSummary>>,
    /// Which row the first of them is.
    pub(super) offset: Signal<usize>,
    /// How many rows there are.
    pub(super) total: Signal<usize>,
}

impl Listing {
    pub(super) fn new(
        address: Signal<StreamsAddress>,
        is_walking: Signal<bool>,
        is_looked_at: Signal<bool>,
        is_used: Signal<bool>,
    ) -> Self {
        let window = RwSignal::new(Question { address: address.get_untracked(), begins: 0 });
        let question = Memo::new(move |_| {
            let address = address.get();
            window.with(|window| Question {
                // Another list begins at its beginning.
                begins: if window.address == address { window.begins } else { 0 },
                address,
            })
        });
        let remote = Remote::new(move || Some(question.get()), fetch);
        let is_scrolled = RwSignal::new(false);
        let is_held = move || {
            let is_moving = is_walking.get_untracked()
                || address.with_untracked(|address| address.sort != SortBy::Key);
            let is_read = is_looked_at.get_untracked() || is_scrolled.get_untracked();
            is_moving
                && is_read
                && remote.loaded_untracked().is_some_and(|loaded| is_settled(&loaded))
        };
        let wait_ms = move |loaded: &Loaded<Question, CatalogPage>| match () {
            () if !is_settled(loaded) => SOON_MS,
            () if is_walking.get_untracked() => WALKING_MS,
            () => RESTING_MS,
        };
        keep_asking(remote, wait_ms, is_held);
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let of_page = move |read: fn(&CatalogPage) -> u64| {
            Signal::from(Memo::new(move |_| {
                remote.loaded().map_or(0, |loaded| number(read(&loaded.answer)))
            }))
        };
        // Who is about to press a row finds it where it was.
        let steady = Memo::new(move |before: Option<&Option<(Question, Vec<StreamSummary>)>>| {
            let is_used = is_used.get();
            let loaded = remote.loaded()?;
            let (question, streams) = (&loaded.question, &loaded.answer.streams);
            let streams = match before {
                Some(Some((asked, before))) if is_used && asked == question => {
                    in_order(before, streams, |stream| stream.key.clone())
                }
                _ => streams.clone(),
            };
            Some((question.clone(), streams))
        });
        let rows = Memo::new(move |_| {
            steady
                .with(|steady| steady.as_ref().map(|(_, streams)| streams.clone()))
                .unwrap_or_default()
        });
        Self {
            remote,
            address,
            window,
            is_scrolled,
            is_looked_at,
            scrolling: Debounce::new(SCROLLING_PAUSE_MS),
            rows: rows.into(),
            offset: of_page(|page| page.offset),
            total: of_page(|page| page.total),
        }
    }

    /// Calls whenever other rows were answered than before.
    pub(super) fn on_other_rows(self, action: impl Fn() + 'static) {
        let question =
            Memo::new(move |_| self.remote.loaded().map(|loaded| loaded.question.clone()));
        Effect::new(move || {
            if question.with(Option::is_some) {
                action();
            }
        });
    }

    /// Which list the rows are of.
    pub(super) fn shown(self) -> Option<StreamsAddress> {
        self.remote.loaded().map(|loaded| loaded.question.address.clone())
    }

    /// The stream that is left of what was searched for, where it is the only one.
    pub(super) fn only_one(self) -> Option<StreamKey> {
        let loaded = self.remote.loaded_untracked()?;
        let is_this = self.address.with_untracked(|address| *address == loaded.question.address);
        let is_found = is_this && is_settled(&loaded);
        match &loaded.answer.streams[..] {
            [stream] if is_found && loaded.answer.total == 1 => Some(stream.key.clone()),
            _ => None,
        }
    }

    /// How many streams it has, as far as they were found.
    pub(super) fn count(self) -> Option<u64> {
        self.remote.loaded().map(|loaded| loaded.answer.total)
    }

    /// Whether what was searched for is still looked for.
    pub(super) fn is_searching(self) -> bool {
        self.remote.loaded().is_some_and(|loaded| loaded.answer.is_searching)
    }

    /// Whether it does not follow what is found, since it would move under the eyes of who reads it.
    pub(super) fn is_held(self) -> bool {
        self.is_looked_at.get() || self.is_scrolled.get()
    }

    /// In which way it is not sorted as it should be.
    pub(super) fn sorting(self) -> Option<String> {
        let loaded = self.remote.loaded()?;
        let CatalogPage { total, sorted_by, looked_at, .. } = &loaded.answer;
        match looked_at {
            _ if *sorted_by != loaded.question.address.sort => {
                Some("Too many to be sorted by that: choose a category".to_owned())
            }
            Some(looked_at) if looked_at < total => Some(format!(
                "Looked at {} of {}: the others come last",
                text::grouped(*looked_at),
                text::grouped(*total)
            )),
            _ => None,
        }
    }

    /// Why there is none.
    pub(super) fn final_error(self) -> Option<ApiError> {
        self.remote.final_error()
    }

    /// Why it takes longer.
    pub(super) fn passing_error(self) -> Option<ApiError> {
        self.remote.passing_error()
    }

    /// Has these rows at hand.
    pub(super) fn show(self, range: Range<usize>) {
        let Some(loaded) = self.remote.loaded_untracked() else { return };
        let address = self.address.get_untracked();
        if loaded.question.address != address {
            // These are rows of the list before.
            return;
        }
        self.is_scrolled.set(range.start > 0);
        let before = loaded.question.begins;
        let begins = covering(before, &range);
        if begins == before {
            self.scrolling.cancel();
        } else {
            let window = self.window;
            self.scrolling.call(move || window.set(Question { address, begins }));
        }
    }

    /// Asks once more, at once.
    pub(super) fn ask_again(self) {
        self.remote.ask_again();
    }
}

/// Whether nothing is on its way that somebody waits for.
fn is_settled(loaded: &Loaded<Question, CatalogPage>) -> bool {
    let CatalogPage { is_searching, looked_at, total, .. } = &loaded.answer;
    !is_searching && looked_at.is_none_or(|looked_at| looked_at >= *total)
}

async fn fetch(question: Question) -> Result<CatalogPage, ApiError> {
    let Question { address: StreamsAddress { category, search, sort }, begins } = question;
    functions::catalog(CatalogQuery {
        category,
        search: CatalogQuery::read_search(&search)?,
        sort,
        offset: Some(begins as u64),
        limit: Limit::new(WINDOW_ROWS as u64),
    })
    .await
}
