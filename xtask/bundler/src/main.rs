//! Makes of the compiled front end what a browser loads: splits it, joins it to JavaScript, compresses it.
//!
//! `cargo xtask` builds and runs this. It is a program of its own because it is worth optimising, which xtask is not.

#![allow(clippy::print_stdout, reason = "xtask reads what it prints")]

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};

mod compress;
mod program;

const USAGE: &str = "\
rewind-bundler whole PROGRAM ASSETS      joins a program to JavaScript, in the folder ASSETS
rewind-bundler split PROGRAM ASSETS      splits it into a file for each page as well
rewind-bundler compress FOLDER           writes compressed siblings beside its files, prints their size in bytes";

fn main() -> ExitCode {
    let arguments = env::args_os().skip(1).collect::<Vec<_>>();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the person at the terminal must know")]
            {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[OsString]) -> Result<()> {
    let words = arguments.iter().map(Path::new).collect::<Vec<_>>();
    match words.as_slice() {
        [command, program, assets] if command.as_os_str() == "whole" => {
            program::bind_whole(program, assets)
        }
        [command, program, assets] if command.as_os_str() == "split" => {
            program::split_and_bind(program, assets)
        }
        [command, folder] if command.as_os_str() == "compress" => {
            println!("{}", compress::compress(folder)?);
            Ok(())
        }
        _ => bail!("it is used so:\n{USAGE}"),
    }
}
