//! A fold in JavaScript at work on one history.

use std::sync::Arc;

use rewind_domain::{
    Applied, Checkpoint, Fold, FoldError, FoldErrorKind, Folding, Json, RawEvent, diff,
};

use crate::digits::Spellings;
use crate::engine::{Engine, Tools};
use crate::error::{self, error, gone};
use crate::event::Seen;
use crate::fold::ScriptFold;
use crate::held::{Held, hold};
use crate::module::Ready;
use crate::values::{Names, Notes, Reader};

/// How many events of one folding are applied twice because the fold is new.
const FIRST_CHECKS: u64 = 16;
/// After how many events the next one is applied twice, and how many more for each value in the state. Applying one
/// twice takes as long as 50 events and half an event for each value, about: a fiftieth of all work.
const CHECK_INTERVAL: u64 = 2_500;
const CHECK_INTERVAL_PER_VALUE: u64 = 25;

/// A fold in JavaScript at work on one history.
pub(crate) struct ScriptFolding<'f> {
    fold: &'f ScriptFold,
    /// Values of the engine; they go before it does.
    held: Option<Held>,
    names: Names,
    ready: Option<Ready>,
    spellings: Spellings,
    /// Whether any value may carry a table of digits.
    has_tables: bool,
    /// The state as it was read out last, what has to be noted beside it, and how many values it has.
    last: Option<Json>,
    last_notes: Notes,
    last_nodes: u64,
    /// Whether `last` is the state now.
    is_current: bool,
    taken: u64,
    next_check: u64,
    checks_next: bool,
    notes_text: Option<Arc<str>>,
    failure: Option<FoldError>,
}

impl<'f> ScriptFolding<'f> {
    pub(crate) fn begin(
        fold: &'f ScriptFold,
        from: Option<&Checkpoint>,
    ) -> Result<Self, FoldError> {
        let (spellings, notes) = match from.and_then(|from| from.notes.as_deref()) {
            Some(text) => read_notes(text).ok_or_else(|| {
                error(FoldErrorKind::Invalid, "the checkpoint is none of this fold")
            })?,
            None => (Spellings::default(), Notes::default()),
        };
        let ready = fold.module.ready()?;
        let (held, has_tables) =
            hold(fold, &ready.engine, from.map(|from| &from.state), &notes, &spellings)?;
        Ok(Self {
            fold,
            held: Some(held),
            names: Names::default(),
            ready: Some(ready),
            spellings,
            has_tables,
            last: from.map(|from| from.state.clone()),
            last_notes: Notes::default(),
            last_nodes: 0,
            is_current: false,
            taken: 0,
            next_check: CHECK_INTERVAL,
            checks_next: false,
            notes_text: None,
            failure: None,
        })
    }

    /// The engine, to be entered before the first event.
    pub(crate) fn engine(&self) -> Result<&Engine, FoldError> {
        self.ready.as_ref().map(|ready| &ready.engine).ok_or_else(gone)
    }

    /// Remembers why this folding is of no use any more.
    fn noting<R>(&mut self, result: Result<R, FoldError>) -> Result<R, FoldError> {
        if let Err(error) = &result {
            self.failure.get_or_insert_with(|| error.clone());
        }
        result
    }

    fn apply_once(&mut self, event: &RawEvent<'_>) -> Result<Applied, FoldError> {
        let Self { fold, held, ready, spellings, .. } = self;
        let held = held.as_mut().ok_or_else(gone)?;
        let engine = &ready.as_ref().ok_or_else(gone)?.engine;
        let mut seen = Seen::of(event);
        loop {
            let Some(at) = fold.handler(seen.event_type.as_deref()) else {
                return Ok(Applied::Skipped);
            };
            let called = engine.enter_often(|ctx| held.call(ctx, fold, at, &seen, spellings))?;
            match called {
                Some(carries_tables) => {
                    self.has_tables |= carries_tables;
                    self.is_current = false;
                    self.taken += 1;
                    return Ok(if seen.has_data() { Applied::Taken } else { Applied::Unread });
                }
                // What was promised to be JSON is none.
                None => seen = Seen::decoded(event),
            }
        }
    }

    /// Applies an event, and then once more to the state before it, in a fresh instance.
    fn apply_twice(&mut self, event: &RawEvent<'_>) -> Result<Applied, FoldError> {
        let before = self.read()?;
        let notes = self.last_notes.clone();
        let spellings = self.spellings.clone();
        let applied = self.apply_once(event)?;
        if applied == Applied::Skipped {
            return Ok(applied);
        }
        let after = self.read()?;
        self.checks_next = false;
        self.next_check = self.taken + CHECK_INTERVAL + CHECK_INTERVAL_PER_VALUE * self.last_nodes;
        let again = self.apply_afresh(&before, &notes, spellings, event);
        let what = || {
            let seen = Seen::of(event);
            let event_type = seen.event_type.as_deref().unwrap_or("without a type");
            format!("event `{event_type}` (version {})", event.version)
        };
        const WHY: &str =
            "the fold keeps something outside of the state, or the state is more than its JSON";
        match again {
            Ok(again) if again == after => Ok(applied),
            Ok(again) => {
                let change = diff::diff(&again, &after).into_iter().next();
                let place = change.map_or_else(String::new, |change| {
                    let shown = |value: &Option<Json>| {
                        value.as_ref().map_or_else(|| "nothing".to_owned(), |value| value.preview(60))
                    };
                    let (again, after) = (shown(&change.old), shown(&change.new));
                    format!(": at `{}` {after} in the course of events, and {again} from the state before it", change.path)
                });
                Err(error(
                    FoldErrorKind::Impure,
                    format!("{} gave two different states{place}; {WHY}", what()),
                ))
            }
            Err(failure) if is_of_the_script(failure.kind) => Err(FoldError {
                kind: FoldErrorKind::Impure,
                message: format!(
                    "{} was applied in the course of events, but not to the state before it: {}; {WHY}",
                    what(),
                    failure.message
                ),
                ..failure
            }),
            Err(failure) => Err(failure),
        }
    }

    fn apply_afresh(
        &self,
        before: &Json,
        notes: &Notes,
        mut spellings: Spellings,
        event: &RawEvent<'_>,
    ) -> Result<Json, FoldError> {
        let engine = self.engine()?;
        let (mut held, mut has_tables) = hold(self.fold, engine, Some(before), notes, &spellings)?;
        let mut seen = Seen::of(event);
        while let Some(at) = self.fold.handler(seen.event_type.as_deref()) {
            match engine.enter(|ctx| held.call(ctx, self.fold, at, &seen, &mut spellings))? {
                Some(carries_tables) => {
                    has_tables |= carries_tables;
                    break;
                }
                None => seen = Seen::decoded(event),
            }
        }
        let mut names = Names::default();
        let limits = engine.limits();
        engine.enter_to_read(|ctx| {
            let tools = Tools::of(ctx)?;
            let mut reader = Reader::new(ctx, &tools, &spellings, &mut names);
            reader.has_tables = has_tables;
            let state = held.state.clone().restore(ctx)?;
            reader.read(&state, self.last.as_ref(), || error::state_too_large(limits))
        })
    }

    /// The state as JSON, as it is now.
    fn read(&mut self) -> Result<Json, FoldError> {
        if self.is_current
            && let Some(last) = &self.last
        {
            return Ok(last.clone());
        }
        let Self { held, ready, spellings, names, has_tables, last, .. } = self;
        let held = held.as_ref().ok_or_else(gone)?;
        let engine = &ready.as_ref().ok_or_else(gone)?.engine;
        let limits = engine.limits();
        let (json, notes, nodes) = engine.enter_to_read(|ctx| {
            let tools = Tools::of(ctx)?;
            let mut reader = Reader::new(ctx, &tools, spellings, names);
            reader.has_tables = *has_tables;
            reader.max_bytes = limits.state_bytes;
            let state = held.state.clone().restore(ctx)?;
            let json = reader.read(&state, last.as_ref(), || error::state_too_large(limits))?;
            Ok((json, reader.notes, reader.nodes))
        })?;
        self.last = Some(json.clone());
        self.last_notes = notes;
        self.last_nodes = u64::try_from(nodes).unwrap_or(u64::MAX);
        self.is_current = true;
        Ok(json)
    }

    fn is_check_due(&self) -> bool {
        if self.checks_next || self.taken >= self.next_check {
            return true;
        }
        self.taken < FIRST_CHECKS && self.fold.takes_first_check()
    }

    fn apply_one(&mut self, event: &RawEvent<'_>) -> Result<Applied, FoldError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.is_check_due() { self.apply_twice(event) } else { self.apply_once(event) }
    }
}

/// Whether this comes of what the script does, and not of how much there was of it.
fn is_of_the_script(kind: FoldErrorKind) -> bool {
    matches!(kind, FoldErrorKind::Threw | FoldErrorKind::NotJson | FoldErrorKind::Invalid)
}

impl Fold for ScriptFold {
    fn name(&self) -> &str {
        &self.name
    }

    fn fingerprint(&self) -> u64 {
        self.module.fingerprint()
    }

    fn begin(&self, from: Option<&Checkpoint>) -> Result<Box<dyn Folding + '_>, FoldError> {
        Ok(Box::new(ScriptFolding::begin(self, from)?))
    }
}

impl Folding for ScriptFolding<'_> {
    fn apply(&mut self, event: &RawEvent<'_>) -> Result<Applied, FoldError> {
        let applied = self.apply_one(event);
        self.noting(applied)
    }

    fn state(&mut self) -> Result<Json, FoldError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let state = self.read();
        self.noting(state)
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, FoldError> {
        let state = self.state()?;
        self.checks_next = true;
        let text = write_notes(&self.spellings, &self.last_notes);
        if self.notes_text.as_deref() != text.as_deref() {
            self.notes_text = text.map(Arc::from);
        }
        Ok(Checkpoint { state, notes: self.notes_text.clone() })
    }
}

impl Drop for ScriptFolding<'_> {
    fn drop(&mut self) {
        self.held = None;
        self.names = Names::default();
        let is_sound = self.failure.is_none() && !std::thread::panicking();
        if let Some(ready) = self.ready.take().filter(|_| is_sound) {
            self.fold.module.give_back(ready);
        }
    }
}

/// Spellings on the first line, the notes of the state on the second.
fn write_notes(spellings: &Spellings, notes: &Notes) -> Option<String> {
    let mut text = String::new();
    for (at, spelling) in spellings.iter().enumerate() {
        if at > 0 {
            text.push(' ');
        }
        text.push_str(spelling);
    }
    text.push('\n');
    notes.write(&mut text);
    (text.len() > 1).then_some(text)
}

fn read_notes(text: &str) -> Option<(Spellings, Notes)> {
    let (spelled, notes) = text.split_once('\n')?;
    let mut spellings = Spellings::default();
    spelled.split(' ').filter(|text| !text.is_empty()).for_each(|text| spellings.add(text.into()));
    Some((spellings, Notes::read(notes)?))
}
