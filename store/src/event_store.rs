//! The handle that can write.

use crate::write::WriteConnection;
use crate::{Store, StoreUrl};

/// A handle on an event store that may be written to. What only reads takes a [`Store`], which cannot write.
///
/// Clones share one connection for writes, on which nothing is sent twice, and the connections of [`Store`] for reads.
#[derive(Clone)]
pub struct EventStore {
    reads: Store,
    writes: WriteConnection,
}

impl EventStore {
    /// A handle on the server at `url`. Does not connect yet.
    #[must_use]
    pub fn new(url: StoreUrl) -> Self {
        Self { reads: Store::new(url.clone()), writes: WriteConnection::new(url) }
    }

    /// What reads, and cannot write.
    #[must_use]
    pub fn reads(&self) -> &Store {
        &self.reads
    }

    /// The connection for writes.
    pub(crate) fn writes(&self) -> &WriteConnection {
        &self.writes
    }
}
