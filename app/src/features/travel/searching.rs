//! What is open of the state, and what is searched in it. Both stay while the cursor moves.

use leptos::prelude::*;
use rewind_domain::Pointer;

use crate::features::travel::traveller::Traveller;
use crate::platform::clock::Debounce;
use crate::ui::state::found::Found;
use crate::ui::state::tree_state::TreeState;

/// How long to wait before searching again: a large state takes longer to search than to draw.
const WAIT_MS: u64 = 120;

/// The tree's own state.
#[derive(Clone, Copy)]
pub(super) struct Searching {
    /// What is open.
    pub(super) tree: RwSignal<TreeState>,
    /// What is searched for.
    pub(super) query: RwSignal<String>,
    /// What was found.
    pub(super) found: RwSignal<Found>,
    reveal: RwSignal<Option<Pointer>>,
    traveller: Traveller,
}

impl Searching {
    pub(super) fn new(traveller: Traveller, reveal: RwSignal<Option<Pointer>>) -> Self {
        let searching = Self {
            tree: RwSignal::new(TreeState::default()),
            query: RwSignal::new(String::new()),
            found: RwSignal::new(Found::default()),
            reveal,
            traveller,
        };
        // Once, when the first state is here: what is open then stays so, whatever comes.
        Effect::new(move |is_done: Option<bool>| {
            if is_done == Some(true) {
                return true;
            }
            traveller.document.with(|document| match document {
                Some(document) => {
                    searching.tree.set(TreeState::fitting(&document.0));
                    true
                }
                None => false,
            })
        });
        let wait = Debounce::new(WAIT_MS);
        Effect::new(move || {
            let is_searching = searching.query.with(|query| !query.is_empty());
            if is_searching {
                traveller.document.track();
                wait.call(move || searching.search());
            }
        });
        searching
    }

    /// Looks for another text.
    pub(super) fn look_for(self, query: String) {
        let is_empty = query.is_empty();
        self.query.set(query);
        if is_empty {
            self.found.set(Found::default());
        }
    }

    /// Looks for nothing.
    pub(super) fn clear(self) {
        self.look_for(String::new());
    }

    /// Goes to the next match, or the one before.
    pub(super) fn step(self, is_next: bool) {
        self.search();
        self.found.update(|found| found.step(is_next));
        let current = self.found.with_untracked(|found| found.current().cloned());
        if current.is_some() {
            self.reveal.set(current);
        }
    }

    /// How many match.
    pub(super) fn count(self) -> usize {
        self.found.with(Found::count)
    }

    /// What was found, in words.
    pub(super) fn summary(self) -> String {
        self.found.with(Found::summary)
    }

    /// Opens all, as far as that can be looked through.
    pub(super) fn open_all(self) {
        self.traveller.document.with_untracked(|document| {
            if let Some(document) = document {
                self.tree.update(|tree| tree.open_all(&document.0));
            }
        });
    }

    /// Closes all.
    pub(super) fn close_all(self) {
        self.tree.update(TreeState::close_all);
    }

    fn search(self) {
        let query = self.query.get_untracked();
        if query.is_empty() {
            return;
        }
        let current = self.found.with_untracked(|found| found.current().cloned());
        let found = self.traveller.document.with_untracked(|document| match document {
            Some(document) => Found::search(&document.0, &query),
            None => Found::default(),
        });
        self.found.set(found.looking_at(current.as_ref()));
    }
}
