//! Programs that run together: when one ends, or someone wants it, all end.

use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::process;
use crate::signals::{Signal, Signals};

/// How long a program may take to end; a server answers what it has begun to answer.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

/// The programs, in the order in which they were started.
pub(crate) struct Group {
    members: Vec<Member>,
}

struct Member {
    name: &'static str,
    command: Command,
    child: Child,
}

impl Group {
    /// Starts the first program.
    pub(crate) fn new(command: Command, name: &'static str) -> Result<Self> {
        let mut group = Self { members: Vec::new() };
        group.add(command, name)?;
        Ok(group)
    }

    /// Starts a further program.
    pub(crate) fn add(&mut self, mut command: Command, name: &'static str) -> Result<()> {
        // A group of its own: a Ctrl-C at the terminal comes to xtask alone, and is handed on once.
        command.stdin(Stdio::null()).process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start `{name}`"))?;
        self.members.push(Member { name, command, child });
        Ok(())
    }

    /// Waits until one of them ends, someone wants them to end, or `check` finds that something that
    /// they need has ended. Those that still run then are to be stopped.
    pub(crate) fn wait(
        &mut self,
        signals: &Signals,
        mut check: impl FnMut() -> Result<()>,
    ) -> Result<ExitCode> {
        loop {
            match signals.next() {
                Signal::Stop => {
                    eprintln!("  Stopping");
                    return Ok(ExitCode::SUCCESS);
                }
                Signal::ChildEnded => {
                    for member in &mut self.members {
                        if let Some(status) = member.status()? {
                            process::succeeded(&member.command, status)?;
                            return Ok(ExitCode::SUCCESS);
                        }
                    }
                    check()?;
                }
            }
        }
    }

    /// Asks all to end, the last one first, and makes those end that take too long.
    pub(crate) fn stop(mut self, signals: &Signals) -> Result<()> {
        let stopped = self.members.iter_mut().rev().map(|member| member.stop(signals));
        stopped.fold(Ok(()), Result::and)
    }
}

impl Member {
    fn status(&mut self) -> Result<Option<std::process::ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot look after `{}`", self.name))
    }

    /// Asks it to end, and makes it end when it takes too long or someone insists.
    fn stop(&mut self, signals: &Signals) -> Result<()> {
        process::terminate_group(&self.child);
        let deadline = Instant::now() + STOP_TIMEOUT;
        while self.status()?.is_none() {
            if signals.next_before(deadline) != Some(Signal::ChildEnded) {
                self.child.kill().with_context(|| format!("cannot end `{}`", self.name))?;
                self.child.wait().with_context(|| format!("cannot wait for `{}`", self.name))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_one_ends_the_others_are_ended() {
        let signals = Signals::watch().unwrap();
        let sleeper = || {
            let mut command = Command::new("sleep");
            command.arg("600");
            command
        };
        let mut group = Group::new(sleeper(), "sleep").unwrap();
        group.add(Command::new("false"), "false").unwrap();
        let error = group.wait(&signals, || Ok(())).unwrap_err();
        assert!(error.to_string().contains("`false` failed"), "{error}");
        group.stop(&signals).unwrap();
    }
}
