//! How much the server does at the same time.

/// How many requests that walk through a history are answered at the same time. Sixteen of them are folded at a time, each on a
/// connection to Redis of its own; the others wait for their turn.
pub(crate) const WALKS: usize = 48;

/// How many searches and exports there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Connections of clients, of which some are kept for health and short questions.
    pub connections: usize,
    /// Searches.
    pub finds: usize,
    /// Exports.
    pub exports: usize,
}

impl Default for Capacity {
    /// Each search and each export takes a connection to Redis and a thread while it runs.
    fn default() -> Self {
        Self { connections: 4_096, finds: 64, exports: 16 }
    }
}

impl Capacity {
    /// How many files the server may have open beside the connections of clients.
    pub fn other_files(self) -> usize {
        /// Standard streams, the connections that all share, those that watch, and what is kept for the next reader.
        const ALWAYS: usize = 64;
        self.finds + self.exports + WALKS + ALWAYS
    }
}
