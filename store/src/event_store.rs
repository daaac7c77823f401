//! The handle that can write.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::topology::{PerNode, Topology};
use crate::write::{Transaction, TransactionConnection, WriteConnection};
use crate::{Store, StoreError, StoreUrl};

/// A handle on an event store that may be written to. What only reads takes a [`Store`], which cannot write.
///
/// Clones share one connection to each node for writes, on which nothing is sent twice, and the connections of [`Store`] for reads.
#[derive(Clone)]
pub struct EventStore {
    reads: Store,
    writes: Arc<PerNode<WriteConnection>>,
    transactions: Arc<PerNode<TransactionConnection>>,
    found: Arc<Found>,
}

/// What turned out about the server.
#[derive(Default)]
struct Found {
    /// Whether it counts what was added to a stream.
    counts: OnceLock<bool>,
    /// It does not know `XADD … IDMP`.
    is_without_idmp: AtomicBool,
    /// Whether it may have `XNACK`.
    may_give_back: OnceLock<bool>,
}

impl EventStore {
    /// A handle on the server at `url`. Does not connect yet.
    #[must_use]
    pub fn new(url: StoreUrl) -> Self {
        Self::beside(Store::new(url.clone()), url)
    }

    /// A handle on the server at `url` that reads as `reads` does: within the rates that the two then share.
    #[must_use]
    pub fn beside(reads: Store, url: StoreUrl) -> Self {
        let nodes = Topology::Single(url);
        Self {
            reads,
            writes: Arc::new(nodes.per_node(|url| WriteConnection::new(url.clone()))),
            transactions: Arc::new(nodes.per_node(|url| TransactionConnection::new(url.clone()))),
            found: Arc::default(),
        }
    }

    /// What reads, and cannot write.
    #[must_use]
    pub fn reads(&self) -> &Store {
        &self.reads
    }

    /// The connection for writes to the node that has a key.
    pub(crate) fn writes(&self, key: impl AsRef<[u8]>) -> &WriteConnection {
        self.writes.route(key.as_ref())
    }

    /// Begins a transaction on the node that has a key, on a connection of its own.
    pub(crate) async fn transaction(&self, key: &[u8]) -> Result<Transaction<'_>, StoreError> {
        self.transactions.route(key).begin().await
    }

    /// Whether the server counts what was added to a stream; `None` as long as nobody has seen a stream.
    pub(crate) fn counts(&self) -> Option<bool> {
        self.found.counts.get().copied()
    }

    /// It does, or does not.
    pub(crate) fn note_counts(&self, counts: bool) {
        // Whoever came first saw the same.
        let _ = self.found.counts.set(counts);
    }

    /// Whether consumers may have given entries back by `XNACK`, which Redis has from version 8.8 on and Valkey has not. Asks for the version
    /// once; a server that does not tell it may.
    pub(crate) async fn may_give_back(&self) -> bool {
        if let Some(may) = self.found.may_give_back.get() {
            return *may;
        }
        let Ok(info) = self.reads.server_info_about("server").await else { return true };
        let version = match info.text("valkey_version") {
            Some(_) => return *self.found.may_give_back.get_or_init(|| false),
            None => info.text("redis_version").unwrap_or_default(),
        };
        let mut parts = version.split('.').map(str::parse::<u32>);
        let may = match (parts.next(), parts.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (8, 8),
            _ => true,
        };
        *self.found.may_give_back.get_or_init(|| may)
    }

    /// Whether the server is known not to have `XADD … IDMP`.
    pub(crate) fn is_without_idmp(&self) -> bool {
        self.found.is_without_idmp.load(Ordering::Relaxed)
    }

    /// It does not.
    pub(crate) fn note_without_idmp(&self) {
        self.found.is_without_idmp.store(true, Ordering::Relaxed);
    }
}
