//! Filters: the search language of the event list.
//!
//! A [`Filter`] is read from what was typed, such as `type:Order* data.total>100 -"test"`, and says of an event whether it is
//! meant. It reads no more of an event than it has to: ids, types and raw fields as they stand, a payload by going over it once for
//! each term ([`crate::json::select`]), and what a term of JavaScript asks natively where that is certain ([`native`]).
//!
//! `parse` reads terms, with a `reader` that knows where it is; `path`, `value`, `range`, `moment` and `words` are what they are made of; `subject` is the event that they
//! are asked about. [`completion`] and `edit` help whoever types.

pub mod completion;
mod edit;
mod event_path;
mod moment;
pub mod native;
mod parse;
mod path;
mod range;
mod reader;
mod subject;
#[cfg(test)]
mod tests;
mod value;
mod words;
mod zoned;

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{EntryId, RawEvent};
use native::{Native, Verdict};
use path::Place;
use range::Ranges;
use subject::Subject;
use value::Comparison;
use words::Words;

pub use edit::term_of_value;
pub use event_path::{EventPath, known_paths, list_text, read_list};

/// How long a filter may be, in characters: what still fits into the address of a page.
pub const MAX_CHARS: usize = 4_000;

/// Which events are meant: those for which all terms hold. Without any term these are all.
///
/// Two filters are equal if their terms are, however they are written. `Display` gives the text that was read.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
    /// The terms in the order in which they are asked: what costs least first.
    order: Vec<usize>,
}

/// One condition of a [`Filter`].
#[derive(Clone, Debug)]
pub struct Term {
    place: Range<usize>,
    is_negated: bool,
    test: Test,
}

/// What a [`Term`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermKind {
    /// A text anywhere in the event.
    Words,
    /// The type.
    Type,
    /// A value of the data.
    Data,
    /// A raw field.
    Field,
    /// Whether there is a value at all.
    Has,
    /// The entry id.
    Id,
    /// The time in the entry id.
    Time,
    /// The time that the event itself tells.
    Timestamp,
    /// An expression in JavaScript.
    Script,
}

/// Why a text is no filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// What is wrong, and what would help.
    pub message: String,
    /// Where it is wrong, in characters, counted from 1.
    pub column: u32,
    /// How many characters are concerned; 0 where something is missing.
    pub length: u32,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Words(Words),
    Compare {
        place: Place,
        comparison: Comparison,
    },
    Has(Place),
    Id(Ranges<EntryId>),
    /// As for `Id`: whoever asks for a time asks for the ids of that time.
    Time(Ranges<EntryId>),
    Timestamp(Ranges<i64>),
    Script(Script),
}

#[derive(Clone, Debug)]
struct Script {
    source: String,
    /// Where the source begins in the text of the filter, in characters.
    start: usize,
    native: Option<Native>,
}

impl PartialEq for Script {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Filter {
    /// Reads a filter; `docs/filters.md` has the language.
    ///
    /// # Errors
    /// If the text is none, at most one error, and where it is. An expression in JavaScript is not read here any further than
    /// needed to answer it natively: what is wrong in it, the engine says.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let terms = parse::terms(text)?;
        let mut order: Vec<usize> = (0..terms.len()).collect();
        order.sort_by_key(|at| terms[*at].test.cost());
        Ok(Self { text: text.to_owned(), terms, order })
    }

    /// Whether every event is meant.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The terms, in the order written.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The text of a term, as it is written.
    pub fn text_of(&self, term: &Term) -> String {
        self.text.chars().skip(term.place.start).take(term.place.len()).collect()
    }

    /// Whether the event is meant. [`Verdict::Ask`] says that all that can be told without an engine speaks for it, and that
    /// the answer is what [`Filter::script`] says.
    pub fn verdict(&self, event: &RawEvent<'_>) -> Verdict {
        let subject = Subject::new(event);
        for term in self.order.iter().filter_map(|at| self.terms.get(*at)) {
            match term.verdict(&subject) {
                Verdict::Yes => {}
                // Only the script asks, and it comes last.
                other => return other,
            }
        }
        Verdict::Yes
    }

    /// The expression in JavaScript, where there is one, and where it begins, in characters of the filter, counted from 0.
    pub fn script(&self) -> Option<(&str, usize)> {
        self.terms.iter().find_map(|term| match &term.test {
            Test::Script(script) => Some((script.source.as_str(), script.start)),
            _ => None,
        })
    }

    /// The first and the last id that an event may have to be meant, as far as the terms about ids and times tell: readers need
    /// not read outside. Where nothing can be meant, the first is after the last.
    pub fn id_range(&self) -> (Option<EntryId>, Option<EntryId>) {
        let (mut first, mut last) = (EntryId::MIN, EntryId::MAX);
        for term in &self.terms {
            if let Test::Id(ranges) | Test::Time(ranges) = &term.test {
                let hull = if term.is_negated { ranges.complement().hull() } else { ranges.hull() };
                let (from, to) = hull.unwrap_or((EntryId::MAX, EntryId::MIN));
                first = first.max(from);
                last = last.min(to);
            }
        }
        ((first != EntryId::MIN).then_some(first), (last != EntryId::MAX).then_some(last))
    }

    /// Whether an event of this type, or of none, may be meant. Where it cannot, an index may skip all events of the type.
    pub fn may_match_type(&self, event_type: Option<&str>) -> bool {
        self.terms.iter().all(|term| match &term.test {
            Test::Compare { place: Place::Type, comparison } => {
                event_type.is_some_and(|name| comparison.holds_for_text(name)) != term.is_negated
            }
            Test::Has(Place::Type) => event_type.is_some() != term.is_negated,
            Test::Script(Script { native: Some(native), .. }) => native.may_match_type(event_type),
            _ => true,
        })
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.terms == other.terms
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

impl Term {
    /// Where it stands in the text of its filter, in characters, counted from 0.
    pub fn place(&self) -> Range<usize> {
        self.place.clone()
    }

    /// Whether it holds for the events for which what it says does not.
    pub fn is_negated(&self) -> bool {
        self.is_negated
    }

    /// What it is about.
    pub fn kind(&self) -> TermKind {
        match &self.test {
            Test::Words(_) => TermKind::Words,
            Test::Compare { place: Place::Type, .. } => TermKind::Type,
            Test::Compare { place: Place::Data(_), .. } => TermKind::Data,
            Test::Compare { place: Place::Field(_), .. } => TermKind::Field,
            Test::Has(_) => TermKind::Has,
            Test::Id(_) => TermKind::Id,
            Test::Time(_) => TermKind::Time,
            Test::Timestamp(_) => TermKind::Timestamp,
            Test::Script(_) => TermKind::Script,
        }
    }

    fn verdict(&self, subject: &Subject<'_, '_>) -> Verdict {
        let holds = match &self.test {
            Test::Words(words) => words.are_in(subject),
            Test::Compare { place, comparison } => {
                subject.any(place, |value| comparison.holds(value))
            }
            Test::Has(place) => subject.any(place, |_| true),
            Test::Id(ranges) | Test::Time(ranges) => ranges.contain(subject.event.id),
            Test::Timestamp(ranges) => ranges.contain(subject.event.timestamp_ms()),
            Test::Script(script) => {
                return script.native.as_ref().map_or(Verdict::Ask, |native| native.ask(subject));
            }
        };
        if holds == self.is_negated { Verdict::No } else { Verdict::Yes }
    }
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.is_negated == other.is_negated && self.test == other.test
    }
}

impl Test {
    /// What costs more is asked later. The script has to be the last, as it may not know.
    fn cost(&self) -> u8 {
        match self {
            Self::Id(_) | Self::Time(_) => 0,
            Self::Compare { place: Place::Type, .. } | Self::Has(Place::Type) => 1,
            Self::Compare { place: Place::Field(_), .. } | Self::Has(Place::Field(_)) => 2,
            Self::Timestamp(_) => 3,
            Self::Compare { place: Place::Data(_), .. } | Self::Has(Place::Data(_)) => 4,
            Self::Words(_) => 5,
            Self::Script(_) => 6,
        }
    }
}
