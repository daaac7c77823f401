//! What folds and expressions do, from outside.

mod digits;
mod expressions;
mod filters;
mod folds;
mod limits;
mod modules;
mod projections;
mod purity;
mod sandbox;

use rewind_domain::{
    Applied, Checkpoint, EntryId, Fields, Fold as _, FoldError, FoldErrorKind, Folding, Json,
    RawEvent,
};

use crate::{Limits, ScriptFold};

/// A fold with these members of `on`.
fn fold_on(on: &str) -> ScriptFold {
    ScriptFold::compile(
        "Order.js",
        &format!("export default {{ on: {{ {on} }} }};"),
        Limits::default(),
    )
    .unwrap_or_else(|error| panic!("{error:?}"))
}

fn compile(source: &str) -> Result<ScriptFold, FoldError> {
    ScriptFold::compile("Order.js", source, Limits::default())
}

fn fields(event_type: &str, data: &str) -> Fields {
    Fields::from_iter([("type", event_type), ("data", data)])
}

fn id(version: u64) -> EntryId {
    EntryId::new(1_706_185_200_000 + version, 0)
}

fn apply(
    folding: &mut dyn Folding,
    version: u64,
    event_type: &str,
    data: &str,
) -> Result<Applied, FoldError> {
    folding.apply(&RawEvent::new(id(version), version, &fields(event_type, data)))
}

/// The state after these events, as text.
fn folded(fold: &ScriptFold, events: &[(&str, &str)]) -> Result<String, FoldError> {
    let mut folding = fold.begin(None)?;
    for (version, (event_type, data)) in (1..).zip(events) {
        apply(folding.as_mut(), version, event_type, data)?;
    }
    Ok(folding.state()?.to_string())
}

/// The state after one event `E` with this data, whose handler this is.
fn after_one(handler: &str, data: &str) -> Result<String, FoldError> {
    folded(&fold_on(&format!("E: {handler}")), &[("E", data)])
}
