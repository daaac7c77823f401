//! `cargo xtask`: sets up, builds, runs, tests and measures Rewind.
//!
//! Each command brings what it needs (the WebAssembly target, the pinned front-end tools, a Redis
//! server, a browser) and skips at once what is there already.

#![allow(
    clippy::print_stderr,
    reason = "telling the person at the terminal what happens is its job"
)]

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::profile::Kind;
use crate::profile::Profile;
use crate::steps::Steps;
use crate::workspace::Workspace;

mod artifact;
mod axe;
mod bench;
mod bundle;
mod bundler;
mod document;
mod endurance;
mod engines;
mod fingerprint;
mod frontend;
mod group;
mod packages;
mod private_redis;
mod process;
mod profile;
mod python;
mod resp;
mod run;
mod sample;
mod server;
mod shop;
mod signals;
mod steps;
mod test;
mod toolchain;
mod tools;
mod trickle;
mod trunk;
mod workspace;

/// Set-up, run, test and bench commands of the Rewind workspace
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the front end and the `rewind` binary which contains it
    Build(BuildArgs),
    /// Set everything up and start Rewind, with a private Redis unless a URL is given
    Run(run::RunArgs),
    /// Set everything up and start Rewind with the pages of the working copy, which follow each change
    Dev(run::DevArgs),
    /// Set everything up and run the checks and tests
    Test(test::TestArgs),
    /// Run live events while Redis, the server and the network break, for some minutes
    Soak(endurance::EnduranceArgs),
    /// Ask plain questions while many others ask hostile ones, for some minutes
    Hostile(endurance::EnduranceArgs),
    /// Measure Rewind against bare Redis clients
    Bench(bench::BenchArgs),
    /// Print the sample data as lines for `rewind import -`
    Sample(sample::SampleArgs),
    /// Make the front end for Trunk, which calls this
    #[command(hide = true)]
    TrunkHook,
}

#[derive(Args)]
struct BuildArgs {
    /// Build the server optimised (the default)
    #[arg(long, conflicts_with = "debug")]
    release: bool,
    /// Build the server unoptimised, which is quicker
    #[arg(long)]
    debug: bool,
    /// Build the front end alone, in `dist`
    #[arg(long, conflicts_with_all = ["debug", "release"])]
    front_end: bool,
}

fn main() -> ExitCode {
    let workspace = Workspace::find();
    let result = match Cli::parse().command {
        Command::Build(args) => build(&workspace, &args),
        Command::Run(args) => run::run(&workspace, &args),
        Command::Dev(args) => run::dev(&workspace, &args),
        Command::Test(args) => test::test(&workspace, &args),
        Command::Soak(args) => endurance::soak(&workspace, &args),
        Command::Hostile(args) => endurance::hostile(&workspace, &args),
        Command::Bench(args) => bench::bench(&workspace, &args),
        Command::Sample(args) => sample::print(&args).map(|()| ExitCode::SUCCESS),
        Command::TrunkHook => trunk::hook(&workspace).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn build(workspace: &Workspace, args: &BuildArgs) -> Result<ExitCode> {
    let steps = Steps::new();
    let built = if args.front_end {
        bundle::front_end(workspace, Kind::Release, &steps)?
    } else {
        let profile = if args.debug { Profile::Debug } else { Profile::Release };
        bundle::build(workspace, &steps, profile)?
    };
    eprintln!("  {}", built.display());
    Ok(ExitCode::SUCCESS)
}
