//! Expressions in JavaScript: a question to a state and the event that led to it.

use std::sync::{Arc, Mutex};

use rewind_domain::{FoldError, FoldErrorKind, Json, RawEvent};
use rquickjs::function::Args;
use rquickjs::{Ctx, Function, Object, Persistent, Value};

use crate::digits::Spellings;
use crate::engine::{Engine, Tools, Wholes, function};
use crate::error::{Fault, error_at, gone};
use crate::event::{Learning, Seen, number, undefined};
use crate::fingerprint::fingerprint;
use crate::limits::Limits;
use crate::needs::{asks_version, data_members};
use crate::payload::Top;
use crate::top_level::{self, Traits};
use crate::values::{Notes, Writer, frozen};

/// An expression over `state`, `event` and `version`, such as `state.total > 100 && event.type === "OrderPaid"`.
///
/// What it finds around it, and how it is limited, is as for a [`crate::ScriptFold`]. It cannot change the state.
#[derive(Clone)]
pub struct Expression {
    shared: Arc<Shared>,
}

struct Shared {
    source: String,
    traits: Traits,
    /// The members of an event's data that it can take, where that is certain.
    members: Option<Vec<Box<str>>>,
    /// Whether it may ask for the version.
    asks_version: bool,
    limits: Limits,
    /// An engine that nobody evaluates with, for whoever does next.
    engine: Mutex<Option<Engine>>,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// If it is none, with line and column where there are any.
    pub fn compile(source: &str, limits: Limits) -> Result<Self, FoldError> {
        if let Some(at) = source.find('\0') {
            return Err(error_at("the expression has a NUL in it", source, at));
        }
        let traits = top_level::traits(source)
            .map_err(|refusal| error_at(refusal.message, source, refusal.at))?;
        let (members, engine) = (data_members(source), Mutex::new(None));
        let asks_version = asks_version(source);
        let source_text = source.to_owned();
        let shared = Shared { source: source_text, traits, members, asks_version, limits, engine };
        let expression = Self { shared: Arc::new(shared) };
        let engine = Engine::start(fingerprint(source), limits)?;
        engine
            .prepare(|ctx| Ok(expression.function(ctx).map(drop)?))
            .map_err(|error| within(source, error))?;
        if let Ok(mut kept) = expression.shared.engine.lock() {
            *kept = Some(engine);
        }
        Ok(expression)
    }

    /// Gets ready to evaluate it many times.
    ///
    /// # Errors
    /// If there is no memory for it.
    pub fn begin(&self) -> Result<Evaluating, FoldError> {
        let kept = self.shared.engine.lock().ok().and_then(|mut kept| kept.take());
        let engine = match kept {
            Some(engine) => engine,
            None => Engine::start(fingerprint(&self.shared.source), self.shared.limits)?,
        };
        engine.begin_again();
        let functions = engine.prepare(|ctx| {
            let save = |function| Persistent::save(ctx, function);
            Ok(Functions {
                test: save(self.function(ctx)?),
                of_unknown_version: match self.shared.asks_version {
                    true => Some(save(self.function_of_unknown_version(ctx)?)),
                    false => None,
                },
                evaluate: save(Tools::of(ctx)?.evaluate),
            })
        })?;
        let functions = Some(functions);
        let (expression, engine) = (self.clone(), Some(engine));
        Ok(Evaluating { expression, last: None, functions, engine, failure: None })
    }

    pub(crate) fn traits(&self) -> Traits {
        self.shared.traits
    }

    pub(crate) fn function<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Function<'js>> {
        const BEFORE: &str = "(function(state,event,version){\"use strict\";return!!(";
        function(ctx, BEFORE, &self.shared.source, ");})")
    }

    /// The same for events whose version is not known. The word `version` means something that must not be used yet, so that using it
    /// throws; `undefined` would compare with anything.
    fn function_of_unknown_version<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Function<'js>> {
        const BEFORE: &str = "(function(state,event){\"use strict\";return!!(";
        function(ctx, BEFORE, &self.shared.source, ");let version;})")
    }

    pub(crate) fn evaluate<'js>(
        &self,
        ctx: &Ctx<'js>,
        evaluate: &Function<'js>,
        test: Function<'js>,
        state: Value<'js>,
        event: &RawEvent<'_>,
    ) -> Result<bool, Fault> {
        if !self.traits().uses_event {
            let version = event.known_version().map(|version| number(ctx, version));
            return Ok(test.call((state, (), version))?);
        }
        let mut args = Args::new(ctx.clone(), 9);
        args.push_arg(test)?;
        args.push_arg(state)?;
        let mut seen = Seen::of(event);
        let top = Top { usual: &[], wanted: self.shared.members.as_deref() };
        let data = match seen.data(ctx, top, &mut Wholes::default(), Learning::Nothing)? {
            Some((data, _)) => data,
            None => {
                seen = Seen::decoded(event);
                seen.data(ctx, top, &mut Wholes::default(), Learning::Nothing)?
                    .map_or_else(|| undefined(ctx), |(data, _)| Ok(data))?
            }
        };
        seen.push(&mut args, data)?;
        seen.push_rest(&mut args, self.shared.source.contains("fields"))?;
        Ok(evaluate.call_arg(args)?)
    }
}

/// What is missing at the end of an expression is missed by the engine in what stands behind it, of which nobody knows.
fn within(source: &str, error: FoldError) -> FoldError {
    let lines = source.lines().count().max(1);
    if error.line.is_none_or(|line| line as usize <= lines) {
        return error;
    }
    FoldError {
        kind: error.kind,
        ..error_at("the expression ends too early", source, source.len())
    }
}

/// An expression at work on one history after the other.
///
/// The state is given from outside, and made a value of the engine. From one evaluation to the next only what is not
/// shared with the state before is made again.
pub struct Evaluating {
    expression: Expression,
    /// The state that was given last, and the value made of it. Values go before the engine does.
    last: Option<(Json, Persistent<Value<'static>>)>,
    functions: Option<Functions>,
    engine: Option<Engine>,
    failure: Option<FoldError>,
}

/// An expression in an engine.
struct Functions {
    test: Persistent<Function<'static>>,
    /// For events whose version is not known; only where it may ask for that.
    of_unknown_version: Option<Persistent<Function<'static>>>,
    /// What evaluates either of them.
    evaluate: Persistent<Function<'static>>,
}

impl Functions {
    fn test(&self, event: &RawEvent<'_>) -> &Persistent<Function<'static>> {
        match (&self.of_unknown_version, event.known_version()) {
            (Some(test), None) => test,
            _ => &self.test,
        }
    }
}

impl Evaluating {
    /// Whether the expression is true of this state, `event` being the one that led to it.
    ///
    /// # Errors
    /// If the expression throws or runs into a limit. It can be asked again only if it threw, and nothing else.
    pub fn is_true(&mut self, state: &Json, event: &RawEvent<'_>) -> Result<bool, FoldError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let Self { expression, last, functions, engine, .. } = self;
        let engine = engine.as_ref().ok_or_else(gone)?;
        let functions = functions.as_ref().ok_or_else(gone)?;
        let result = engine.enter_often(|ctx| {
            let value = expression.state(ctx, state, last)?;
            let test = functions.test(event).clone().restore(ctx)?;
            let evaluate = functions.evaluate.clone().restore(ctx)?;
            expression.evaluate(ctx, &evaluate, test, value, event)
        });
        if let Err(error) = &result
            && error.kind != FoldErrorKind::Threw
        {
            self.failure = Some(error.clone());
        }
        result
    }
}

impl Drop for Evaluating {
    fn drop(&mut self) {
        // Values go before anybody else can have the engine.
        (self.last, self.functions) = (None, None);
        let is_sound = self.failure.is_none() && !std::thread::panicking();
        if let Some(engine) = self.engine.take().filter(|_| is_sound)
            && let Ok(mut kept) = self.expression.shared.engine.lock()
        {
            *kept = Some(engine);
        }
    }
}

impl Expression {
    fn state<'js>(
        &self,
        ctx: &Ctx<'js>,
        state: &Json,
        last: &mut Option<(Json, Persistent<Value<'static>>)>,
    ) -> rquickjs::Result<Value<'js>> {
        let traits = self.traits();
        if !traits.uses_state {
            return undefined(ctx);
        }
        if !traits.only_reads {
            // Whoever might change it gets one that cannot be changed, and that is not brought up to date either.
            return frozen(ctx, state);
        }
        let (spellings, notes) = (Spellings::default(), Notes::default());
        let mut writer = Writer::new(ctx, &spellings, &notes).without_digits();
        let value = match last.take() {
            Some((before, value)) => {
                let value = value.restore(ctx)?;
                update(&mut writer, &before, state, value)?
            }
            None => writer.value(state)?,
        };
        *last = Some((state.clone(), Persistent::save(ctx, value.clone())));
        Ok(value)
    }
}

/// Makes the value of `before` one of `after`; gives another value where it cannot become that.
fn update<'js>(
    writer: &mut Writer<'_, 'js>,
    before: &Json,
    after: &Json,
    value: Value<'js>,
) -> rquickjs::Result<Value<'js>> {
    if before.is_shared_with(after) {
        return Ok(value);
    }
    match (before, after, value.as_object()) {
        (Json::Object(old), Json::Object(new), Some(object)) if old.len() <= new.len() => {
            if !old.keys().zip(new.keys()).all(|(old, new)| Arc::ptr_eq(old, new) || old == new) {
                return writer.value(after);
            }
            for (at, (key, new)) in new.iter().enumerate() {
                update_member(writer, object, &**key, old.get_index(at).map(|(_, old)| old), new)?;
            }
            Ok(value)
        }
        (Json::Array(old), Json::Array(new), Some(object)) if old.len() <= new.len() => {
            for ((at, new), index) in new.iter().enumerate().zip(0_u32..) {
                update_member(writer, object, index, old.get(at), new)?;
            }
            Ok(value)
        }
        (Json::String(old), Json::String(new), _) if old == new => Ok(value),
        _ => writer.value(after),
    }
}

fn update_member<'js, K: rquickjs::IntoAtom<'js> + Clone>(
    writer: &mut Writer<'_, 'js>,
    object: &Object<'js>,
    key: K,
    old: Option<&Json>,
    new: &Json,
) -> rquickjs::Result<()> {
    let Some(old) = old else { return object.set(key, writer.value(new)?) };
    let is_same = match (old, new) {
        (Json::String(old), Json::String(new)) => Arc::ptr_eq(old, new) || old == new,
        (Json::Array(_) | Json::Object(_), _) => old.is_shared_with(new),
        (old, new) => old == new,
    };
    if is_same {
        return Ok(());
    }
    let value: Value<'js> = object.get(key.clone())?;
    let value = update(writer, old, new, value)?;
    object.set(key, value)
}
