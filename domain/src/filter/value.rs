//! What a term asks of a value.

use std::cmp::Ordering;

use crate::json::{Scalar, compare_numbers, is_number};

/// A question to a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Comparison {
    /// `:` – whether it is one of these.
    OneOf(Vec<Pattern>),
    /// `=`
    Is(Operand),
    /// `!=`
    IsNot(Operand),
    /// `<`, `<=`, `>`, `>=` – whether the value is before or after this one, or also this one.
    Ordered { order: Ordering, or_equal: bool, than: Operand },
}

/// A value that is written in a filter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// In quotes: text and nothing else.
    Quoted(String),
    /// Digits without quotes.
    Number(String),
    /// Any other text without quotes.
    Word(String),
}

/// An operand, or what looks like one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Pattern {
    Operand(Operand),
    /// The parts between the asterisks, two at least.
    Wildcard(Vec<String>),
}

impl Comparison {
    pub(super) fn holds(&self, value: &Scalar<'_>) -> bool {
        match self {
            Self::OneOf(patterns) => patterns.iter().any(|pattern| match pattern {
                Pattern::Operand(operand) => operand.is(value),
                Pattern::Wildcard(parts) => text_of(value).is_some_and(|text| fits(text, parts)),
            }),
            Self::Is(operand) => operand.is(value),
            Self::IsNot(operand) => !operand.is(value),
            Self::Ordered { order, or_equal, than } => than
                .compare(value)
                .is_some_and(|found| found == *order || (*or_equal && found.is_eq())),
        }
    }

    pub(super) fn holds_for_text(&self, text: &str) -> bool {
        self.holds(&Scalar::String(text.into()))
    }
}

impl Operand {
    /// Digits are a number, if JSON would have them as one.
    pub(super) fn new(text: String, is_quoted: bool) -> Self {
        match () {
            () if is_quoted => Self::Quoted(text),
            () if is_number(&text) => Self::Number(text),
            () => Self::Word(text),
        }
    }

    fn is(&self, value: &Scalar<'_>) -> bool {
        match (self, value) {
            (Self::Word(word), Scalar::Bool(_) | Scalar::Null) => text_of(value) == Some(word),
            _ => self.compare(value) == Some(Ordering::Equal),
        }
    }

    /// Whether the value is before or after this one: numbers by value, even where the value is a string of digits, else texts
    /// by their characters. Nothing where they have no order.
    fn compare(&self, value: &Scalar<'_>) -> Option<Ordering> {
        match (self, value) {
            (Self::Number(number), Scalar::Number(digits)) => Some(compare_numbers(digits, number)),
            (Self::Number(number), Scalar::String(text)) if is_number(text) => {
                Some(compare_numbers(text, number))
            }
            (Self::Quoted(own) | Self::Number(own) | Self::Word(own), Scalar::String(text)) => {
                Some(text.as_ref().cmp(own))
            }
            _ => None,
        }
    }
}

/// A value as text, for wildcards.
fn text_of<'v>(value: &'v Scalar<'_>) -> Option<&'v str> {
    match value {
        Scalar::String(text) => Some(text),
        Scalar::Number(digits) => Some(digits),
        Scalar::Bool(true) => Some("true"),
        Scalar::Bool(false) => Some("false"),
        Scalar::Null => Some("null"),
        Scalar::Array | Scalar::Object => None,
    }
}

/// Whether the parts stand in the text in this order, the first one at its start and the last one at its end.
fn fits(text: &str, parts: &[String]) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        // The first place is the best one: it leaves most for what follows.
        let Some((_, after)) = rest.split_once(part.as_str()) else { return false };
        rest = after;
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards_fit_what_is_between_their_parts() {
        let fits = |pattern: &str, text: &str| {
            super::fits(text, &pattern.split('*').map(str::to_owned).collect::<Vec<_>>())
        };
        for (pattern, text, answer) in [
            ("Order*", "OrderPaid", true),
            ("Order*", "Order", true),
            ("*Paid", "OrderPaid", true),
            ("O*r*d", "OrderPaid", true),
            ("*", "", true),
            ("ab*ba", "aba", false),
            ("*a*a*", "a", false),
            ("order*", "OrderPaid", false),
        ] {
            assert_eq!(fits(pattern, text), answer, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_wildcard_fits_whatever_stands_for_its_asterisks(parts in prop::collection::vec("[ab]{0,2}", 2..5), filling in "[abc]{0,3}") {
            prop_assert!(fits(&parts.join(&filling), &parts));
        }
    }
}
