//! The guard: gives a script up that the engine cannot stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use rewind_script::{Activity, Culprit, Limits, Visit, activity, process_time};

use super::Output;
use crate::engines::wire::{GivenUp, Tag, Verdicts, json_frame};

/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(10);
/// How much longer than allowed a step may take, in time of the processor: the engine itself comes first wherever it can, since it knows
/// the line; and passing in a payload of many megabytes, which is not the script's work, takes a tenth of a second.
const GRACE: Duration = Duration::from_millis(250);
/// The status with which a process ends that was given up.
const GIVEN_UP: i32 = 3;

/// Watches the thread that started it.
pub(super) struct Guard {
    is_busy: Arc<AtomicBool>,
    thread: Option<Thread>,
    verdicts: Arc<Mutex<Verdicts>>,
    activity: Arc<Activity>,
}

impl Guard {
    /// Starts to watch this thread, while it has a job.
    pub(super) fn start(limits: Limits, output: Output) -> Self {
        let is_busy = Arc::new(AtomicBool::new(false));
        let verdicts = Arc::new(Mutex::new(Verdicts::default()));
        let activity = activity();
        let watcher = Watcher {
            limits,
            output,
            is_busy: Arc::clone(&is_busy),
            verdicts: Arc::clone(&verdicts),
            activity: Arc::clone(&activity),
        };
        let thread = thread::Builder::new().name("guard".to_owned()).spawn(move || watcher.watch());
        // Without it nothing may be run.
        let thread = match thread {
            Ok(thread) => Some(thread.thread().clone()),
            Err(_) => std::process::exit(1),
        };
        Self { is_busy, thread, verdicts, activity }
    }

    /// A job begins.
    pub(super) fn begin(&self) {
        self.activity.expect(Vec::new());
        *self.verdicts() = Verdicts::default();
        self.is_busy.store(true, Ordering::Release);
        if let Some(thread) = &self.thread {
            thread.unpark();
        }
    }

    /// A job is over.
    pub(super) fn end(&self) {
        self.is_busy.store(false, Ordering::Release);
    }

    /// Has scripts fail where they are known to take too long.
    pub(super) fn expect(&self, culprits: Vec<Culprit>) {
        self.activity.expect(culprits);
    }

    /// What was found out so far, which is told should the rest not be.
    pub(super) fn verdicts(&self) -> std::sync::MutexGuard<'_, Verdicts> {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Watcher {
    limits: Limits,
    output: Output,
    is_busy: Arc<AtomicBool>,
    verdicts: Arc<Mutex<Verdicts>>,
    activity: Arc<Activity>,
}

impl Watcher {
    fn watch(&self) {
        // The visit that was seen, and the time of the processor then.
        let mut seen: Option<(Visit, Duration)> = None;
        loop {
            if !self.is_busy.load(Ordering::Acquire) {
                seen = None;
                thread::park();
                continue;
            }
            thread::sleep(INTERVAL);
            // The other threads of this process have next to nothing to do meanwhile.
            let now = process_time();
            seen = match (self.activity.current(), seen) {
                (Some(visit), Some((before, since))) if visit.number == before.number => {
                    if now.saturating_sub(since) > visit.allowed(GRACE) {
                        self.give_up(visit);
                    }
                    Some((before, since))
                }
                (visit, _) => visit.map(|visit| (visit, now)),
            };
        }
    }

    /// Says where the script is, and ends the process, unless it came to its end just now.
    fn give_up(&self, visit: Visit) {
        let verdicts = match self.verdicts.try_lock() {
            Ok(verdicts) => verdicts.clone(),
            Err(_) => return,
        };
        let culprit = Culprit { place: visit.place, error: visit.place.timeout(&self.limits) };
        let Ok(frame) = json_frame(Tag::GivenUp, &GivenUp { culprit, verdicts }) else {
            std::process::exit(1);
        };
        // Nothing else is written between looking once more and ending.
        let Ok(mut output) = self.output.0.try_lock() else { return };
        if self.activity.current().is_none_or(|current| current.number != visit.number) {
            return;
        }
        let written = std::io::Write::write_all(&mut *output, &frame)
            .and_then(|()| std::io::Write::flush(&mut *output));
        std::process::exit(if written.is_ok() { GIVEN_UP } else { 1 });
    }
}
