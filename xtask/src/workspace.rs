//! Where things are in the working copy.

use std::env;
use std::path::{Path, PathBuf};

/// A handle on the working copy that the commands act on.
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace that this xtask belongs to.
    pub(crate) fn find() -> Self {
        // Cargo sets the variable when it runs xtask; the path known at compile time would be
        // wrong after the working copy has moved.
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        Self { root: package.parent().map_or_else(|| package.clone(), Path::to_path_buf) }
    }

    /// The folder with the root `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The built front end, which the server embeds.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// What the commands remember between runs, and may lose at any time.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.root.join("target/xtask")
    }

    /// The data folder of the private Redis. Outside `target`, since `cargo clean` must not
    /// delete data.
    pub(crate) fn redis_data(&self) -> PathBuf {
        self.root.join(".rewind/redis")
    }

    /// The folds of the sample, which may have been edited.
    pub(crate) fn folds(&self) -> PathBuf {
        self.root.join(".rewind/folds")
    }

    /// The projections of the sample, which may have been edited.
    pub(crate) fn projections(&self) -> PathBuf {
        self.root.join(".rewind/projections")
    }
}
