//! Folds and expressions in JavaScript, by QuickJS: pure, bounded, and exact with numbers.
//!
//! A [`ScriptFold`] is a [`rewind_domain::Fold`] read from a source; an [`Expression`] asks a state a question; an
//! [`EventFilter`] says which events are meant. They run in an engine in which no two runs differ, and which stops at [`Limits`]. An
//! engine is made for one fold, serves one folding at a time, is given back for the next one, and is thrown away once anything
//! went wrong in it.
//!
//! The path of an event through the modules: `event` finds what its handler needs; `payload` makes values of the
//! engine from its data; `fold` calls the handler; `values` makes JSON of the state when someone asks for it; `digits` see to it
//! that numbers are spelled as they were. What a script finds around it is in `sandbox.js`. `module` reads the source of a fold,
//! with the help of `top_level`, which finds what it declares.

mod activity;
mod clock;
mod digits;
mod engine;
mod error;
mod event;
mod expression;
mod filter;
mod fingerprint;
mod fold;
mod folding;
mod held;
mod limits;
mod module;
mod needs;
mod payload;
mod projection;
mod rows;
mod tokens;
mod top_level;
mod values;

pub use activity::{Activity, Culprit, Phase, Place, Visit, activity, at_version};
pub use clock::{process_time, thread_time};
pub use expression::{Evaluating, Expression};
pub use filter::{EventFilter, Filtering, within_filter};
pub use fingerprint::fingerprint;
pub use fold::ScriptFold;
pub use limits::Limits;
pub use needs::asks_version;
pub use projection::ScriptProjection;
pub use rows::Rows;

#[cfg(test)]
mod tests;
