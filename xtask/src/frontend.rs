//! The front end: the program, the document and their compressed siblings; left alone while nothing changed.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result};

use crate::bundler::Bundler;
use crate::fingerprint::Fingerprint;
use crate::profile::Kind;
use crate::steps::{Step, Steps};
use crate::workspace::Workspace;
use crate::{artifact, document, process, toolchain};

const PACKAGE: &str = "rewind-frontend";

const DOCUMENT: &str = "index.html";

/// What the front end is made of.
const INPUTS: [&str; 9] = [
    ".cargo",
    "Cargo.lock",
    "Cargo.toml",
    "app",
    "domain",
    "frontend",
    "style",
    "xtask/bundler",
    "xtask/src/document.rs",
];

/// A front end that was made, without the document, which names it.
pub(crate) struct FrontEnd {
    assets: PathBuf,
    fingerprint: String,
    kind: Kind,
}

impl FrontEnd {
    /// Makes the front end of a kind, unless it is there already.
    pub(crate) fn make(
        workspace: &Workspace,
        kind: Kind,
        bundler: &Bundler,
        step: &mut Step,
    ) -> Result<Self> {
        let scratch = scratch(workspace, kind);
        let _lock = lock(&scratch, step)?;
        let assets = scratch.join("assets");
        let stamp = Stamp::at(scratch.join("assets.stamp"));
        // Taken before the build: what is edited while it runs must count as a change.
        let inputs = inputs(workspace, kind)?;
        if let Some(fingerprint) = stamp.result_for(&inputs).filter(|_| assets.is_dir()) {
            step.outcome("up to date");
            return Ok(Self { assets, fingerprint, kind });
        }
        stamp.remove()?;
        step.say_what_comes();
        let program = compile(workspace, kind)?;
        let bound = bind(&program, kind, bundler, &scratch)?;
        replace(&assets, |assets| {
            link_files(&bound, assets)?;
            document::assets(workspace, assets)
        })?;
        let fingerprint = Fingerprint::new().path(&assets)?.finish();
        if kind.is_release() {
            step.say("compressing");
            step.outcome(bundler.compress(&assets)?);
        } else {
            step.outcome("built");
        }
        stamp.write(&inputs, &fingerprint)?;
        Ok(Self { assets, fingerprint, kind })
    }

    /// Puts the front end into a folder, with a document that names it in place of what the folder had.
    pub(crate) fn install(&self, document: &str, bundler: &Bundler, into: &Path) -> Result<()> {
        let name = document::folder_name(&self.fingerprint);
        let document = document::naming(document, &name, self.kind.is_release());
        if fs::read_to_string(into.join(DOCUMENT)).is_ok_and(|there| there == document)
            && is_whole(&into.join(&name), &self.assets)
        {
            return Ok(());
        }
        replace(into, |into| {
            let index = into.join(DOCUMENT);
            fs::write(&index, &document)
                .with_context(|| format!("cannot write `{}`", index.display()))?;
            if self.kind.is_release() {
                bundler.compress(into)?;
            }
            let folder = into.join(&name);
            create(&folder)?;
            copy_files(&self.assets, &folder)
        })
    }
}

/// Makes a front end and puts it where the server of that kind finds it. Returns that folder.
pub(crate) fn build(
    workspace: &Workspace,
    kind: Kind,
    bundler: &Bundler,
    steps: &Steps,
) -> Result<PathBuf> {
    steps.run(&format!("Front end ({})", kind.name()), |step| {
        let front_end = FrontEnd::make(workspace, kind, bundler, step)?;
        let dist = dist(workspace, kind);
        front_end.install(&document::source(workspace)?, bundler, &dist)?;
        Ok(dist)
    })
}

/// Where the server finds the front end of a kind. A quick one does not take the place of the one that is released:
/// who tries Rewind out and tests it in turn would have it built each time.
pub(crate) fn dist(workspace: &Workspace, kind: Kind) -> PathBuf {
    if kind.is_release() { workspace.dist() } else { scratch(workspace, kind).join("dist") }
}

fn scratch(workspace: &Workspace, kind: Kind) -> PathBuf {
    workspace.scratch().join("frontend").join(kind.name())
}

fn compile(workspace: &Workspace, kind: Kind) -> Result<PathBuf> {
    let mut cargo = process::cargo(workspace);
    cargo.args(["build", "--locked", "--package", PACKAGE]);
    cargo.args(["--target", toolchain::WASM_TARGET]).args(kind.flags());
    artifact::build(cargo, &format!("{PACKAGE}.wasm"))
}

/// The program as a browser loads it, from a compiled one. A change to a style alone leaves it as it is.
fn bind(program: &Path, kind: Kind, bundler: &Bundler, scratch: &Path) -> Result<PathBuf> {
    let bound = scratch.join("program");
    let stamp = Stamp::at(scratch.join("program.stamp"));
    let versions = format!("{} {}", version(program)?, version(bundler.program())?);
    if stamp.result_for(&versions).is_none() || !bound.is_dir() {
        stamp.remove()?;
        replace(&bound, |bound| bundler.bundle(program, kind.is_release(), bound))?;
        stamp.write(&versions, "bound")?;
    }
    Ok(bound)
}

/// Tells one version of a built file from another. Reading a debug build would take longer than using it.
fn version(file: &Path) -> Result<String> {
    let unreadable = || format!("cannot read `{}`", file.display());
    let meta = file.metadata().with_context(unreadable)?;
    let modified = meta.modified().with_context(unreadable)?;
    let age = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(format!("{}-{}", age.as_nanos(), meta.len()))
}

fn inputs(workspace: &Workspace, kind: Kind) -> Result<String> {
    let mut fingerprint = Fingerprint::new().text(&toolchain::compiler()?).text(kind.name());
    for input in INPUTS {
        fingerprint = fingerprint.text(input).path(&workspace.root().join(input))?;
    }
    Ok(fingerprint.finish())
}

/// Remembers what came out for which inputs.
struct Stamp {
    file: PathBuf,
}

impl Stamp {
    fn at(file: PathBuf) -> Self {
        Self { file }
    }

    fn result_for(&self, inputs: &str) -> Option<String> {
        let text = fs::read_to_string(&self.file).ok()?;
        let (found, result) = text.trim_end().rsplit_once(' ')?;
        (found == inputs).then(|| result.to_owned())
    }

    fn write(&self, inputs: &str, result: &str) -> Result<()> {
        fs::write(&self.file, format!("{inputs} {result}\n"))
            .with_context(|| format!("cannot write `{}`", self.file.display()))
    }

    fn remove(&self) -> Result<()> {
        remove(&self.file)
    }
}

/// Keeps two commands at a time from making the same front end. Unlocks when it is dropped.
fn lock(scratch: &Path, step: &Step) -> Result<File> {
    let path = scratch.join("lock");
    let cannot = || format!("cannot lock `{}`", path.display());
    fs::create_dir_all(scratch).with_context(cannot)?;
    let file = File::create(&path).with_context(cannot)?;
    if file.try_lock().is_err() {
        step.say("waiting for another command that is building it");
        file.lock().with_context(cannot)?;
    }
    Ok(file)
}

/// Fills a folder with something else than it had.
fn replace(folder: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    remove(folder)?;
    create(folder)?;
    fill(folder)
}

/// Whether a folder has every file of another. The name of the folder tells its contents.
fn is_whole(folder: &Path, of: &Path) -> bool {
    let Ok(files) = files(of) else { return false };
    files.iter().all(|file| {
        let size = |path: &Path| path.metadata().map(|meta| meta.len()).ok();
        file.file_name().is_some_and(|name| size(&folder.join(name)) == size(file))
    })
}

/// Has the files of a folder in another too, without copying them: a debug build is large.
fn link_files(from: &Path, to: &Path) -> Result<()> {
    each_file(from, to, |from, to| {
        fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
    })
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    each_file(from, to, |from, to| fs::copy(from, to).map(drop))
}

fn each_file(
    from: &Path,
    to: &Path,
    act: impl Fn(&Path, &Path) -> std::io::Result<()>,
) -> Result<()> {
    for file in files(from)? {
        let copy = to.join(file.file_name().unwrap_or_default());
        act(&file, &copy)
            .with_context(|| format!("cannot copy `{}` to `{}`", file.display(), copy.display()))?;
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("cannot read `{}`", folder.display());
    let entries = folder.read_dir().with_context(unreadable)?;
    let paths = entries.map(|entry| Ok(entry.with_context(unreadable)?.path()));
    Ok(paths.collect::<Result<Vec<_>>>()?.into_iter().filter(|path| path.is_file()).collect())
}

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))
}

fn remove(path: &Path) -> Result<()> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.with_context(|| format!("cannot remove `{}`", path.display())),
    }
}
