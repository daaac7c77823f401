//! Related events: what shares a story with an event, within a bounded effort.
//!
//! There is no index of correlation ids in Redis, so streams are read. Which ones is for [`sources`] to say, and [`windows`]
//! reads as much of them as one call may, beginning next to the event in time. The answer tells both.

mod sources;
mod windows;

use std::cmp::Ordering;

use crate::event_reader::EventReader;
use rewind_app::api::ApiError;
use rewind_app::api::query::RelatedQuery;
use rewind_app::api::related::{RelatedAnswer, RelatedEvent};
use rewind_domain::relations::{Member, RelationNames, related};
use rewind_domain::{Event, StreamKey};

use super::event;
use crate::relations::{RelationConfig, StreamPattern};
use rewind_store::Store;

/// How many events one answer has: more than anyone reads as a tree.
const MAX_EVENTS: usize = 500;

pub(super) async fn find(
    store: &Store,
    event_reader: &EventReader,
    config: &RelationConfig,
    query: RelatedQuery,
) -> Result<RelatedAnswer, ApiError> {
    let RelatedQuery { stream, id, cursor, within } = query;
    let entry = event::entry(store, &stream, id).await?.entry;
    let start = short(&config.names, &stream, event_reader.one(&stream, entry).await);

    let patterns = sources::patterns(&stream, &config.streams);
    let sources = match within {
        Some(within) => sources::Sources { streams: vec![within], next: None, unlisted: None },
        None => sources::next(store, &stream, &patterns, cursor).await?,
    };
    let (mut found, looked_at) =
        windows::read(store, event_reader, &config.names, &start, sources.streams).await?;
    if !found.iter().any(|event| is_same(event, &start)) {
        found.push(start.clone());
    }
    found.sort_by(by_time);
    let story = story(found, &start);
    let total = story.len() as u64;
    Ok(RelatedAnswer {
        events: nearest(story, &start),
        names: config.names.clone(),
        total,
        looked_at,
        streams: patterns.iter().map(StreamPattern::to_string).collect(),
        unlisted: sources.unlisted,
        next_cursor: sources.next.map(|cursor| cursor.to_string()),
        stream,
        id,
    })
}

fn short(names: &RelationNames, stream: &StreamKey, event: Event) -> RelatedEvent {
    RelatedEvent {
        links: names.links(&event),
        stream: stream.clone(),
        id: event.id,
        event_type: event.event_type,
        timestamp_ms: event.timestamp_ms,
    }
}

fn is_same(one: &RelatedEvent, other: &RelatedEvent) -> bool {
    one.id == other.id && one.stream == other.stream
}

/// Those of the events that belong to the story of `start`.
fn story(found: Vec<RelatedEvent>, start: &RelatedEvent) -> Vec<RelatedEvent> {
    let members: Vec<Member<'_>> = found
        .iter()
        .map(|event| Member { stream: &event.stream, entry: event.id, links: &event.links })
        .collect();
    let at = found.iter().position(|event| is_same(event, start)).unwrap_or(members.len());
    let mut chosen = related(&members, at).into_iter().peekable();
    let is_chosen = |(at, event)| chosen.next_if_eq(&at).map(|_| event);
    found.into_iter().enumerate().filter_map(is_chosen).collect()
}

/// As many as an answer has room for: those nearest in time, by time.
fn nearest(mut story: Vec<RelatedEvent>, start: &RelatedEvent) -> Vec<RelatedEvent> {
    if story.len() > MAX_EVENTS {
        let distance = |event: &RelatedEvent| event.timestamp_ms.abs_diff(start.timestamp_ms);
        story.sort_by_key(|event| (!is_same(event, start), distance(event)));
        story.truncate(MAX_EVENTS);
        story.sort_by(by_time);
    }
    story
}

fn by_time(a: &RelatedEvent, b: &RelatedEvent) -> Ordering {
    (a.timestamp_ms, a.id, &a.stream).cmp(&(b.timestamp_ms, b.id, &b.stream))
}
