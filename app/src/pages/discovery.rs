//! The search for streams, which goes on from part to part of the keyspace.
//!
//! It belongs to the whole user interface, so that the list is still there on the way back from a stream; it rests
//! while the list is not looked at, since it costs the Redis server something.

use leptos::prelude::*;
use leptos::reactive::spawn_local_scoped_with_cancellation;

use crate::api::{ApiError, functions};
use crate::browser::clock;
use crate::components::scan_progress::{Phase, Scanned};
use crate::state::backoff::Backoff;
use crate::state::catalog::Catalog;

/// How many streams are looked for in one call: enough for a few calls to find them all, little enough for
/// the first of them to be on screen at once.
const PAGE_STREAMS: u64 = 1_000;

/// A search and what it found.
#[derive(Clone, Copy)]
pub(crate) struct Discovery {
    catalog: RwSignal<Catalog>,
    error: RwSignal<Option<ApiError>>,
    progress: RwSignal<Progress>,
    /// What is looked for; nothing while nobody looks at the list.
    prefix: RwSignal<Option<String>>,
    is_stopped: RwSignal<bool>,
    restarts: RwSignal<u32>,
}

/// Where a search is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Progress {
    /// For which prefix, and the how-manieth time.
    search: Option<(String, u32)>,
    cursor: Option<String>,
    is_done: bool,
    keys: u64,
    keys_total: u64,
}

impl Discovery {
    /// A search that begins once someone looks at the list.
    pub(crate) fn provide() {
        let discovery = Self {
            catalog: RwSignal::new(Catalog::default()),
            error: RwSignal::new(None),
            progress: RwSignal::new(Progress::default()),
            prefix: RwSignal::new(None),
            is_stopped: RwSignal::new(false),
            restarts: RwSignal::new(0),
        };
        Effect::new(move || {
            let search = discovery.prefix.get().map(|prefix| (prefix, discovery.restarts.get()));
            let is_stopped = discovery.is_stopped.get();
            let Some(search) = search else { return };
            if !is_stopped {
                spawn_local_scoped_with_cancellation(discovery.run(search));
            }
        });
        provide_context(discovery);
    }

    /// The one that was provided.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// Looks for streams whose keys begin like this. The same prefix as before goes on where it was.
    pub(crate) fn look_for(self, prefix: String) {
        let is_new = self.prefix.read_untracked().as_ref() != Some(&prefix);
        if is_new {
            let is_same_search = self
                .progress
                .read_untracked()
                .search
                .as_ref()
                .is_some_and(|(searched, _)| *searched == prefix);
            if !is_same_search {
                self.is_stopped.set(false);
            }
            self.prefix.set(Some(prefix));
        }
    }

    /// Rests until someone looks again.
    pub(crate) fn rest(self) {
        self.prefix.try_set(None);
    }

    /// Stops the search, lets it go on, or begins it anew.
    pub(crate) fn toggle(self) {
        match self.scanned_untracked().phase {
            Phase::Running => self.is_stopped.set(true),
            Phase::Stopped => self.is_stopped.set(false),
            Phase::Done => self.restart(),
        }
    }

    /// Begins anew.
    pub(crate) fn restart(self) {
        self.restarts.update(|restarts| *restarts += 1);
    }

    /// What was found.
    pub(crate) fn catalog(self) -> RwSignal<Catalog> {
        self.catalog
    }

    /// What keeps it from going on.
    pub(crate) fn error(self) -> Option<ApiError> {
        self.error.get()
    }

    /// How far it is.
    pub(crate) fn scanned(self) -> Scanned {
        self.progress.track();
        self.is_stopped.track();
        self.error.track();
        self.scanned_untracked()
    }

    fn scanned_untracked(self) -> Scanned {
        let progress = self.progress.read_untracked();
        let phase = match () {
            () if progress.is_done => Phase::Done,
            () if self.is_stopped.get_untracked() => Phase::Stopped,
            () => Phase::Running,
        };
        Scanned {
            keys: progress.keys,
            of: progress.keys_total,
            streams: self.catalog.with_untracked(|catalog| catalog.totals().streams),
            phase,
        }
    }

    async fn run(self, search: (String, u32)) {
        let mut progress = self.progress.get_untracked();
        if progress.search.as_ref() != Some(&search) {
            progress = Progress { search: Some(search.clone()), ..Progress::default() };
        }
        let mut backoff = Backoff::default();
        while !progress.is_done {
            let page = functions::streams(
                Some(search.0.clone()),
                progress.cursor.clone(),
                Some(PAGE_STREAMS.to_string()),
            );
            match page.await {
                Ok(page) => {
                    progress.is_done = page.next_cursor.is_none();
                    progress.cursor = page.next_cursor;
                    progress.keys += page.scanned;
                    progress.keys_total = page.keys_total;
                    // What was found before stays on screen until there is something to replace it.
                    let is_first =
                        self.progress.with_untracked(|shown| shown.search != progress.search);
                    self.catalog.update(|catalog| {
                        if is_first {
                            *catalog = Catalog::default();
                        }
                        catalog.extend(page.streams);
                    });
                    self.progress.set(progress.clone());
                    self.error.set(None);
                    backoff.reset();
                }
                Err(error) => {
                    let is_passing = error.code.is_passing();
                    self.error.set(Some(error));
                    if !is_passing {
                        return;
                    }
                    clock::sleep(backoff.next_ms(clock::random())).await;
                }
            }
        }
    }
}
