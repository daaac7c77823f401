//! Parts of streams that are read like streams of their own: the events of one aggregate inside a topic.
//!
//! Redis knows nothing of them. Somebody else knows the ids of their entries ([`Parts`]); the store reads these entries, and says
//! about a part what `XINFO STREAM` would say about a stream that had nothing else. So whoever reads streams reads parts, and need not know.

use std::sync::Arc;

use async_trait::async_trait;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};

use super::{FoundStream, IdRange, PageOrder, StoreError, StreamInfo};

/// Knows the parts.
#[async_trait]
pub trait Parts: Send + Sync {
    /// Whether a key is that of a part, be there one or not.
    fn is_part(&self, key: &StreamKey) -> bool;

    /// The parts with these keys as they are now, in their order.
    async fn parts(&self, keys: &[StreamKey]) -> Vec<Result<Part, StoreError>>;

    /// The keys of the parts whose keys begin like this; `None` if keys that begin like this are those of streams.
    ///
    /// # Errors
    /// If they cannot be told.
    async fn keys(&self, prefix: &StreamKey) -> Result<Option<Vec<StreamKey>>, StoreError>;
}

/// Some entries of a stream.
#[derive(Clone, Debug)]
pub struct Part {
    /// The stream.
    pub stream: StreamKey,
    /// The ids of the entries, ascending; not empty.
    pub ids: Arc<[EntryId]>,
    /// Whether the stream has all that was ever added to it, so that these are all that the part ever had.
    pub is_whole: bool,
    /// Changes whenever the stream turned out to be another one than before, or may be.
    pub lineage: u64,
}

impl Part {
    /// What would be told about a stream of these entries alone.
    pub fn info(&self) -> StreamInfo {
        let length = self.ids.len() as u64;
        let last_id = self.ids.last().copied();
        let extent = StreamExtent {
            length,
            first_id: self.ids.first().copied(),
            last_id,
            last_generated_id: last_id.unwrap_or_default(),
            entries_added: self.is_whole.then_some(length),
            max_deleted_id: None,
            ..StreamExtent::default()
        };
        StreamInfo { extent, groups: 0, lineage: self.lineage }
    }

    /// The first `count` of the ids within `range`, in this order, and whether these are all.
    pub(super) fn ids_within(
        &self,
        range: IdRange,
        order: PageOrder,
        count: u64,
    ) -> (Vec<EntryId>, bool) {
        let begin = range.after.map_or(0, |after| self.ids.partition_point(|id| *id <= after));
        let end = range
            .before
            .map_or(self.ids.len(), |before| self.ids.partition_point(|id| *id < before));
        let within = self.ids.get(begin..end).unwrap_or_default();
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let ids = match order {
            PageOrder::OldestFirst => within.iter().copied().take(count).collect(),
            PageOrder::NewestFirst => within.iter().rev().copied().take(count).collect(),
        };
        (ids, within.len() <= count)
    }
}

/// No parts at all.
pub(super) struct NoParts;

#[async_trait]
impl Parts for NoParts {
    fn is_part(&self, _: &StreamKey) -> bool {
        false
    }

    async fn parts(&self, keys: &[StreamKey]) -> Vec<Result<Part, StoreError>> {
        keys.iter().map(|_| Err(StoreError::NotFound)).collect()
    }

    async fn keys(&self, _: &StreamKey) -> Result<Option<Vec<StreamKey>>, StoreError> {
        Ok(None)
    }
}

impl super::Store {
    /// Whether a key is that of a part of a stream, such as an aggregate in a topic.
    pub fn is_part(&self, key: &StreamKey) -> bool {
        self.parts.is_part(key)
    }

    /// The same, for which these are streams too.
    pub fn with_parts(self, parts: Arc<dyn Parts>) -> Self {
        Self { parts, ..self }
    }

    /// The part with this key, where it is that of one.
    pub(super) async fn part(&self, key: &StreamKey) -> Result<Option<Part>, StoreError> {
        if !self.parts.is_part(key) {
            return Ok(None);
        }
        let part = self.parts.parts(std::slice::from_ref(key)).await.pop();
        part.unwrap_or(Err(StoreError::NotFound)).map(Some)
    }

    /// The version that an entry makes of each of these parts; `None` if that cannot be told.
    pub async fn versions_in_parts(&self, keys: &[StreamKey], entry: EntryId) -> Vec<Option<u64>> {
        let parts = if keys.is_empty() { Vec::new() } else { self.parts.parts(keys).await };
        let version = |part: Result<Part, StoreError>| {
            let place = part.ok()?.ids.binary_search(&entry).ok()?;
            Some(place as u64 + 1)
        };
        parts.into_iter().map(version).collect()
    }

    /// Those of the keys that are parts', looked at from the outside; the others are left.
    pub(super) async fn look_at_parts(&self, keys: &mut Vec<StreamKey>) -> Vec<FoundStream> {
        let parts: Vec<StreamKey> = keys.extract_if(.., |key| self.parts.is_part(key)).collect();
        if parts.is_empty() {
            return Vec::new();
        }
        let found = self.parts.parts(&parts).await;
        let looked_at = |(key, part): (StreamKey, Result<Part, StoreError>)| FoundStream {
            key,
            info: part.map(|part| part.info()),
        };
        parts.into_iter().zip(found).map(looked_at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(ids: &[u64]) -> Part {
        let ids = ids.iter().map(|ms| EntryId::new(*ms, 0)).collect();
        Part { stream: "events:orders".into(), ids, is_whole: true, lineage: 0 }
    }

    fn within(
        after: Option<u64>,
        before: Option<u64>,
        order: PageOrder,
        count: u64,
    ) -> (Vec<u64>, bool) {
        let id = |ms| EntryId::new(ms, 0);
        let range = IdRange { after: after.map(id), before: before.map(id) };
        let (ids, is_all) = part(&[10, 20, 30, 40]).ids_within(range, order, count);
        (ids.into_iter().map(EntryId::ms).collect(), is_all)
    }

    #[test]
    fn ids_are_taken_from_either_end_of_a_range() {
        assert_eq!(within(None, None, PageOrder::OldestFirst, 9), (vec![10, 20, 30, 40], true));
        assert_eq!(within(None, None, PageOrder::NewestFirst, 2), (vec![40, 30], false));
        assert_eq!(within(Some(10), Some(40), PageOrder::OldestFirst, 2), (vec![20, 30], true));
        assert_eq!(within(Some(15), None, PageOrder::OldestFirst, 1), (vec![20], false));
        assert_eq!(within(Some(30), Some(20), PageOrder::OldestFirst, 9), (vec![], true));
    }

    #[test]
    fn a_part_of_a_trimmed_stream_does_not_claim_to_be_whole() {
        let trimmed = Part { is_whole: false, ..part(&[10, 20]) }.info().extent;
        assert_eq!((trimmed.length, trimmed.entries_added), (2, None));
        assert!(trimmed.incomplete().is_some() && part(&[10]).info().extent.incomplete().is_none());
    }
}
