//! How many events the streams at hand had in the last minutes.

use std::collections::HashMap;

use leptos::prelude::*;
use rewind_domain::StreamKey;

use crate::api::query::RatesQuery;
use crate::api::{ApiError, STREAM_SLOT_SECONDS, StreamRates, StreamSummary, functions};
use crate::platform::polling::keep_asking;
use crate::platform::remote::Remote;

/// How often it is asked: as often as there is a new count.
const EVERY_MS: u64 = STREAM_SLOT_SECONDS * 1_000;

/// The counts of each stream that had any.
pub(super) fn watch(rows: Signal<Vec<StreamSummary>>) -> Signal<HashMap<StreamKey, Vec<u64>>> {
    let keys = Memo::new(move |_| {
        rows.with(|rows| rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>())
    });
    let remote = Remote::new(move || Some(keys.get()).filter(|keys| !keys.is_empty()), fetch);
    keep_asking(remote, |_| EVERY_MS, || false);
    let rates = Memo::new(move |_| {
        let rates = remote.loaded().map(|loaded| loaded.answer.streams.clone());
        rates.unwrap_or_default().into_iter().map(|rate| (rate.stream, rate.counts)).collect()
    });
    rates.into()
}

async fn fetch(streams: Vec<StreamKey>) -> Result<StreamRates, ApiError> {
    functions::rates(RatesQuery { streams }).await
}
