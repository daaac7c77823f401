//! From the source of a fold to a function that makes instances of it.

use std::sync::Mutex;

use rewind_domain::{FoldError, FoldErrorKind};
use rquickjs::{Array, Ctx, Function, Module as EngineModule, Value};

use crate::engine::{Engine, Tools, function};
use crate::error::{FILE, Fault, error, error_at};
use crate::fingerprint::fingerprint;
use crate::limits::Limits;
use crate::needs::{Needs, needs};
use crate::top_level::{self, Outline};

/// How many engines are kept for the next folding; each takes about half a megabyte. More foldings than that at a time
/// are rare, and the others start an engine of their own.
const MAX_IDLE: usize = 4;
/// How many foldings an engine serves before it makes way for a new one, should anything in it add up.
const MAX_USES: u32 = 1_000;

/// A fold's module, which has been read, and engines that know it.
pub(crate) struct Module {
    source: String,
    fingerprint: u64,
    before: String,
    script: String,
    after: String,
    limits: Limits,
    kind: Kind,
    idle: Mutex<Vec<Ready>>,
}

/// What a module is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A fold.
    Fold,
    /// A fold with streams, and perhaps a key and an upcast.
    Projection,
}

/// An engine that has read the module.
pub(crate) struct Ready {
    pub(crate) engine: Engine,
    uses: u32,
}

impl Module {
    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    pub(crate) fn read(source: &str, kind: Kind, limits: Limits) -> Result<Self, FoldError> {
        if let Some(at) = source.find('\0') {
            return Err(error_at("the source has a NUL in it", source, at));
        }
        let fingerprint = fingerprint(source);
        let engine = Engine::start(fingerprint, limits)?;
        let outline = top_level::outline(source)
            .map_err(|refusal| error_at(refusal.message, source, refusal.at));
        // The engine says best what is wrong with a source that is no module at all.
        let declared = engine.prepare(|ctx| {
            // It takes a module's first line for the first, where a script's comes second.
            EngineModule::declare(ctx.clone(), FILE, format!("\n{source}"))?;
            Ok(())
        });
        let outline = match declared {
            Err(error) if error.kind == FoldErrorKind::Invalid => return Err(error),
            declared => outline.and_then(|outline| declared.map(|()| outline))?,
        };
        let (before, script, after) = wrap(source, &outline)?;
        let module = Self {
            source: source.to_owned(),
            fingerprint,
            before,
            script,
            after,
            limits,
            kind,
            idle: Mutex::new(Vec::new()),
        };
        let ready = module.make_ready(engine)?;
        module.give_back(ready);
        Ok(module)
    }

    /// An engine that has read the module.
    pub(crate) fn ready(&self) -> Result<Ready, FoldError> {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let ready = match idle {
            Some(ready) => ready,
            None => self.make_ready(Engine::start(self.fingerprint, self.limits)?)?,
        };
        ready.engine.begin_again();
        Ok(ready)
    }

    /// Takes an engine back in which nothing went wrong.
    pub(crate) fn give_back(&self, mut ready: Ready) {
        ready.uses += 1;
        if let Ok(mut idle) = self.idle.lock()
            && idle.len() < MAX_IDLE
            && ready.uses < MAX_USES
        {
            idle.push(ready);
        }
    }

    fn make_ready(&self, engine: Engine) -> Result<Ready, FoldError> {
        engine.prepare(|ctx| {
            let factory = function(ctx, &self.before, &self.script, &self.after)?;
            // Whatever is kept with a context has to be of a type that the engine's bindings know.
            let _ = ctx.store_userdata(vec![factory]);
            Ok(())
        })?;
        Ok(Ready { engine, uses: 0 })
    }

    /// Makes an instance of the module: nothing in it has been called yet but what says what the state is at first.
    pub(crate) fn instance<'js>(
        &self,
        ctx: &Ctx<'js>,
        tools: &Tools<'js>,
    ) -> Result<Instance<'js>, Fault> {
        let factory = {
            let kept = ctx.userdata::<Vec<Function<'js>>>();
            let factory = kept.as_ref().and_then(|kept| kept.first().cloned());
            factory.ok_or(rquickjs::Error::Unknown)?
        };
        let is_projection = self.kind == Kind::Projection;
        let made: Array<'js> = tools.instance.call((factory, is_projection))?;
        let message: Option<String> = made.get(0)?;
        if let Some(message) = message {
            let about: Option<String> = made.get(1)?;
            return Err(self.invalid(message, about.as_deref()).into());
        }
        Ok(Instance {
            initial: made.get(1)?,
            types: made.get(2)?,
            handlers: made.get(3)?,
            regexes: made.get(4)?,
            streams: made.get(5)?,
        })
    }

    /// An error about what the module exports, at the place where this name stands in it.
    fn invalid(&self, message: String, about: Option<&str>) -> FoldError {
        let export = self.source.find("export").unwrap_or_default();
        let at = about.and_then(|name| top_level::find_name(&self.source, name));
        error_at(message, &self.source, at.unwrap_or(export))
    }
}

/// An instance of a module.
pub(crate) struct Instance<'js> {
    pub(crate) initial: Value<'js>,
    pub(crate) types: Vec<String>,
    pub(crate) handlers: Array<'js>,
    /// The regular expressions among its constants.
    regexes: Array<'js>,
    /// The streams of a projection.
    pub(crate) streams: Vec<String>,
}

impl<'js> Instance<'js> {
    /// Which parts of an event each handler needs.
    pub(crate) fn needs(&self, tools: &Tools<'js>) -> rquickjs::Result<Vec<Needs>> {
        let handlers = self.types.iter().zip(self.handlers.iter::<Value<'js>>());
        let all = handlers.map(|(event_type, handler)| {
            let source: String = tools.to_source.call((handler?,))?;
            Ok(match needs(&source) {
                // Only the type of events of one type is always the same.
                Needs::Parts if event_type == "$any" => Needs::Anything,
                needs => needs,
            })
        });
        all.collect()
    }

    /// The handlers as functions of the parts of an event.
    pub(crate) fn bound(
        self,
        tools: &Tools<'js>,
        needs: &[Needs],
    ) -> rquickjs::Result<Vec<Function<'js>>> {
        let needs: Vec<&str> = needs.iter().map(|needs| needs.as_str()).collect();
        tools.bind_all.call((self.handlers, self.types, self.regexes, needs))
    }
}

/// Makes a function of the module, whose parameter gets the default export and the constants.
fn wrap(source: &str, outline: &Outline) -> Result<(String, String, String), FoldError> {
    let Some((export, default)) = &outline.default_export else {
        let message = "the module exports nothing; a fold is `export default { initial, on }`";
        return Err(error(FoldErrorKind::Invalid, message));
    };
    // A name that the module does not have; it has to be of this length.
    let name = ('a'..='z').map(|letter| format!("_{letter}_")).find(|name| !source.contains(name));
    let Some(name) = name else {
        return Err(error(FoldErrorKind::Invalid, "the module uses up all names such as `_a_`"));
    };
    // `export default` gives way to something as long, so that all columns stay as they are.
    let mut script = source.to_owned();
    script.replace_range(default.clone(), &format!("{name}.v= "));
    script.replace_range(export.clone(), ";     ");
    let names: Vec<String> = outline
        .names
        .iter()
        .map(|name| format!("typeof {name}===\"undefined\"?0:{name}"))
        .collect();
    let before = format!("(function({name}){{\"use strict\";");
    let after = format!(";{name}.k=[{}];}})", names.join(","));
    Ok((before, script, after))
}
