//! Projections whose handlers are of this program.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use rewind_domain::Event;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::changes::Changes;
use super::handlers::Handlers;
use super::reducer::{Batch, Reduced, Reducer, Shape, Stored};
use super::{Failure, ProjectError};

/// Folds events into one state.
pub(crate) struct StateReducer<S> {
    initial: Box<dyn Fn() -> S + Send + Sync>,
    handlers: Handlers<S>,
    /// The state, and as it was stored last.
    current: Option<(S, Vec<u8>)>,
}

/// Folds events into a row for each key.
pub(crate) struct TableReducer<R> {
    key: KeyOf,
    handlers: Handlers<Option<R>>,
}

/// Of which row an event is, if of any.
pub(crate) type KeyOf = Box<dyn Fn(&Event) -> Option<String> + Send + Sync>;

/// Collects what handlers change.
pub(crate) struct ChangesReducer {
    handlers: Handlers<Changes>,
}

impl<S> StateReducer<S> {
    pub(crate) fn new(
        initial: impl Fn() -> S + Send + Sync + 'static,
        handlers: Handlers<S>,
    ) -> Self {
        Self { initial: Box::new(initial), handlers, current: None }
    }
}

#[async_trait]
impl<S: Serialize + DeserializeOwned + Send + 'static> Reducer for StateReducer<S> {
    fn shape(&self) -> Shape {
        Shape::State
    }

    async fn reduce(
        &mut self,
        batch: &Arc<Batch>,
        stored: &Stored<'_>,
    ) -> Result<Reduced, ProjectError> {
        let (mut state, before) = match self.current.take() {
            Some(current) => current,
            None => {
                let text = match stored.state().await? {
                    Some(text) => text,
                    None => encoded(&(self.initial)())?,
                };
                (decoded(&text, &stored.keys.state())?, text)
            }
        };
        let mut taken = batch.len();
        let failure = self.handle(&mut state, batch, taken);
        let failure = failure.map(|(at, message)| {
            taken = at;
            batch.failure(at, message)
        });
        if failure.is_some() {
            // What the handler left half done is not to be seen.
            state = decoded(&before, &stored.keys.state())?;
            self.handle(&mut state, batch, taken);
        }
        let text = encoded(&state)?;
        self.current = Some((state, text.clone()));
        Ok(Reduced::of_state(taken, text, failure))
    }

    fn forget(&mut self) {
        self.current = None;
    }
}

impl<S: 'static> StateReducer<S> {
    /// Handles the first `count` events. Returns the place of the one that failed, and why; `None` if none did.
    fn handle(&self, state: &mut S, batch: &Batch, count: usize) -> Option<(usize, String)> {
        for (at, (_, entry)) in batch.events().take(count).enumerate() {
            let event = self.handlers.up_to_date(raw(&entry));
            if let Err(message) = self.handlers.handle(state, &event) {
                return Some((at, message));
            }
        }
        None
    }
}

impl<R> TableReducer<R> {
    pub(crate) fn new(
        key: impl Fn(&Event) -> Option<String> + Send + Sync + 'static,
        handlers: Handlers<Option<R>>,
    ) -> Self {
        Self { key: Box::new(key), handlers }
    }
}

#[async_trait]
impl<R: Serialize + DeserializeOwned + Send + Sync + 'static> Reducer for TableReducer<R> {
    fn shape(&self) -> Shape {
        Shape::Table
    }

    async fn reduce(
        &mut self,
        batch: &Arc<Batch>,
        stored: &Stored<'_>,
    ) -> Result<Reduced, ProjectError> {
        let keys: Vec<Option<String>> = batch
            .events()
            .map(|(_, entry)| (self.key)(&self.handlers.up_to_date(raw(&entry)).whole()))
            .collect();
        let mut names: Vec<&str> = keys.iter().flatten().map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        let before = stored.rows(&names).await?;
        let mut rows: BTreeMap<&str, (Option<R>, Option<Vec<u8>>)> = BTreeMap::new();
        for (name, text) in names.iter().zip(before) {
            let row = text.as_deref().map(|text| decoded(text, &stored.keys.rows())).transpose()?;
            rows.insert(name, (row, text));
        }
        let mut taken = batch.len();
        let mut failure = None;
        for (at, ((_, entry), key)) in batch.events().zip(&keys).enumerate() {
            let Some((row, _)) = key.as_deref().and_then(|key| rows.get_mut(key)) else { continue };
            // What the handler leaves half done is not to be seen.
            let before = row.as_ref().map(encoded).transpose()?;
            let event = self.handlers.up_to_date(raw(&entry));
            if let Err(message) = self.handlers.handle(row, &event) {
                *row = before.map(|text| decoded(&text, &stored.keys.rows())).transpose()?;
                taken = at;
                failure = Some(batch.failure(at, message));
                break;
            }
        }
        let mut changed = Vec::new();
        for (name, (row, before)) in rows {
            let after = row.as_ref().map(encoded).transpose()?;
            if after != before {
                changed.push((name.to_owned(), after));
            }
        }
        Ok(Reduced::of_rows(taken, changed, failure))
    }

    fn forget(&mut self) {}
}

impl ChangesReducer {
    pub(crate) fn new(handlers: Handlers<Changes>) -> Self {
        Self { handlers }
    }

    /// The changes of the first `count` events, or the place of the event that failed.
    fn changes(&self, batch: &Batch, count: usize) -> Result<Changes, (usize, String)> {
        let mut changes = Changes::default();
        for (at, (_, entry)) in batch.events().take(count).enumerate() {
            let event = self.handlers.up_to_date(raw(&entry));
            self.handlers.handle(&mut changes, &event).map_err(|message| (at, message))?;
        }
        Ok(changes)
    }
}

#[async_trait]
impl Reducer for ChangesReducer {
    fn shape(&self) -> Shape {
        Shape::Changes
    }

    async fn reduce(
        &mut self,
        batch: &Arc<Batch>,
        _: &Stored<'_>,
    ) -> Result<Reduced, ProjectError> {
        let (taken, changes, failure): (usize, Changes, Option<Failure>) =
            match self.changes(batch, batch.len()) {
                Ok(changes) => (batch.len(), changes, None),
                Err((at, message)) => {
                    let changes = self.changes(batch, at).unwrap_or_default();
                    (at, changes, Some(batch.failure(at, message)))
                }
            };
        Ok(Reduced { taken, writes: changes.into_writes(), failure })
    }

    fn forget(&mut self) {}
}

fn raw<'e>(entry: &'e crate::PageEntry<'_>) -> rewind_domain::RawEvent<'e> {
    entry.raw(rewind_domain::raw_event::UNKNOWN_VERSION)
}

fn encoded(value: &impl Serialize) -> Result<Vec<u8>, ProjectError> {
    serde_json::to_vec(value)
        .map_err(|error| ProjectError::Handlers(format!("the state is no JSON: {error}")))
}

fn decoded<T: DeserializeOwned>(text: &[u8], key: &str) -> Result<T, ProjectError> {
    serde_json::from_slice(text)
        .map_err(|error| ProjectError::Stored { key: key.to_owned(), reason: error.to_string() })
}
