//! What people want of whoever runs a projection: a hash in Redis, which every runner reads.

use std::time::Duration;

use redis::Value;

use super::Keys;
use super::work::{new_generation, now_ms};
use crate::{EventStore, Store, StoreError, WriteError, reply};

/// How often a runner looks whether something else is wanted of it.
const LOOK: Duration = Duration::from_secs(1);

/// What is wanted of whoever runs a projection, as the hash `projection:{name}:control` says.
///
/// | field | |
/// |---|---|
/// | `is_paused` | `1` while nobody is to run it |
/// | `by` | who said so |
/// | `at` | when, in Unix milliseconds |
/// | `turn` | changes each time; a runner that waits after a failure tries again then |
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// Whether nobody is to run it.
    pub is_paused: bool,
    /// Who said so.
    pub by: Option<String>,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    turn: String,
}

/// Whether a runner is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controlled {
    /// It is to run.
    Runs,
    /// It is to wait.
    Paused,
}

impl Control {
    fn of(reply: Value) -> Result<Self, StoreError> {
        let fields =
            reply::fields(reply).ok_or(StoreError::unexpected("a control that is no hash"))?;
        let text = |name: &str| {
            let found = fields.iter().find(|(field, _)| field == name.as_bytes());
            found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
        };
        Ok(Self {
            is_paused: text("is_paused").as_deref() == Some("1"),
            by: text("by").filter(|by| !by.is_empty()),
            at_ms: text("at").and_then(|at| at.parse().ok()).unwrap_or_default(),
            turn: text("turn").unwrap_or_default(),
        })
    }

    /// Reads it, as whoever runs the projection does.
    ///
    /// # Errors
    /// Where Redis cannot be read.
    pub async fn read(store: &EventStore, name: &str) -> Result<Self, StoreError> {
        let key = Keys::of(name).control();
        let reply = store.writes(&key).send(redis::cmd("HGETALL").arg(&key)).await;
        Self::of(reply.map_err(WriteError::into_cause)?)
    }

    /// Resolves once something else is wanted than this. Not while Redis is away.
    pub async fn changed(&self, store: &EventStore, name: &str) -> Self {
        loop {
            tokio::time::sleep(LOOK).await;
            match Self::read(store, name).await {
                Ok(now) if now != *self => return now,
                _ => {}
            }
        }
    }
}

impl Store {
    /// What is wanted of whoever runs a projection.
    ///
    /// # Errors
    /// If Redis cannot be read.
    pub async fn projection_control(&self, name: &str) -> Result<Control, StoreError> {
        let key = Keys::of(name).control();
        let mut command = redis::pipe();
        command.cmd("HGETALL").arg(&key);
        Control::of(self.single(key.as_bytes(), &command).await?)
    }
}

/// Says that a projection is to be run, or that nobody is to run it. Every runner obeys within a second or so; one that waits after a failure
/// tries again.
///
/// # Errors
/// What Redis refuses; [`WriteError::Unknown`] if the reply was lost. Repeating it is harmless.
pub async fn control(
    store: &EventStore,
    name: &str,
    wanted: Controlled,
    by: &str,
) -> Result<(), WriteError> {
    let key = Keys::of(name).control();
    let mut command = redis::cmd("HSET");
    let flag = if wanted == Controlled::Paused { "1" } else { "" };
    command.arg(&key).arg("is_paused").arg(flag).arg("by").arg(by);
    command.arg("at").arg(now_ms()).arg("turn").arg(new_generation());
    store.writes(&key).send(&command).await.map(drop)
}
