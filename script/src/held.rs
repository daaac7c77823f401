//! What a folding holds of its engine: the state and the handlers.

use rewind_domain::{FoldError, FoldErrorKind, Json};
use rquickjs::function::Args;
use rquickjs::{Atom, Ctx, Function, JsLifetime, Object, Persistent, Value};

use crate::digits::Spellings;
use crate::engine::{Engine, Tools, Wholes};
use crate::error::{self, Fault, error, gone};
use crate::event::{Learning, Seen};
use crate::fold::ScriptFold;
use crate::needs::Needs;
use crate::payload::{Top, UsualKey};
use crate::values::{Names, Notes, Reader, Writer};

/// After how many events of one type the shape of its data is taken for usual, and kept.
const USUAL: u32 = 16;
/// How many members an object may have for its shape to be kept.
const MAX_SHAPE: usize = 32;

/// The values of the engine that a folding holds.
pub(crate) struct Held {
    pub(crate) state: Persistent<Value<'static>>,
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

/// Makes an instance of the fold's module that has this state, or the one before the first event.
pub(crate) fn hold(
    fold: &ScriptFold,
    engine: &Engine,
    state: Option<&Json>,
    notes: &Notes,
    spellings: &Spellings,
) -> Result<(Held, bool), FoldError> {
    let limits = engine.limits();
    engine.prepare(|ctx| {
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
    /// Calls a handler. Returns whether the event carried tables. `None` if the event has to be decoded first.
    pub(crate) fn call(
        &mut self,
        ctx: &Ctx<'_>,
        fold: &ScriptFold,
        at: usize,
        seen: &Seen<'_>,
        spellings: &mut Spellings,
    ) -> Result<Option<bool>, Fault> {
        let state = self.state.clone().restore(ctx)?;
        let asked = self.ask(ctx, fold, at, seen, &state, spellings)?;
        let Some((next, carries_tables)) = asked else { return Ok(None) };
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

    /// What a handler returns, and whether the event carried tables. `None` if the event has to be decoded first.
    pub(crate) fn ask<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        fold: &ScriptFold,
        at: usize,
        seen: &Seen<'_>,
        state: &Value<'js>,
        spellings: &mut Spellings,
    ) -> Result<Option<(Value<'js>, bool)>, Fault> {
        let Some(handler) = self.handlers.get_mut(at) else { return Err(gone().into()) };
        let top = Top { usual: &handler.usual, wanted: None };
        let data = seen.data(ctx, top, &mut self.wholes, Learning::From(spellings))?;
        let Some((data, carries_tables)) = data else { return Ok(None) };
        handler.calls = handler.calls.saturating_add(1);
        if handler.calls == USUAL {
            handler.usual = usual_keys(ctx, &data, &mut self.shapes)?;
        }
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
        let returned: Value<'js> = handler.function.clone().restore(ctx)?.call_arg(args)?;
        Ok(Some((returned, carries_tables)))
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

/// Makes a value outlive its visit to the engine.
pub(crate) fn keep<'js, T: JsLifetime<'js>>(
    ctx: &Ctx<'js>,
    value: T,
) -> Persistent<T::Changed<'static>> {
    Persistent::save(ctx, value)
}
