//! Lua scripts, which Redis runs as one step: all of it is done, or nothing is.

use std::sync::OnceLock;

use redis::{Script as RedisScript, Value};

use super::WriteError;
use crate::{EventStore, StoreError};

/// A script of this crate, sent by its digest, and in full where the server does not have it (yet, or any more).
pub(crate) struct Script {
    source: &'static str,
    /// The ACL rules that allow what it does, where they are known.
    needs: &'static str,
    compiled: OnceLock<RedisScript>,
}

impl Script {
    /// The script of this source.
    pub(crate) const fn new(source: &'static str) -> Self {
        Self { source, needs: "", compiled: OnceLock::new() }
    }

    /// The script of this source, whose commands these ACL rules allow.
    pub(crate) const fn needing(rules: &'static str, source: &'static str) -> Self {
        Self { source, needs: rules, compiled: OnceLock::new() }
    }

    /// Runs it on these keys, of which there is one at least and which are all in one slot, with these arguments.
    ///
    /// # Errors
    /// As [`WriteConnection::send`]. That a server does not have the script is no error: it ran nothing, and gets the source.
    pub(crate) async fn run<A: AsRef<[u8]>>(
        &self,
        store: &EventStore,
        keys: &[&[u8]],
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<Value, WriteError> {
        let connection = store.writes(keys.first().copied().unwrap_or_default());
        let compiled = self.compiled.get_or_init(|| RedisScript::new(self.source));
        let mut by_digest = redis::cmd("EVALSHA");
        by_digest.arg(compiled.get_hash()).arg(keys.len());
        let mut rest: Vec<Vec<u8>> = keys.iter().map(|key| key.to_vec()).collect();
        rest.extend(arguments.into_iter().map(|argument| argument.as_ref().to_vec()));
        by_digest.arg(&rest);
        let outcome = match connection.send(&by_digest).await {
            Err(WriteError::NotDone(StoreError::Server { message }))
                if message.starts_with("NOSCRIPT") =>
            {
                let mut in_full = redis::cmd("EVAL");
                in_full.arg(self.source).arg(keys.len()).arg(&rest);
                connection.send(&in_full).await
            }
            outcome => outcome,
        };
        match outcome {
            Err(WriteError::NotDone(StoreError::RefusedInScript { .. })) => {
                Err(StoreError::RefusedInScript { rules: self.needs }.into())
            }
            outcome => outcome,
        }
    }
}
