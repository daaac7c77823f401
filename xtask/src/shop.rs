//! What other systems of the sample's shop do with its events: projections, and a billing service that is not quite up to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;

/// The billing of an order: it takes a while, so that the group lags; some events fail once, and some every time, which makes them dead
/// letters.
const BILLING: &str = r#"sleep 0.2
case "$REWIND_ID" in
  *[37]7-*) exit 1 ;;
  *1-*) test "$REWIND_DELIVERIES" -gt 1 ;;
esac"#;

/// The folder with the folds of the sample: copies, to be played with.
pub(crate) fn folds(workspace: &Workspace) -> Result<PathBuf> {
    copies(&workspace.root().join("examples/folds"), workspace.folds())
}

/// The folder with the projections of the sample: copies as well.
pub(crate) fn projections(workspace: &Workspace) -> Result<PathBuf> {
    copies(&workspace.root().join("examples/projections"), workspace.projections())
}

/// The billing service: a consumer of the group `billing`.
pub(crate) fn billing(rewind: &Path) -> Command {
    let mut command = Command::new(rewind);
    command.args(["consume", "events:orders", "--group", "billing", "--consumer", "billing-1"]);
    command.args(["--max-deliveries", "3", "--retry-after", "500ms", "--exec", BILLING]);
    // What it could not do is seen in its group and its dead letters.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Copies what is not in the folder yet, and may have been edited there since.
fn copies(examples: &Path, folder: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&folder).with_context(|| format!("cannot make `{}`", folder.display()))?;
    let found =
        fs::read_dir(examples).with_context(|| format!("cannot read `{}`", examples.display()))?;
    for example in found {
        let example = example?;
        let copy = folder.join(example.file_name());
        if !copy.exists() {
            fs::copy(example.path(), &copy)
                .with_context(|| format!("cannot write `{}`", copy.display()))?;
        }
    }
    Ok(folder)
}
