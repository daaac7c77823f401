//! Asking again.

use std::time::Duration;

use leptos::prelude::*;

use crate::platform::remote::{Loaded, Remote};

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
