//! What tells sources from one another.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What tells this source from others.
pub fn fingerprint(source: &str) -> u64 {
    // The same in each run, as far as one build is concerned.
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    hasher.finish()
}
