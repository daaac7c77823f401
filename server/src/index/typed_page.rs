//! Entries with what an index notes of them.

use std::sync::Arc;

use rewind_codec::StreamCodec;
use rewind_domain::EntryId;
use rewind_domain::filter::EventPath;

use crate::long_work;
use rewind_store::{EntryPage, PageEntry};

/// How the entries of a stream are read for its index.
#[derive(Clone)]
pub(super) struct Reading {
    /// What their payloads are.
    pub(super) codec: Arc<StreamCodec>,
    /// Where they name the things that they are about.
    pub(super) members: Arc<[EventPath]>,
}

/// Entries whose types are known, and what they are about. That is found out before an index is locked, since payloads may have to be
/// unpacked for it.
pub(super) struct TypedPage {
    entries: EntryPage,
    /// Of each entry.
    types: Vec<Option<String>>,
    /// By each of the paths, of each entry.
    members: Vec<Vec<Option<String>>>,
}

impl TypedPage {
    /// Reads entries.
    pub(super) async fn of(entries: EntryPage, reading: &Reading) -> Self {
        let Reading { codec, members } = reading.clone();
        let needs = |entry: PageEntry<'_>| entry.raw(0).with_decoder(&*codec).needs_decoder();
        let is_long = entries.entries().any(needs);
        long_work::run(is_long, move || {
            let event_type = |entry: PageEntry<'_>| entry.raw(0).with_decoder(&*codec).event_type();
            let names = |path: &EventPath| {
                let name = |entry: PageEntry<'_>| path.name(&entry.raw(0).with_decoder(&*codec));
                entries.entries().map(name).collect()
            };
            let members = members.iter().map(names).collect();
            Self { types: entries.entries().map(event_type).collect(), members, entries }
        })
        .await
    }

    /// The entries that name something by this one of the paths, and what.
    pub(super) fn members(&self, path: usize) -> impl Iterator<Item = (EntryId, &str)> {
        let names = self.members.get(path).into_iter().flatten();
        let named = self.entries.entries().zip(names);
        named.filter_map(|(entry, name)| Some((entry.id, name.as_deref()?)))
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
