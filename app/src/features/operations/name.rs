//! The name that somebody without a login gives, kept in this browser.

use leptos::prelude::*;

const STORAGE_KEY: &str = "rewind.name";

/// The name that was given in this browser; empty if none was.
pub(crate) fn stored() -> String {
    let stored = storage().and_then(|storage| storage.get_item(STORAGE_KEY).ok().flatten());
    stored.unwrap_or_default()
}

/// Keeps a name.
pub(crate) fn keep(name: &str) {
    if let Some(storage) = storage() {
        // Where storing is refused it is given again the next time.
        let _ = storage.set_item(STORAGE_KEY, name);
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
