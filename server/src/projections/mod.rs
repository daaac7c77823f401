//! Projections in JavaScript: the files of a folder, each kept up to date in Redis by a task of its own.
//!
//! Many servers may run the same folder. Of each projection one works and the others wait for its lease; the checkpoint keeps it right
//! all the same. A projection that fails stops where it is, and the others go on. A file that changes is read again.

mod answers;
mod folder;
mod known;
mod runner;
mod script;

use rewind_domain::FoldError;
use rewind_store::project::Projection;

pub use answers::Projections;
pub use folder::FolderError;
pub(crate) use folder::read_one;
pub use known::KnownProjections;
pub(crate) use runner::{RunError, catch_up_all, run_all};

use crate::engines::{EngineError, Engines};
use crate::folds::Script;
use script::ScriptReducer;

/// Why a file is no projection that can be run.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is none.
    #[error("`{name}` is no projection: {}{error}", place(error))]
    Invalid {
        /// The file.
        name: String,
        /// Why.
        error: FoldError,
    },
    /// Whether it is one could not be found out.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Makes a projection of a script.
///
/// # Errors
/// If it is none.
pub(crate) async fn projection_of(
    name: &str,
    script: &Script,
    engines: &Engines,
) -> Result<Projection, ReadError> {
    let head = engines
        .read_projection(script)
        .await?
        .map_err(|error| ReadError::Invalid { name: script.name.clone(), error })?;
    let reducer = ScriptReducer::new(engines, script.clone(), head.is_table);
    let projection = Projection::with(name, Box::new(reducer));
    Ok(head.streams.into_iter().fold(projection, Projection::stream))
}

fn place(error: &FoldError) -> String {
    match (error.line, error.column) {
        (Some(line), Some(column)) => format!("line {line}, column {column}: "),
        (Some(line), None) => format!("line {line}: "),
        _ => String::new(),
    }
}
