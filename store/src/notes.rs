//! Notes: short texts under keys of Rewind's own, which expire.

use std::time::Duration;

use redis::Value;

use crate::{EventStore, StoreError, WriteError, reply};

impl EventStore {
    /// Keeps a short text under a key for this long, in place of what was there.
    ///
    /// # Errors
    /// What Redis refuses; [`WriteError::Unknown`] if the reply was lost. Repeating it is harmless.
    pub async fn note(&self, key: &str, text: &str, time: Duration) -> Result<(), WriteError> {
        let mut command = redis::cmd("SET");
        command.arg(key).arg(text).arg("EX").arg(time.as_secs().max(1));
        self.writes(key).send(&command).await.map(|_: Value| ())
    }

    /// Keeps a short text under a key for this long, unless there is one. Whether it did.
    ///
    /// # Errors
    /// As [`EventStore::note`]; repeated, it may find its own.
    pub async fn note_once(
        &self,
        key: &str,
        text: &str,
        time: Duration,
    ) -> Result<bool, WriteError> {
        let mut command = redis::cmd("SET");
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
        command.arg(key).arg(text).arg("NX").arg("PX").arg(ms);
        Ok(self.writes(key).send(&command).await? == Value::Okay)
    }

    /// Removes such a text.
    ///
    /// # Errors
    /// As [`EventStore::note`].
    pub async fn forget_note(&self, key: &str) -> Result<(), WriteError> {
        let mut command = redis::cmd("DEL");
        command.arg(key);
        self.writes(key).send(&command).await.map(|_: Value| ())
    }

    /// The text under a key; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn noted(&self, key: &str) -> Result<Option<String>, StoreError> {
        let mut command = redis::cmd("GET");
        command.arg(key);
        let reply = self.writes(key).send(&command).await.map_err(WriteError::into_cause)?;
        Ok(reply::text(&reply))
    }
}
