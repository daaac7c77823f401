//! What the browser gets besides the program: the document, its styles and its icon.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;

/// The folder in which `frontend/document/index.html` finds everything else.
const ASSETS: &str = "assets";

/// What fetches the parts of a program that was split.
const LOADER: &str = "__wasm_split.js";

/// The style sheet that imports the others, in the order in which they apply.
const MAIN_STYLE: &str = "main.css";

/// The files that are served as they are.
const AS_THEY_ARE: [&str; 2] = ["icon.svg", "live-worker.js"];

/// Writes the styles, as one file, and what is served as it is into `assets`.
pub(crate) fn assets(workspace: &Workspace, assets: &Path) -> Result<()> {
    let styles = styles(&workspace.root().join("style"))?;
    write(&assets.join("rewind.css"), &plain(&styles))?;
    for name in AS_THEY_ARE {
        write(&assets.join(name), &read(&folder(workspace).join(name))?)?;
    }
    Ok(())
}

/// The document as it lies in the working copy.
pub(crate) fn source(workspace: &Workspace) -> Result<String> {
    read(&folder(workspace).join("index.html"))
}

/// The name of the folder for assets with this fingerprint. Whatever changes in one of them changes the name of all:
/// they only work together.
pub(crate) fn folder_name(fingerprint: &str) -> String {
    format!("{ASSETS}-{fingerprint}")
}

/// The document for a program in the folder of this name.
pub(crate) fn naming(document: &str, folder: &str, is_split: bool) -> String {
    let document = document.replace(&format!("\"/{ASSETS}/"), &format!("\"/{folder}/"));
    if is_split {
        return document;
    }
    // A program in one piece has no loader to fetch ahead.
    document.split_inclusive('\n').filter(|line| !line.contains(LOADER)).collect()
}

/// Where the document lies. Not beside a `Cargo.toml`, which Trunk would compile by itself.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root().join("frontend/document")
}

/// Styles without comments, indentation and empty lines, which every first visit would pay for. A comment begins at `/*` wherever it
/// stands: no text in the styles has that in it.
fn plain(styles: &str) -> String {
    let mut rest = styles;
    let mut text = String::with_capacity(styles.len());
    while let Some((before, comment)) = rest.split_once("/*") {
        text.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// All style sheets of a folder, in the order in which the main one imports them.
fn styles(folder: &Path) -> Result<String> {
    let main = folder.join(MAIN_STYLE);
    let mut all = String::new();
    let mut imported = BTreeSet::from([MAIN_STYLE.to_owned()]);
    for line in read(&main)?.lines() {
        let Some(rest) = line.strip_prefix("@import \"") else { continue };
        let Some(name) = rest.strip_suffix("\";") else {
            bail!(
                "`{}` has an import of another form than `@import \"x.css\";`: {line}",
                main.display()
            );
        };
        all += &read(&folder.join(name))?;
        imported.insert(name.to_owned());
    }
    let entries =
        folder.read_dir().with_context(|| format!("cannot read `{}`", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        if name.ends_with(".css") && !imported.contains(&*name) {
            bail!("`{name}` applies nowhere: import it in `{}`", main.display());
        }
    }
    Ok(all)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn styles_stand_in_the_order_of_their_imports() {
        let main = "/* Colours first. */\n@import \"tokens.css\";\n@import \"base.css\";\n";
        let folder =
            folder(&[("main.css", main), ("base.css", "b {}\n"), ("tokens.css", "a {}\n")]);
        assert_eq!(styles(folder.path()).unwrap(), "a {}\nb {}\n");
    }

    #[test]
    fn styles_are_sent_without_comments_and_indentation() {
        let styles = "/* One\n   of two. */\n\na {\n  color: red; /* inline */\n}\n/* open";
        assert_eq!(plain(styles), "a {\ncolor: red;\n}\n");
    }

    #[test]
    fn a_style_that_is_not_imported_is_named() {
        let folder = folder(&[("main.css", ""), ("lost.css", "")]);
        assert!(styles(folder.path()).unwrap_err().to_string().contains("`lost.css`"));
    }

    #[test]
    fn an_import_that_is_not_understood_is_named() {
        let folder = folder(&[("main.css", "@import \"a.css\" screen;")]);
        assert!(styles(folder.path()).unwrap_err().to_string().contains("screen"));
    }

    #[test]
    fn the_document_names_everything_by_its_fingerprint() {
        let source = source(&Workspace::find()).unwrap();
        let document = naming(&source, "assets-0123456789abcdef", true);
        assert!(document.contains("\"/assets-0123456789abcdef/rewind.js\""));
        assert!(!document.contains("/assets/"));
        assert_eq!(document.lines().count(), source.lines().count());
    }

    #[test]
    fn the_document_of_a_program_in_one_piece_names_no_loader() {
        let source = source(&Workspace::find()).unwrap();
        assert!(naming(&source, "assets-0", true).contains("/assets-0/__wasm_split.js"));
        assert!(!naming(&source, "assets-0", false).contains("__wasm_split.js"));
    }
}
