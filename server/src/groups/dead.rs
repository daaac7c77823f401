//! The dead letters of a group, an event for each.

use rewind_app::api::query::DeadQuery;
use rewind_app::api::{DeadPage, Letter};
use rewind_domain::Entry;
use rewind_domain::cut::CutLimits;
use rewind_domain::operations::Name;
use rewind_store::StoreError;
use rewind_store::consume::DeadLetters;

use super::Groups;

pub(super) async fn page(groups: &Groups, query: &DeadQuery) -> Result<DeadPage, StoreError> {
    let DeadQuery { stream, group, after, limit } = query;
    let letters = DeadLetters::of(groups.handle(stream, group));
    let total = letters.count().await?;
    let found = letters.list(*after, limit.get()).await?;
    let last = found.last().map(|letter| letter.id);
    let mut told = Vec::with_capacity(found.len());
    for letter in found {
        // As it was in its stream, so that the stream's own rules read it.
        let entry = Entry {
            id: letter.cause.as_ref().map_or(letter.id, |cause| cause.origin),
            fields: letter.fields,
        };
        let event = groups.event_reader.one(stream, entry).await.cut_to(CutLimits::LIST);
        let cause = letter.cause;
        told.push(Letter {
            id: letter.id,
            event,
            origin: cause.as_ref().map(|cause| cause.origin),
            deliveries: cause.as_ref().map(|cause| cause.deliveries),
            consumer: cause.as_ref().map(|cause| Name::from_bytes(&cause.consumer)),
            at_ms: cause.as_ref().map(|cause| cause.at_ms),
            reason: cause.map(|cause| cause.reason),
        });
    }
    // Fewer than asked for are there where they are large too; only none are the end.
    let is_whole = after.is_none() && told.len() as u64 >= total;
    let next_after = last.filter(|_| !is_whole);
    Ok(DeadPage { stream: letters.key().clone(), letters: told, total, next_after })
}
