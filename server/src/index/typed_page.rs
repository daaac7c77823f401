//! Entries with their types.

use std::sync::Arc;

use rewind_codec::StreamCodec;

use crate::decoding;
use crate::store::{EntryPage, PageEntry};

/// Entries whose types are known. These are found out before an index is locked, since payloads may have to be unpacked for that.
pub(super) struct TypedPage {
    entries: EntryPage,
    /// Of each entry.
    types: Vec<Option<String>>,
}

impl TypedPage {
    /// Finds out the types of entries.
    pub(super) async fn of(entries: EntryPage, codec: &Arc<StreamCodec>) -> Self {
        let codec = Arc::clone(codec);
        let needs = |entry: PageEntry<'_>| entry.raw(0).with_decoder(&*codec).needs_decoder();
        let is_long = entries.entries().any(needs);
        decoding::run(is_long, move || {
            let event_type = |entry: PageEntry<'_>| entry.raw(0).with_decoder(&*codec).event_type();
            Self { types: entries.entries().map(event_type).collect(), entries }
        })
        .await
    }

    /// The entries, each with the type that it tells.
    pub(super) fn entries(&self) -> impl Iterator<Item = (PageEntry<'_>, Option<&str>)> {
        self.entries.entries().zip(self.types.iter().map(Option::as_deref))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}
