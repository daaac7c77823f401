//! What was added to the streams, and what is left of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;

use rewind_domain::EntryId;
use rewind_tests::TestRedis;

/// What the writers know.
#[derive(Default)]
pub(crate) struct Truth(Mutex<Added>);

#[derive(Default)]
struct Added {
    ids: HashMap<String, BTreeSet<EntryId>>,
    /// How many were sent to Redis that died before it answered.
    unsure: HashMap<String, u64>,
}

impl Truth {
    /// An event was added.
    pub(crate) fn added(&self, stream: &str, id: EntryId) {
        let mut added = self.0.lock().unwrap();
        added.ids.entry(stream.to_owned()).or_default().insert(id);
    }

    /// An event may have been added.
    pub(crate) fn perhaps_added(&self, stream: &str) {
        *self.0.lock().unwrap().unsure.entry(stream.to_owned()).or_default() += 1;
    }

    /// The ids that are known to have been added.
    pub(crate) fn ids(&self, stream: &str) -> BTreeSet<EntryId> {
        self.0.lock().unwrap().ids.get(stream).cloned().unwrap_or_default()
    }

    /// How many more there may be.
    pub(crate) fn unsure(&self, stream: &str) -> u64 {
        self.0.lock().unwrap().unsure.get(stream).copied().unwrap_or_default()
    }

    /// How many were added, and how many perhaps.
    pub(crate) fn counts(&self) -> (usize, u64) {
        let added = self.0.lock().unwrap();
        (added.ids.values().map(BTreeSet::len).sum(), added.unsure.values().sum())
    }
}

/// What Redis holds.
pub(crate) async fn held(
    redis: &TestRedis,
    streams: &[String],
) -> HashMap<String, BTreeSet<EntryId>> {
    type Reply = Vec<(String, redis::Value)>;
    let mut connection = redis.connection().await;
    let mut held = HashMap::new();
    for stream in streams {
        let entries: Reply = redis::cmd("XRANGE")
            .arg(stream)
            .arg("-")
            .arg("+")
            .query_async(&mut connection)
            .await
            .unwrap();
        let ids = entries.into_iter().map(|(id, _)| id.parse().unwrap()).collect();
        held.insert(stream.clone(), ids);
    }
    held
}
