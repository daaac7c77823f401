//! The engine: QuickJS with a realm in which nothing differs from one run to the next, and limits that hold.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use rewind_domain::{FoldError, FoldErrorKind};
use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{Context, Ctx, FromJs, Function, Object, Persistent, Runtime, Symbol, Value};

use crate::activity::{Phase, visit};
use crate::clock::thread_time;
use crate::error::{self, FILE, Fault};
use crate::limits::{Limits, PREPARING_MS};

/// How many of [`Wholes`] are kept: as many different amounts as come often.
const MAX_WHOLES: usize = 1_000;

const SANDBOX: &str = include_str!("sandbox.js");

/// What the language consists of for a script. No proxies, no typed arrays, no weak references, no performance counters.
/// Promises are in only because the engine cannot do without; there is no way to get at one.
type Language = (
    intrinsic::Eval,
    intrinsic::Date,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::MapSet,
    intrinsic::Promise,
);

/// An engine with its realm. It can be used again as long as nothing went wrong in it, and by another thread.
pub(crate) struct Engine {
    context: Context,
    watch: Arc<Watch>,
    limits: Limits,
    /// The fingerprint of the script that it is for.
    script: u64,
}

impl Engine {
    /// Starts an engine for the script with this fingerprint, which takes about half a millisecond.
    pub(crate) fn start(script: u64, limits: Limits) -> Result<Self, FoldError> {
        let failed = |_| error::out_of_memory(&limits);
        let runtime = Runtime::new().map_err(failed)?;
        runtime.set_memory_limit(limits.memory_bytes);
        runtime.set_max_stack_size(limits.stack_bytes);
        let watch = Arc::new(Watch::default());
        let context = Context::custom::<Language>(&runtime).map_err(failed)?;
        let engine = Self { context, watch: Arc::clone(&watch), limits, script };
        engine.enter(|ctx| {
            let mut options = EvalOptions::default();
            options.filename = Some("<sandbox>".to_owned());
            let tools: Object<'_> = ctx.eval_with_options(SANDBOX, options)?;
            // Whatever is kept with a context has to be of a type that the engine's bindings know.
            let _ = ctx.store_userdata(vec![tools]);
            Ok(())
        })?;
        // From here on: getting started is not what a script is to be blamed for.
        runtime.set_interrupt_handler(Some(Box::new(interrupt(watch, limits))));
        Ok(engine)
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Does something in the engine, as one event's worth of work. Whoever gets an error must throw the engine away.
    pub(crate) fn enter<R>(
        &self,
        work: impl for<'js> FnOnce(&Ctx<'js>) -> Result<R, Fault>,
    ) -> Result<R, FoldError> {
        self.enter_in(Phase::Event, work)
    }

    /// The same for reading out the state.
    pub(crate) fn enter_to_read<R>(
        &self,
        work: impl for<'js> FnOnce(&Ctx<'js>) -> Result<R, Fault>,
    ) -> Result<R, FoldError> {
        self.enter_in(Phase::Reading, work)
    }

    fn enter_in<R>(
        &self,
        phase: Phase,
        work: impl for<'js> FnOnce(&Ctx<'js>) -> Result<R, Fault>,
    ) -> Result<R, FoldError> {
        let event = self.watch.next_event();
        let started = thread_time();
        let result = visit(self.script, phase, &self.limits, || self.run(work));
        self.count_time_of(event, thread_time().saturating_sub(started)).and(result)
    }

    /// The same for what comes before the first event. That may take longer, since it grows with the script.
    pub(crate) fn prepare<R>(
        &self,
        work: impl for<'js> FnOnce(&Ctx<'js>) -> Result<R, Fault>,
    ) -> Result<R, FoldError> {
        self.watch.is_preparing.store(true, Ordering::Relaxed);
        let result = self.enter_in(Phase::Preparing, work);
        self.watch.is_preparing.store(false, Ordering::Relaxed);
        result
    }

    /// The same for what is done so often that looking at a clock each time would be felt.
    pub(crate) fn enter_often<R>(
        &self,
        work: impl for<'js> FnOnce(&Ctx<'js>) -> Result<R, Fault>,
    ) -> Result<R, FoldError> {
        let event = self.watch.next_event();
        let run = || visit(self.script, Phase::Event, &self.limits, || self.run(work));
        if !event.is_multiple_of(SAMPLING) {
            return run();
        }
        let started = thread_time();
        let result = run();
        let factor = u32::try_from(SAMPLING).unwrap_or(1);
        self.count_time_of(event, thread_time().saturating_sub(started) * factor).and(result)
    }

    fn run<R>(
        &self,
        work: impl for<'js> FnOnce(&Ctx<'js>) -> Result<R, Fault>,
    ) -> Result<R, FoldError> {
        self.context.with(|ctx| {
            let result = work(&ctx);
            match (self.watch.tripped(), result) {
                // A script cannot catch it, but may have had it swallowed by a function of the engine.
                (Some(limit), _) => Err(self.timeout(&ctx, limit)),
                (None, Ok(value)) => Ok(value),
                (None, Err(Fault::Known(error))) => Err(error),
                (None, Err(Fault::Engine(rquickjs::Error::Exception))) => {
                    let error = error::thrown(&ctx, &self.limits);
                    // Looking at what was thrown may run into a limit as well.
                    Err(self.watch.tripped().map_or(error, |limit| self.timeout(&ctx, limit)))
                }
                (None, Err(Fault::Engine(rquickjs::Error::Allocation))) => {
                    Err(error::out_of_memory(&self.limits))
                }
                (None, Err(Fault::Engine(other))) => {
                    Err(error::error(FoldErrorKind::Threw, other.to_string()))
                }
            }
        })
    }

    fn count_time_of(&self, event: u64, time: Duration) -> Result<(), FoldError> {
        if self.watch.long_event.load(Ordering::Relaxed) == event {
            // Its time was counted while it ran.
            return Ok(());
        }
        match self.watch.count_time(time) > Duration::from_millis(self.limits.replay_ms) {
            true => Err(error::replay_timeout(&self.limits)),
            false => Ok(()),
        }
    }

    fn timeout(&self, ctx: &Ctx<'_>, limit: Tripped) -> FoldError {
        let place = error::thrown(ctx, &self.limits);
        let error = match limit {
            Tripped::Event if self.watch.is_preparing.load(Ordering::Relaxed) => {
                error::preparing_timeout(self.limits.event_ms.max(PREPARING_MS))
            }
            Tripped::Event => error::event_timeout(&self.limits),
            Tripped::Replay => error::replay_timeout(&self.limits),
        };
        FoldError { line: place.line, column: place.column, ..error }
    }

    /// Starts counting time again, for another folding.
    pub(crate) fn begin_again(&self) {
        self.watch.spent_ns.store(0, Ordering::Relaxed);
    }
}

/// Of how many events the time of one is taken for that of all: asking for the time of a thread takes as long as half a short event.
const SAMPLING: u64 = 64;
/// What takes longer than this has its time counted while it runs.
const LONG: Duration = Duration::from_millis(1);

/// What the engine is told, and tells, while it runs.
#[derive(Default)]
struct Watch {
    /// Counts events, so that it is seen where a new one begins.
    event: AtomicU64,
    /// How long all events so far took, about.
    spent_ns: AtomicU64,
    /// The last event whose time was counted while it ran.
    long_event: AtomicU64,
    tripped: AtomicU8,
    is_preparing: AtomicBool,
}

#[derive(Clone, Copy)]
enum Tripped {
    Event = 1,
    Replay = 2,
}

impl Watch {
    fn next_event(&self) -> u64 {
        self.event.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn tripped(&self) -> Option<Tripped> {
        match self.tripped.load(Ordering::Relaxed) {
            0 => None,
            1 => Some(Tripped::Event),
            _ => Some(Tripped::Replay),
        }
    }

    /// Adds to the time that was spent; gives all of it.
    fn count_time(&self, time: Duration) -> Duration {
        let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.spent_ns.fetch_add(time, Ordering::Relaxed).saturating_add(time))
    }
}

/// What the engine calls every now and then: whether to stop.
fn interrupt(watch: Arc<Watch>, limits: Limits) -> impl FnMut() -> bool + Send + 'static {
    let mut event = u64::MAX;
    let mut since = Duration::ZERO;
    let mut counted = Duration::ZERO;
    move || {
        let current = watch.event.load(Ordering::Relaxed);
        if current != event {
            // Only what takes long comes by here, so nobody looks at a clock for the others.
            event = current;
            since = thread_time();
            counted = Duration::ZERO;
            return watch.tripped().is_some();
        }
        let running = thread_time().saturating_sub(since);
        if running < LONG {
            return watch.tripped().is_some();
        }
        let spent = watch.count_time(running.saturating_sub(counted));
        counted = running;
        watch.long_event.store(event, Ordering::Relaxed);
        let allowed_ms = match watch.is_preparing.load(Ordering::Relaxed) {
            true => limits.event_ms.max(PREPARING_MS),
            false => limits.event_ms,
        };
        let tripped = if running > Duration::from_millis(allowed_ms) {
            Tripped::Event
        } else if spent > Duration::from_millis(limits.replay_ms) {
            Tripped::Replay
        } else {
            return watch.tripped().is_some();
        };
        watch.tripped.store(tripped as u8, Ordering::Relaxed);
        true
    }
}

/// What the sandbox hands to this side.
pub(crate) struct Tools<'js> {
    /// Makes an instance of a fold's module.
    pub(crate) instance: Function<'js>,
    /// Makes functions of an instance's handlers that take the parts of an event.
    pub(crate) bind_all: Function<'js>,
    /// The source of a function.
    pub(crate) to_source: Function<'js>,
    /// Evaluates an expression.
    pub(crate) evaluate: Function<'js>,
    /// Says what an unusual object is.
    pub(crate) explain: Function<'js>,
    pub(crate) freeze: Function<'js>,
    /// The symbol under which an object has a table of digits.
    pub(crate) digits: Symbol<'js>,
    /// The prototype of all plain objects.
    pub(crate) object_prototype: Object<'js>,
    make_big_int: Function<'js>,
}

impl<'js> Tools<'js> {
    pub(crate) fn of(ctx: &Ctx<'js>) -> rquickjs::Result<Self> {
        let kept = ctx.userdata::<Vec<Object<'js>>>();
        let tools = kept.as_ref().and_then(|kept| kept.first()).ok_or(rquickjs::Error::Unknown)?;
        Ok(Self {
            instance: tools.get("instance")?,
            bind_all: tools.get("bindAll")?,
            to_source: tools.get("toSource")?,
            evaluate: tools.get("evaluate")?,
            explain: tools.get("explain")?,
            freeze: tools.get("freeze")?,
            digits: tools.get("digits")?,
            object_prototype: tools.get("objectPrototype")?,
            make_big_int: tools.get("BigInt")?,
        })
    }
}

/// A number that is not taken for a small integer, even where it is one: see [`crate::digits`].
pub(crate) fn float<'js>(ctx: &Ctx<'js>, value: f64) -> rquickjs::Result<Value<'js>> {
    let number = Value::new_float(ctx.clone(), value);
    // The bindings make small integers of what looks like one. What the engine itself reads from JSON stays as it is.
    if number.is_int() { ctx.json_parse(value.to_string()) } else { Ok(number) }
}

/// Numbers made by [`float`] where that took a detour. Amounts such as `100.00` come again and again.
#[derive(Default)]
pub(crate) struct Wholes {
    known: HashMap<u64, Persistent<Value<'static>>>,
}

impl Wholes {
    /// As [`float`].
    pub(crate) fn float<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        value: f64,
    ) -> rquickjs::Result<Value<'js>> {
        let number = Value::new_float(ctx.clone(), value);
        if !number.is_int() {
            return Ok(number);
        }
        if let Some(number) = self.known.get(&value.to_bits()) {
            return number.clone().restore(ctx);
        }
        let number = float(ctx, value)?;
        if self.known.len() < MAX_WHOLES {
            self.known.insert(value.to_bits(), Persistent::save(ctx, number.clone()));
        }
        Ok(number)
    }
}

/// The `BigInt` of these digits.
pub(crate) fn big_int<'js>(ctx: &Ctx<'js>, digits: &str) -> rquickjs::Result<Value<'js>> {
    match digits.parse::<i64>() {
        Ok(value) => Value::new_big_int(ctx.clone(), value),
        Err(_) => Tools::of(ctx)?.make_big_int.call((digits,)),
    }
}

/// Makes a function of a script: `before` and `after` are put around it, without disturbing its lines and columns.
pub(crate) fn function<'js>(
    ctx: &Ctx<'js>,
    before: &str,
    script: &str,
    after: &str,
) -> rquickjs::Result<Function<'js>> {
    let mut options = EvalOptions::default();
    options.filename = Some(FILE.to_owned());
    // `FILE` is told to start on the second line: see `error::place`.
    let value: Value<'js> =
        ctx.eval_with_options(format!("{before}\n{script}\n{after}"), options)?;
    Function::from_js(ctx, value)
}
