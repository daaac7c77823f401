//! What takes events in: handlers of this program, or scripts elsewhere.

use std::sync::Arc;

use async_trait::async_trait;
use rewind_domain::{EntryId, StreamKey};

use super::changes::Write;
use super::{Failure, Keys, ProjectError};
use crate::entry_page::{EntryPage, PageEntry};
use crate::write::Script;
use crate::{EventStore, StoreError, WriteError, reply};

/// What becomes of events in a projection.
#[async_trait]
pub trait Reducer: Send {
    /// How its state is kept.
    fn shape(&self) -> Shape;

    /// Takes events in, from the state that `stored` has, or the one that it had after the last batch. Where a handler fails,
    /// what the events before it came to is returned with the failure.
    ///
    /// # Errors
    /// If the state cannot be read, or handlers cannot be run at all.
    async fn reduce(
        &mut self,
        batch: &Arc<Batch>,
        stored: &Stored<'_>,
    ) -> Result<Reduced, ProjectError>;

    /// What was taken in last was not stored, or others stored something else: the state has to be read again.
    fn forget(&mut self);
}

/// How a projection keeps its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One JSON value.
    State,
    /// JSON values by key.
    Table,
    /// Keys that the handlers change themselves.
    Changes,
}

/// What a batch came to.
#[derive(Debug, Default)]
pub struct Reduced {
    /// How many events were taken in, from the first.
    pub(crate) taken: usize,
    /// What is to be written for them.
    pub(crate) writes: Vec<Write>,
    /// Why the next event was not taken in.
    pub(crate) failure: Option<Failure>,
}

/// Events of one or several streams, in the order in which they are handled.
pub struct Batch {
    pub(crate) streams: Arc<[StreamKey]>,
    pub(crate) pages: Vec<BatchPage>,
    /// Page and entry of each event.
    pub(crate) order: Vec<(u32, u32)>,
}

pub(crate) struct BatchPage {
    pub(crate) stream: usize,
    /// The version of its first entry, where that is known.
    pub(crate) first_version: Option<u64>,
    pub(crate) entries: Arc<EntryPage>,
}

/// What is stored of a projection.
pub struct Stored<'a> {
    pub(crate) store: &'a EventStore,
    pub(crate) keys: &'a Keys,
    /// Whether what is stored does not count, since the projection begins with the first event.
    pub(crate) is_from_start: bool,
}

impl Reduced {
    /// All of a batch, or the part of it before an event that failed, and the new state as JSON.
    #[must_use]
    pub fn of_state(taken: usize, state: Vec<u8>, failure: Option<Failure>) -> Self {
        Self { taken, writes: vec![Write::State(state)], failure }
    }

    /// The same of a table, with the rows that are another now; `None` for a row that is there no more.
    #[must_use]
    pub fn of_rows(
        taken: usize,
        rows: impl IntoIterator<Item = (String, Option<Vec<u8>>)>,
        failure: Option<Failure>,
    ) -> Self {
        let writes = rows.into_iter().map(|(key, row)| Write::Row(key, row)).collect();
        Self { taken, writes, failure }
    }
}

impl Batch {
    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The streams that they are of.
    #[must_use]
    pub fn streams(&self) -> &[StreamKey] {
        &self.streams
    }

    /// The events, each with the number of its stream.
    pub fn events(&self) -> impl Iterator<Item = (usize, PageEntry<'_>)> {
        (0..self.len()).filter_map(|at| self.event(at))
    }

    /// The event at this place, with the number of its stream.
    #[must_use]
    pub fn event(&self, at: usize) -> Option<(usize, PageEntry<'_>)> {
        let (page, entry) = *self.order.get(at)?;
        let page = self.pages.get(page as usize)?;
        Some((page.stream, page.entries.entry(entry as usize)?))
    }

    /// That the event at this place cannot be handled.
    #[must_use]
    pub fn failure(&self, at: usize, message: String) -> Failure {
        let event = self.event(at);
        let stream = event.as_ref().and_then(|(stream, _)| self.streams.get(*stream));
        Failure {
            stream: stream.cloned().unwrap_or_else(|| StreamKey::from_bytes(&b""[..])),
            id: event.as_ref().map(|(_, entry)| entry.id).unwrap_or_default(),
            event_type: event.and_then(|(_, entry)| entry.raw(0).event_type()),
            message,
            line: None,
            column: None,
        }
    }

    /// How far each stream is after this many events: the last entry and its version, where it had any.
    pub(crate) fn reached(&self, taken: usize) -> Vec<Option<(EntryId, Option<u64>)>> {
        let mut reached = vec![None; self.streams.len()];
        for (page, entry) in self.order.iter().take(taken) {
            let Some(page) = self.pages.get(*page as usize) else { continue };
            let Some(id) = page.entries.id_at(*entry as usize) else { continue };
            let version = page.first_version.map(|first| first + u64::from(*entry));
            if let Some(reached) = reached.get_mut(page.stream) {
                *reached = Some((id, version));
            }
        }
        reached
    }
}

/// How many bytes are read of what is stored, at once: more than a state has that scripts and handlers can work on as one value, and little enough
/// not to end the process.
const MOST_READ_BYTES: u64 = 256 * 1024 * 1024;

/// Reads rows of a table, unless they have too many bytes together.
static ROWS: Script = Script::needing("+evalsha +eval +hstrlen +hmget", include_str!("rows.lua"));

/// Whether this much can be read.
pub(super) fn check_size(key: &str, bytes: u64) -> Result<(), StoreError> {
    if bytes <= MOST_READ_BYTES {
        return Ok(());
    }
    let message = format!(
        "what is stored in `{key}` has {bytes} bytes; a projection reads at most {MOST_READ_BYTES} at once, so keep rows by key instead of one state, or smaller ones"
    );
    Err(StoreError::Server { message })
}

impl Stored<'_> {
    /// The state of a fold; `None` before the first event.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn state(&self) -> Result<Option<Vec<u8>>, StoreError> {
        if self.is_from_start {
            return Ok(None);
        }
        let (key, writes) = (self.keys.state(), self.store.writes(self.keys.state()));
        let mut command = redis::cmd("STRLEN");
        command.arg(&key);
        let length = writes.send(&command).await.map_err(WriteError::into_cause)?;
        check_size(&key, reply::number(&length).unwrap_or_default())?;
        let mut command = redis::cmd("GET");
        command.arg(&key);
        Ok(reply::bytes(writes.send(&command).await.map_err(WriteError::into_cause)?))
    }

    /// The rows of these keys; `None` where there is none.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn rows(&self, keys: &[&str]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        if self.is_from_start || keys.is_empty() {
            return Ok(vec![None; keys.len()]);
        }
        let table = self.keys.rows();
        let mut words = vec![MOST_READ_BYTES.to_string()];
        words.extend(keys.iter().map(|key| (*key).to_owned()));
        let reply = ROWS.run(self.store, &[table.as_bytes()], words).await;
        let reply = reply.map_err(WriteError::into_cause)?;
        if let Some(bytes) = reply::number(&reply) {
            check_size(&table, bytes)?;
        }
        match reply {
            redis::Value::Array(rows) if rows.len() == keys.len() => {
                Ok(rows.into_iter().map(reply::bytes).collect())
            }
            _ => Err(StoreError::unexpected("rows of another shape")),
        }
    }
}
