//! What a thread is doing in an engine, for another thread that watches it.
//!
//! The engine asks whether to stop only between its own steps. A single step, such as raising a `BigInt` to a large power, may take
//! minutes, and nothing within the process can stop it. So a process that runs scripts has a thread that watches, and ends the
//! process. Whoever started it asks the same question again, of another process, which this time is told where the fold fails: it gives
//! the error there without running the script.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rewind_domain::FoldError;
use serde::{Deserialize, Serialize};

use crate::error;
use crate::limits::{Limits, PREPARING_MS};

/// What a thread is doing in engines. One thread writes; any may read.
#[derive(Debug, Default)]
pub struct Activity {
    /// Odd while the thread is in an engine; every visit has a number of its own.
    visits: AtomicU64,
    engine: AtomicU64,
    phase: AtomicU8,
    allowed_ms: AtomicU64,
    version: AtomicU64,
    knows_culprits: AtomicBool,
    culprits: Mutex<Vec<Culprit>>,
}

/// A visit to an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Tells it from all others of the thread.
    pub number: u64,
    /// How much time it may take before the engine stops it, in milliseconds. One that takes longer cannot be stopped by it.
    pub allowed_ms: u64,
    /// What it is about.
    pub place: Place,
}

/// Where in its work a script is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The fingerprint of the script.
    pub script: u64,
    /// What is done with it.
    pub phase: Phase,
    /// The version of the event under way.
    pub version: u64,
}

/// What is done with a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It takes an event, or is asked a question.
    Event,
    /// It is read, or begins.
    Preparing,
    /// Its state is read out.
    Reading,
}

/// A place at which a script is known to take too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Culprit {
    /// Where.
    pub place: Place,
    /// What is said about it.
    pub error: FoldError,
}

thread_local! {
    static ACTIVITY: Arc<Activity> = Arc::default();
    static VERSION: Cell<u64> = const { Cell::new(0) };
}

/// What this thread is doing in engines, from now on.
pub fn activity() -> Arc<Activity> {
    ACTIVITY.with(Arc::clone)
}

/// Says which event this thread has in hand.
pub fn at_version(version: u64) {
    VERSION.set(version);
}

impl Activity {
    /// The visit that is under way.
    pub fn current(&self) -> Option<Visit> {
        let number = self.visits.load(Ordering::Acquire);
        let place = Place {
            script: self.engine.load(Ordering::Acquire),
            phase: Phase::of(self.phase.load(Ordering::Acquire)),
            version: self.version.load(Ordering::Acquire),
        };
        let allowed_ms = self.allowed_ms.load(Ordering::Acquire);
        let is_the_same = self.visits.load(Ordering::Acquire) == number;
        let is_inside = !number.is_multiple_of(2);
        (is_inside && is_the_same).then_some(Visit { number, allowed_ms, place })
    }

    /// Has scripts fail at these places, without running them there.
    pub fn expect(&self, culprits: Vec<Culprit>) {
        self.knows_culprits.store(!culprits.is_empty(), Ordering::Relaxed);
        *self.culprits.lock().unwrap_or_else(PoisonError::into_inner) = culprits;
    }

    fn known_failure(&self, place: Place) -> Option<FoldError> {
        let culprits = self.culprits.lock().unwrap_or_else(PoisonError::into_inner);
        culprits
            .iter()
            .find(|culprit| culprit.place.is_met_at(place))
            .map(|found| found.error.clone())
    }
}

/// Does something as one visit of this thread.
///
/// # Errors
/// If the script is known to take too long there.
pub(crate) fn visit<R>(
    script: u64,
    phase: Phase,
    limits: &Limits,
    work: impl FnOnce() -> Result<R, FoldError>,
) -> Result<R, FoldError> {
    ACTIVITY.with(|activity| {
        let version = VERSION.get();
        if activity.knows_culprits.load(Ordering::Relaxed)
            && let Some(error) = activity.known_failure(Place { script, phase, version })
        {
            return Err(error);
        }
        activity.engine.store(script, Ordering::Relaxed);
        activity.phase.store(phase as u8, Ordering::Relaxed);
        activity.allowed_ms.store(phase.allowed_ms(limits), Ordering::Relaxed);
        activity.version.store(version, Ordering::Relaxed);
        // Nobody else writes.
        let number = activity.visits.load(Ordering::Relaxed).wrapping_add(1);
        activity.visits.store(number, Ordering::Release);
        let result = work();
        activity.visits.store(number.wrapping_add(1), Ordering::Release);
        result
    })
}

impl Place {
    /// Whether a failure here is one there. What is prepared is prepared from wherever a walk begins.
    fn is_met_at(&self, other: Self) -> bool {
        let is_same_event = self.version == other.version || self.phase == Phase::Preparing;
        self.script == other.script && self.phase == other.phase && is_same_event
    }

    /// What is said about a script that takes too long here.
    pub fn timeout(&self, limits: &Limits) -> FoldError {
        match self.phase {
            Phase::Preparing => error::preparing_timeout(self.phase.allowed_ms(limits)),
            Phase::Event | Phase::Reading => error::event_timeout(limits),
        }
    }
}

impl Phase {
    fn of(number: u8) -> Self {
        match number {
            1 => Self::Preparing,
            2 => Self::Reading,
            _ => Self::Event,
        }
    }

    fn allowed_ms(self, limits: &Limits) -> u64 {
        match self {
            Self::Event => limits.event_ms,
            // A state of many megabytes takes a while to be passed in or out, whatever the script does.
            Self::Preparing | Self::Reading => limits.event_ms.max(PREPARING_MS),
        }
    }
}

impl Visit {
    /// How much time it may take at the most, with `grace` for what is not of the script.
    pub fn allowed(&self, grace: Duration) -> Duration {
        Duration::from_millis(self.allowed_ms) + grace
    }
}
