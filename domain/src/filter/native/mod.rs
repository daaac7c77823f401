//! Expressions in JavaScript, answered without an engine where the answer is certain.
//!
//! Most expressions that people write compare members of an event with constants. Those are read here, and evaluated exactly as
//! JavaScript would, on a payload of which nothing else is read. Whatever is not certain is not answered: an expression with
//! anything else in it is not read, and an event whose values are more than scalars, or where JavaScript would throw, gives
//! [`Verdict::Ask`].

mod evaluate;
mod parse;
mod value;

use super::subject::Subject;
use evaluate::Known;

/// What can be said of an event without asking an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is meant.
    Yes,
    /// It is not.
    No,
    /// Only the engine can tell.
    Ask,
}

/// An expression that can be answered natively, at least for some events.
#[derive(Clone, Debug, PartialEq)]
pub struct Native(Expr);

/// A node of an expression.
#[derive(Clone, Debug, PartialEq)]
enum Expr {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    String(Box<str>),
    Member(Member),
    Not(Box<Expr>),
    /// All, left to right.
    And(Vec<Expr>),
    /// Any, left to right.
    Or(Vec<Expr>),
    Compare(Comparison, Box<(Expr, Expr)>),
}

/// What is asked for of `event`.
#[derive(Clone, Debug, PartialEq)]
enum Member {
    Type,
    Id,
    Version,
    Timestamp,
    Data {
        keys: Vec<Box<str>>,
        /// For each key whether it follows `?.`.
        is_optional: Vec<bool>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Loose { negated: bool },
    Strict { negated: bool },
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Native {
    /// Reads an expression, if it is of the kind that can be answered here.
    pub fn read(source: &str) -> Option<Self> {
        parse::expression(source).map(Self)
    }

    pub(super) fn ask(&self, subject: &Subject<'_, '_>) -> Verdict {
        evaluate::verdict(&self.0, Known::Event(subject))
    }

    /// Whether an event of this type, or of none, may be meant, or may make the expression throw.
    pub(super) fn may_match_type(&self, event_type: Option<&str>) -> bool {
        evaluate::verdict(&self.0, Known::Type(event_type)) != Verdict::No
    }
}

/// Whether a text is an expression even without a `=` before it.
pub(super) fn begins_expression(text: &str) -> bool {
    let text = text.trim_start_matches(|char: char| "(!".contains(char) || char.is_whitespace());
    ["event.", "event[", "event?."].iter().any(|begin| text.starts_with(begin))
}
