//! Adding events to a stream in one step: all or none, if the stream is as expected, and once.
//!
//! Publishing and appending are this with other expectations. It is one Lua script ([`by_script`]); where a user may run no scripts, or
//! the server has none, it is a transaction on a connection of its own ([`by_transaction`]).

mod by_script;
mod by_transaction;
pub(crate) mod counted;
mod events;
mod idempotency;
mod preview;

use std::time::Duration;

use rewind_domain::{EntryId, StreamKey};

pub(crate) use events::check;
pub use events::{
    EventsError, MAX_BATCH_EVENTS, MAX_BATCH_FIELDS, MAX_BATCH_WORDS, MAX_EVENT_BYTES,
};
pub use idempotency::IdempotencyKey;
pub(crate) use preview::preview;

use crate::Backoff;
use crate::publish::Limit;
use crate::{EventStore, NewEvent, StoreError, WriteError};

/// How often a write with an idempotency key is tried in all, while its fate is unknown or Redis is away: with the waits between, some
/// seconds, in which a server is restarted or a replica promoted.
const MAX_TRIES: u64 = 7;
/// How long is waited between.
const BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(50), longest: Duration::from_secs(2) };

/// What a stream is expected to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expected {
    /// Anything.
    Any,
    /// Without any event so far.
    New,
    /// With at least one event, though it may have been trimmed since.
    Exists,
    /// At this version: this many events were ever added.
    Version(u64),
}

/// Events to be added.
pub(crate) struct Add<'a> {
    pub(crate) stream: &'a StreamKey,
    pub(crate) events: &'a [NewEvent],
    /// `None` where nobody asks for the version either.
    pub(crate) expected: Option<Expected>,
    pub(crate) limit: Option<Limit>,
    pub(crate) key: Option<&'a IdempotencyKey>,
}

/// Events that were added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Added {
    pub(crate) ids: Vec<EntryId>,
    /// The version after them, where it was asked for and can be told.
    pub(crate) version: Option<u64>,
}

/// Why events were not added, or perhaps not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AddError {
    /// They cannot be.
    Events(EventsError),
    /// The stream is not as expected, but at this version, if that can be told.
    Conflict { actual: Option<u64> },
    /// The version of the stream cannot be told.
    VersionUntold,
    /// Redis refuses, is away, or did not answer.
    Write(WriteError),
}

impl From<EventsError> for AddError {
    fn from(error: EventsError) -> Self {
        Self::Events(error)
    }
}

impl From<WriteError> for AddError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<StoreError> for AddError {
    fn from(error: StoreError) -> Self {
        Self::Write(error.into())
    }
}

/// Adds events. With an idempotency key it asks again while the outcome is unknown or Redis is away, within bounds.
pub(crate) async fn add(store: &EventStore, add: &Add<'_>) -> Result<Added, AddError> {
    check(add.events, true, store.writes(add.stream.as_bytes())).await?;
    let mut retry = Retry::default();
    loop {
        match add_once(store, add).await {
            Err(AddError::Write(error)) if add.key.is_some() => retry.after(error).await?,
            outcome => return outcome,
        }
    }
}

/// How often a write was tried whose repetition is harmless.
#[derive(Default)]
pub(crate) struct Retry {
    tries: u64,
    /// What is told in the end: what was perhaps done once is not undone by a later failure to ask.
    unknown: Option<WriteError>,
}

impl Retry {
    /// Waits before the next try.
    ///
    /// # Errors
    /// If another try is of no use, or there were enough.
    pub(crate) async fn after(&mut self, error: WriteError) -> Result<(), WriteError> {
        if !error.is_unknown() && !error.cause().is_passing() {
            return Err(error);
        }
        self.tries += 1;
        if error.is_unknown() {
            self.unknown = Some(error.clone());
        }
        if self.tries == MAX_TRIES {
            return Err(self.unknown.take().unwrap_or(error));
        }
        tokio::time::sleep(BACKOFF.after(self.tries)).await;
        Ok(())
    }
}

async fn add_once(store: &EventStore, add: &Add<'_>) -> Result<Added, AddError> {
    match by_script::add(store, add).await {
        Err(AddError::Write(WriteError::NotDone(error))) if is_without_scripts(&error) => {
            by_transaction::add(store, add).await
        }
        outcome => outcome,
    }
}

/// Whether a script cannot be run by this user, or on this server.
fn is_without_scripts(error: &StoreError) -> bool {
    matches!(error, StoreError::CommandRefused { command, .. }
        if command.eq_ignore_ascii_case("eval") || command.eq_ignore_ascii_case("evalsha"))
}
