//! The `rewind` program.

use std::process::ExitCode;

use clap::Parser as _;
use rewind_server::cli::{self, Cli};
use tracing_subscriber::EnvFilter;

/// Events are many small values that are made on one thread and dropped on another, for which the system's allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("REWIND_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    cli::run(cli).await
}
