//! A projection that is a script, at work in an engine process.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use rewind_domain::{FoldError, Json};
use rewind_store::Packer;
use rewind_store::project::{Batch, Failure, ProjectError, Reduced, Reducer, Shape, Stored};

use crate::engines::{EngineError, Engines, Projected, ProjectionEvents};
use crate::folds::Script;

/// Has a script take events in.
pub(super) struct ScriptReducer {
    engines: Engines,
    script: Script,
    is_table: bool,
    /// The state as it was stored last.
    current: Option<Json>,
}

impl ScriptReducer {
    pub(super) fn new(engines: &Engines, script: Script, is_table: bool) -> Self {
        Self { engines: engines.clone(), script, is_table, current: None }
    }

    async fn reduce_state(
        &mut self,
        batch: &Batch,
        stored: &Stored<'_>,
    ) -> Result<Reduced, ProjectError> {
        let before = match self.current.take() {
            Some(state) => Some(state),
            None => stored.state().await?.map(|text| parsed(&text)).transpose()?,
        };
        let events = packed(batch);
        let events = self.events(batch, &events);
        let projected =
            self.engines.state(&events, before).await.map_err(|error| no_engine(&error))?;
        let Projected { taken, failure, state, .. } = projected;
        let failure = failure.map(|error| failed(batch, taken, error));
        let Some(state) = state else { return Ok(Reduced::of_rows(0, [], failure)) };
        let text = state.to_string().into_bytes();
        self.current = Some(state);
        Ok(Reduced::of_state(taken, text, failure))
    }

    async fn reduce_rows(
        &mut self,
        batch: &Batch,
        stored: &Stored<'_>,
    ) -> Result<Reduced, ProjectError> {
        let events = packed(batch);
        let events = self.events(batch, &events);
        let Projected { taken, failure, keys, .. } =
            self.engines.keys(&events).await.map_err(|error| no_engine(&error))?;
        if taken == 0 {
            return Ok(Reduced::of_rows(0, [], failure.map(|error| failed(batch, 0, error))));
        }
        let names: BTreeSet<&str> = keys.iter().flatten().map(String::as_str).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let mut rows = Vec::new();
        for (name, row) in names.iter().zip(stored.rows(&names).await?) {
            if let Some(row) = row {
                rows.push(((*name).to_owned(), parsed(&row)?));
            }
        }
        let changed =
            self.engines.rows(&events, keys, rows).await.map_err(|error| no_engine(&error))?;
        // The keys may have been found of more events than could be taken in.
        let failure = changed.failure.or(failure.filter(|_| changed.taken == taken));
        let failure = failure.map(|error| failed(batch, changed.taken, error));
        let rows = changed
            .rows
            .into_iter()
            .map(|(key, row)| (key, row.map(|row| row.to_string().into_bytes())));
        Ok(Reduced::of_rows(changed.taken, rows, failure))
    }

    fn events<'a>(&'a self, batch: &'a Batch, events: &'a Packer) -> ProjectionEvents<'a> {
        ProjectionEvents { script: &self.script, streams: batch.streams(), events }
    }
}

#[async_trait]
impl Reducer for ScriptReducer {
    fn shape(&self) -> Shape {
        if self.is_table { Shape::Table } else { Shape::State }
    }

    async fn reduce(
        &mut self,
        batch: &Arc<Batch>,
        stored: &Stored<'_>,
    ) -> Result<Reduced, ProjectError> {
        match self.is_table {
            true => self.reduce_rows(batch, stored).await,
            false => self.reduce_state(batch, stored).await,
        }
    }

    fn forget(&mut self) {
        self.current = None;
    }
}

fn packed(batch: &Batch) -> Packer {
    let mut packer = Packer::default();
    for (stream, entry) in batch.events() {
        packer.push(u32::try_from(stream).unwrap_or(u32::MAX), &entry.raw(0));
    }
    packer
}

fn parsed(text: &[u8]) -> Result<Json, ProjectError> {
    let text = String::from_utf8_lossy(text);
    Json::parse(&text).map_err(|error| {
        ProjectError::Handlers(format!(
            "what is stored is no JSON: {error}; rebuild the projection"
        ))
    })
}

fn failed(batch: &Batch, at: usize, error: FoldError) -> Failure {
    let FoldError { message, line, column, .. } = error;
    Failure { line, column, ..batch.failure(at, message) }
}

fn no_engine(error: &EngineError) -> ProjectError {
    ProjectError::Handlers(error.to_string())
}
