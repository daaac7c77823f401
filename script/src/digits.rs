//! The digits of numbers, which a script would lose.
//!
//! To a script `1.10` is 1.1 and `1.0` is 1. Three things bring the digits back:
//!
//! - Integers that a number of JavaScript cannot hold are a `BigInt`.
//! - Small integers are *plain*: the engine keeps those apart from other numbers, and a plain one is never spelled in
//!   any other way. `1` and `1.0` stay what they are even in one event.
//! - [`Spellings`] remember, for one history, how a value was spelled first where that is not how JavaScript spells it.
//!
//! Where that is not enough, because one history spells the same value in several ways, an object carries a table of its own
//! (see [`crate::values`]).

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// How many spellings are remembered. Who has more than that many different amounts with a trailing zero in one
/// history loses some of the zeros.
const MAX_SPELLINGS: usize = 10_000;
/// The largest integer up to which all integers have a number of their own.
const MAX_SAFE: u64 = (1 << 53) - 1;
/// How many digits a `BigInt` may have. Reading one takes time with the square of its length.
const MAX_BIG_DIGITS: usize = 10_000;

/// What a JSON number is to a script.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Numeral {
    /// A small integer.
    Plain(i32),
    /// Any other number, and whether its text is how JavaScript spells it.
    Float { value: f64, is_usual: bool },
    /// An integer too large to be a number.
    Big,
}

/// Reads the text of a JSON number.
pub(crate) fn classify(text: &str) -> Numeral {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        if let Ok(value) = text.parse::<i32>()
            && text != "-0"
        {
            return Numeral::Plain(value);
        }
        let is_safe = digits.parse::<u64>().is_ok_and(|value| value <= MAX_SAFE);
        if !is_safe && digits.len() <= MAX_BIG_DIGITS {
            return Numeral::Big;
        }
    }
    let value = to_f64(text);
    Numeral::Float { value, is_usual: is_usual(text, digits, value) }
}

/// The number nearest to a text; beyond all numbers, infinity.
pub(crate) fn to_f64(text: &str) -> f64 {
    // Every JSON number is a number to Rust as well.
    text.parse().unwrap_or(f64::NAN)
}

/// Whether JavaScript spells this value with this text.
fn is_usual(text: &str, digits: &str, value: f64) -> bool {
    // Nearly all are short and plain, and no question.
    if let Some((whole, fraction)) = digits.split_once('.')
        && whole.len() + fraction.len() <= 15
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && !fraction.ends_with('0')
        && (whole != "0" || !fraction.starts_with("00000"))
    {
        return true;
    }
    let mut usual = String::new();
    spell(value, &mut usual);
    usual == text
}

/// Appends a number as JavaScript spells it.
pub(crate) fn spell(value: f64, out: &mut String) {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        out.push('0');
        return;
    }
    // Writing to a string does not fail.
    if (1e-6..1e21).contains(&magnitude) {
        let _ = write!(out, "{value}");
        return;
    }
    let start = out.len();
    let _ = write!(out, "{value:e}");
    if let Some(at) = out[start..].find('e').map(|at| start + at + 1)
        && !out[at..].starts_with('-')
    {
        out.insert(at, '+');
    }
}

/// How values were spelled in one history, where that is not how JavaScript spells them.
///
/// What is in here never changes and is a function of the events alone, so that a folding that resumes comes to the same texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spellings {
    by_bits: HashMap<u64, Arc<str>>,
    in_order: Vec<Arc<str>>,
}

impl Spellings {
    /// How the value was spelled, if unusually.
    pub(crate) fn of(&self, value: f64) -> Option<&Arc<str>> {
        if self.by_bits.is_empty() { None } else { self.by_bits.get(&value.to_bits()) }
    }

    /// Takes in the numbers of an event: of each value the first spelling counts, but of none that the event spells in two ways.
    pub(crate) fn learn(&mut self, numbers: &[Float<'_>]) {
        let is_new = |known: &Self, number: &Float<'_>| {
            !number.is_usual && !known.by_bits.contains_key(&number.value.to_bits())
        };
        if !numbers.iter().any(|number| is_new(self, number)) {
            return;
        }
        let mut texts: HashMap<u64, Option<&str>> = HashMap::with_capacity(numbers.len());
        for number in numbers {
            let text = texts.entry(number.value.to_bits()).or_insert(Some(number.text));
            *text = text.filter(|text| *text == number.text);
        }
        for number in numbers {
            let is_one = texts.get(&number.value.to_bits()).is_some_and(Option::is_some);
            if is_one && is_new(self, number) && self.in_order.len() < MAX_SPELLINGS {
                self.add(number.text.into());
            }
        }
    }

    /// Whether this number will be spelled as it was.
    pub(crate) fn covers(&self, number: &Float<'_>) -> bool {
        self.of(number.value).map_or(number.is_usual, |text| **text == *number.text)
    }

    /// All spellings, in the order in which they were learnt.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.in_order.iter()
    }

    /// Adds a spelling as another folding learnt it.
    pub(crate) fn add(&mut self, text: Arc<str>) {
        self.by_bits.insert(to_f64(&text).to_bits(), Arc::clone(&text));
        self.in_order.push(text);
    }
}

/// A number that is no small integer, in an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Float<'t> {
    pub(crate) text: &'t str,
    pub(crate) value: f64,
    pub(crate) is_usual: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn float(text: &str) -> Float<'_> {
        match classify(text) {
            Numeral::Float { value, is_usual } => Float { text, value, is_usual },
            other => panic!("{text} is {other:?}"),
        }
    }

    #[test]
    fn numbers_are_told_apart_by_what_a_script_can_hold() {
        for (text, numeral) in [
            ("0", Numeral::Plain(0)),
            ("-2147483648", Numeral::Plain(i32::MIN)),
            ("2147483648", Numeral::Float { value: 2_147_483_648.0, is_usual: true }),
            ("9007199254740991", Numeral::Float { value: 9_007_199_254_740_991.0, is_usual: true }),
            ("9007199254740992", Numeral::Big),
            ("-9007199254740992", Numeral::Big),
            ("123456789012345678901234567890", Numeral::Big),
            ("-0", Numeral::Float { value: -0.0, is_usual: false }),
            ("-0.0", Numeral::Float { value: -0.0, is_usual: false }),
            ("1.0", Numeral::Float { value: 1.0, is_usual: false }),
            ("49.95", Numeral::Float { value: 49.95, is_usual: true }),
            ("49.90", Numeral::Float { value: 49.9, is_usual: false }),
            ("1e3", Numeral::Float { value: 1000.0, is_usual: false }),
            ("1e400", Numeral::Float { value: f64::INFINITY, is_usual: false }),
            ("0.000001", Numeral::Float { value: 1e-6, is_usual: true }),
            ("0.0000001", Numeral::Float { value: 1e-7, is_usual: false }),
            ("1e-7", Numeral::Float { value: 1e-7, is_usual: true }),
            ("1e+21", Numeral::Float { value: 1e21, is_usual: true }),
            ("0.1000000000000000055", Numeral::Float { value: 0.1, is_usual: false }),
        ] {
            assert_eq!(classify(text), numeral, "{text}");
        }
    }

    #[test]
    fn the_first_spelling_counts_unless_an_event_spells_in_two_ways() {
        let mut spellings = Spellings::default();
        spellings.learn(&[float("1.10"), float("2.0"), float("2.00")]);
        spellings.learn(&[float("1.100"), float("3.5")]);
        assert_eq!(spellings.of(1.1).map(|text| &**text), Some("1.10"));
        assert_eq!(spellings.of(2.0), None);
        assert!(spellings.covers(&float("1.10")));
        assert!(!spellings.covers(&float("1.1")));
        assert!(spellings.covers(&float("3.5")));
    }

    #[test]
    fn no_more_spellings_are_kept_than_the_bound() {
        let mut spellings = Spellings::default();
        for n in 0..MAX_SPELLINGS + 5 {
            spellings.learn(&[float(&format!("{n}.10"))]);
        }
        assert_eq!(spellings.iter().len(), MAX_SPELLINGS);
        assert!(spellings.of(1.1).is_some());
    }

    proptest! {
        #[test]
        fn a_usual_text_is_what_the_value_is_spelled_as(text in "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?") {
            if let Numeral::Float { value, is_usual } = classify(&text) {
                let mut spelled = String::new();
                spell(value, &mut spelled);
                prop_assert_eq!(is_usual, spelled == text);
            }
        }
    }
}
