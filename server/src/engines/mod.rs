//! Engines: scripts run in processes of their own, which can be given up.
//!
//! Nothing within a process can stop a single long step of a script, such as raising a `BigInt` to a large power. So no script runs in
//! the server. It starts its own program again, as `rewind engine`, and speaks with that over pipes ([`wire`]). An engine process does
//! one job at a time ([`worker`]); a thread in it watches how much processor time a step takes, and where a script cannot be stopped
//! says so and ends the process. The server then starts another one. An engine process has no connection to Redis, no secrets, and
//! ends when its input does.
//!
//! So that nothing has to wait for a process at each event, it is the work that goes there: a whole walk, whose pages are streamed to
//! it, or a batch of events that an expression is to judge.

mod filter;
mod pool;
mod process;
mod project;
mod walk;
mod wire;
mod worker;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rewind_domain::{FoldError, StreamKey};
use rewind_script::{Limits, fingerprint};

use self::pool::{Pool, Running};
use self::process::{Program, Told};
use self::wire::{GivenUp, Job, Judge, Readable, Setup, Tag, Verdicts, frame, json_frame};
use crate::event_reader::EventReader;
use crate::folds::Script;
use rewind_store::Packer;

pub(crate) use filter::Questions;
pub use filter::{EventFilter, FilterFault};
pub(crate) use project::ProjectionEvents;
pub(crate) use walk::{WalkEnd, WalkJob};
pub(crate) use wire::Projected;
pub use worker::run as run_engine;
pub(crate) use worker::{Joined, Prepared};

/// How often a question is asked again whose process ended without an answer: it may have been ended from outside.
const ATTEMPTS: usize = 2;

/// Has scripts run. Clones are the same.
#[derive(Clone)]
pub struct Engines {
    pool: Arc<Pool>,
}

/// Why a script was not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Too many wait already.
    #[error(
        "{waiting} questions wait for an engine that runs folds and expressions; ask again in some seconds"
    )]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// No process can be started.
    #[error("no process can be started to run folds and expressions: {0}")]
    NotStarted(String),
    /// The process ended, twice.
    #[error(
        "the process that runs folds and expressions ended without an answer ({0}); if it does so again, the script needs more memory than the machine has"
    )]
    Vanished(String),
    /// The process says what nobody understands.
    #[error("the process that runs folds and expressions answered with something else: {0}")]
    Garbled(String),
}

/// What goes on in engines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineFigures {
    /// Processes that there are.
    pub processes: u64,
    /// Questions that wait for one.
    pub waiting: u64,
    /// Processes ended because a script could not be stopped.
    pub given_up: u64,
    /// Processes that ended without an answer.
    pub vanished: u64,
    /// Questions refused because too many waited.
    pub refused: u64,
}

impl Engines {
    /// Engines of these limits that read events by `event_reader`. Their program is this one where none is given. None is started yet.
    ///
    /// # Errors
    /// If it is not known where this program is.
    pub fn new(
        program: Option<PathBuf>,
        limits: Limits,
        event_reader: &EventReader,
    ) -> io::Result<Self> {
        let setup = Setup { limits, codecs: event_reader.parcel().clone() };
        let setup = json_frame(Tag::Setup, &setup)?;
        Ok(Self { pool: Arc::new(Pool::new(Program::new(program)?, setup)) })
    }

    /// What goes on.
    pub fn figures(&self) -> EngineFigures {
        self.pool.figures()
    }

    /// Whether this can be used as a fold.
    ///
    /// # Errors
    /// If that could not be found out.
    pub async fn read_fold(&self, script: &Script) -> Result<Result<(), FoldError>, EngineError> {
        self.read(fingerprint(&script.source), &Job::ReadFold(script.clone())).await
    }

    /// Whether this can be used as an expression.
    ///
    /// # Errors
    /// If that could not be found out.
    pub async fn read_expression(
        &self,
        source: &str,
    ) -> Result<Result<(), FoldError>, EngineError> {
        self.read(fingerprint(source), &Job::ReadExpression(source.to_owned())).await
    }

    async fn read(&self, script: u64, job: &Job) -> Result<Readable, EngineError> {
        let begin = job_frame(job)?;
        match self.ask(script, begin, false).await? {
            Answer::Done(answer) => parse(&answer),
            Answer::GivenUp(given_up) => Ok(Err(given_up.culprit.error)),
        }
    }

    /// Of each event whether an expression is true of it, up to the one at which it was stopped for the `max_stops`th time. Events name
    /// their streams by their numbers.
    ///
    /// # Errors
    /// If that could not be found out.
    pub(crate) async fn judge(
        &self,
        expression: &str,
        streams: &[StreamKey],
        events: &Packer,
        max_stops: usize,
    ) -> Result<Vec<Result<bool, FoldError>>, EngineError> {
        let script = fingerprint(expression);
        let mut verdicts = Verdicts::default();
        loop {
            let stops = verdicts.failed.iter().filter(|(_, error)| error.kind.is_stop()).count();
            if verdicts.judged >= events.count() || stops >= max_stops {
                return Ok(verdicts.into_list());
            }
            let job = Job::Judge(Judge {
                expression: expression.to_owned(),
                streams: streams.to_vec(),
                max_stops: max_stops - stops,
            });
            let mut begin = job_frame(&job)?;
            begin.extend(frame(Tag::Events, events.from(verdicts.judged)).map_err(garbled)?);
            match self.ask(script, begin, true).await? {
                Answer::Done(answer) => {
                    verdicts.extend(parse(&answer)?);
                    return Ok(verdicts.into_list());
                }
                Answer::GivenUp(GivenUp { culprit, verdicts: before }) => {
                    verdicts.extend(before);
                    verdicts.push(Err(culprit.error));
                }
            }
        }
    }

    /// Asks something without pages.
    async fn ask(
        &self,
        script: u64,
        begin: Vec<u8>,
        patiently: bool,
    ) -> Result<Answer, EngineError> {
        let mut reason = String::new();
        for _ in 0..ATTEMPTS {
            let running = self.pool.start(vec![script], begin.clone(), patiently).await?;
            let Running { pages, mut told } = running;
            drop(pages);
            match told.recv().await {
                Some(Told::Done(answer)) => return Ok(Answer::Done(answer)),
                Some(Told::GivenUp(given_up)) => {
                    return self.given_up(&given_up).map(Answer::GivenUp);
                }
                Some(Told::Vanished(why)) => {
                    self.pool.count_vanished();
                    reason = why;
                }
                Some(Told::Keyframe(_)) | None => {
                    return Err(EngineError::Garbled("no answer".to_owned()));
                }
            }
        }
        Err(EngineError::Vanished(reason))
    }

    fn given_up(&self, answer: &[u8]) -> Result<GivenUp, EngineError> {
        let given_up: GivenUp = parse(answer)?;
        let place = given_up.culprit.place;
        tracing::warn!(version = place.version, phase = ?place.phase, "a script could not be stopped; its process was ended");
        self.pool.strike(place.script);
        Ok(given_up)
    }
}

enum Answer {
    Done(Vec<u8>),
    GivenUp(GivenUp),
}

fn job_frame(job: &Job) -> Result<Vec<u8>, EngineError> {
    json_frame(Tag::Job, job).map_err(garbled)
}

fn parse<T: serde::de::DeserializeOwned>(answer: &[u8]) -> Result<T, EngineError> {
    serde_json::from_slice(answer).map_err(garbled)
}

fn garbled(error: impl std::fmt::Display) -> EngineError {
    EngineError::Garbled(error.to_string())
}
