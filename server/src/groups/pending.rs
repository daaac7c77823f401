//! What a group has pending, an event for each entry.

use rewind_app::api::query::PendingQuery;
use rewind_app::api::{ApiError, PendingEvent, PendingPage};
use rewind_domain::cut::CutLimits;
use rewind_domain::operations::{Name, PendingFilter};
use rewind_domain::{Entry, RawEvent, StreamKey};
use rewind_store::StoreError;
use rewind_store::consume::{PendingEntry, PendingQuery as Listed};

use super::{Groups, told};
use crate::operations::{matches_delivery, read_pending};

/// How many pending entries are looked at for one page at most: where a filter means few of them, the list goes on in the next answer.
const MAX_LOOKED_AT: usize = 20_000;
/// How many in one step.
const STEP: usize = 500;

pub(super) async fn page(groups: &Groups, query: &PendingQuery) -> Result<PendingPage, ApiError> {
    let filter = PendingFilter::parse(&query.filter)
        .map_err(|error| ApiError::bad_parameter("filter", error.message))?;
    let found = find(groups, query, &filter).await;
    found.map_err(|error| told(&query.stream, &query.group, error))
}

async fn find(
    groups: &Groups,
    query: &PendingQuery,
    filter: &PendingFilter,
) -> Result<PendingPage, StoreError> {
    let PendingQuery { stream, group, after, limit, .. } = query;
    let limit = usize::try_from(limit.get()).unwrap_or(usize::MAX);
    let handle = groups.handle(stream, group);
    let total = handle.info().await?.pending;
    let mut listed = Listed {
        after: *after,
        consumer: filter.consumer().map(|name| name.as_bytes().to_vec()),
        min_idle_ms: filter.min_idle_ms(),
    };
    let (mut entries, mut looked_at) = (Vec::new(), 0);
    loop {
        let page = handle.pending(&listed, STEP).await?;
        let is_last = page.len() < STEP;
        looked_at += page.len();
        listed.after = page.last().map(|entry| entry.id).or(listed.after);
        let page: Vec<PendingEntry> =
            page.into_iter().filter(|entry| matches_delivery(filter, entry)).collect();
        // A page of which all are meant is read no further than it is shown.
        let mut rest = &page[..];
        while !rest.is_empty() {
            let count = (limit - entries.len()).clamp(1, rest.len());
            let (some, behind) = rest.split_at(count);
            let read = read_pending(groups.store.reads(), stream, some).await?;
            for (pending, entry) in some.iter().zip(read) {
                if let Some(found) = event(groups, stream, filter, pending, entry).await {
                    entries.push(found);
                    if entries.len() == limit {
                        let is_end =
                            is_last && page.last().is_some_and(|last| last.id == pending.id);
                        let next_after = (!is_end).then_some(pending.id);
                        return Ok(PendingPage { entries, total, next_after });
                    }
                }
            }
            rest = behind;
        }
        if is_last || looked_at >= MAX_LOOKED_AT {
            let next_after = listed.after.filter(|_| !is_last);
            return Ok(PendingPage { entries, total, next_after });
        }
    }
}

async fn event(
    groups: &Groups,
    stream: &StreamKey,
    filter: &PendingFilter,
    pending: &PendingEntry,
    entry: Option<Entry>,
) -> Option<PendingEvent> {
    if filter.needs_events() {
        let codec = groups.event_reader.of(stream);
        let entry = entry.as_ref()?;
        if !filter.means_event(&RawEvent::new(entry.id, 0, &entry.fields).with_decoder(&codec)) {
            return None;
        }
    }
    let event = match entry {
        Some(entry) => Some(groups.event_reader.one(stream, entry).await.cut_to(CutLimits::LIST)),
        None => None,
    };
    Some(PendingEvent {
        id: pending.id,
        consumer: Name::from_bytes(&pending.consumer),
        idle_ms: pending.idle_ms,
        deliveries: pending.deliveries,
        event,
    })
}
