//! The engine processes that there are, and who waits for one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::process::{EngineProcess, Program, Told};
use super::{EngineError, EngineFigures};

/// How many processes work for questions that have just begun: those that the machine can really run, and two that may
/// wait for their pages meanwhile.
fn prompt_seats() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    (cores + 2).clamp(4, 16)
}

/// From when on a question counts as a long one, which no longer keeps others from beginning.
const LONG: Duration = Duration::from_millis(250);
/// How many questions may wait for a process. Further ones are refused: those before them take some seconds already.
const MAX_WAITING: usize = 256;
/// After how long a process that nobody needs is ended.
const IDLE: Duration = Duration::from_secs(30);
/// How often it is looked for those.
const LOOK_FOR_IDLE: Duration = Duration::from_secs(5);
/// How many jobs a process does before it makes way for another one, should anything in it add up.
const MAX_JOBS: u32 = 10_000;
/// For how long a script that could not be stopped is remembered.
const STRIKE: Duration = Duration::from_secs(60);
/// How many of these are remembered.
const MAX_STRIKES: usize = 1_000;
/// How many questions wait to be told something: a keyframe, and what comes behind it.
const TOLD_AHEAD: usize = 4;

/// Engine processes. They are started when needed, and ended when they are not.
pub(super) struct Pool {
    program: Program,
    setup: Vec<u8>,
    idle: Mutex<Idle>,
    /// Questions that have just begun.
    prompt: Arc<Semaphore>,
    /// All questions: as many long ones as others.
    seats: Arc<Semaphore>,
    /// Questions with a script that could not be stopped lately: one at a time, so that they take nobody's place.
    suspects: Arc<Semaphore>,
    strikes: Mutex<HashMap<u64, Instant>>,
    running: AtomicU64,
    waiting: AtomicUsize,
    given_up: AtomicU64,
    vanished: AtomicU64,
    refused: AtomicU64,
}

#[derive(Default)]
struct Idle {
    /// Those used last at the end.
    processes: Vec<(Instant, EngineProcess)>,
    is_looked_after: bool,
}

/// A job that is being done.
pub(super) struct Running {
    /// For the pages that it needs. Dropped behind the last.
    pub(super) pages: mpsc::Sender<Vec<u8>>,
    /// What the process says. Dropped, the job ends.
    pub(super) told: mpsc::Receiver<Told>,
}

/// The right to have a process.
struct Turn {
    prompt: OwnedSemaphorePermit,
    seat: OwnedSemaphorePermit,
    suspect: Option<OwnedSemaphorePermit>,
}

impl Pool {
    /// No processes yet.
    pub(super) fn new(program: Program, setup: Vec<u8>) -> Self {
        let prompt = prompt_seats();
        Self {
            program,
            setup,
            idle: Mutex::default(),
            prompt: Arc::new(Semaphore::new(prompt)),
            seats: Arc::new(Semaphore::new(2 * prompt)),
            suspects: Arc::new(Semaphore::new(1)),
            strikes: Mutex::default(),
            running: AtomicU64::new(0),
            waiting: AtomicUsize::new(0),
            given_up: AtomicU64::new(0),
            vanished: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        }
    }

    /// Has a job done that is about these scripts. Who waits `patiently` is not refused where many do.
    pub(super) async fn start(
        self: &Arc<Self>,
        scripts: Vec<u64>,
        begin: Vec<u8>,
        patiently: bool,
    ) -> Result<Running, EngineError> {
        let turn = self.turn(&scripts, patiently).await?;
        let process = match self.take_idle(&scripts) {
            Some(process) => process,
            None => {
                self.running.fetch_add(1, Ordering::Relaxed);
                let started = EngineProcess::start(&self.program, &self.setup).await;
                started.map_err(|error| {
                    self.running.fetch_sub(1, Ordering::Relaxed);
                    tracing::error!(%error, "an engine process cannot be started");
                    EngineError::NotStarted(error.to_string())
                })?
            }
        };
        let (pages, wanted) = mpsc::channel(1);
        let (teller, told) = mpsc::channel(TOLD_AHEAD);
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            let Turn { prompt, seat, suspect } = turn;
            let growing_long = tokio::spawn(async move {
                let _prompt = prompt;
                tokio::time::sleep(LONG).await;
            });
            let (back, last) = process.work(&scripts, begin, wanted, &teller).await;
            match back.filter(|process| process.jobs() < MAX_JOBS) {
                Some(process) => pool.keep(process),
                None => {
                    pool.running.fetch_sub(1, Ordering::Relaxed);
                }
            }
            growing_long.abort();
            drop((seat, suspect));
            if let Some(last) = last {
                // Nobody who listens no more needs to know.
                let _ = teller.send(last).await;
            }
        });
        Ok(Running { pages, told })
    }

    /// Remembers a script that could not be stopped.
    pub(super) fn strike(&self, script: u64) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
        let mut strikes = lock(&self.strikes);
        strikes.retain(|_, since| since.elapsed() < STRIKE);
        if strikes.len() >= MAX_STRIKES {
            strikes.clear();
        }
        strikes.insert(script, Instant::now());
    }

    /// Counts a process that ended without an answer.
    pub(super) fn count_vanished(&self) {
        self.vanished.fetch_add(1, Ordering::Relaxed);
    }

    /// What goes on.
    pub(super) fn figures(&self) -> EngineFigures {
        EngineFigures {
            processes: self.running.load(Ordering::Relaxed),
            waiting: self.waiting.load(Ordering::Relaxed) as u64,
            given_up: self.given_up.load(Ordering::Relaxed),
            vanished: self.vanished.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// Waits for a process to be free; those who came first go first.
    async fn turn(&self, scripts: &[u64], patiently: bool) -> Result<Turn, EngineError> {
        let waiting = Waiting::begin(&self.waiting);
        if waiting.before >= MAX_WAITING && !patiently {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(EngineError::Busy { waiting: waiting.before });
        }
        let suspect = match self.is_suspect(scripts) {
            true => Some(acquire(&self.suspects).await?),
            false => None,
        };
        let prompt = acquire(&self.prompt).await?;
        let seat = acquire(&self.seats).await?;
        Ok(Turn { prompt, seat, suspect })
    }

    fn is_suspect(&self, scripts: &[u64]) -> bool {
        let strikes = lock(&self.strikes);
        scripts
            .iter()
            .filter_map(|script| strikes.get(script))
            .any(|since| since.elapsed() < STRIKE)
    }

    /// The process used last that knows the scripts, or else the one used last.
    fn take_idle(&self, scripts: &[u64]) -> Option<EngineProcess> {
        let mut idle = lock(&self.idle);
        let knowing = idle.processes.iter().rposition(|(_, process)| process.knows(scripts));
        match knowing {
            Some(at) => Some(idle.processes.remove(at).1),
            None => idle.processes.pop().map(|(_, process)| process),
        }
    }

    fn keep(self: &Arc<Self>, process: EngineProcess) {
        let mut idle = lock(&self.idle);
        idle.processes.push((Instant::now(), process));
        if !std::mem::replace(&mut idle.is_looked_after, true) {
            tokio::spawn(look_after(Arc::downgrade(self)));
        }
    }

    /// Ends those that nobody needed for long; whether any are left.
    fn end_idle(&self) -> bool {
        let mut idle = lock(&self.idle);
        let before = idle.processes.len();
        // They end once their input does.
        idle.processes.retain(|(since, _)| since.elapsed() < IDLE);
        let ended = before - idle.processes.len();
        self.running.fetch_sub(ended as u64, Ordering::Relaxed);
        idle.is_looked_after = !idle.processes.is_empty();
        idle.is_looked_after
    }
}

async fn look_after(pool: Weak<Pool>) {
    loop {
        tokio::time::sleep(LOOK_FOR_IDLE).await;
        let Some(pool) = pool.upgrade() else { return };
        if !pool.end_idle() {
            return;
        }
    }
}

async fn acquire(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, EngineError> {
    // Closed never, since nothing closes it.
    let permit = Arc::clone(semaphore).acquire_owned().await;
    permit.map_err(|_| EngineError::NotStarted("the server is ending".to_owned()))
}

/// One who waits, as long as it does.
struct Waiting<'p> {
    count: &'p AtomicUsize,
    /// How many waited before.
    before: usize,
}

impl<'p> Waiting<'p> {
    fn begin(count: &'p AtomicUsize) -> Self {
        Self { count, before: count.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked while holding it left it whole: every change is a single call.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
