//! Projections in JavaScript: folds over named streams, whose state may be a table.

use rewind_domain::{Fold as _, FoldError, Folding};

use crate::fold::ScriptFold;
use crate::limits::Limits;
use crate::module::Kind;
use crate::rows::Rows;

/// A projection in JavaScript: a module as that of a [`ScriptFold`], with some more members.
///
/// ```js
/// export default {
///   streams: ["events:orders"],
///   key: (event) => event.data.customer_id,
///   upcast: { OrderPlaced: (event) => ({ type: "order.created" }) },
///   initial: () => ({ orders: 0 }),
///   on: { "order.created"(row) { row.orders += 1; } },
/// };
/// ```
///
/// `streams` are the keys of the streams. With `key` the state is a table: handlers get the row of the event's key, which is `initial`
/// where there is none yet, and return `null` to remove it. Events without a key are passed over. `upcast` is a function of an event, or
/// an object of such functions by type: what it returns replaces members of the event before `key` and the handlers see it.
#[derive(Debug)]
pub struct ScriptProjection {
    pub(crate) fold: ScriptFold,
    streams: Vec<String>,
}

impl ScriptProjection {
    /// Reads the source of a projection.
    ///
    /// # Errors
    /// If it is none, with line and column where there are any.
    pub fn compile(name: &str, source: &str, limits: Limits) -> Result<Self, FoldError> {
        let (fold, streams) = ScriptFold::compile_as(Kind::Projection, name, source, limits)?;
        Ok(Self { fold, streams })
    }

    /// The keys of its streams.
    #[must_use]
    pub fn streams(&self) -> &[String] {
        &self.streams
    }

    /// Whether its state is a table.
    #[must_use]
    pub fn is_table(&self) -> bool {
        self.fold.key.is_some()
    }

    /// Goes on from a state, or begins before the first event.
    ///
    /// # Errors
    /// As [`rewind_domain::Fold::begin`].
    pub fn begin(
        &self,
        from: Option<&rewind_domain::Checkpoint>,
    ) -> Result<Box<dyn Folding + '_>, FoldError> {
        self.fold.begin(from)
    }

    /// Rows to be changed, of which none is known yet.
    ///
    /// # Errors
    /// As [`rewind_domain::Fold::begin`].
    pub fn rows(&self) -> Result<Rows<'_>, FoldError> {
        Rows::begin(self)
    }
}
