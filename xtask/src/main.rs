//! `cargo xtask`: sets up, builds, runs, tests and measures Rewind.
//!
//! Each command brings what it needs (the WebAssembly target, the pinned front-end tools, a Redis
//! server, a browser) and skips at once what is there already.

#![allow(
    clippy::print_stderr,
    reason = "telling the person at the terminal what happens is its job"
)]

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::server::Profile;
use crate::steps::Steps;
use crate::workspace::Workspace;

mod artifact;
mod bench;
mod bundle;
mod compress;
mod document;
mod endurance;
mod fingerprint;
mod frontend;
mod packages;
mod private_redis;
mod process;
mod program;
mod resp;
mod run;
mod sample;
mod server;
mod signals;
mod steps;
mod test;
mod toolchain;
mod tools;
mod trickle;
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
}

#[derive(Args)]
struct BuildArgs {
    /// Build the server optimised (the default)
    #[arg(long, conflicts_with = "debug")]
    release: bool,
    /// Build the server unoptimised, which is quicker
    #[arg(long)]
    debug: bool,
}

fn main() -> ExitCode {
    let workspace = Workspace::find();
    let result = match Cli::parse().command {
        Command::Build(args) => {
            let profile = if args.debug { Profile::Debug } else { Profile::Release };
            bundle::build(&workspace, &mut Steps::new(), profile).map(|binary| {
                eprintln!("  {}", binary.display());
                ExitCode::SUCCESS
            })
        }
        Command::Run(args) => run::run(&workspace, &args),
        Command::Test(args) => test::test(&workspace, &args),
        Command::Soak(args) => endurance::soak(&workspace, &args),
        Command::Hostile(args) => endurance::hostile(&workspace, &args),
        Command::Bench(args) => bench::bench(&workspace, &args),
        Command::Sample(args) => sample::print(&args).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
