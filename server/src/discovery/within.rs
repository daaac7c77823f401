//! All streams whose keys begin alike, for those who need every one of them.

use std::time::{Duration, Instant};

use rewind_domain::StreamKey;
use rewind_domain::catalog::{Catalog, Category};

use super::{Discovery, Status};
use rewind_store::StoreError;

/// How old the list of streams may be for a search where Redis does not tell what changes: so that a filter can be changed
/// without another walk.
const RECENT: Duration = Duration::from_secs(10);
/// How often whoever waits is told how far the walk is.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// How new the list has to be where Redis does not tell what changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// A few seconds old at most, or of the walk that is under way.
    Recent,
    /// Of a walk that began after the question.
    Now,
}

/// The streams whose keys begin alike.
#[derive(Clone, Debug)]
pub struct Within {
    /// Their keys, in order.
    pub keys: Vec<StreamKey>,
    /// How far the search for streams is. Where it is paused, there may be more.
    pub status: Status,
    /// Whether these are all that there were when they were asked for, as far as can be told.
    pub is_whole: bool,
}

/// The way to them.
pub struct Waiting {
    discovery: Discovery,
    prefix: StreamKey,
    begun: Instant,
    /// The number of the question.
    wanted: u64,
    /// When the walk may have begun at the earliest that finds them.
    oldest: Instant,
}

/// What came of waiting for a moment.
#[derive(Clone, Debug)]
pub enum Waited {
    /// Not all are known yet.
    NotYet {
        /// How many are.
        found: usize,
        /// How far the walk is.
        status: Status,
    },
    /// All are known, or the search is paused.
    Found(Within),
}

impl Discovery {
    /// Wants to know all streams whose keys begin with `prefix`.
    pub fn within(&self, prefix: &StreamKey, need: Need) -> Waiting {
        let begun = Instant::now();
        let mut state = self.shared.state();
        let wanted = state.heard.want();
        let oldest = match need {
            Need::Now => begun,
            Need::Recent => {
                state.is_hearing_wanted = true;
                let recent = begun.checked_sub(RECENT).unwrap_or(begun);
                state.walk_under_way().map_or(recent, |walk| walk.min(recent))
            }
        };
        drop(state);
        Waiting { discovery: self.clone(), prefix: prefix.clone(), begun, wanted, oldest }
    }
}

impl Waiting {
    /// Waits for them for a moment.
    ///
    /// # Errors
    /// If the keyspace cannot be walked.
    pub async fn next(&mut self) -> Result<Waited, StoreError> {
        let shared = std::sync::Arc::clone(&self.discovery.shared);
        if let Some(keys) = shared.store.keys_of_parts(&self.prefix).await? {
            let status = shared.status(&shared.state());
            return Ok(Waited::Found(Within { keys, status, is_whole: true }));
        }
        let until = Instant::now() + TELL_EVERY;
        let mut steps = shared.steps.subscribe();
        loop {
            self.discovery.attend().await;
            steps.mark_unchanged();
            if let Some(found) = self.look()? {
                return Ok(Waited::Found(found));
            }
            let now = Instant::now();
            if now >= until {
                let state = shared.state();
                let found = keys_within(&state.catalog, &self.prefix).len();
                return Ok(Waited::NotYet { found, status: shared.status(&state) });
            }
            shared.wake.notify_one();
            // Either way it looks again.
            let _ = tokio::time::timeout(until - now, steps.changed()).await;
        }
    }

    /// What is known now, if that is all.
    fn look(&self) -> Result<Option<Within>, StoreError> {
        let shared = &self.discovery.shared;
        let mut state = shared.state();
        if let Some(error) = state.failure_since(self.begun) {
            return Err(error);
        }
        let is_whole = state.has_all(self.wanted, self.oldest);
        if !is_whole && !state.is_paused {
            state.want_walk(self.oldest, Instant::now());
            return Ok(None);
        }
        let status = shared.status(&state);
        let mut keys = keys_within(&state.catalog, &self.prefix);
        drop(state);
        keys.retain(|key| !shared.store.is_part(key));
        Ok(Some(Within { keys, status, is_whole }))
    }
}

fn keys_within(catalog: &Catalog, prefix: &StreamKey) -> Vec<StreamKey> {
    let bytes = prefix.as_bytes();
    let category = match bytes.strip_suffix(b":") {
        Some(category) => Category::Within(StreamKey::from_bytes(category)),
        None => Category::All,
    };
    let selection = catalog.select(&category, b"");
    let mut keys = selection.keys(0..selection.len());
    keys.retain(|key| key.as_bytes().starts_with(bytes));
    keys.sort();
    keys
}
