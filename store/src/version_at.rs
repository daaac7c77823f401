//! Which version an entry has of which only the id is known.
//!
//! Redis finds an entry by its id, but does not tell its rank. So entries are counted, from the nearest place whose version is known:
//! either end of the stream, or one that the caller knows. Of their fields nothing is kept.

use rewind_domain::numbering::Numbering;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};

use super::entries::ID_BYTES;
use super::resp::Keep;
use super::{IdRange, PageOrder, Store, StoreError};

impl Store {
    /// The version of the first entry of a stream from `id` on, or the one that it would have if there were one. `known` is an entry at or
    /// before `id` whose version is known. `None` where it cannot be told, as when the stream changes all the time.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn version_at(
        &self,
        key: &StreamKey,
        id: EntryId,
        known: Option<(EntryId, u64)>,
    ) -> Result<Option<u64>, StoreError> {
        if let Some(part) = self.part(key).await? {
            return Ok(Some(part.ids.partition_point(|other| *other < id) as u64 + 1));
        }
        let extent = self.info(key).await?.extent;
        let (Some(first), Some(last)) = (extent.first_id, extent.last_id) else {
            return Ok(Some(extent.latest_version() + 1));
        };
        if id <= first {
            return Ok(Some(extent.first_version()));
        }
        if id > last {
            return Ok(Some(extent.latest_version() + 1));
        }
        // What lies before the first entry may have been trimmed since it was noted.
        if let Some((from, version)) = known.filter(|(from, _)| (first..=id).contains(from)) {
            return self.count_up(key, from, version, id).await;
        }
        if is_nearer_to_first(id, &extent) {
            return self.count_up(key, first, extent.first_version(), id).await;
        }
        let range = IdRange { after: id.prev(), before: None };
        let numbering = Numbering::new(PageOrder::NewestFirst.into());
        self.last_version(key, range, numbering).await
    }

    /// The id of the entry behind the first `count` of a stream that looked like this, looked for from the nearer end; `None` where there are
    /// fewer by now.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn id_at(
        &self,
        key: &StreamKey,
        extent: &StreamExtent,
        count: u64,
    ) -> Result<Option<EntryId>, StoreError> {
        let behind = extent.length.saturating_sub(count).saturating_sub(1);
        let (order, distance) = match count <= behind {
            true => (PageOrder::OldestFirst, count),
            false => (PageOrder::NewestFirst, behind),
        };
        // What is added meanwhile comes behind it.
        let before = extent.last_id.and_then(EntryId::next);
        let range = IdRange { after: None, before };
        let numbering = Numbering::new(order.into());
        let mut scan = self.begin_scan(key, range, numbering, Keep::Beginnings(ID_BYTES)).await?;
        let mut passed = 0;
        while let Some(page) = scan.next_page().await? {
            for (entry, _) in page.events() {
                if passed == distance {
                    return Ok(Some(entry.id));
                }
                passed += 1;
            }
        }
        Ok(None)
    }

    /// The version of the first entry from `to` on, given that of `from`, which comes before it.
    async fn count_up(
        &self,
        key: &StreamKey,
        from: EntryId,
        version: u64,
        to: EntryId,
    ) -> Result<Option<u64>, StoreError> {
        if from == to {
            return Ok(Some(version));
        }
        let range = IdRange { after: from.prev(), before: Some(to) };
        let numbering = Numbering::begin(PageOrder::OldestFirst.into(), from, version);
        let last = self.last_version(key, range, numbering).await?;
        Ok(last.and_then(|version| version.checked_add(1)))
    }

    /// The version of the last entry that a scan comes to.
    async fn last_version(
        &self,
        key: &StreamKey,
        range: IdRange,
        numbering: Numbering,
    ) -> Result<Option<u64>, StoreError> {
        let mut scan = self.begin_scan(key, range, numbering, Keep::Beginnings(ID_BYTES)).await?;
        let mut last = None;
        while let Some(page) = scan.next_page().await? {
            if let Some((_, version)) = page.events().last() {
                last = version;
            }
        }
        Ok(last)
    }
}

/// Whether fewer entries are likely to lie before an id than behind it, as the times in ids tell.
fn is_nearer_to_first(id: EntryId, extent: &StreamExtent) -> bool {
    let ms = |id: Option<EntryId>| id.unwrap_or_default().ms();
    let (first, last) = (ms(extent.first_id), ms(extent.last_id));
    id.ms().saturating_sub(first) <= last.saturating_sub(id.ms())
}
