//! Which versions the entries of a search have.
//!
//! A stream that is read from either end tells them. Where a search begins within one, entries are counted up to there, but only for a
//! filter that asks: it costs about as much as reading them.

use rewind_domain::merge::Direction;
use rewind_domain::numbering::Numbering;
use rewind_domain::{EntryId, StreamKey};

use crate::index::Indexes;
use rewind_store::StoreError;

/// Finds out versions within streams, for those who ask.
#[derive(Clone)]
pub(super) struct Versions {
    indexes: Indexes,
    is_asked: bool,
}

impl Versions {
    /// By these indexes, where they have the stream; `is_asked` says whether the filter may ask for versions.
    pub(super) fn new(indexes: Indexes, is_asked: bool) -> Self {
        Self { indexes, is_asked }
    }

    /// Whether the filter may ask for them.
    pub(super) fn is_asked(&self) -> bool {
        self.is_asked
    }

    /// The numbering of a stream that is read from `begin` on.
    ///
    /// # Errors
    /// Whatever happens to Redis, or to the stream.
    pub(super) async fn numbering(
        &self,
        stream: &StreamKey,
        direction: Direction,
        begin: EntryId,
    ) -> Result<Numbering, StoreError> {
        let unknown = Numbering::new(direction);
        // The first entry from `begin` on, or from `begin` back, is the one before what follows.
        let (id, distance) = match (direction, begin.next()) {
            _ if !self.is_asked => return Ok(unknown),
            (Direction::Ascending, _) => (begin, 0),
            (Direction::Descending, Some(next)) => (next, 1),
            // It begins with the stream.
            (Direction::Descending, None) => return Ok(unknown),
        };
        let version = self.indexes.version_at(stream, id).await?;
        let version = version.and_then(|version| version.checked_sub(distance));
        Ok(version.map_or(unknown, |version| Numbering::begin(direction, begin, version)))
    }
}
