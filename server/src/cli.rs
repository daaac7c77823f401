//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{RedisOptions, ServeOptions};
use crate::serve::Server;
use crate::transfer::{export, import};

/// Explore the events in Redis Streams: browse them, travel through an aggregate's history, watch them live.
#[derive(Parser)]
#[command(name = "rewind", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the web server. It reads from Redis and never writes to it
    Serve(Box<ServeOptions>),
    /// Add the entries of NDJSON files to Redis, under the ids that they have there; doing it again adds nothing twice
    Import(ImportArgs),
    /// Write the entries of streams: as NDJSON, which loses nothing, as a table, or as JSON
    Export(ExportArgs),
}

#[derive(Args)]
struct ImportArgs {
    #[command(flatten)]
    redis: RedisOptions,
    #[command(flatten)]
    options: import::ImportOptions,
}

#[derive(Args)]
struct ExportArgs {
    #[command(flatten)]
    redis: RedisOptions,
    /// The server's configuration file, for its `redis-url`, decoders and topics
    #[arg(long, value_name = "FILE", env = "REWIND_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: export::ExportOptions,
}

/// Does what the command line says.
pub async fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        Command::Serve(options) => serve(options).await,
        Command::Import(args) => import(args).await,
        Command::Export(args) => export(args).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&mut std::io::stderr(), &format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Box<ServeOptions>) -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::bind(options.resolve()?).await?;
    if let Err(error) = server.store().ping().await {
        tracing::warn!(%error, "starting without Redis; pages say so until it is there");
    }
    say(&mut std::io::stdout(), &format!("Rewind is at http://{}", server.address()));
    server.run(stop_signal()).await?;
    Ok(())
}

async fn import(args: ImportArgs) -> Result<(), Box<dyn std::error::Error>> {
    let is_quiet = args.options.quiet;
    let report = import::run(args.options, &args.redis.url()?).await?;
    if !is_quiet {
        say(&mut std::io::stderr(), &report);
    }
    Ok(())
}

async fn export(args: ExportArgs) -> Result<(), Box<dyn std::error::Error>> {
    let is_quiet = args.options.quiet;
    let ExportArgs { redis: RedisOptions { redis_url }, config, options } = args;
    let config = ServeOptions { redis_url, config, ..ServeOptions::default() };
    let report = export::run(options, &config.resolve_reading()?).await?;
    // Whoever closed the pipe, as `head` does, has all they want.
    if !is_quiet && !report.is_cut_short {
        say(&mut std::io::stderr(), &report);
    }
    Ok(())
}

/// Comes true when the process is asked to end.
async fn stop_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}

/// Prints a line, though a closed pipe is no reason to fail.
fn say(out: &mut dyn std::io::Write, line: &dyn std::fmt::Display) {
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_help_shows_a_url_from_the_environment() {
        let command = Cli::command();
        let urls: Vec<_> = command
            .get_subcommands()
            .flat_map(clap::Command::get_arguments)
            .filter(|argument| argument.get_id() == "redis_url")
            .collect();
        assert_eq!(urls.len(), 3);
        assert!(urls.iter().all(|url| url.is_hide_env_values_set()));
    }
}
