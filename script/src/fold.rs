//! Folds in JavaScript.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rewind_domain::{
    Applied, Checkpoint, Fold, FoldError, FoldErrorKind, Folding, Json, RawEvent, diff,
};
use rquickjs::function::Args;
use rquickjs::{Atom, Ctx, Function, JsLifetime, Object, Persistent, Value};

use crate::digits::Spellings;
use crate::engine::{Engine, Tools, Wholes};
use crate::error::{self, Fault, error};
use crate::event::{Learning, Seen};
use crate::expression::Expression;
use crate::limits::Limits;
use crate::module::{Module, Ready};
use crate::payload::UsualKey;
use crate::top_level::Needs;
use crate::values::{Names, Notes, Reader, Writer};

/// How many events are applied twice after a fold was read, and how many of them in one folding. Most folds that keep
/// something outside of the state show it within a few events.
const FIRST_CHECKS: u32 = 64;
const FIRST_CHECKS_IN_ONE: u64 = 16;
/// After how many events the next one is applied twice, and how many more for each value in the state. Applying one
/// twice takes as long as 50 events and half an event for each value, about: a fiftieth of all work.
const CHECK_INTERVAL: u64 = 2_500;
const CHECK_INTERVAL_PER_VALUE: u64 = 25;
/// After how many events of one type the shape of its data is taken for usual, and kept.
const USUAL: u32 = 16;
/// How many members an object may have for its shape to be kept.
const MAX_SHAPE: usize = 32;

/// A fold in JavaScript: an ES module whose default export says what the state is before the first event, and how each type of event changes it.
///
/// ```js
/// export default {
///   initial: () => ({ items: [], total: 0 }),
///   on: {
///     OrderCreated(state, event) { state.customer = event.data.customer_id; },
///     OrderPaid: (state, event) => ({ ...state, paid: true }),
///     $any(state, event) {},
///   },
/// };
/// ```
///
/// # The module
///
/// `initial` (or `$init`, there or among the handlers) is a function that returns the state, or a value that is copied; without it the state is `{}`.
/// A handler changes the state, or returns another one. `$any` handles the types that have no handler; without it such
/// events are skipped. A handler that returns a number, text or boolean where the state is an object is taken for a mistake: `(s) => s.n = 1` without braces.
///
/// `event` has `id`, `version`, `type`, `timestamp_ms`, `data`, and `fields`: the raw fields as texts, of those that
/// repeat the first. `fields` is there if the source has that word in it, and is not enumerable. Where the data could not be
/// read it is `null`, and `decode_error` says why.
///
/// # Nothing but the state goes from one event to the next
///
/// All that a script finds around it is frozen. There is no clock, no chance, no waiting and no text that becomes code; local time is UTC.
/// Outside of the handlers only constants can be declared, which are frozen as well. For what gets past that, such as a counter in a
/// closure, events are now and then applied a second time, by a fresh instance of the module to the state as JSON:
/// the first 16 events of the first foldings, the one after each [`Folding::checkpoint`], and one in some thousands. If the two states differ
/// that is [`FoldErrorKind::Impure`]. The same finds states that are more than their JSON, as by one object in two places.
///
/// # Numbers
///
/// Integers from 2⁵³ on are a `BigInt`. Whatever is passed on unchanged keeps its digits, `1.10` as well as `1e400`. Where one
/// history spells one value in several ways, a number that is copied by itself gets the spelling that came first;
/// one in an object or array that is copied as a whole keeps its own. To keys of objects JavaScript's order applies: those that are integers come first.
pub struct ScriptFold {
    name: String,
    fingerprint: u64,
    module: Module,
    /// The types that have a handler, `$any` left out.
    handles: Vec<String>,
    /// All types in the order of the handlers, `$any` among them, and where that is.
    types: Vec<String>,
    needs: Vec<Needs>,
    any: Option<usize>,
    uses_fields: bool,
    checks_left: AtomicU32,
}

impl ScriptFold {
    /// Reads the source of a fold. `name` is what answers call it.
    ///
    /// # Errors
    /// Where it is no fold, with line and column where there are any.
    pub fn compile(name: &str, source: &str, limits: Limits) -> Result<Self, FoldError> {
        let module = Module::read(source, limits)?;
        let ready = module.ready()?;
        let (types, needs) = ready.engine.enter(|ctx| {
            let tools = Tools::of(ctx)?;
            let instance = module.instance(ctx, &tools)?;
            let (spellings, mut names) = (Spellings::default(), Names::default());
            let mut reader = Reader::new(ctx, &tools, &spellings, &mut names);
            reader.max_bytes = limits.state_bytes;
            reader.read(&instance.initial, None, || error::state_too_large(&limits))?;
            let needs = instance.needs(&tools)?;
            Ok((instance.types, needs))
        })?;
        module.give_back(ready);
        let any = types.iter().position(|event_type| event_type == "$any");
        let mut hasher = DefaultHasher::new();
        source.hash(&mut hasher);
        Ok(Self {
            name: name.to_owned(),
            fingerprint: hasher.finish(),
            handles: types.iter().filter(|name| *name != "$any").cloned().collect(),
            types,
            needs,
            any,
            uses_fields: source.contains("fields"),
            module,
            checks_left: AtomicU32::new(FIRST_CHECKS),
        })
    }

    /// The types of events that have a handler of their own.
    pub fn handles(&self) -> &[String] {
        &self.handles
    }

    /// Whether there is a handler for all other types.
    pub fn handles_any(&self) -> bool {
        self.any.is_some()
    }

    /// The source that it was read from.
    pub fn source(&self) -> &str {
        self.module.source()
    }

    /// Begins as [`Fold::begin`] does, with an expression to evaluate on the way.
    ///
    /// # Errors
    /// As for [`Fold::begin`].
    pub fn begin_testing(
        &self,
        from: Option<&Checkpoint>,
        expression: &Expression,
    ) -> Result<Testing<'_>, FoldError> {
        let folding = ScriptFolding::begin(self, from)?;
        let test = folding.engine()?.enter(|ctx| {
            let test = expression.function(ctx)?;
            Ok(Kept { evaluate: keep(ctx, Tools::of(ctx)?.evaluate), test: keep(ctx, test) })
        })?;
        Ok(Testing { test, expression: expression.clone(), folding })
    }

    fn handler(&self, event_type: Option<&str>) -> Option<usize> {
        // There are few handlers, and looking through them is quicker than any table.
        let of_type = |event_type| self.types.iter().position(|known| known == event_type);
        event_type.and_then(of_type).or(self.any)
    }
}

impl Fold for ScriptFold {
    fn name(&self) -> &str {
        &self.name
    }

    fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    fn begin(&self, from: Option<&Checkpoint>) -> Result<Box<dyn Folding + '_>, FoldError> {
        Ok(Box::new(ScriptFolding::begin(self, from)?))
    }
}

impl std::fmt::Debug for ScriptFold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptFold").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A fold in JavaScript at work on one history.
struct ScriptFolding<'f> {
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

/// The values of the engine that a folding holds.
struct Held {
    state: Persistent<Value<'static>>,
    handlers: Vec<Handler>,
    wholes: Wholes,
    /// Objects that are held only for their shapes.
    shapes: Vec<Persistent<Object<'static>>>,
}

struct Handler {
    function: Persistent<Function<'static>>,
    calls: u32,
    /// The keys that the data of its events usually has.
    usual: Vec<UsualKey>,
}

fn keep<'js, T: JsLifetime<'js>>(ctx: &Ctx<'js>, value: T) -> Persistent<T::Changed<'static>> {
    Persistent::save(ctx, value)
}

impl<'f> ScriptFolding<'f> {
    fn begin(fold: &'f ScriptFold, from: Option<&Checkpoint>) -> Result<Self, FoldError> {
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

    fn engine(&self) -> Result<&Engine, FoldError> {
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
        engine.enter(|ctx| {
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
        let (json, notes, nodes) = engine.enter(|ctx| {
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
        self.taken < FIRST_CHECKS_IN_ONE
            && self.fold.checks_left.load(Ordering::Relaxed) > 0
            && self
                .fold
                .checks_left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
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

fn gone() -> FoldError {
    error(FoldErrorKind::Threw, "the fold has failed before")
}

/// Makes an instance of the fold's module that has this state, or the one before the first event.
fn hold(
    fold: &ScriptFold,
    engine: &Engine,
    state: Option<&Json>,
    notes: &Notes,
    spellings: &Spellings,
) -> Result<(Held, bool), FoldError> {
    let limits = engine.limits();
    engine.enter(|ctx| {
        let tools = Tools::of(ctx)?;
        let instance = fold.module.instance(ctx, &tools)?;
        let first;
        let state = match state {
            Some(state) => state,
            None => {
                // By way of JSON, so that it is the same as after a checkpoint before the first event.
                let mut names = Names::default();
                let mut reader = Reader::new(ctx, &tools, spellings, &mut names);
                reader.max_bytes = limits.state_bytes;
                first = reader.read(&instance.initial, None, || error::state_too_large(limits))?;
                &first
            }
        };
        let mut writer = Writer::new(ctx, spellings, notes);
        let state = writer.value(state)?;
        let has_tables = writer.has_tables;
        let handlers = instance.bound(&tools, &fold.needs)?.into_iter().map(|function| Handler {
            function: keep(ctx, function),
            calls: 0,
            usual: Vec::new(),
        });
        let held = Held {
            state: keep(ctx, state),
            handlers: handlers.collect(),
            wholes: Wholes::default(),
            shapes: Vec::new(),
        };
        Ok((held, has_tables))
    })
}

impl Held {
    /// Calls a handler; tells whether the event carried tables. Nothing where the event has to be decoded first.
    fn call(
        &mut self,
        ctx: &Ctx<'_>,
        fold: &ScriptFold,
        at: usize,
        seen: &Seen<'_>,
        spellings: &mut Spellings,
    ) -> Result<Option<bool>, Fault> {
        let Some(handler) = self.handlers.get_mut(at) else { return Err(gone().into()) };
        let data = seen.data(ctx, &handler.usual, &mut self.wholes, Learning::From(spellings))?;
        let Some((data, carries_tables)) = data else { return Ok(None) };
        handler.calls = handler.calls.saturating_add(1);
        if handler.calls == USUAL {
            handler.usual = usual_keys(ctx, &data, &mut self.shapes)?;
        }
        let state = self.state.clone().restore(ctx)?;
        let mut args = Args::new(ctx.clone(), 8);
        args.push_arg(state.clone())?;
        match fold.needs.get(at) {
            Some(Needs::Data) => args.push_arg(data)?,
            Some(Needs::Parts) => seen.push(&mut args, data)?,
            Some(Needs::Anything) | None => {
                seen.push(&mut args, data)?;
                seen.push_rest(&mut args, fold.uses_fields)?;
            }
        }
        let next: Value<'_> = handler.function.clone().restore(ctx)?.call_arg(args)?;
        if !next.is_undefined() {
            let wrong = if next.is_object() {
                next.is_promise().then(|| "a promise".to_owned())
            } else {
                (state.is_object() && !next.is_null()).then(|| match next.as_string() {
                    Some(_) => "a text".to_owned(),
                    None => next.type_name().to_owned(),
                })
            };
            if let Some(wrong) = wrong {
                return Err(returned_wrong(fold, at, &wrong).into());
            }
            self.state = keep(ctx, next);
        }
        Ok(Some(carries_tables))
    }
}

fn returned_wrong(fold: &ScriptFold, at: usize, what: &str) -> FoldError {
    let name = fold.types.get(at).map_or("$any", String::as_str);
    let what = match what {
        "int" | "float" | "big_int" => "a number",
        "bool" => "a boolean",
        other => other,
    };
    let advice = if what == "a promise" {
        "a fold cannot wait for anything"
    } else {
        "a handler that changes the state returns nothing: `(state, event) => { … }` with braces"
    };
    error(
        FoldErrorKind::Threw,
        format!("the handler of `{name}` returned {what} where the state is an object; {advice}"),
    )
}

/// The keys that this object has, and the next one probably will. As long as there are objects of the shapes through which it
/// came to be, the next one is made in two thirds of the time.
fn usual_keys<'js>(
    ctx: &Ctx<'js>,
    value: &Value<'js>,
    shapes: &mut Vec<Persistent<Object<'static>>>,
) -> rquickjs::Result<Vec<UsualKey>> {
    let Some(object) = value.as_object().filter(|object| !object.is_array()) else {
        return Ok(Vec::new());
    };
    let keys: Vec<Atom<'js>> = object.keys().take(MAX_SHAPE).collect::<rquickjs::Result<_>>()?;
    for length in 1..=keys.len() {
        let shape = Object::new(ctx.clone())?;
        for key in &keys[..length] {
            shape.set(key.clone(), 0)?;
        }
        shapes.push(keep(ctx, shape));
    }
    let usual = keys.into_iter().map(|atom| {
        let text = atom.to_js_string()?.to_string()?.into();
        Ok(UsualKey { text, atom: keep(ctx, atom) })
    });
    usual.collect()
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

/// A folding with an expression that can be evaluated after each event, without reading the state out.
pub struct Testing<'f> {
    /// It goes before the engine does.
    test: Kept,
    expression: Expression,
    folding: ScriptFolding<'f>,
}

struct Kept {
    evaluate: Persistent<Function<'static>>,
    test: Persistent<Function<'static>>,
}

impl Testing<'_> {
    /// Whether the expression is true of the state now, `event` being the one that led to it.
    ///
    /// # Errors
    /// Where the expression throws or runs into a limit. The folding can go on only if it threw, and nothing else.
    pub fn test(&mut self, event: &RawEvent<'_>) -> Result<bool, FoldError> {
        if let Some(failure) = &self.folding.failure {
            return Err(failure.clone());
        }
        let traits = self.expression.traits();
        // What might change the state gets a copy that it cannot change.
        let copy = match traits.uses_state && !traits.only_reads {
            true => Some(self.folding.state()?),
            false => None,
        };
        let Self { test, expression, folding } = self;
        let held = folding.held.as_ref().ok_or_else(gone)?;
        let engine = &folding.ready.as_ref().ok_or_else(gone)?.engine;
        let spellings = &folding.spellings;
        let result = engine.enter_often(|ctx| {
            let state = match &copy {
                Some(copy) => Writer::new(ctx, spellings, &Notes::default())
                    .without_digits()
                    .frozen()
                    .value(copy)?,
                None => held.state.clone().restore(ctx)?,
            };
            let evaluate = test.evaluate.clone().restore(ctx)?;
            let test = test.test.clone().restore(ctx)?;
            expression.evaluate(ctx, &evaluate, test, state, event)
        });
        match &result {
            Err(error) if error.kind != FoldErrorKind::Threw => folding.noting(result),
            _ => result,
        }
    }
}

impl Folding for Testing<'_> {
    fn apply(&mut self, event: &RawEvent<'_>) -> Result<Applied, FoldError> {
        self.folding.apply(event)
    }

    fn state(&mut self) -> Result<Json, FoldError> {
        self.folding.state()
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, FoldError> {
        self.folding.checkpoint()
    }
}
