//! Filters at work: natively where that is certain, with the engine where a term of JavaScript needs it.

use rewind_domain::filter::native::Verdict;
use rewind_domain::{Filter, FilterError, FoldError, Json, RawEvent};

use crate::expression::{Evaluating, Expression};
use crate::limits::Limits;
use crate::needs::asks_version;

/// A filter whose expression in JavaScript, where it has one, is known to be sound.
#[derive(Clone)]
pub struct EventFilter {
    filter: Filter,
    expression: Option<Expression>,
}

impl EventFilter {
    /// Has the engine read the expression of a filter, if there is one.
    ///
    /// # Errors
    /// If it is none, at its column in the text of the filter.
    pub fn compile(filter: &Filter, limits: Limits) -> Result<Self, FilterError> {
        let expression = filter.script().map(|(source, start)| {
            Expression::compile(source, limits)
                .map_err(|error| within_filter(source, start, &error))
        });
        Ok(Self { filter: filter.clone(), expression: expression.transpose()? })
    }

    /// The filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether it may ask for the versions of events.
    pub fn asks_version(&self) -> bool {
        self.filter.script().is_some_and(|(source, _)| asks_version(source))
    }

    /// Gets ready to ask it about many events. An engine is started only once one is needed.
    pub fn begin(&self) -> Filtering<'_> {
        Filtering { of: self, evaluating: None }
    }
}

/// A filter at work on one run of events.
pub struct Filtering<'f> {
    of: &'f EventFilter,
    evaluating: Option<Evaluating>,
}

impl Filtering<'_> {
    /// Whether the event is meant. The engine is asked only where all other terms hold, and the expression cannot be answered without.
    ///
    /// # Errors
    /// If the expression throws or runs into a limit. It can be asked about other events only if it threw, and nothing else.
    pub fn matches(&mut self, event: &RawEvent<'_>) -> Result<bool, FoldError> {
        match (self.of.filter.verdict(event), &self.of.expression) {
            (Verdict::Yes, _) => Ok(true),
            (Verdict::Ask, Some(expression)) => {
                let evaluating = match &mut self.evaluating {
                    Some(evaluating) => evaluating,
                    none => none.insert(expression.begin()?),
                };
                evaluating.is_true(&Json::Null, event)
            }
            // A filter without an expression never asks.
            (Verdict::No | Verdict::Ask, _) => Ok(false),
        }
    }
}

/// An error of the expression as one of the filter, in whose text the expression starts at this character.
pub fn within_filter(source: &str, start: usize, error: &FoldError) -> FilterError {
    let line = error.line.map_or(1, |line| line as usize);
    let before: usize =
        source.split_inclusive('\n').take(line - 1).map(|line| line.chars().count()).sum();
    let column = error.column.map_or(0, |column| column as usize - 1);
    let length = source.chars().count();
    let (at, length) = match error.line {
        Some(_) => ((before + column).min(length), usize::from(before + column < length)),
        None => (0, length),
    };
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    FilterError {
        message: error.message.clone(),
        column: number(start + at + 1),
        length: number(length),
    }
}
