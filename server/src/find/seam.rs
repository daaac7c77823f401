//! The seam between what a search sees and what is added meanwhile: nothing may fall through it.

use rewind_domain::EntryId;

use super::Place;
use crate::live::{CategoryPosition, positions_text};
use rewind_store::{FoundStream, Store};

/// The earliest clock of Redis before the streams were looked for; entries with later ids may have been seen or not.
pub(super) struct Look {
    begun_ms: Option<u64>,
}

impl Look {
    /// Takes the time. Where Redis does not tell it, no category can be watched either.
    pub(super) async fn begin(store: &Store, place: &Place) -> Self {
        let begun_ms = match place {
            Place::Streams(_) => None,
            Place::Prefix(_) => store.clocks().await.ok().map(|clocks| clocks.earliest_ms),
        };
        Self { begun_ms }
    }

    /// Where a live line goes on after what was found.
    pub(super) async fn live_after(
        self,
        store: &Store,
        place: &Place,
        found: &[FoundStream],
    ) -> Option<String> {
        let mut ends = Vec::with_capacity(found.len());
        for stream in found {
            match &stream.info {
                Ok(info) => ends.push((&stream.key, info.extent.last_generated_id)),
                // It cannot be watched, but others of its category can.
                Err(_) if matches!(place, Place::Prefix(_)) => {}
                // Nor can this one, until it can be read. Then the line has what is added to it from there on.
                Err(_) => ends.push((&stream.key, EntryId::MAX)),
            }
        }
        match place {
            Place::Streams(_) => Some(positions_text(ends.into_iter().map(|(_, end)| end))),
            Place::Prefix(_) => {
                let mark = EntryId::new(self.begun_ms?, 0).prev()?;
                let ended_ms = store.clocks().await.ok()?.latest_ms;
                Some(CategoryPosition::after_look(mark, ended_ms, ends).to_string())
            }
        }
    }
}
