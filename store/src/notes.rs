//! Notes: short texts under keys of Rewind's own, which expire.

use std::time::Duration;

use redis::Value;

use crate::{EventStore, Store, StoreError, WriteError, reply};

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

    /// Removes such a text.
    ///
    /// # Errors
    /// As [`EventStore::note`].
    pub async fn forget_note(&self, key: &str) -> Result<(), WriteError> {
        let mut command = redis::cmd("DEL");
        command.arg(key);
        self.writes(key).send(&command).await.map(|_: Value| ())
    }
}

impl Store {
    /// The texts under these keys; `None` where there is none, or where this user may not read it.
    ///
    /// # Errors
    /// Where Redis does not answer.
    pub async fn notes(&self, keys: &[String]) -> Result<Vec<Option<String>>, StoreError> {
        let command = |key: &String| {
            let mut command = redis::cmd("GET");
            command.arg(key);
            command
        };
        let commands: Vec<(&[u8], redis::Cmd)> =
            keys.iter().map(|key| (key.as_bytes(), command(key))).collect();
        let replies = self.run_each(&commands).await?;
        Ok(replies.into_iter().map(|reply| reply::text(&reply.ok()?)).collect())
    }
}
