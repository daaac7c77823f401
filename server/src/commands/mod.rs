//! Commands for the event store: what the library does, for scripts and for people at a terminal.
//!
//! Each command is a file: its options, and `run`. They share how they print ([`output`]), how they fail ([`failure`]), and how
//! they read events ([`new_events`]). They need no permission beyond that of the Redis user in the URL.

pub mod failure;
pub mod new_events;
pub mod output;
pub mod publish;
pub mod shell;

use clap::Subcommand;

pub use failure::Failure;
pub use shell::{CompletionsArgs, ManArgs};

/// The commands for the event store.
#[derive(Subcommand)]
pub enum StoreCommand {
    /// Add events to the end of a stream: one, or a batch that is added whole or not at all
    Publish(publish::PublishArgs),
}

impl StoreCommand {
    /// Does what the command line says.
    ///
    /// # Errors
    /// Whatever kept it from being done.
    pub async fn run(self) -> Result<(), Failure> {
        match self {
            Self::Publish(args) => args.run().await,
        }
    }
}
