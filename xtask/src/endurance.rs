//! `cargo xtask soak` and `cargo xtask hostile`: tests that last some seconds, for as long as one likes.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::profile::Kind;
use crate::steps::Steps;
use crate::workspace::Workspace;
use crate::{bundle, packages, process, server};

/// What both commands take.
#[derive(Args)]
pub(crate) struct EnduranceArgs {
    /// For how many minutes
    #[arg(long, default_value_t = 10, value_name = "MINUTES")]
    minutes: u32,
}

/// A test that can last longer than usual.
struct Endurance {
    /// How its step is called.
    name: &'static str,
    /// The test binary.
    binary: &'static str,
    /// The variable that says for how many minutes it runs.
    minutes_variable: &'static str,
    /// What happens meanwhile.
    what: &'static str,
    /// What is known once it passed.
    outcome: &'static str,
}

/// Live events while everything breaks.
pub(crate) fn soak(workspace: &Workspace, args: &EnduranceArgs) -> Result<ExitCode> {
    let test = Endurance {
        name: "Soak",
        binary: "soak",
        minutes_variable: "REWIND_SOAK_MINUTES",
        what: "breaking everything",
        outcome: "nothing was lost, repeated or out of order",
    };
    test.run(workspace, args)
}

/// Plain questions while many others ask hostile ones.
pub(crate) fn hostile(workspace: &Workspace, args: &EnduranceArgs) -> Result<ExitCode> {
    let test = Endurance {
        name: "Hostile questions",
        binary: "hostile",
        minutes_variable: "REWIND_HOSTILE_MINUTES",
        what: "asking what may harm others",
        outcome: "every plain question was answered",
    };
    test.run(workspace, args)
}

impl Endurance {
    /// Builds what is needed and runs the test.
    fn run(&self, workspace: &Workspace, args: &EnduranceArgs) -> Result<ExitCode> {
        let steps = Steps::new();
        let redis = packages::redis_server(&steps)?;
        bundle::front_end(workspace, Kind::Release, &steps)?;
        let rewind = server::binary(&server::build_with_tests(workspace, &steps)?)?;
        steps.run(self.name, |step| {
            step.say(&format!("{} for {} minutes", self.what, args.minutes));
            step.outcome(self.outcome);
            process::run(
                process::cargo(workspace)
                    .args(["test", "--locked", "--test", self.binary, "--", "--nocapture"])
                    .env("REWIND_BIN", &rewind)
                    .env("REWIND_REDIS_SERVER", &redis)
                    .env(self.minutes_variable, args.minutes.to_string()),
            )
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
