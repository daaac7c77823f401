//! What the state is compared with: the version before, or one that was chosen.

use leptos::prelude::*;
use rewind_domain::diff;
use rewind_domain::{Json, StreamKey};

use crate::api::query::{ReplayQuery, Until};
use crate::api::{ApiError, functions};
use crate::features::travel::traveller::Traveller;
use crate::platform::remote::Remote;
use crate::ui::state::changes::Changes;
use crate::ui::state::shared::{Document, Same, shared_with};

/// The state that is compared with, and what differs from it.
#[derive(Clone, Copy)]
pub(super) struct Comparison {
    /// The version that was chosen to compare with.
    pub(super) base: Memo<Option<u64>>,
    /// What leads from there to the state shown.
    pub(super) changes: Memo<Changes>,
    /// The state of the chosen version, once it is there.
    chosen: RwSignal<Option<(u64, Document)>>,
    traveller: Traveller,
    fetched: Remote<u64, Json>,
}

impl Comparison {
    pub(super) fn new(traveller: Traveller) -> Self {
        let base = Memo::new(move |_| traveller.options.with(|options| options.base));
        let chosen = RwSignal::new(None::<(u64, Document)>);
        let key = traveller.stream();
        let wanted = RwSignal::new(None::<u64>);
        let fetched = Remote::new(move || wanted.get(), move |base| fetch(key.clone(), base));
        Effect::new(move || {
            let base = base.get();
            // A window that came may have the version, or at least share with it.
            let is_ready =
                traveller.facts.with(|facts| facts.as_ref().map(|facts| facts.window_base));
            let (Some(base), Some(_)) = (base, is_ready) else {
                wanted.set(None);
                chosen.set(None);
                return;
            };
            let known = chosen.with_untracked(|chosen| {
                chosen
                    .as_ref()
                    .filter(|(version, _)| *version == base)
                    .map(|(_, state)| state.0.clone())
            });
            match traveller.state_at(base).or(known) {
                Some(state) => {
                    wanted.set(None);
                    chosen.set(Some((base, shared(traveller, state))));
                }
                None => {
                    chosen.set(None);
                    wanted.set(Some(base));
                }
            }
        });
        Effect::new(move || {
            let Some(loaded) = fetched.loaded() else { return };
            if wanted.get_untracked() == Some(loaded.question) {
                chosen.set(Some((loaded.question, shared(traveller, loaded.answer.clone()))));
            }
        });
        let changes = Memo::new(move |_| {
            let Some(document) = traveller.document.get() else { return Changes::None };
            match base.get() {
                None => traveller.step.get().map_or(Changes::None, Changes::Step),
                Some(base) => chosen.with(|chosen| match chosen {
                    Some((version, state)) if *version == base => {
                        Changes::Diff(Same::new(diff::diff(&state.0, &document.0)))
                    }
                    _ => Changes::None,
                }),
            }
        });
        Self { base, changes, chosen, traveller, fetched }
    }

    /// The state that is compared with; `None` while it is not there.
    pub(super) fn before(self) -> Option<Document> {
        if self.base.get().is_some() {
            return self.chosen.get().map(|(_, state)| state);
        }
        let step = self.traveller.step.get()?;
        let mut state = self.traveller.document.get()?.0;
        match diff::revert(&mut state, &step.changes) {
            Ok(()) => Some(Document(state)),
            Err(error) => {
                leptos::logging::error!("{error}");
                None
            }
        }
    }

    /// The version that is compared with.
    pub(super) fn from(self) -> u64 {
        self.base.get().unwrap_or_else(|| self.traveller.version.get().saturating_sub(1))
    }

    /// Whether the state to compare with is still on its way.
    pub(super) fn is_waiting(self) -> bool {
        self.base.get().is_some() && self.chosen.with(Option::is_none)
    }

    /// Why there is nothing to compare with.
    pub(super) fn error(self) -> Option<ApiError> {
        self.fetched.error().filter(|_| self.is_waiting())
    }
}

/// The same state, sharing what it can with those at hand, so that comparing them costs what differs.
fn shared(traveller: Traveller, state: Json) -> Document {
    match traveller.document.get_untracked() {
        Some(document) => Document(shared_with(state, &document.0)),
        None => Document(state),
    }
}

async fn fetch(stream: StreamKey, version: u64) -> Result<Json, ApiError> {
    functions::replay(ReplayQuery::new(stream, Until::Version(version)))
        .await
        .map(|answer| answer.state)
}
