//! Looking at streams from the outside.

use std::collections::HashMap;
use std::time::Instant;

use rewind_domain::StreamKey;

use super::Shared;
use rewind_store::{FoundStream, StoreError};

impl Shared {
    /// What these streams hold, or why that cannot be told. What was asked a moment ago is not asked again, however many
    /// look at the same.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub(super) async fn look(&self, keys: &[StreamKey]) -> Result<Vec<FoundStream>, StoreError> {
        let now = Instant::now();
        let mut known = HashMap::with_capacity(keys.len());
        let mut unknown = Vec::new();
        {
            let state = self.state();
            for key in keys {
                match state.detail(key, now) {
                    Some(info) => drop(known.insert(key, info)),
                    None => unknown.push(key.clone()),
                }
            }
        }
        let asked = self.ask(&unknown).await?;
        known.extend(asked.iter().map(|found| (&found.key, found.info.clone())));
        let found = |key: &StreamKey| {
            let info = known.get(key).cloned().unwrap_or(Err(StoreError::NotFound));
            FoundStream { key: key.clone(), info }
        };
        Ok(keys.iter().map(found).collect())
    }

    /// The same, asked of Redis now.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub(super) async fn ask(&self, keys: &[StreamKey]) -> Result<Vec<FoundStream>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store.look_at(keys).await?;
        let errors = || found.iter().filter_map(|found| found.info.as_ref().err());
        if let Some(passing) = errors().find(|error| error.is_passing()) {
            return Err(passing.clone());
        }
        let now = Instant::now();
        self.state().looked_at(&found, now, self.as_of(now));
        Ok(found)
    }
}
