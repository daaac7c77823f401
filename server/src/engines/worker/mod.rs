//! An engine process: `rewind engine`, which the server starts.
//!
//! Three threads: one reads what the server says, so that it notices when the server is gone whatever a script does; one runs
//! scripts, on a stack of its own; and one watches that ([`guard`]).

mod guard;
mod judge;
mod pages;
mod project;
mod scripts;
mod walk;

use std::io::{self, Stdout, Write as _};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use rewind_codec::Codecs;
use serde::Serialize;

use self::guard::Guard;
use self::scripts::Scripts;
pub(crate) use self::walk::{Joined, Prepared};
use super::wire::{Job, Setup, Tag, json_frame, read_frame};
use crate::event_reader::EventReader;

/// How much these processes give way to others: the server answers other questions first, and Redis too.
const NICENESS: i32 = 10;
/// How much stack the thread that runs scripts has beside twice what a script may take: for what is not of the script, such as reading
/// a deep payload.
const OWN_STACK: usize = 16 * 1024 * 1024;

/// What the server says once it has been set up.
enum Input {
    Job(Vec<u8>),
    Page(Vec<u8>),
    Events(Vec<u8>),
    End,
}

/// What the server is told, by whichever thread.
#[derive(Clone)]
struct Output(Arc<Mutex<Stdout>>);

/// Does jobs until the server is gone.
pub fn run() -> ExitCode {
    // Whoever does not let it give way has it run all the same.
    let _ = rustix::process::nice(NICENESS);
    let mut input = io::stdin().lock();
    let Ok(setup) = read_setup(&mut input) else { return ExitCode::FAILURE };
    let (sender, receiver) = channel();
    let stack = OWN_STACK + 2 * setup.limits.stack_bytes;
    let thread = std::thread::Builder::new().name("scripts".to_owned()).stack_size(stack);
    if thread.spawn(move || work(setup, receiver)).is_err() {
        return ExitCode::FAILURE;
    }
    pass_on(&mut input, &sender);
    // Nobody is left who would wait for a script.
    std::process::exit(0)
}

fn read_setup(input: &mut impl io::Read) -> io::Result<Setup> {
    match read_frame(input)? {
        (Tag::Setup, bytes) => Ok(serde_json::from_slice(&bytes)?),
        _ => Err(io::Error::other("it begins with something else than the setup")),
    }
}

/// Passes on what the server says, until it says nothing any more. It sends no more pages than it was told were taken, so what waits
/// is bounded.
fn pass_on(input: &mut impl io::Read, to: &Sender<Input>) {
    while let Ok((tag, bytes)) = read_frame(input) {
        let next = match tag {
            Tag::Job => Input::Job(bytes),
            Tag::Page => Input::Page(bytes),
            Tag::Events => Input::Events(bytes),
            Tag::End => Input::End,
            _ => return,
        };
        if to.send(next).is_err() {
            return;
        }
    }
}

fn work(setup: Setup, input: Receiver<Input>) {
    // Whatever goes wrong here, a panic included, the process must not stay behind: the server starts another one.
    let _ends = EndsProcess;
    // The server read the same from the same.
    let Ok(codecs) = Codecs::unpack(setup.codecs) else { return };
    let output = Output(Arc::new(Mutex::new(io::stdout())));
    let guard = Guard::start(setup.limits, output.clone());
    let mut worker = Worker {
        scripts: Scripts::new(setup.limits),
        event_reader: EventReader::new(codecs),
        output,
        guard,
        input,
    };
    while let Ok(next) = worker.input.recv() {
        // What is left of a job that ended early is of no use.
        if let Input::Job(job) = next
            && worker.job(&job).is_err()
        {
            return;
        }
    }
}

struct EndsProcess;

impl Drop for EndsProcess {
    fn drop(&mut self) {
        std::process::exit(1);
    }
}

struct Worker {
    scripts: Scripts,
    event_reader: EventReader,
    output: Output,
    guard: Guard,
    input: Receiver<Input>,
}

impl Worker {
    fn job(&mut self, job: &[u8]) -> io::Result<()> {
        let job: Job = serde_json::from_slice(job)?;
        self.guard.begin();
        let done = match job {
            Job::ReadFold(script) => {
                let read = self.scripts.fold(&script).map(drop);
                self.answer(read)
            }
            Job::ReadExpression(source) => {
                let read = self.scripts.expression(&source).map(drop);
                self.answer(read)
            }
            Job::Walk(walk) => self.walk(*walk),
            Job::Judge(judge) => self.judge(&judge),
            Job::ReadProjection(script) => {
                let read = self.scripts.projection(&script);
                self.answer(read.map(|read| (read.streams().to_vec(), read.is_table())))
            }
            Job::Project(job) => self.project(*job),
        };
        self.guard.end();
        done
    }

    fn answer(&self, answer: impl Serialize) -> io::Result<()> {
        self.output.tell(Tag::Done, &answer)
    }
}

impl Output {
    fn tell(&self, tag: Tag, value: &impl Serialize) -> io::Result<()> {
        self.write(&json_frame(tag, value)?)
    }

    fn write(&self, frame: &[u8]) -> io::Result<()> {
        let mut output = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        output.write_all(frame)?;
        output.flush()
    }
}
