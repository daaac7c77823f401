//! What a consumer was given.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rewind_domain::{Entry, EntryId, Event, Fields, PayloadDecoder, layout};
use serde::de::DeserializeOwned;

use crate::{TypedError, typed};

/// An entry that was delivered to a consumer, and is pending until it is acknowledged.
#[derive(Clone)]
pub struct Delivery {
    entry: Entry,
    deliveries: u64,
    /// Reads its payload.
    decoder: Arc<dyn PayloadDecoder>,
    /// In a box, because most of it is room that a consumer may never use.
    event: OnceLock<Box<Event>>,
}

/// What one read came to.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The entries, in the order of their ids.
    pub deliveries: Vec<Delivery>,
    /// Entries that were pending and no longer exist, because the stream was trimmed or they were deleted. They are no longer pending.
    pub deleted: Vec<EntryId>,
}

impl Delivery {
    pub(super) fn new(entry: Entry, deliveries: u64, decoder: &Arc<dyn PayloadDecoder>) -> Self {
        Self { entry, deliveries, decoder: Arc::clone(decoder), event: OnceLock::new() }
    }

    /// The id of the entry.
    #[must_use]
    pub fn id(&self) -> EntryId {
        self.entry.id
    }

    /// The fields of the entry, in order.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        &self.entry.fields
    }

    /// How often the entry was delivered to any consumer of the group, this time included.
    #[must_use]
    pub fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// The entry as an event, decoded when this is first asked for. A payload that cannot be read makes an event with a
    /// `decode_error`.
    pub fn event(&self) -> &Event {
        let decode = || Box::new(layout::decode_with(self.entry.clone(), &*self.decoder));
        self.event.get_or_init(decode)
    }

    /// The event as a program's own type, see [`typed`].
    ///
    /// # Errors
    /// If it has no type, no readable data, or is of a type that serde does not make `T` of.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<T, TypedError> {
        typed(self.event())
    }

    /// The same, delivered this often.
    pub(super) fn delivered(&self, deliveries: u64) -> Self {
        Self { deliveries, ..self.clone() }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, deliveries, .. } = self;
        f.debug_struct("Delivery").field("entry", entry).field("deliveries", deliveries).finish()
    }
}

impl Batch {
    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.deliveries.is_empty() && self.deleted.is_empty()
    }

    /// The ids of the entries.
    #[must_use]
    pub fn ids(&self) -> Vec<EntryId> {
        self.deliveries.iter().map(Delivery::id).collect()
    }
}
