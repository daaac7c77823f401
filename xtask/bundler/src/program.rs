//! The program that runs in the browser: split into what the first page needs and what each of the others adds, and
//! joined to JavaScript.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::Options;

/// The name of the main files, which the document of the front end has too.
const NAME: &str = "rewind";

/// Joins a program that stays in one piece to JavaScript. It keeps the names of its functions, for readable backtraces.
pub(crate) fn bind_whole(program: &Path, assets: &Path) -> Result<()> {
    bind(program, assets, |_| {})
}

/// Splits a program, and joins its main part to JavaScript.
pub(crate) fn split_and_bind(program: &Path, assets: &Path) -> Result<()> {
    let main = assets.join(format!("{NAME}.wasm"));
    split(program, assets, &main)?;
    bind(&main, assets, |bindgen| {
        // The other parts find the main one's functions and memory by their own names.
        bindgen.keep_lld_exports(true).demangle(false);
        // The names of functions would be half of the download.
        bindgen.remove_name_section(true).remove_producers_section(true);
    })?;
    // What browsers load is the bound one.
    fs::remove_file(&main).with_context(|| format!("cannot remove `{}`", main.display()))
}

fn split(program: &Path, assets: &Path, main: &Path) -> Result<()> {
    let bytes =
        fs::read(program).with_context(|| format!("cannot read `{}`", program.display()))?;
    let main_module = format!("./{NAME}.js");
    let mut options = Options::new(&bytes);
    options.output_dir = assets;
    options.main_out_path = main;
    options.main_module = &main_module;
    wasm_split_cli_support::transform(options)
        .map(drop)
        .map_err(|error| anyhow!("`{}` could not be split: {error:#}", program.display()))
}

fn bind(program: &Path, assets: &Path, configure: impl FnOnce(&mut Bindgen)) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.web(true)?.typescript(false).input_path(program).out_name(NAME);
    // The document starts the program without saying where it is.
    bindgen.omit_default_module_path(false);
    configure(&mut bindgen);
    bindgen
        .generate(assets)
        .with_context(|| format!("`{}` could not be joined to JavaScript", program.display()))
}
