//! Versions of entries of which only the ids are known.

use rewind_domain::{EntryId, StreamKey};

use super::Indexes;
use rewind_store::StoreError;

impl Indexes {
    /// The version of the first entry of a stream from `id` on, or the one that it would have if there were one. Where the stream has
    /// no index, entries are counted. `None` where it cannot be told.
    ///
    /// # Errors
    /// As for [`rewind_store::Store::page`].
    pub async fn version_at(
        &self,
        key: &StreamKey,
        id: EntryId,
    ) -> Result<Option<u64>, StoreError> {
        let block = match self.known(key).await? {
            Some(index) => index.view(|view| view.block_of_id(id)),
            None => None,
        };
        let known = block.map(|(block, version)| (block.first_id, version));
        self.store().version_at(key, id, known).await
    }
}
