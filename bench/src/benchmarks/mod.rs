//! The benchmarks, one a file, and the order in which they run.

mod append;
mod browse;
mod consume;
mod crowd;
mod discovery;
mod find;
mod hostile;
mod index;
mod live;
mod load;
mod memory;
mod page;
mod project;
mod publish;
mod reference;
mod replay;
mod screen;
mod shown;
mod shutdown;
mod tab;
mod travel;

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

use crate::redis_server::RedisServer;
use crate::report::{Report, Row};
use crate::rewind::Rewind;
use crate::rounds::Effort;

/// Why some of them cannot run.
const NO_FRONT_END: &str = "this `rewind` was built without the front end: run `cargo xtask bench`";

/// Something to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Benchmark {
    /// A page of 100 events over HTTP, against the same XRANGE
    Page,
    /// The state of an aggregate, against reading its entries
    Replay,
    /// A projection of a stream, against reading its entries
    Project,
    /// Counting all events of a stream, against reading them, and jumps to any of them
    Index,
    /// Searches through a stream, against reading it
    Find,
    /// From XADD to an event in the browser's line, against XADD to a blocking XREAD
    Live,
    /// From XADD to an event on the page, and a burst of events there
    Shown,
    /// A thousand viewers of one stream, and a hundred with nothing to see
    Crowd,
    /// What a browser downloads at its first visit
    Load,
    /// From navigation to the first streams on screen
    Screen,
    /// Finding 100,000 streams among 200,000 keys
    Discovery,
    /// From a key to the frame that shows the next version
    Travel,
    /// A stream of a million events in a browser
    Browse,
    /// Publishing with the library, against XADD
    Publish,
    /// Appending to an aggregate with an expected version, against a script that only adds
    Append,
    /// Consuming and acknowledging with the library, against the bare commands
    Consume,
    /// The library beside the Python classes that it takes the place of
    Reference,
    /// Plain reads while others ask hostile questions
    Hostile,
    /// From SIGTERM to the end of a server that has much to do
    Shutdown,
    /// What the server's process takes
    Memory,
}

/// What benchmarks work with.
pub(crate) struct Setting {
    /// The Redis server, filled.
    pub(crate) redis: RedisServer,
    /// Rewind, in front of it.
    pub(crate) rewind: Rewind,
    /// How much to do.
    pub(crate) effort: Effort,
    /// Whether to measure with ten million events too.
    pub(crate) is_large: bool,
    /// A folder that goes away at the end.
    pub(crate) scratch: PathBuf,
}

impl Benchmark {
    /// Those that were asked for; all where none was.
    pub(crate) fn chosen(only: &[Self]) -> Vec<Self> {
        let is_chosen = |benchmark: &&Self| only.is_empty() || only.contains(benchmark);
        Self::value_variants().iter().filter(is_chosen).copied().collect()
    }

    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Runs them one after the other. One that fails leaves a row that says so, and the others go on.
pub(crate) async fn run(
    chosen: &[Benchmark],
    setting: &Setting,
    report: &mut Report,
) -> Result<()> {
    // Idle is a server that has not been asked for anything yet.
    let measures_memory = chosen.contains(&Benchmark::Memory);
    if measures_memory {
        memory::idle(setting, report).await?;
    }
    for &benchmark in chosen {
        let outcome = match benchmark {
            Benchmark::Page => page::run(setting, report).await,
            Benchmark::Replay => replay::run(setting, report).await,
            Benchmark::Project => project::run(setting, report).await,
            Benchmark::Index => index::run(setting, report).await,
            Benchmark::Find => find::run(setting, report).await,
            Benchmark::Live => live::run(setting, report).await,
            Benchmark::Shown => shown::run(setting, report).await,
            Benchmark::Crowd => crowd::run(setting, report).await,
            Benchmark::Load => load::run(setting, report).await,
            Benchmark::Screen => screen::run(setting, report).await,
            Benchmark::Discovery => discovery::run(setting, report).await,
            Benchmark::Travel => travel::run(setting, report).await,
            Benchmark::Browse => browse::run(setting, report).await,
            Benchmark::Publish => publish::run(setting, report).await,
            Benchmark::Append => append::run(setting, report).await,
            Benchmark::Consume => consume::run(setting, report).await,
            Benchmark::Reference => reference::run(setting, report).await,
            Benchmark::Hostile => hostile::run(setting, report).await,
            Benchmark::Shutdown => shutdown::run(setting, report).await,
            Benchmark::Memory => memory::after(setting, report).await,
        };
        if let Err(error) = outcome {
            report.add(Row::failed(&benchmark.name(), &format!("{error:#}")));
        }
        if measures_memory && benchmark != Benchmark::Memory {
            memory::note(setting, &benchmark.name())?;
        }
    }
    Ok(())
}
