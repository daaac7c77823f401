//! `cargo xtask bench`: the benchmark, against a release build.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::profile::Profile;
use crate::python::Python;
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{bundle, packages, process};

/// What `cargo xtask bench` takes.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Arguments for the benchmark
    #[arg(last = true)]
    args: Vec<String>,
}

/// Builds everything optimised and runs the benchmark.
pub(crate) fn bench(workspace: &Workspace, args: &BenchArgs) -> Result<ExitCode> {
    let steps = Steps::new();
    let redis = packages::redis_server(&steps)?;
    let python = Python::find_or_make(&steps)?;
    let rewind = bundle::build(workspace, &steps, Profile::Release)?;
    steps.run("Benchmark", |step| {
        step.say("building and running it");
        process::run(
            process::cargo(workspace)
                .args(["run", "--release", "--locked", "--package", "rewind-bench", "--"])
                .args(&args.args)
                .env("REWIND_BIN", &rewind)
                .env("REWIND_REDIS_SERVER", &redis)
                .envs(python.map(|python| ("REWIND_PYTHON", python.interpreter()))),
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
