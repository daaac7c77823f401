//! What is written and not saved: kept in this tab until it is, through reloads and through other pages; and a warning
//! before the tab is closed.

use std::collections::BTreeMap;

use leptos::ev;
use leptos::prelude::*;

use crate::platform::draft::Draft;

/// What the names of drafts begin with in the storage of the tab.
const PREFIX: &str = "rewind.draft.";

/// The drafts of this tab, by name.
///
/// They are held here as well as in the tab's storage, which browsers may refuse.
#[derive(Clone, Copy)]
pub(crate) struct Drafts(StoredValue<BTreeMap<String, Draft>>);

impl Drafts {
    /// Those that were left by the page before, for the current owner and all below.
    pub(crate) fn provide() {
        let drafts = Self(StoredValue::new(stored()));
        let leaving = window_event_listener(ev::beforeunload, move |event| {
            if drafts.0.with_value(|drafts| !drafts.is_empty()) {
                // Whereupon browsers ask, in their own words, whether to stay.
                event.prevent_default();
            }
        });
        on_cleanup(move || leaving.remove());
        provide_context(drafts);
    }

    /// Those that were provided.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// The draft of this name.
    pub(crate) fn get(self, name: &str) -> Option<Draft> {
        self.0.with_value(|drafts| drafts.get(name).cloned())
    }

    /// Keeps a draft, in place of the one that has its name.
    pub(crate) fn keep(self, name: &str, draft: Draft) {
        if let (Some(storage), Ok(json)) = (storage(), serde_json::to_string(&draft)) {
            // Where storing is refused the draft lasts as long as the page, which warns before it goes.
            let _ = storage.set_item(&format!("{PREFIX}{name}"), &json);
        }
        self.0.update_value(|drafts| {
            drafts.insert(name.to_owned(), draft);
        });
    }

    /// Forgets a draft.
    pub(crate) fn forget(self, name: &str) {
        if let Some(storage) = storage() {
            // Fails for no name.
            let _ = storage.remove_item(&format!("{PREFIX}{name}"));
        }
        self.0.update_value(|drafts| {
            drafts.remove(name);
        });
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

fn stored() -> BTreeMap<String, Draft> {
    let Some(storage) = storage() else { return BTreeMap::new() };
    let keys = (0..storage.length().unwrap_or(0)).filter_map(|at| storage.key(at).ok().flatten());
    keys.filter_map(|key| {
        let name = key.strip_prefix(PREFIX)?.to_owned();
        let json = storage.get_item(&key).ok().flatten()?;
        Some((name, serde_json::from_str(&json).ok()?))
    })
    .collect()
}
