//! Filters at work in the server: natively where that is certain, by an engine where a term of JavaScript needs it.

use rewind_domain::filter::native::Verdict;
use rewind_domain::{Filter, FilterError, FoldError, RawEvent, StreamKey};
use rewind_script::{asks_version, within_filter};

use super::{EngineError, Engines};
use rewind_store::Packer;

/// A filter whose expression in JavaScript, where it has one, is known to be sound.
#[derive(Clone)]
pub struct EventFilter {
    filter: Filter,
    engines: Engines,
}

/// Why a filter cannot be used.
#[derive(Debug)]
pub enum FilterFault {
    /// It is none.
    Filter(FilterError),
    /// Whether its expression is one could not be found out.
    Engine(EngineError),
}

/// Events that a filter is asked about together.
#[derive(Default)]
pub(crate) struct Questions {
    known: Vec<Option<bool>>,
    /// Those that an engine has to judge.
    asked: Packer,
}

impl EventFilter {
    /// Has an engine read the expression of a filter, if there is one.
    ///
    /// # Errors
    /// If it is none, at its column in the text of the filter.
    pub async fn read(filter: Filter, engines: &Engines) -> Result<Self, FilterFault> {
        if let Some((source, start)) = filter.script() {
            let read = engines.read_expression(source).await.map_err(FilterFault::Engine)?;
            read.map_err(|error| FilterFault::Filter(within_filter(source, start, &error)))?;
        }
        Ok(Self { filter, engines: engines.clone() })
    }

    /// Whether it may ask for the versions of events.
    pub fn asks_version(&self) -> bool {
        self.filter.script().is_some_and(|(source, _)| asks_version(source))
    }

    /// The filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }
}

impl Questions {
    /// Asks about one more, which is of the stream with this number. Its payload has to be unpacked here where it is answered natively.
    pub(crate) fn push(&mut self, filter: &EventFilter, stream: u32, event: &RawEvent<'_>) {
        let filter = &filter.filter;
        let known = match filter.verdict(event) {
            Verdict::Yes => Some(true),
            Verdict::No => Some(false),
            // A filter without an expression never asks.
            Verdict::Ask if filter.script().is_none() => Some(false),
            Verdict::Ask => {
                self.asked.push(stream, event);
                None
            }
        };
        self.known.push(known);
    }

    /// How many bytes an engine has to be told.
    pub(crate) fn bytes(&self) -> usize {
        self.asked.bytes()
    }

    /// How many events there are.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// Of each event whether it is meant, or why the expression failed about it. There are no answers behind the event at which the
    /// expression was stopped for the `max_stops`th time.
    ///
    /// # Errors
    /// If there is no engine.
    pub(crate) async fn answers(
        self,
        filter: &EventFilter,
        streams: &[StreamKey],
        max_stops: usize,
    ) -> Result<Vec<Result<bool, FoldError>>, EngineError> {
        let Self { known, asked } = self;
        let judged = match filter.filter.script() {
            Some((source, _)) if asked.count() > 0 => {
                filter.engines.judge(source, streams, &asked, max_stops).await?
            }
            _ => Vec::new(),
        };
        let mut judged = judged.into_iter();
        let mut answers = Vec::with_capacity(known.len());
        for known in known {
            let answer = match known {
                Some(is_meant) => Some(Ok(is_meant)),
                None => judged.next(),
            };
            let Some(answer) = answer else { break };
            answers.push(answer);
        }
        Ok(answers)
    }
}
