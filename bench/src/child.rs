//! Programs that run beside the benchmark and end with it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How many lines of a log go into an error.
const LOG_LINES: usize = 5;
/// How many lines wait to be read; those beyond are dropped.
const QUEUED_LINES: usize = 64;

/// A program that is ended when this is dropped.
pub(crate) struct Program {
    name: String,
    child: Child,
    lines: Receiver<String>,
    log: PathBuf,
}

impl Program {
    /// Starts it. What it says on its standard error goes to a file in `folder`.
    pub(crate) fn start(name: &str, command: &mut Command, folder: &Path) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let errors =
            File::create(&log).with_context(|| format!("cannot write `{}`", log.display()))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            // A Ctrl-C is for the benchmark, which then ends its programs.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{}`", command.get_program().display()))?;
        let (sender, lines) = mpsc::sync_channel(QUEUED_LINES);
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    // Nobody reads what comes long after the start, but the pipe must not fill up.
                    let _ = sender.try_send(line);
                }
            });
        }
        Ok(Self { name: name.to_owned(), child, lines, log })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line of its standard output from which `find` gets something.
    pub(crate) fn wait_for_line<T>(
        &self,
        timeout: Duration,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(found) = find(&line) {
                        return Ok(found);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("{} is not ready after {timeout:?}; {}", self.name, self.last_words())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("{} has ended; {}", self.name, self.last_words())
                }
            }
        }
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// An error if it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} has ended ({status}); {}", self.name, self.last_words()),
        }
    }

    /// The end of what it said.
    pub(crate) fn last_words(&self) -> String {
        let mut said: String = self.lines.try_iter().map(|line| line + "\n").collect();
        said.push_str(&fs::read_to_string(&self.log).unwrap_or_default());
        let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        match &lines[lines.len().saturating_sub(LOG_LINES)..] {
            [] => "it said nothing".to_owned(),
            last => format!("it said:\n{}", last.join("\n")),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail only for one that has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> (tempfile::TempDir, Program) {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("/bin/sh");
        let program = Program::start("sh", command.args(["-c", script]), folder.path()).unwrap();
        (folder, program)
    }

    #[test]
    fn a_line_is_waited_for() {
        let (_folder, program) = shell("echo one; echo port 5; sleep 60");
        let port = program.wait_for_line(Duration::from_secs(10), |line| {
            line.strip_prefix("port ")?.parse::<u16>().ok()
        });
        assert_eq!(port.unwrap(), 5);
    }

    #[test]
    fn a_program_that_ends_instead_is_quoted() {
        let (_folder, program) = shell("echo no such luck >&2");
        let error = program.wait_for_line(Duration::from_secs(10), |_| None::<()>).unwrap_err();
        assert!(error.to_string().ends_with("it said:\nno such luck"), "{error}");
    }

    #[test]
    fn a_program_ends_when_it_is_dropped() {
        let (_folder, program) = shell("exec sleep 60");
        let process = PathBuf::from(format!("/proc/{}", program.id()));
        drop(program);
        assert!(!process.exists());
    }

    #[test]
    fn a_program_that_has_ended_is_noticed() {
        let (_folder, mut program) = shell("read line");
        // Its standard input is empty, so that it ends by itself, sooner or later.
        let deadline = Instant::now() + Duration::from_secs(10);
        while program.check().is_ok() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        assert!(program.check().unwrap_err().to_string().contains("exit status: 1"));
    }
}
