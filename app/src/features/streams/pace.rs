//! How often the server is asked how the search for streams goes.

/// How long to wait while something is on its way, in milliseconds: soon enough to watch it come.
pub(super) const SOON_MS: u64 = 400;
/// How long while the search walks: a list that changes more often than that cannot be read.
pub(super) const WALKING_MS: u64 = 1_000;
/// How long otherwise: numbers that are looked at are that old at most. Shorter than the server keeps searching for
/// nobody.
pub(super) const RESTING_MS: u64 = 5_000;
