//! Where projections are.

use std::path::PathBuf;

use clap::Args;

use super::ConfigError;

/// Where projections are.
#[derive(Args, Clone, Debug, Default)]
pub struct ProjectionOptions {
    /// A folder of projections, a JavaScript file for each, which this server keeps up to date in Redis: it writes their keys, and
    /// nothing else
    ///
    /// Several servers may run the same folder. A file that changes is read again.
    #[arg(long, value_name = "DIR", env = "REWIND_PROJECTIONS")]
    pub projections: Option<PathBuf>,
}

impl ProjectionOptions {
    /// The folder, if one is given.
    ///
    /// # Errors
    /// If it is none.
    pub fn check(self) -> Result<Option<PathBuf>, ConfigError> {
        match self.projections {
            Some(folder) if !folder.is_dir() => Err(ConfigError::NoProjections(folder)),
            folder => Ok(folder),
        }
    }
}
