//! Trunk: the inner loop of whoever works on the front end, and another way to build it.
//!
//! Trunk watches, serves, reloads, and passes calls on to a running server. What it serves is made by [`hook`], with the
//! code that `cargo xtask build` uses too.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, Result, bail};

use crate::bundler::Bundler;
use crate::frontend::FrontEnd;
use crate::profile::Kind;
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{process, toolchain};

/// Where `Trunk.toml` has Trunk pass calls on to.
const BACKEND: &str = "http://127.0.0.1:7117/";

/// Makes the front end in the folder that Trunk will bring into place, with the document that it has put there.
pub(crate) fn hook(workspace: &Workspace) -> Result<()> {
    let staging = PathBuf::from(told("TRUNK_STAGING_DIR")?);
    let kind = match told("TRUNK_PROFILE")?.as_str() {
        "release" => Kind::Release,
        _ => Kind::Quick,
    };
    let document = staging.join("index.html");
    let document = fs::read_to_string(&document)
        .with_context(|| format!("cannot read `{}`", document.display()))?;
    let steps = Steps::new();
    toolchain::wasm_target(&steps)?;
    let bundler = Bundler::build(workspace, &steps)?;
    steps.run("Front end", |step| {
        let front_end = FrontEnd::make(workspace, kind, &bundler, step)?;
        front_end.install(&document, &bundler, &staging)
    })
}

/// A configuration of Trunk for a server at another address. It is removed when this is dropped.
pub(crate) struct Configuration {
    file: PathBuf,
}

impl Configuration {
    /// Writes it beside `Trunk.toml`, since the paths in it start there.
    pub(crate) fn write(workspace: &Workspace, backend: SocketAddr) -> Result<Self> {
        let source = workspace.root().join("Trunk.toml");
        let text = fs::read_to_string(&source)
            .with_context(|| format!("cannot read `{}`", source.display()))?;
        let file = workspace.root().join(format!("Trunk.{}.toml", backend.port()));
        fs::write(&file, with_backend(&text, backend)?)
            .with_context(|| format!("cannot write `{}`", file.display()))?;
        Ok(Self { file })
    }

    /// `trunk serve` with it, on a port. It leaves the front end in `dist` alone, which a running server may show.
    pub(crate) fn serve(&self, trunk: &Path, workspace: &Workspace, port: u16) -> Command {
        let mut command = Command::new(trunk);
        process::forget_package(&mut command);
        command.current_dir(workspace.root()).arg("--config").arg(&self.file);
        command.args(["serve", "--port", &port.to_string(), "--dist"]);
        command.arg(workspace.scratch().join("trunk"));
        command
    }
}

impl Drop for Configuration {
    fn drop(&mut self) {
        // One that stays is ignored by Git, and overwritten by the next.
        let _ = fs::remove_file(&self.file);
    }
}

fn with_backend(text: &str, backend: SocketAddr) -> Result<String> {
    if !text.contains(BACKEND) {
        bail!(
            "`Trunk.toml` does not name `{BACKEND}`, in place of which the server would be named"
        );
    }
    Ok(text.replace(BACKEND, &format!("http://{backend}/")))
}

fn told(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("`{name}` is not set; Trunk sets it when it runs this"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trunk_is_told_of_a_server_at_another_address() {
        let text = fs::read_to_string(Workspace::find().root().join("Trunk.toml")).unwrap();
        let told = with_backend(&text, "127.0.0.1:4711".parse().unwrap()).unwrap();
        assert!(told.contains("backend = \"http://127.0.0.1:4711/api/\""), "{told}");
        assert!(with_backend("[serve]", "127.0.0.1:4711".parse().unwrap()).is_err());
    }
}
