//! Whether Redis would refuse a command, found out without running it.

use redis::Value;

use crate::{EventStore, StoreError, WriteError, reply};

impl EventStore {
    /// Why Redis would refuse the user of this store a command on a key, by `ACL DRYRUN`; `None` if it would not, and where it cannot be asked: servers
    /// before Redis 7 do not have it, and a user may not be allowed to ask.
    ///
    /// # Errors
    /// Where Redis does not answer.
    pub async fn refusal_of<A: AsRef<[u8]>>(
        &self,
        key: &[u8],
        command: &[A],
    ) -> Result<Option<String>, StoreError> {
        let Some(user) = self.user(key).await? else { return Ok(None) };
        let mut asked = redis::cmd("ACL");
        asked.arg("DRYRUN").arg(&user);
        for word in command {
            asked.arg(word.as_ref());
        }
        match self.writes(key).send(&asked).await {
            Ok(Value::Okay | Value::Nil) => Ok(None),
            Ok(reply) => Ok(reply::text(&reply).filter(|text| text != "OK")),
            Err(error) => unasked(error),
        }
    }

    /// Who writes; `None` where Redis does not tell.
    async fn user(&self, key: &[u8]) -> Result<Option<String>, StoreError> {
        let mut command = redis::cmd("ACL");
        command.arg("WHOAMI");
        match self.writes(key).send(&command).await {
            Ok(reply) => Ok(reply::text(&reply)),
            Err(error) => unasked(error),
        }
    }
}

/// What cannot be asked is not known; whether Redis is there matters.
fn unasked(error: WriteError) -> Result<Option<String>, StoreError> {
    match error.into_cause() {
        error if error.is_passing() => Err(error),
        _ => Ok(None),
    }
}
