//! Where a walk puts the keyframes that it lays.

use std::sync::Arc;

use super::{Identity, Keyframe, Keyframes, TrackKey};

/// Takes keyframes.
pub(crate) trait KeyframeSink {
    /// Whether there is one at or shortly behind a version already, so that another one would gain little.
    fn is_near(&self, version: u64, distance: u64) -> bool;

    /// Keeps one.
    fn lay(&mut self, keyframe: Keyframe);
}

/// The keyframes of one history.
pub(crate) struct Track {
    keyframes: Arc<Keyframes>,
    key: TrackKey,
    identity: Identity,
    latest: u64,
}

impl Track {
    /// Those of the history `key` as long as it is the one with this identity; `latest` is its last version.
    pub(crate) fn new(
        keyframes: Arc<Keyframes>,
        key: TrackKey,
        identity: Identity,
        latest: u64,
    ) -> Self {
        Self { keyframes, key, identity, latest }
    }

    /// The versions of those that there are, ascending.
    pub(crate) fn versions(&self) -> Vec<u64> {
        self.keyframes.versions(&self.key, &self.identity)
    }
}

impl KeyframeSink for Track {
    fn is_near(&self, version: u64, distance: u64) -> bool {
        self.keyframes.is_near(&self.key, &self.identity, version, distance)
    }

    fn lay(&mut self, keyframe: Keyframe) {
        self.keyframes.add(&self.key, &self.identity, self.latest, keyframe);
    }
}
