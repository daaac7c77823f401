//! How much of what is kept in memory there is.

/// How much of one cache there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheFigures {
    /// What it is called in `/metrics`.
    pub name: &'static str,
    /// What it takes, in bytes, about.
    pub bytes: usize,
    /// What it may take, in bytes.
    pub budget: usize,
    /// How often what was kept of a stream was dropped, since the stream was no longer the one that it was kept of; 0 where nothing is
    /// kept of streams.
    pub dropped: u64,
}
