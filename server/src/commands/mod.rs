//! Commands for the event store: what the library does, for scripts and for people at a terminal.
//!
//! Each command is a file: its options, and `run`. They share how they print ([`output`]), how they fail ([`failure`]), and how
//! they read events ([`new_events`]). They need no permission beyond that of the Redis user in the URL.

pub mod append;
pub mod arguments;
pub mod consume;
pub mod dead;
pub mod events;
pub mod failure;
pub mod groups;
pub mod info;
pub mod new_events;
pub mod output;
pub mod pending;
pub mod project;
pub mod publish;
pub mod shell;
mod taken;
pub mod trim;

use clap::Subcommand;

pub use failure::Failure;
pub use shell::{CompletionsArgs, ManArgs};

/// The commands for the event store.
#[derive(Subcommand)]
pub enum StoreCommand {
    /// Add events to the end of a stream: one, or a batch that is added whole or not at all
    Publish(publish::PublishArgs),
    /// Append events to an aggregate, if it is at the expected version
    Append(append::AppendArgs),
    /// Print the events of a stream, and those that are added
    Events(events::EventsArgs),
    /// Remove the oldest entries of a stream
    Trim(trim::TrimArgs),
    /// Print how a stream is, with its groups and their consumers
    Info(info::InfoArgs),
    /// Read events for a consumer group: print them, or run a command for each
    Consume(Box<consume::ConsumeArgs>),
    /// List, make, reset and delete consumer groups
    Groups(groups::GroupsArgs),
    /// List entries that were delivered to a group and not acknowledged
    Pending(pending::PendingArgs),
    /// Acknowledge entries for a group
    Ack(pending::AckArgs),
    /// Give pending entries to another consumer of their group
    Claim(pending::ClaimArgs),
    /// List, replay and delete the entries that a group gave up on
    Dead(dead::DeadArgs),
    /// Run, rebuild, look at and reset projections: what follows from events, kept in Redis and up to date
    Project(project::ProjectArgs),
}

impl StoreCommand {
    /// Does what the command line says.
    ///
    /// # Errors
    /// Whatever kept it from being done.
    pub async fn run(self) -> Result<(), Failure> {
        match self {
            Self::Publish(args) => args.run().await,
            Self::Append(args) => args.run().await,
            Self::Events(args) => args.run().await,
            Self::Trim(args) => args.run().await,
            Self::Info(args) => args.run().await,
            Self::Consume(args) => args.run().await,
            Self::Groups(args) => args.run().await,
            Self::Pending(args) => args.run().await,
            Self::Ack(args) => args.run().await,
            Self::Claim(args) => args.run().await,
            Self::Dead(args) => args.run().await,
            Self::Project(args) => args.run().await,
        }
    }
}
