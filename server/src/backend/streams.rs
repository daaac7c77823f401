//! Finding streams.

use rewind_app::api::query::StreamsQuery;
use rewind_app::api::{ApiError, StreamSummary, StreamsPage};
use rewind_domain::StreamKey;
use rewind_domain::aggregate_pattern::AggregatePatterns;

use crate::api_errors::api_error;
use rewind_store::{FoundStream, Store, StoreError, StreamInfo};

pub(super) async fn streams(
    store: &Store,
    aggregates: &AggregatePatterns,
    query: StreamsQuery,
) -> Result<StreamsPage, ApiError> {
    let found = store
        .discover(
            &query.prefix.unwrap_or_else(|| "".into()),
            query.cursor.unwrap_or_default(),
            query.limit.get(),
        )
        .await
        .map_err(|error| api_error(None, &error))?;
    Ok(StreamsPage {
        streams: found.streams.into_iter().map(|found| found_summary(aggregates, found)).collect(),
        next_cursor: found.next_cursor.map(|cursor| cursor.to_string()),
        scanned: found.scanned.min(found.keys_total.max(found.scanned.min(1))),
        keys_total: found.keys_total,
    })
}

/// A stream as clients see it from the outside.
pub(super) fn summary(
    aggregates: &AggregatePatterns,
    key: &StreamKey,
    info: &StreamInfo,
) -> StreamSummary {
    StreamSummary {
        key: key.clone(),
        kind: aggregates.kind(key),
        length: info.extent.length,
        first_id: info.extent.first_id,
        last_id: info.extent.last_id,
        groups: info.groups,
        latest_version: info.extent.latest_version(),
        incomplete: info.extent.incomplete(),
        unavailable: None,
    }
}

/// A stream that was looked at, or why there is nothing to see.
pub(super) fn found_summary(aggregates: &AggregatePatterns, found: FoundStream) -> StreamSummary {
    let error = match found.info {
        Ok(info) => return summary(aggregates, &found.key, &info),
        Err(error) => error,
    };
    let unavailable = match error {
        StoreError::NotFound => "gone: there is no such key any more".to_owned(),
        StoreError::WrongType => "no stream any more: the key holds something else".to_owned(),
        error => error.to_string(),
    };
    StreamSummary {
        unavailable: Some(unavailable),
        incomplete: None,
        ..summary(aggregates, &found.key, &StreamInfo::default())
    }
}
