//! Entries as they are, however large: for who must not lose the rest of a value.

use rewind_domain::{Entry, StreamKey};

use super::bulk::{BulkReader, Span};
use super::{EntryPage, EntryRange, Store, StoreError, StreamInfo};

impl Store {
    /// Entries of a stream, each with all of its bytes, and the stream that they fit. An entry that is too large to be read together
    /// with others comes alone.
    ///
    /// # Errors
    /// As for [`Store::page`]; [`StoreError::Changed`] also where a large entry is removed while it is read.
    pub async fn whole_entries(
        &self,
        key: &StreamKey,
        range: EntryRange,
    ) -> Result<WholeEntries, StoreError> {
        let (mut pages, info) = self.read(key, vec![range]).await?;
        let page = pages.pop().ok_or(StoreError::unexpected("no page"))?;
        let entries = self.completed(key, &page).await?;
        Ok(WholeEntries { entries, info, is_last: page.is_last() })
    }

    /// The entries of a page, of which those that are only there in part are read again.
    async fn completed(&self, key: &StreamKey, page: &EntryPage) -> Result<Vec<Entry>, StoreError> {
        if page.first_cut().is_none() {
            return Ok(page.to_entries());
        }
        let part = self.part(key).await?;
        let stream = part.as_ref().map_or(key, |part| &part.stream);
        let mut reader = BulkReader::connect(self.url_of(stream.as_bytes())).await?;
        let mut entries = Vec::with_capacity(page.len());
        for entry in page.entries() {
            if entry.cut_fields().is_empty() {
                entries.push(entry.to_entry());
                continue;
            }
            let span =
                Span { stream: stream.clone(), after: entry.id.prev(), until: entry.id, count: 1 };
            let read = reader.read(&[span]).await?.pop();
            let read = read.unwrap_or(Err(StoreError::Changed))?.pop();
            entries.push(read.ok_or(StoreError::Changed)?);
        }
        Ok(entries)
    }
}

/// Entries that follow each other, each with all of its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WholeEntries {
    /// The entries, in the order asked for: fewer than asked for where they are large.
    pub entries: Vec<Entry>,
    /// The stream.
    pub info: StreamInfo,
    /// Whether there is nothing behind them in the range.
    pub is_last: bool,
}
