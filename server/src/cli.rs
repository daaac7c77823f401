//! The command line.

mod logging;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use rewind_domain::terminal::Escaped;

use crate::commands::{CompletionsArgs, Failure, ManArgs, StoreCommand};
use crate::config::{self, ArgumentError, ConfigError, RedisOptions, ServeOptions};
use crate::engines::run_engine;
use crate::serve::Server;
use crate::signals;
use crate::transfer::{export, import};

/// Explore the events in Redis Streams, and operate the event store that they make: browse them, travel through an aggregate's
/// history, watch them live; publish, append, consume, project, trim.
#[derive(Parser)]
#[command(name = "rewind", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the web server. It reads from Redis, and writes nothing but the projections of the folder that `--projections` names
    Serve(Box<ServeOptions>),
    /// Add the entries of NDJSON files to Redis, under the ids that they have there; doing it again adds nothing twice
    Import(ImportArgs),
    /// Run folds and expressions for the server, which starts it and speaks with it over pipes
    #[command(hide = true)]
    Engine,
    /// Write the entries of streams: as NDJSON, which loses nothing, as a table, or as JSON
    Export(ExportArgs),
    #[command(flatten)]
    Store(Box<StoreCommand>),
    /// Print what completes the commands in a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write one for each command to a folder
    Man(ManArgs),
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
    #[command(flatten)]
    options: export::ExportOptions,
}

/// How long what computes in the background is waited for at the end, before the process ends without it. Nobody is there any
/// more who could want its answer.
const BACKGROUND_ENDS_WITHIN: Duration = Duration::from_millis(500);

impl Cli {
    /// Reads the command line and the configuration file that it names.
    fn read() -> Result<Self, ArgumentError> {
        let arguments: Vec<OsString> = std::env::args_os().collect();
        let matches = config::matches(&Self::command(), &arguments)?;
        Ok(Self::from_arg_matches(&matches)?)
    }

    /// Whether it is the server that started this, for its scripts.
    fn is_engine(&self) -> bool {
        matches!(self.command, Command::Engine)
    }
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let cli = match Cli::read() {
        Ok(cli) => cli,
        Err(ArgumentError::CommandLine(error)) => error.exit(),
        Err(ArgumentError::File(error)) => return ended(Err(error.into())),
    };
    // It serves nobody, and needs no more threads than it has.
    if cli.is_engine() {
        return run_engine();
    }
    logging::begin();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&mut std::io::stderr(), &format!("error: threads cannot be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(cli));
    // A script that does not end must not keep the process.
    runtime.shutdown_timeout(BACKGROUND_ENDS_WITHIN);
    code
}

async fn run(cli: Cli) -> ExitCode {
    let outcome = match cli.command {
        Command::Serve(options) => serve(options).await,
        Command::Import(args) => import(args).await,
        Command::Export(args) => export(args).await,
        Command::Engine => return run_engine(),
        Command::Store(command) => return ended(command.run().await),
        Command::Completions(args) => return ended(args.run(Cli::command())),
        Command::Man(args) => return ended(args.run(Cli::command())),
    };
    ended(outcome.map_err(|error| match error.downcast::<ConfigError>() {
        Ok(error) => (*error).into(),
        Err(error) => Failure::Refused(error.to_string()),
    }))
}

/// How the process ends after a command. Scripts tell failures apart by its status.
fn ended(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::Unread) {
                say(&mut std::io::stderr(), &format!("error: {failure}"));
            }
            ExitCode::from(&failure)
        }
    }
}

async fn serve(options: Box<ServeOptions>) -> Result<(), Box<dyn std::error::Error>> {
    // Before anybody learns that the server is there, and may ask it to end.
    let stop = signals::stop()?;
    let server = Server::bind(options.resolve()?).await?;
    if let Err(error) = server.store().ping().await {
        tracing::warn!(%error, "starting without Redis; pages say so until it is there");
    }
    say(&mut std::io::stdout(), &format!("Rewind is at http://{}", server.address()));
    server.run(stop).await;
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
    let report = export::run(args.options, &args.redis.resolve()?).await?;
    // Whoever closed the pipe, as `head` does, has all they want.
    if !is_quiet && !report.is_cut_short {
        say(&mut std::io::stderr(), &report);
    }
    Ok(report.has_all()?)
}

/// Prints a line, though a closed pipe is no reason to fail. It may hold keys and what Redis says, which a terminal must not obey.
fn say(out: &mut dyn std::io::Write, line: &dyn std::fmt::Display) {
    let line = line.to_string();
    let lines: Vec<String> = line.split('\n').map(|line| Escaped(line).to_string()).collect();
    let _ = writeln!(out, "{}", lines.join("\n")).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_help_shows_a_url_from_the_environment() {
        fn options(command: &clap::Command) -> Vec<&clap::Arg> {
            let inner = command.get_subcommands().flat_map(options);
            command.get_arguments().chain(inner).collect()
        }
        let command = Cli::command();
        let urls = options(&command);
        let urls: Vec<_> = urls.iter().filter(|option| option.get_id() == "redis_url").collect();
        assert!(urls.len() > 3);
        assert!(urls.iter().all(|url| url.is_hide_env_values_set()));
    }
}
