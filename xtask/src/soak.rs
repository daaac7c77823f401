//! `cargo xtask soak`: live events while everything breaks, for as long as one likes.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{bundle, packages, process, server};

/// What `cargo xtask soak` takes.
#[derive(Args)]
pub(crate) struct SoakArgs {
    /// For how many minutes
    #[arg(long, default_value_t = 10, value_name = "MINUTES")]
    minutes: u32,
}

/// Builds what is needed and runs the test.
pub(crate) fn soak(workspace: &Workspace, args: &SoakArgs) -> Result<ExitCode> {
    let mut steps = Steps::new();
    let redis = packages::redis_server(&mut steps)?;
    bundle::front_end(workspace, &mut steps)?;
    let rewind = server::build_with_tests(workspace, &mut steps)?;
    steps.run("Soak", |step| {
        step.say(&format!("breaking everything for {} minutes", args.minutes));
        step.outcome("nothing was lost, repeated or out of order");
        process::run(
            process::cargo(workspace)
                .args(["test", "--locked", "--test", "soak", "--", "--nocapture"])
                .env("REWIND_BIN", &rewind)
                .env("REWIND_REDIS_SERVER", &redis)
                .env("REWIND_SOAK_MINUTES", args.minutes.to_string()),
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
