//! The rows of a table, while events change them.

use std::collections::BTreeMap;

use rewind_domain::{FoldError, Json, RawEvent};
use rquickjs::{Ctx, Persistent, Value};

use crate::digits::Spellings;
use crate::engine::{Engine, Tools};
use crate::error::{self, Fault, gone};
use crate::event::Seen;
use crate::held::{Held, hold, keep};
use crate::module::Ready;
use crate::projection::ScriptProjection;
use crate::values::{Names, Notes, Reader, Writer};

/// Some rows of a table, while events change them. Of no use any more behind an error.
pub struct Rows<'p> {
    projection: &'p ScriptProjection,
    /// Values of the engine; they go before it does.
    held: Option<Held>,
    rows: BTreeMap<String, Row>,
    names: Names,
    ready: Option<Ready>,
    /// A row before its first event.
    initial: Json,
    spellings: Spellings,
    has_tables: bool,
    has_failed: bool,
}

struct Row {
    /// As it is stored.
    before: Option<Json>,
    now: Now,
}

/// What a row is by now.
enum Now {
    /// What is stored.
    Unchanged,
    /// A value of the engine.
    Changed(Persistent<Value<'static>>),
    /// It was removed.
    Removed,
}

impl<'p> Rows<'p> {
    pub(crate) fn begin(projection: &'p ScriptProjection) -> Result<Self, FoldError> {
        let fold = &projection.fold;
        let ready = fold.module.ready()?;
        let spellings = Spellings::default();
        let (held, has_tables) = hold(fold, &ready.engine, None, &Notes::default(), &spellings)?;
        let mut rows = Self {
            projection,
            held: None,
            rows: BTreeMap::new(),
            names: Names::default(),
            ready: Some(ready),
            initial: Json::Null,
            spellings,
            has_tables,
            has_failed: false,
        };
        rows.initial = rows.read(&held.state, None)?;
        rows.held = Some(held);
        Ok(rows)
    }

    /// The key of the row that an event is about, if it is about one.
    ///
    /// # Errors
    /// If the script fails.
    pub fn key(&mut self, event: &RawEvent<'_>) -> Result<Option<String>, FoldError> {
        let key = self.find_key(event);
        self.noting(key)
    }

    /// Makes a row known as it is stored.
    pub fn insert(&mut self, key: String, row: Option<Json>) {
        self.rows.insert(key, Row { before: row, now: Now::Unchanged });
    }

    /// Has an event change the row of this key, which is the first one where it is not known.
    ///
    /// # Errors
    /// If the script fails.
    pub fn apply(&mut self, key: &str, event: &RawEvent<'_>) -> Result<(), FoldError> {
        let applied = self.change(key, event);
        self.noting(applied)
    }

    /// The rows that are another now; `None` for one that is there no more.
    ///
    /// # Errors
    /// If a row is nothing that JSON can express, or too large.
    pub fn changed(&mut self) -> Result<Vec<(String, Option<Json>)>, FoldError> {
        let changed = self.read_changed();
        self.noting(changed)
    }

    fn noting<R>(&mut self, result: Result<R, FoldError>) -> Result<R, FoldError> {
        self.has_failed |= result.is_err();
        result
    }

    fn find_key(&mut self, event: &RawEvent<'_>) -> Result<Option<String>, FoldError> {
        let Self { projection, held, ready, spellings, .. } = self;
        let (held, engine) = parts(held, ready)?;
        let fold = &projection.fold;
        let Some(at) = fold.key else { return Ok(None) };
        let mut seen = Seen::of(event);
        loop {
            let key = engine.enter_often(|ctx| {
                let state = Value::new_undefined(ctx.clone());
                let Some((key, _)) = held.ask(ctx, fold, at, &seen, &state, spellings)? else {
                    return Ok(None);
                };
                Ok(Some(key.as_string().map(rquickjs::String::to_string).transpose()?))
            })?;
            match key {
                Some(key) => return Ok(key),
                // What was promised to be JSON is none.
                None => seen = Seen::decoded(event),
            }
        }
    }

    fn change(&mut self, key: &str, event: &RawEvent<'_>) -> Result<(), FoldError> {
        let Self { projection, held, ready, spellings, rows, initial, has_tables, .. } = self;
        let (held, engine) = parts(held, ready)?;
        let fold = &projection.fold;
        if !rows.contains_key(key) {
            rows.insert(key.to_owned(), Row { before: None, now: Now::Unchanged });
        }
        let Some(row) = rows.get_mut(key) else { return Ok(()) };
        let mut seen = Seen::of(event);
        while let Some(at) = fold.handler(seen.event_type.as_deref()) {
            let called = engine.enter_often(|ctx| {
                held.state = match (&row.now, &row.before) {
                    (Now::Changed(value), _) => value.clone(),
                    (Now::Unchanged, Some(before)) => made(ctx, before, spellings, has_tables)?,
                    (Now::Unchanged, None) | (Now::Removed, _) => {
                        made(ctx, initial, spellings, has_tables)?
                    }
                };
                let called = held.call(ctx, fold, at, &seen, spellings)?;
                if called.is_some() {
                    row.now = match held.state.clone().restore(ctx)?.is_null() {
                        true => Now::Removed,
                        false => Now::Changed(held.state.clone()),
                    };
                }
                Ok(called)
            })?;
            match called {
                Some(carries_tables) => {
                    *has_tables |= carries_tables;
                    return Ok(());
                }
                None => seen = Seen::decoded(event),
            }
        }
        Ok(())
    }

    fn read_changed(&mut self) -> Result<Vec<(String, Option<Json>)>, FoldError> {
        let mut changed = Vec::new();
        for (key, Row { before, now }) in std::mem::take(&mut self.rows) {
            let now = match now {
                Now::Unchanged => continue,
                Now::Removed => None,
                Now::Changed(value) => Some(self.read(&value, before.as_ref())?),
            };
            if now != before {
                changed.push((key, now));
            }
        }
        Ok(changed)
    }

    fn read(
        &mut self,
        value: &Persistent<Value<'static>>,
        before: Option<&Json>,
    ) -> Result<Json, FoldError> {
        let Self { ready, spellings, names, has_tables, .. } = self;
        let engine = &ready.as_ref().ok_or_else(gone)?.engine;
        let limits = engine.limits();
        engine.enter_to_read(|ctx| {
            let tools = Tools::of(ctx)?;
            let mut reader = Reader::new(ctx, &tools, spellings, names);
            reader.has_tables = *has_tables;
            reader.max_bytes = limits.state_bytes;
            let value = value.clone().restore(ctx)?;
            reader.read(&value, before, || error::state_too_large(limits))
        })
    }
}

impl Drop for Rows<'_> {
    fn drop(&mut self) {
        self.rows = BTreeMap::new();
        self.held = None;
        self.names = Names::default();
        let is_sound = !self.has_failed && !std::thread::panicking();
        if let Some(ready) = self.ready.take().filter(|_| is_sound) {
            self.projection.fold.module.give_back(ready);
        }
    }
}

fn parts<'r>(
    held: &'r mut Option<Held>,
    ready: &'r Option<Ready>,
) -> Result<(&'r mut Held, &'r Engine), FoldError> {
    let held = held.as_mut().ok_or_else(gone)?;
    Ok((held, &ready.as_ref().ok_or_else(gone)?.engine))
}

/// A row as a value of the engine.
fn made(
    ctx: &Ctx<'_>,
    row: &Json,
    spellings: &Spellings,
    has_tables: &mut bool,
) -> Result<Persistent<Value<'static>>, Fault> {
    let notes = Notes::default();
    let mut writer = Writer::new(ctx, spellings, &notes);
    let value = writer.value(row)?;
    *has_tables |= writer.has_tables;
    Ok(keep(ctx, value))
}
