//! Single events.

use std::time::Duration;

use crate::event_reader::EventReader;
use rewind_app::api::query::EventQuery;
use rewind_app::api::{AggregateVersion, ApiError, ErrorCode, EventAnswer, Order};
use rewind_domain::cut::{CutField, CutLimits};
use rewind_domain::{Entry, EntryId, RawEvent, StreamKey, TopicPart};

use tokio::time::timeout;

use super::events;
use crate::api_errors::api_error;
use crate::event_reader::with_cut;
use crate::index::Indexes;
use crate::topics::Topics;
use rewind_store::{EntryRange, IdRange, PageOrder, Store, StreamInfo};

/// How long an event waits for it to be known which version of an aggregate in its topic it makes: nobody should notice.
const PATIENCE: Duration = Duration::from_millis(100);

pub(super) async fn event(
    store: &Store,
    indexes: &Indexes,
    event_reader: &EventReader,
    topics: &Topics,
    query: EventQuery,
) -> Result<EventAnswer, ApiError> {
    let EventQuery { stream, id } = query;
    let LoneEntry { entry, info, cut } = entry(store, &stream, id).await?;
    let aggregates = aggregates(store, event_reader, topics, &stream, &entry).await;
    let mut event = with_cut(event_reader.one(&stream, entry).await, cut);
    let alone = std::slice::from_ref(&event);
    let version = events::oldest_version(store, indexes, &stream, alone, &info.extent, Order::Asc)
        .await
        .map_err(|error| api_error(Some(&stream), &error))?;
    event.version = version;
    Ok(EventAnswer { stream, event: event.cut_to(CutLimits::SINGLE), aggregates })
}

/// The aggregates in a topic that one of its events is about, each with the version that the event makes of it.
async fn aggregates(
    store: &Store,
    event_reader: &EventReader,
    topics: &Topics,
    stream: &StreamKey,
    entry: &Entry,
) -> Vec<AggregateVersion> {
    let keys: Vec<StreamKey> = {
        let codec = event_reader.of(stream);
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

/// An entry that was read by itself.
pub struct LoneEntry {
    /// The entry.
    pub entry: Entry,
    /// The stream.
    pub info: StreamInfo,
    /// The values of which only the beginnings are there, since the entry is larger than is read.
    pub cut: Vec<CutField>,
}

/// Reads an entry.
///
/// # Errors
/// If it is not there, and whatever else Redis refuses.
pub async fn entry(store: &Store, stream: &StreamKey, id: EntryId) -> Result<LoneEntry, ApiError> {
    let range = EntryRange::new(IdRange::within(id, id), PageOrder::OldestFirst, 1);
    let (pages, info) =
        store.read(stream, vec![range]).await.map_err(|error| api_error(Some(stream), &error))?;
    let found = pages.first().and_then(|page| page.entries().find(|entry| entry.id == id));
    let missing = || {
        let message = format!("stream `{stream}` has no entry `{id}`; it may have been trimmed");
        ApiError::new(ErrorCode::EventNotFound, message)
    };
    let found = found.ok_or_else(missing)?;
    Ok(LoneEntry { entry: found.to_entry(), cut: found.cut_fields(), info })
}
