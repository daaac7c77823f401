//! Topics: streams that have the events of many aggregates, and the aggregates in them.
//!
//! By a rule of the configuration each aggregate in a topic becomes a stream of its own for whoever reads: `Order` from
//! `events:orders` by `data.order_id` gives `events:orders#Order:123`. An [index](crate::index) of the topic notes which entries are
//! about which aggregate. It is built once, for all of them, and brought up to date by one short read whenever it is asked; the
//! [store](rewind_store::Parts) does the rest.
//!
//! Versions count the events of the aggregate that are in the topic. Where the topic was trimmed nobody knows how many there were
//! before, and every answer says so.

mod rule;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::event_reader::EventReader;
use async_trait::async_trait;
use rewind_app::api::TopicAbout;
use rewind_domain::{EntryId, RawEvent, StreamKey, TopicPart};
use tokio::time::{Instant, timeout_at};

use crate::cache_figures::CacheFigures;
use crate::index::{IndexLimits, Indexes, Standing, StreamIndex};
use rewind_store::{Part, Parts, Store, StoreError};

use rule::rule_of;
pub use rule::{Topic, TopicAggregate, TopicRule, TopicRuleError, read_rules};

/// How long who asks for an aggregate waits for the index of its topic: about as long as people wait for a page without wondering.
const PATIENCE: Duration = Duration::from_secs(2);

/// The topics. Clones are the same.
#[derive(Clone)]
pub struct Topics {
    topics: Arc<[Topic]>,
    indexes: Indexes,
}

/// Which aggregates in topics were listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// How far each topic was listed.
    places: Vec<Place>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    epoch: u64,
    names: usize,
}

impl Topics {
    /// These topics in `store`, that `event_reader` reads. What is noted of them takes at most this many bytes.
    pub fn new(topics: Vec<Topic>, store: Store, event_reader: EventReader, bytes: usize) -> Self {
        let topics: Arc<[Topic]> = topics.into();
        let mut paths: HashMap<StreamKey, Vec<_>> = HashMap::new();
        for topic in topics.iter() {
            paths.entry(topic.stream.clone()).or_default().push(topic.by.clone());
        }
        let paths = paths.into_iter().map(|(key, paths)| (key, paths.into())).collect();
        let limits = IndexLimits::of_bytes(bytes);
        let indexes = Indexes::new(store, event_reader, limits).with_members(paths);
        Self { topics, indexes }
    }

    /// How much memory their indexes take, and how much they may.
    pub fn figures(&self) -> CacheFigures {
        self.indexes.figures()
    }

    /// Whether there is no rule at all.
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    /// What clients are told about them.
    pub fn about(&self) -> Vec<TopicAbout> {
        let about = |topic: &Topic| TopicAbout {
            stream: topic.stream.clone(),
            aggregate_type: topic.aggregate_type.clone(),
            by: topic.by.to_string(),
        };
        self.topics.iter().map(about).collect()
    }

    /// The rule by which a key is that of an aggregate in a topic.
    pub fn of(&self, key: &StreamKey) -> Option<(&Topic, TopicPart)> {
        rule_of(&self.topics, key)
    }

    /// What the key of an aggregate in a topic stands for.
    pub fn inside(&self, key: &StreamKey) -> Option<TopicAggregate> {
        TopicAggregate::of(&self.topics, key)
    }

    /// The rule for the aggregates in a topic, where all keys that begin like this are theirs.
    pub fn within(&self, prefix: &StreamKey) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.is_of(prefix))
    }

    /// The aggregates that an event of a topic is about.
    pub fn parts_of(&self, stream: &StreamKey, event: &RawEvent<'_>) -> Vec<TopicPart> {
        let topics = self.topics.iter().filter(|topic| topic.stream == *stream);
        let part = |topic: &Topic| {
            let id = topic.by.name(event)?;
            let (topic, aggregate_type) = (stream.clone(), topic.aggregate_type.clone());
            Some(TopicPart { topic, aggregate_type, id: id.as_str().into() })
        };
        topics.filter_map(part).collect()
    }

    /// The keys of the aggregates that were found since these were listed.
    pub async fn list(&self, listed: &mut Listed) -> Vec<StreamKey> {
        listed.places.resize(self.topics.len(), Place::default());
        let mut keys = Vec::new();
        for (topic, place) in self.topics.iter().zip(&mut listed.places) {
            // What is wrong with the topic says its own row.
            let Ok(index) = self.indexes.ask(&topic.stream).await else { continue };
            let path = self.path(topic);
            index.view(|view| {
                let Some(members) = view.members.get(path) else { return };
                if place.epoch != view.members_epoch {
                    *place = Place { epoch: view.members_epoch, names: 0 };
                }
                let first = view.extent.first_id.unwrap_or(EntryId::MAX);
                keys.extend(members.names(place.names, first).map(|name| topic.key(name)));
                place.names = members.len();
            });
        }
        keys
    }

    /// Which one it is among the rules for its stream.
    fn path(&self, topic: &Topic) -> usize {
        let of_stream = self.topics.iter().filter(|other| other.stream == topic.stream);
        of_stream.take_while(|other| *other != topic).count()
    }

    /// The index of a topic once it has everything.
    async fn index(
        &self,
        topic: &StreamKey,
        deadline: Instant,
    ) -> Result<Arc<StreamIndex>, StoreError> {
        loop {
            let index = self.indexes.ask(topic).await?;
            let mut changes = index.changes();
            let (standing, indexed, length) =
                index.view(|view| (view.standing, view.blocks.len(), view.extent.length));
            match standing {
                Standing::Complete => return Ok(index),
                Standing::TooLarge => return Err(StoreError::NoRoom { topic: topic.to_string() }),
                Standing::Partial => {}
            }
            // Whoever built it may have come to an end before changes were listened to.
            let has_changed = if index.is_building() {
                timeout_at(deadline, changes.changed()).await.is_ok()
            } else {
                Instant::now() < deadline
            };
            if !has_changed {
                return Err(StoreError::NotYet { topic: topic.to_string(), indexed, length });
            }
        }
    }

    /// The entries that are about an aggregate.
    fn part(&self, topic: &Topic, id: &StreamKey, index: &StreamIndex) -> Result<Part, StoreError> {
        let path = self.path(topic);
        let (ids, is_whole, lineage) = index.view(|view| {
            let members = view.members.get(path);
            let ids = match (members, view.extent.first_id) {
                (Some(members), Some(first)) => members.ids(id.as_bytes(), first),
                _ => Vec::new(),
            };
            // Servers before Redis 7 do not tell.
            (ids, view.extent.incomplete().is_none(), view.lineage)
        });
        if ids.is_empty() {
            return Err(StoreError::NotFound);
        }
        Ok(Part { stream: topic.stream.clone(), ids: ids.into(), is_whole, lineage })
    }
}

impl Topic {
    /// The key of the aggregate with this name.
    fn key(&self, name: &[u8]) -> StreamKey {
        let (topic, aggregate_type) = (self.stream.clone(), self.aggregate_type.clone());
        TopicPart { topic, aggregate_type, id: StreamKey::from_bytes(name) }.key()
    }

    /// Whether all keys that begin like this are those of its aggregates.
    pub(crate) fn is_of(&self, prefix: &StreamKey) -> bool {
        prefix.as_bytes().starts_with(self.prefix().as_bytes())
    }

    /// How the keys of its aggregates begin.
    fn prefix(&self) -> StreamKey {
        self.key(b"")
    }
}

#[async_trait]
impl Parts for Topics {
    fn is_part(&self, key: &StreamKey) -> bool {
        !self.topics.is_empty() && self.of(key).is_some()
    }

    async fn parts(&self, keys: &[StreamKey]) -> Vec<Result<Part, StoreError>> {
        let deadline = Instant::now() + PATIENCE;
        // Each topic is brought up to date once, however many of its aggregates are asked for.
        let mut indexes: HashMap<StreamKey, Result<Arc<StreamIndex>, StoreError>> = HashMap::new();
        let mut parts = Vec::with_capacity(keys.len());
        for key in keys {
            let Some((topic, part)) = self.of(key) else {
                parts.push(Err(StoreError::NotFound));
                continue;
            };
            if !indexes.contains_key(&topic.stream) {
                let index = self.index(&topic.stream, deadline).await;
                indexes.insert(topic.stream.clone(), index);
            }
            parts.push(match indexes.get(&topic.stream) {
                Some(Ok(index)) => self.part(topic, &part.id, index),
                Some(Err(error)) => Err(error.clone()),
                None => Err(StoreError::NotFound),
            });
        }
        parts
    }

    async fn keys(&self, prefix: &StreamKey) -> Result<Option<Vec<StreamKey>>, StoreError> {
        let Some(topic) = self.within(prefix) else { return Ok(None) };
        let index = self.index(&topic.stream, Instant::now() + PATIENCE).await?;
        let path = self.path(topic);
        let begin = prefix.as_bytes().get(topic.prefix().as_bytes().len()..).unwrap_or_default();
        let keys = index.view(|view| {
            let first = view.extent.first_id.unwrap_or(EntryId::MAX);
            let names = view.members.get(path).into_iter();
            let names = names.flat_map(|members| members.names(0, first));
            names.filter(|name| name.starts_with(begin)).map(|name| topic.key(name)).collect()
        });
        Ok(Some(keys))
    }
}
