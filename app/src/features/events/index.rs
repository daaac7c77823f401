//! What is known of a stream as a whole, asked for until it is complete, and again while the stream grows.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use rewind_domain::StreamKey;

use crate::api::query::{IndexQuery, Limit};
use crate::api::{IndexAnswer, functions};
use crate::platform::remote::Remote;

/// How many bars the histogram has: as many as a wide screen shows apart.
const BUCKETS: u64 = 160;
/// How long to wait before asking again, while events are being counted and once they are.
const WHILE_COUNTING: Duration = Duration::from_millis(700);
const ONCE_COUNTED: Duration = Duration::from_secs(10);

/// The index of a stream; `None` if there is no single stream.
pub(super) fn watch(stream: Option<StreamKey>) -> Signal<Option<Arc<IndexAnswer>>> {
    let Some(stream) = stream else { return Signal::stored(None) };
    let query = IndexQuery { buckets: Limit::new(BUCKETS), ..IndexQuery::new(stream) };
    let answers = Remote::new(|| Some(()), move |()| functions::index(query.clone()));
    Effect::new(move || {
        let Some(loaded) = answers.loaded() else { return };
        let wait = if loaded.answer.is_complete { ONCE_COUNTED } else { WHILE_COUNTING };
        let pending = set_timeout_with_handle(move || answers.ask_again(), wait);
        on_cleanup(move || {
            if let Ok(pending) = pending {
                pending.clear();
            }
        });
    });
    let known = Memo::new(move |_| answers.loaded().map(|loaded| Arc::new(loaded.answer.clone())));
    known.into()
}
