//! Time: what it is, waiting for it, and doing something only once things have calmed down.

use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;

/// How often "5 s ago" is looked at again: seconds are the smallest unit that is shown.
const TICK: Duration = Duration::from_secs(1);

/// The time now on the clock of this browser, which measures durations, in Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "a whole number of milliseconds")]
    let now = js_sys::Date::now() as i64;
    now
}

/// A number from 0 to 1.
pub(crate) fn random() -> f64 {
    js_sys::Math::random()
}

/// Waits.
pub(crate) async fn sleep(ms: u32) {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let ms = i32::try_from(ms).unwrap_or(i32::MAX);
        // It fails only for a document that is gone, and then nobody waits.
        let _ = window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(resolve.unchecked_ref(), ms);
    });
    // A timeout is never rejected.
    let _ = JsFuture::from(promise).await;
}

/// The time now, moving on by itself. It is the server's: a browser's clock may be off, and then events of now would seem old, or
/// of the future.
#[derive(Clone, Copy)]
pub(crate) struct Now {
    now: RwSignal<i64>,
    /// By how much the clock of the server is ahead of the one here, in milliseconds.
    ahead_ms: StoredValue<i64>,
}

impl Now {
    /// Starts it, for the current owner and all below.
    pub(crate) fn provide() -> Self {
        let clock = Self { now: RwSignal::new(now_ms()), ahead_ms: StoredValue::new(0) };
        let interval = set_interval_with_handle(move || clock.tick(), TICK);
        on_cleanup(move || {
            if let Ok(interval) = interval {
                interval.clear();
            }
        });
        provide_context(clock);
        clock
    }

    /// Takes over the server's clock from an answer that says what time it was there, asked for at this time here and arrived
    /// now.
    pub(crate) fn set_by(self, server_ms: i64, asked_ms: i64) {
        let answered_ms = now_ms();
        let here_ms = asked_ms + (answered_ms - asked_ms) / 2;
        self.ahead_ms.set_value(server_ms.saturating_sub(here_ms));
        self.tick();
    }

    fn tick(self) {
        let ahead_ms = self.ahead_ms.get_value();
        self.now.set(now_ms().saturating_add(ahead_ms));
    }

    /// The one that was provided.
    pub(crate) fn get() -> i64 {
        use_context::<Self>().map_or_else(now_ms, |clock| clock.now.get())
    }
}

/// Does the last of many things, once there was none for a while.
#[derive(Clone, Copy)]
pub(crate) struct Debounce {
    pending: StoredValue<Option<TimeoutHandle>>,
    wait: Duration,
}

impl Debounce {
    /// Waits so long.
    pub(crate) fn new(wait_ms: u64) -> Self {
        let debounce =
            Self { pending: StoredValue::new(None), wait: Duration::from_millis(wait_ms) };
        on_cleanup(move || debounce.cancel());
        debounce
    }

    /// Does this after the wait, in place of what was to be done before.
    pub(crate) fn call(&self, action: impl FnOnce() + 'static) {
        self.cancel();
        let pending = set_timeout_with_handle(action, self.wait).ok();
        self.pending.try_update_value(|value| *value = pending);
    }

    /// Does nothing of what was to be done.
    pub(crate) fn cancel(&self) {
        if let Some(Some(pending)) = self.pending.try_update_value(Option::take) {
            pending.clear();
        }
    }
}
