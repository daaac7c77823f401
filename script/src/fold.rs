//! Folds in JavaScript.

use std::sync::atomic::{AtomicU32, Ordering};

use rewind_domain::FoldError;

use crate::digits::Spellings;
use crate::engine::Tools;
use crate::error;
use crate::limits::Limits;
use crate::module::{Kind, Module};
use crate::needs::Needs;
use crate::values::{Names, Reader};

/// How many events are applied twice after a fold was read, in several foldings. Most folds that keep something outside of
/// the state show it within a few events.
const FIRST_CHECKS: u32 = 64;
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
/// the first 16 events of the first foldings, the one after each [`rewind_domain::Folding::checkpoint`], and one in some thousands. If the two states differ
/// that is [`rewind_domain::FoldErrorKind::Impure`]. The same finds states that are more than their JSON, as by one object in two places.
///
/// # Numbers
///
/// Integers from 2⁵³ on are a `BigInt`. Whatever is passed on unchanged keeps its digits, `1.10` as well as `1e400`. Where one
/// history spells one value in several ways, a number that is copied by itself gets the spelling that came first;
/// one in an object or array that is copied as a whole keeps its own. To keys of objects JavaScript's order applies: those that are integers come first.
pub struct ScriptFold {
    pub(crate) name: String,
    pub(crate) module: Module,
    /// All types in the order of the handlers, `$any` among them, and where that is.
    pub(crate) types: Vec<String>,
    pub(crate) needs: Vec<Needs>,
    any: Option<usize>,
    /// Where among the handlers the function is that gives the key of a row.
    pub(crate) key: Option<usize>,
    pub(crate) uses_fields: bool,
    checks_left: AtomicU32,
}

impl ScriptFold {
    /// Reads the source of a fold. `name` is what answers call it.
    ///
    /// # Errors
    /// If it is no fold, with line and column where there are any.
    pub fn compile(name: &str, source: &str, limits: Limits) -> Result<Self, FoldError> {
        Self::compile_as(Kind::Fold, name, source, limits).map(|(fold, _)| fold)
    }

    /// The same for what may be a projection, with its streams.
    pub(crate) fn compile_as(
        kind: Kind,
        name: &str,
        source: &str,
        limits: Limits,
    ) -> Result<(Self, Vec<String>), FoldError> {
        let module = Module::read(source, kind, limits)?;
        let ready = module.ready()?;
        let (types, needs, streams) = ready.engine.prepare(|ctx| {
            let tools = Tools::of(ctx)?;
            let instance = module.instance(ctx, &tools)?;
            let (spellings, mut names) = (Spellings::default(), Names::default());
            let mut reader = Reader::new(ctx, &tools, &spellings, &mut names);
            reader.max_bytes = limits.state_bytes;
            reader.read(&instance.initial, None, || error::state_too_large(&limits))?;
            let needs = instance.needs(&tools)?;
            Ok((instance.types, needs, instance.streams))
        })?;
        module.give_back(ready);
        let mut types = types;
        // It is no handler of events.
        let key =
            types.pop_if(|last| kind == Kind::Projection && last == "$key").map(|_| types.len());
        let any = types.iter().position(|event_type| event_type == "$any");
        let fold = Self {
            name: name.to_owned(),
            types,
            needs,
            any,
            key,
            uses_fields: source.contains("fields"),
            module,
            checks_left: AtomicU32::new(FIRST_CHECKS),
        };
        Ok((fold, streams))
    }

    /// Whether another event is to be applied twice because the fold is new.
    pub(crate) fn takes_first_check(&self) -> bool {
        // Most of the time there are none left, and nothing needs to be written for others to see.
        self.checks_left.load(Ordering::Relaxed) > 0
            && self
                .checks_left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok()
    }

    /// The place of the handler for a type, if there is one.
    pub(crate) fn handler(&self, event_type: Option<&str>) -> Option<usize> {
        // There are few handlers, and looking through them is quicker than any table.
        let of_type = |event_type| self.types.iter().position(|known| known == event_type);
        event_type.and_then(of_type).or(self.any)
    }
}

impl std::fmt::Debug for ScriptFold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptFold").field("name", &self.name).finish_non_exhaustive()
    }
}
