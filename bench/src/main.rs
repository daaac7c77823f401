//! Measures Rewind against bare Redis clients.
//!
//! Everything runs on this machine: a Redis server of the benchmark's own, filled with the same data each time, the
//! `rewind` binary in front of it, and beside it the barest client that does the same job. Both sides of a comparison take
//! turns in one run, so that whatever else the machine does hits both. `docs/benchmarks.md` says what each number
//! means.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what it prints is the result, or why there is none"
)]

mod bare;
mod benchmarks;
mod child;
mod data;
mod http_client;
mod machine;
mod programs;
mod redis_server;
mod report;
mod rewind;
mod rounds;
mod sse;
mod stats;
mod webdriver;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use rewind_domain::time::UtcTime;
use tokio::signal::unix::{SignalKind, signal};

use crate::benchmarks::{Benchmark, Setting};
use crate::redis_server::RedisServer;
use crate::report::Report;
use crate::rewind::Rewind;
use crate::rounds::Effort;

/// Measure Rewind against bare Redis clients
#[derive(Parser)]
#[command(name = "rewind-bench", bin_name = "cargo xtask bench --", version)]
struct Args {
    /// Run these benchmarks alone
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_enum)]
    only: Vec<Benchmark>,

    /// Fewer and shorter rounds: seconds instead of minutes, for numbers that are less certain
    #[arg(long)]
    quick: bool,

    /// Jump through 10,000,000 events as well, which take Redis 3 GB and a minute to fill
    #[arg(long)]
    large: bool,

    /// The date to print above the results [default: today, UTC]
    #[arg(long, value_name = "DATE")]
    date: Option<String>,
}

fn main() -> ExitCode {
    match measure(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<()> {
    // One thread makes the quickest client, on both sides: a reply is read by the thread that waits for it. What needs
    // more than one thread starts its own.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        // Whichever comes first, everything that was started ends by being dropped.
        tokio::select! {
            outcome = run(args) => outcome,
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
            _ = terminate.recv() => bail!("terminated"),
        }
    });
    // After an interruption a thread may still be measuring.
    runtime.shutdown_background();
    outcome
}

async fn run(args: &Args) -> Result<()> {
    let date = match &args.date {
        Some(date) => date.clone(),
        None => today()?,
    };
    let chosen = Benchmark::chosen(&args.only);
    let binary = programs::rewind()?;
    let scratch = tempfile::Builder::new()
        .prefix("rewind-bench-")
        .tempdir()
        .context("cannot make a temporary folder")?;
    let load_before = machine::load_average();

    println!("Starting Redis, filling it, starting Rewind …");
    let redis = RedisServer::start(&programs::redis_server()?, scratch.path()).await?;
    data::fill(&redis).await?;
    let rewind = Rewind::start(&binary, &redis, scratch.path()).await?;
    let facts = machine::Facts {
        date,
        rewind: rewind.version()?,
        redis: redis.version().await?,
        load_before,
    };
    println!("{facts}\n");

    let effort = if args.quick { Effort::Quick } else { Effort::Full };
    let (is_large, scratch) = (args.large, scratch.path().to_owned());
    let setting = Setting { redis, rewind, effort, is_large, scratch };
    let mut report = Report::default();
    benchmarks::run(&chosen, &setting, &mut report).await?;

    println!("\n{facts}\n\n{report}");
    match report.failures() {
        0 => Ok(()),
        failures => bail!("benchmarks that failed: {failures}"),
    }
}

fn today() -> Result<String> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is before 1970")?;
    Ok(UtcTime(i64::try_from(since.as_millis())?).date())
}
