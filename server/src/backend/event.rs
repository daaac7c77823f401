//! Single events.

use rewind_app::api::backend::EventQuery;
use rewind_app::api::{ApiError, ErrorCode, EventAnswer, Order};
use rewind_codec::Codecs;
use rewind_domain::cut::CutLimits;
use rewind_domain::{Entry, EntryId, StreamKey};

use super::{api_error, events};
use crate::decoding::decode_one;
use crate::index::Indexes;
use crate::store::{IdRange, PageOrder, Store, StreamInfo};

pub(super) async fn event(
    store: &Store,
    indexes: &Indexes,
    codecs: &Codecs,
    query: EventQuery,
) -> Result<EventAnswer, ApiError> {
    let EventQuery { stream, id } = query;
    let (entry, info) = entry(store, &stream, id).await?;
    let mut event = decode_one(codecs, &stream, entry).await;
    let alone = std::slice::from_ref(&event);
    let version = events::oldest_version(store, indexes, &stream, alone, &info.extent, Order::Asc)
        .await
        .map_err(|error| api_error(Some(&stream), &error))?;
    event.version = version;
    Ok(EventAnswer { stream, event: event.cut_to(CutLimits::SINGLE) })
}

/// Reads an entry, whole.
///
/// # Errors
/// Where it is not there, and whatever else Redis refuses.
pub async fn entry(
    store: &Store,
    stream: &StreamKey,
    id: EntryId,
) -> Result<(Entry, StreamInfo), ApiError> {
    let range = IdRange { after: id.prev(), before: id.next() };
    let (entries, info) = store
        .page(stream, range, PageOrder::OldestFirst, 1)
        .await
        .map_err(|error| api_error(Some(stream), &error))?;
    let entry = entries.into_iter().find(|entry| entry.id == id);
    let missing = || {
        let message = format!("stream `{stream}` has no entry `{id}`; it may have been trimmed");
        ApiError::new(ErrorCode::EventNotFound, message)
    };
    Ok((entry.ok_or_else(missing)?, info))
}
