//! The rows of the tree that are on screen, as the server knows them.

use std::ops::Range;

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::catalog::{Category, CategoryRow, Opened};

use super::pace::{RESTING_MS, SOON_MS};
use crate::api::query::{CategoriesQuery, Limit};
use crate::api::{CategoriesPage, DiscoveryPhase, DiscoveryStatus, functions};
use crate::features::streams::state::opened;
use crate::features::streams::state::window::{WINDOW_ROWS, covering};
use crate::platform::polling::keep_asking;
use crate::platform::remote::Remote;

/// What is asked for.
type Question = (Opened, usize);

/// The tree of categories, and with it how the search for streams stands.
#[derive(Clone, Copy)]
pub(super) struct Tree {
    remote: Remote<Question, CategoriesPage>,
    begins: RwSignal<usize>,
    /// The rows at hand.
    pub(super) rows: Signal<Vec<CategoryRow>>,
    /// Which row the first of them is.
    pub(super) offset: Signal<usize>,
    /// How many rows there are.
    pub(super) total: Signal<usize>,
    /// How the search stands; `None` until the first answer.
    pub(super) status: Signal<Option<DiscoveryStatus>>,
}

impl Tree {
    pub(super) fn new(opened: RwSignal<Opened>, is_used: Signal<bool>) -> Self {
        let begins = RwSignal::new(0);
        let remote = Remote::new(
            move || Some((opened.get(), begins.get())),
            |(opened, begins): Question| {
                functions::categories(CategoriesQuery {
                    open: named(opened.open),
                    closed: named(opened.closed),
                    offset: Some(begins as u64),
                    limit: Limit::new(WINDOW_ROWS as u64),
                })
            },
        );
        let wait_ms = |page: &CategoriesPage| match page.discovery.phase {
            DiscoveryPhase::Walking | DiscoveryPhase::Waiting => SOON_MS,
            _ => RESTING_MS,
        };
        keep_asking(remote, move |loaded| wait_ms(&loaded.answer), || false);
        let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let of_page = move |read: fn(&CategoriesPage) -> u64| {
            Signal::from(Memo::new(move |_| {
                remote.loaded().map_or(0, |loaded| number(read(&loaded.answer)))
            }))
        };
        // Who is about to press a row finds it where it was; what was asked for by a press shows at once.
        let steady = Memo::new(move |before: Option<&Option<(Question, Vec<CategoryRow>)>>| {
            let is_used = is_used.get();
            let loaded = remote.loaded()?;
            let (question, rows) = (&loaded.question, &loaded.answer.categories);
            let rows = match before {
                Some(Some((asked, before))) if is_used && asked == question => before.clone(),
                _ => rows.clone(),
            };
            Some((question.clone(), rows))
        });
        let rows = Memo::new(move |_| {
            steady.with(|steady| steady.as_ref().map(|(_, rows)| rows.clone())).unwrap_or_default()
        });
        // What was open stays so, though it may come to hold too many to be opened at first.
        Effect::new(move || {
            let before = opened.get_untracked();
            let after = rows.with(|rows| opened::kept_open(before.clone(), rows));
            if after != before {
                opened.set(after);
            }
        });
        let status =
            Memo::new(move |_| remote.loaded().map(|loaded| loaded.answer.discovery.clone()));
        Self {
            remote,
            begins,
            rows: rows.into(),
            offset: of_page(|page| page.offset),
            total: of_page(|page| page.total),
            status: status.into(),
        }
    }

    /// Has these rows at hand.
    pub(super) fn show(self, range: Range<usize>) {
        let begins = covering(self.begins.get_untracked(), &range);
        if begins != self.begins.get_untracked() {
            self.begins.set(begins);
        }
    }

    /// Asks once more, at once.
    pub(super) fn ask_again(self) {
        self.remote.ask_again();
    }
}

fn named(categories: Vec<StreamKey>) -> Vec<Category> {
    categories.into_iter().map(Category::Within).collect()
}
