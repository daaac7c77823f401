//! Waiting until the browser has nothing else to do.

use std::time::Duration;

use leptos::prelude::*;

/// How long to wait in browsers that do not tell when they are idle: by then a page is usually drawn.
const OTHERWISE: Duration = Duration::from_secs(1);

/// Calls once the browser is idle.
pub(crate) fn call(action: impl Fn() + Copy + 'static) {
    if request_idle_callback_with_handle(action).is_err() {
        set_timeout(action, OTHERWISE);
    }
}
