//! Appending to an aggregate.

use rewind_domain::StreamKey;
use rewind_domain::operations::EventDraft;
use rewind_store::StoreError;

use super::{Conflict, Found, Work, is_own_stream};
use crate::operations::{OperationError, OperationParts, drafts};

pub(super) async fn plan(
    parts: &OperationParts,
    stream: &StreamKey,
    drafts: &[EventDraft],
    expected: u64,
) -> Result<Found, OperationError> {
    let store = &parts.store;
    is_own_stream(store, stream)?;
    if parts.aggregates.aggregate_type(stream).is_none() {
        let patterns: Vec<String> = parts.aggregates.iter().map(|one| format!("`{one}`")).collect();
        return Err(OperationError::invalid(
            "stream",
            format!(
                "`{stream}` is not the stream of an aggregate: its key is not like {}; publish to it instead",
                patterns.join(" or ")
            ),
        ));
    }
    let events = drafts::events(drafts)?;
    let (actual, is_exact) = match store.reads().info(stream).await {
        Ok(info) => (info.extent.latest_version(), info.extent.is_exact()),
        Err(StoreError::NotFound) => (0, true),
        Err(error) => return Err(OperationError::of(stream)(error)),
    };
    let (count, bytes) = (events.len() as u64, drafts::bytes(&events));
    let (name, value) = events.first().and_then(|event| event.fields().next()).unwrap_or_default();
    let (name, value) = (name.to_vec(), value.to_vec());
    let conflict = (actual != expected).then(|| Conflict {
        message: match actual {
            0 => format!("`{stream}` does not exist, and was expected at version {expected}"),
            actual => format!(
                "`{stream}` is at version {actual} by now, and was expected at version {expected}; look at what came between"
            ),
        },
        actual,
    });
    let work = Work::Append { stream: stream.clone(), events, expected };
    let found = Found {
        bytes: Some(bytes),
        conflict,
        basis: actual.to_string(),
        ..Found::new(count, work)
    };
    let mut found = found.sending(
        &[b"XADD", stream.as_bytes(), b"*", &name, &value],
        &format!("… ({count} in one script that checks the version first)"),
    );
    if !is_exact {
        found.warnings.push(
            "entries were deleted from the middle, so versions count what was ever added"
                .to_owned(),
        );
    }
    Ok(found)
}
