//! Where a consumer group begins to read.

use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};

use crate::{Store, StoreError};

/// Where a consumer group begins to read, or begins again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the first entry that the stream has.
    #[default]
    Beginning,
    /// Behind the last entry that the stream has now.
    End,
    /// Behind the entry of this id, whether it exists or not.
    After(EntryId),
    /// At the first entry whose id was made at this time or later, in Unix milliseconds.
    Since(u64),
}

/// A start as Redis takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The last entry that the group counts as delivered.
    pub(super) id: EntryId,
    /// How many entries were ever added up to that one. Redis needs it to tell the group's lag. `None` if the server does not count
    /// entries.
    pub(super) entries_read: Option<u64>,
}

impl Position {
    /// Finds the position of a start in a stream. For a position in the middle, entries are counted from the nearer end.
    pub(super) async fn find(
        store: &Store,
        stream: &StreamKey,
        start: Start,
    ) -> Result<Self, StoreError> {
        let extent = match store.info(stream).await {
            Ok(info) => info.extent,
            Err(StoreError::NotFound) => {
                StreamExtent { entries_added: Some(0), ..StreamExtent::default() }
            }
            Err(error) => return Err(error),
        };
        let id = match start {
            Start::Beginning => EntryId::MIN,
            Start::End => extent.last_generated_id,
            Start::After(id) => id,
            Start::Since(ms) => EntryId::new(ms, 0).prev().unwrap_or_default(),
        };
        let Some(added) = extent.entries_added else { return Ok(Self { id, entries_read: None }) };
        let entries_read = match (extent.first_id, id.next()) {
            (None, _) | (_, None) => Some(added),
            (Some(first), _) if id < first => Some(extent.trimmed_count()),
            _ if extent.last_id.is_some_and(|last| id >= last) => Some(added),
            (_, Some(next)) => {
                store.version_at(stream, next, None).await?.map(|version| version - 1)
            }
        };
        Ok(Self { id, entries_read })
    }
}
