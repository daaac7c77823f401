//! Projections that are scripts: a batch of events goes to an engine process, and the new state comes back.

use rewind_domain::{FoldError, Json, StreamKey};
use rewind_script::fingerprint;
use rewind_store::Packer;

use super::wire::Tag;
use super::wire::{Asked, Job, Projected, ReadProjection, WireProjection, frame};
use super::{Answer, EngineError, Engines, garbled, job_frame, parse};
use crate::folds::Script;

/// At how many events of one batch a script may have to be given up: each is one at which the projection stops, and the second is
/// one that the first did not come to.
const MOST_GIVEN_UP: usize = 3;

/// What a script says of the projection that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProjectionHead {
    /// Its streams.
    pub(crate) streams: Vec<StreamKey>,
    /// Whether its state is a table.
    pub(crate) is_table: bool,
}

/// Events for a projection, packed with the number of their stream.
pub(crate) struct ProjectionEvents<'a> {
    pub(crate) script: &'a Script,
    pub(crate) streams: &'a [StreamKey],
    pub(crate) events: &'a Packer,
}

impl Engines {
    /// What this is as a projection, or why it is none.
    ///
    /// # Errors
    /// If that could not be found out.
    pub(crate) async fn read_projection(
        &self,
        script: &Script,
    ) -> Result<Result<ProjectionHead, FoldError>, EngineError> {
        let begin = job_frame(&Job::ReadProjection(script.clone()))?;
        Ok(match self.ask(fingerprint(&script.source), begin, true).await? {
            Answer::Done(answer) => parse::<ReadProjection>(&answer)?.map(|(streams, is_table)| {
                let streams = streams.iter().map(|stream| stream.as_str().into()).collect();
                ProjectionHead { streams, is_table }
            }),
            Answer::GivenUp(given_up) => Err(given_up.culprit.error),
        })
    }

    /// The keys of the rows that events are about, up to one at which the script fails.
    ///
    /// # Errors
    /// If there is no engine.
    pub(crate) async fn keys(
        &self,
        events: &ProjectionEvents<'_>,
    ) -> Result<Projected, EngineError> {
        self.project(events, events.events.count(), Asked::Keys).await
    }

    /// The state behind the events, up to one at which the script fails.
    ///
    /// # Errors
    /// If there is no engine.
    pub(crate) async fn state(
        &self,
        events: &ProjectionEvents<'_>,
        state: Option<Json>,
    ) -> Result<Projected, EngineError> {
        self.project(events, events.events.count(), Asked::State(state)).await
    }

    /// The rows behind the events, of which each has its key in `keys`, up to one at which the script fails.
    ///
    /// # Errors
    /// If there is no engine.
    pub(crate) async fn rows(
        &self,
        events: &ProjectionEvents<'_>,
        keys: Vec<Option<String>>,
        rows: Vec<(String, Json)>,
    ) -> Result<Projected, EngineError> {
        self.project(events, keys.len(), Asked::Rows { keys, rows }).await
    }

    async fn project(
        &self,
        ProjectionEvents { script, streams, events }: &ProjectionEvents<'_>,
        count: usize,
        asked: Asked,
    ) -> Result<Projected, EngineError> {
        let mut job = WireProjection {
            script: (*script).clone(),
            streams: streams.to_vec(),
            asked,
            count,
            culprits: Vec::new(),
        };
        loop {
            let mut begin = job_frame(&Job::Project(Box::new(job.clone())))?;
            begin.extend(frame(Tag::Events, events.from(0)).map_err(garbled)?);
            match self.ask(fingerprint(&script.source), begin, true).await? {
                Answer::Done(answer) => return parse(&answer),
                // It is asked once more, and fails there without being run.
                Answer::GivenUp(given_up) if job.culprits.len() < MOST_GIVEN_UP => {
                    job.culprits.push(given_up.culprit);
                }
                Answer::GivenUp(given_up) => {
                    let failure = Some(given_up.culprit.error);
                    return Ok(Projected { failure, ..Projected::default() });
                }
            }
        }
    }
}
