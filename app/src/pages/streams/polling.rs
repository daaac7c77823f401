//! Asking again.

use std::time::Duration;

use leptos::prelude::*;

use crate::browser::remote::{Loaded, Remote};

/// How long to wait while something is on its way, in milliseconds: soon enough to watch it come.
pub(super) const SOON_MS: u64 = 400;
/// How long while the search walks: a list that changes more often than that cannot be read.
pub(super) const WALKING_MS: u64 = 1_000;
/// How long otherwise: numbers that are looked at are that old at most. Shorter than the server keeps searching for
/// nobody.
pub(super) const RESTING_MS: u64 = 5_000;

/// Asks the same again some time after each answer, unless nobody can see it or it has to hold still.
pub(crate) fn keep_asking<K, T>(
    remote: Remote<K, T>,
    wait_ms: impl Fn(&Loaded<K, T>) -> u64 + 'static,
    is_held: impl Fn() -> bool + Copy + 'static,
) where
    K: Clone + Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    let later = Trigger::new();
    Effect::new(move || {
        later.track();
        let Some(loaded) = remote.loaded() else { return };
        let ask = move || {
            if document().hidden() || is_held() {
                later.notify();
            } else {
                remote.ask_again();
            }
        };
        let pending = set_timeout_with_handle(ask, Duration::from_millis(wait_ms(&loaded)));
        on_cleanup(move || {
            if let Ok(pending) = pending {
                pending.clear();
            }
        });
    });
}
