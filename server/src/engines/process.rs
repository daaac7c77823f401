//! One engine process, as the server sees it.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::timeout;

use super::wire::{Tag, frame, head, receive_frame};

/// The command of the program that makes it an engine.
pub(crate) const SUBCOMMAND: &str = "engine";
/// How many pages are on their way to a process: one in work, and one that it need not wait for.
const PAGES_AHEAD: usize = 3;
/// How long a process may take to stop once nobody waits for its answer any more: longer than starting another one takes.
const CANCEL_GRACE: Duration = Duration::from_millis(250);
/// How long to wait for the system to say how a process ended.
const EXIT_GRACE: Duration = Duration::from_secs(1);
/// How long to wait for one that said nothing more to be gone by itself.
const END_GRACE: Duration = Duration::from_millis(100);
/// How much is read at once of what a process says.
const READ_BUFFER: usize = 64 * 1024;

/// Which program runs scripts.
#[derive(Clone, Debug)]
pub(crate) struct Program(PathBuf);

/// A process, between two jobs.
pub(super) struct EngineProcess {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// The scripts that it has read lately, by their fingerprints.
    known: Vec<u64>,
    jobs: u32,
}

/// What a process says to a job.
#[derive(Debug)]
pub(super) enum Told {
    /// A keyframe.
    Keyframe(Vec<u8>),
    /// The answer.
    Done(Vec<u8>),
    /// It could not stop a script.
    GivenUp(Vec<u8>),
    /// It is gone without an answer.
    Vanished(String),
}

/// How many scripts a process has at hand.
pub(super) const MAX_KNOWN: usize = 8;

impl Program {
    /// This program where none is given: the very file that runs, should there be another one at its path by now.
    pub(crate) fn new(path: Option<PathBuf>) -> io::Result<Self> {
        match path {
            Some(path) => Ok(Self(path)),
            None if cfg!(target_os = "linux") => Ok(Self("/proc/self/exe".into())),
            None => std::env::current_exe().map(Self),
        }
    }
}

impl EngineProcess {
    /// Starts one, which has nothing of this process but what `setup` tells it.
    pub(super) async fn start(program: &Program, setup: &[u8]) -> io::Result<Self> {
        let mut command = Command::new(&program.0);
        command
            .arg(OsString::from(SUBCOMMAND))
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.arg0("rewind");
        let mut process = command.spawn()?;
        let (input, output) = (process.stdin.take(), process.stdout.take());
        let (Some(mut input), Some(output)) = (input, output) else {
            return Err(io::Error::other("the process has no pipes"));
        };
        input.write_all(setup).await?;
        let output = BufReader::with_capacity(READ_BUFFER, output);
        Ok(Self { process, input, output, known: Vec::new(), jobs: 0 })
    }

    /// Whether it has read all of these scripts.
    pub(super) fn knows(&self, scripts: &[u64]) -> bool {
        scripts.iter().all(|script| self.known.contains(script))
    }

    /// How many jobs it has had.
    pub(super) fn jobs(&self) -> u32 {
        self.jobs
    }

    /// Does a job: `begin` is what it is told first, then come the pages. The process comes back where it can be used again, with the last
    /// that it says, which is for the caller to pass on once others can have the process. When nobody listens any more it stops, or is
    /// ended.
    pub(super) async fn work(
        mut self,
        scripts: &[u64],
        begin: Vec<u8>,
        pages: mpsc::Receiver<Vec<u8>>,
        told: &mpsc::Sender<Told>,
    ) -> (Option<Self>, Option<Told>) {
        self.jobs += 1;
        for script in scripts {
            self.known.retain(|known| known != script);
            self.known.push(*script);
        }
        let superfluous = self.known.len().saturating_sub(MAX_KNOWN);
        self.known.drain(..superfluous);
        let ended = self.talk(begin, pages, told).await;
        match ended {
            Some((Ok(()), Ok(done @ Told::Done(_)))) => (Some(self), Some(done)),
            Some((_, Ok(last))) => {
                self.end().await;
                (None, Some(last))
            }
            None => {
                self.end().await;
                (None, None)
            }
            Some((_, Err(error))) => {
                let status = self.end().await;
                let reason = status.map_or_else(|| error.to_string(), |status| status.to_string());
                (None, Some(Told::Vanished(reason)))
            }
        }
    }

    /// How writing and listening ended; `None` where they did not in time.
    async fn talk(
        &mut self,
        begin: Vec<u8>,
        mut pages: mpsc::Receiver<Vec<u8>>,
        told: &mpsc::Sender<Told>,
    ) -> Option<(io::Result<()>, io::Result<Told>)> {
        let (stop, mut stopping) = watch::channel(false);
        let credits = Semaphore::new(PAGES_AHEAD);
        let (input, output) = (&mut self.input, &mut self.output);
        let writing = async {
            input.write_all(&begin).await?;
            drop(begin);
            loop {
                let page = tokio::select! {
                    biased;
                    _ = stopping.wait_for(|stops| *stops) => None,
                    page = next_page(&credits, &mut pages) => page,
                };
                let Some(page) = page else { break };
                input.write_all(&head(Tag::Page, page.len())?).await?;
                input.write_all(&page).await?;
            }
            input.write_all(&frame(Tag::End, &[])?).await
        };
        let reading = async {
            let outcome = listen(output, &credits, told).await;
            // Nobody is left who would not know.
            let _ = stop.send(true);
            outcome
        };
        // What cannot be written is known from what cannot be read.
        let both = async { tokio::join!(writing, reading) };
        tokio::pin!(both);
        tokio::select! {
            ended = &mut both => Some(ended),
            () = told.closed() => {
                let _ = stop.send(true);
                timeout(CANCEL_GRACE, &mut both).await.ok()
            }
        }
    }

    /// Ends it, should it not have ended; how it ended, where it did so by itself.
    async fn end(mut self) -> Option<ExitStatus> {
        drop(self.input);
        if let Ok(Some(status)) = self.process.try_wait() {
            return Some(status);
        }
        if let Ok(Ok(status)) = timeout(END_GRACE, self.process.wait()).await {
            return Some(status);
        }
        // Where it cannot be ended it ends by itself, once it notices that its input has.
        let _ = self.process.start_kill();
        let _ = timeout(EXIT_GRACE, self.process.wait()).await;
        None
    }
}

async fn next_page(credits: &Semaphore, pages: &mut mpsc::Receiver<Vec<u8>>) -> Option<Vec<u8>> {
    // Closed never, since nothing closes it.
    credits.acquire().await.ok()?.forget();
    pages.recv().await
}

/// Passes on what a process says, until it is done with the job; the last of it.
async fn listen(
    output: &mut BufReader<ChildStdout>,
    credits: &Semaphore,
    told: &mpsc::Sender<Told>,
) -> io::Result<Told> {
    loop {
        let (tag, payload) = receive_frame(output).await?;
        match tag {
            Tag::Taken => credits.add_permits(1),
            // Whoever listens no more needs nothing of it; the process still has to come to its end.
            Tag::Keyframe => drop(told.send(Told::Keyframe(payload)).await),
            Tag::Done => return Ok(Told::Done(payload)),
            Tag::GivenUp => return Ok(Told::GivenUp(payload)),
            _ => return Err(io::Error::other("the process says what only the server does")),
        }
    }
}
