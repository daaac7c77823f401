//! Single events.

use std::time::Duration;

use rewind_app::api::backend::EventQuery;
use rewind_app::api::{AggregateVersion, ApiError, ErrorCode, EventAnswer, Order};
use rewind_codec::Codecs;
use rewind_domain::cut::CutLimits;
use rewind_domain::{Entry, EntryId, RawEvent, StreamKey, TopicPart};

use tokio::time::timeout;

use super::{api_error, events};
use crate::decoding::decode_one;
use crate::index::Indexes;
use crate::store::{IdRange, PageOrder, Store, StreamInfo};
use crate::topics::Topics;

/// How long an event waits for it to be known which version of an aggregate inside of its topic it makes: nobody should notice.
const PATIENCE: Duration = Duration::from_millis(100);

pub(super) async fn event(
    store: &Store,
    indexes: &Indexes,
    codecs: &Codecs,
    topics: &Topics,
    query: EventQuery,
) -> Result<EventAnswer, ApiError> {
    let EventQuery { stream, id } = query;
    let (entry, info) = entry(store, &stream, id).await?;
    let aggregates = aggregates(store, codecs, topics, &stream, &entry).await;
    let mut event = decode_one(codecs, &stream, entry).await;
    let alone = std::slice::from_ref(&event);
    let version = events::oldest_version(store, indexes, &stream, alone, &info.extent, Order::Asc)
        .await
        .map_err(|error| api_error(Some(&stream), &error))?;
    event.version = version;
    Ok(EventAnswer { stream, event: event.cut_to(CutLimits::SINGLE), aggregates })
}

/// The aggregates inside of a topic that one of its events is about, each with the version that the event makes of it.
async fn aggregates(
    store: &Store,
    codecs: &Codecs,
    topics: &Topics,
    stream: &StreamKey,
    entry: &Entry,
) -> Vec<AggregateVersion> {
    let keys: Vec<StreamKey> = {
        let codec = codecs.of(stream);
        let event = RawEvent::new(entry.id, 0, &entry.fields).with_decoder(&codec);
        topics.parts_of(stream, &event).iter().map(TopicPart::key).collect()
    };
    let versions = timeout(PATIENCE, store.versions_in_parts(&keys, entry.id)).await;
    let versions = versions.unwrap_or_default().into_iter().chain(std::iter::repeat(None));
    keys.into_iter()
        .zip(versions)
        .map(|(stream, version)| AggregateVersion { stream, version })
        .collect()
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
