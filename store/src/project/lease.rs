//! A lease: who works on a projection, so that others need not do the same. What keeps it right is the checkpoint.

use std::time::{Duration, Instant};

use redis::Value;

use crate::write::Script;
use crate::{EventStore, WriteError};

/// How long a lease holds. One who holds it renews it three times in that time.
pub(crate) const LEASE: Duration = Duration::from_secs(10);

static RENEW: Script = Script::needing(
    "+evalsha +eval +get +set +pexpire",
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
     if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
     return redis.call('GET', KEYS[1])",
);
static RELEASE: Script = Script::needing(
    "+evalsha +eval +get +del",
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0",
);

/// The right to work on a projection, for a while.
pub(crate) struct Lease {
    store: EventStore,
    key: String,
    runner: String,
    renewed: Option<Instant>,
}

impl Lease {
    /// One that is not taken yet.
    pub(crate) fn new(store: &EventStore, key: String, runner: &str) -> Self {
        Self { store: store.clone(), key, runner: runner.to_owned(), renewed: None }
    }

    /// Takes it, or renews it where that is due. Returns who else has it, if somebody does.
    pub(crate) async fn hold(&mut self) -> Result<Option<String>, WriteError> {
        if self.renewed.is_some_and(|renewed| renewed.elapsed() < LEASE / 3) {
            return Ok(None);
        }
        let words = [self.runner.clone(), LEASE.as_millis().to_string()];
        let reply = RENEW.run(&self.store, &[self.key.as_bytes()], words).await?;
        self.renewed = None;
        match reply {
            Value::Int(1) => {
                self.renewed = Some(Instant::now());
                Ok(None)
            }
            other => Ok(Some(crate::reply::text(&other).unwrap_or_default())),
        }
    }

    /// Whether it was taken, and not lost since.
    pub(crate) fn is_held(&self) -> bool {
        self.renewed.is_some()
    }

    /// Gives it back, so that others need not wait for its end.
    pub(crate) async fn release(&mut self) {
        if self.renewed.take().is_some() {
            // Where it cannot be given back it ends by itself.
            let _ = RELEASE.run(&self.store, &[self.key.as_bytes()], [self.runner.as_str()]).await;
        }
    }
}
