//! Values as JavaScript has them, and how it compares them.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Comparison;
use crate::json::Scalar;

/// The largest integer up to which an integer of the data is a number to a script; beyond, it is a `BigInt`.
const MAX_SAFE: u64 = (1 << 53) - 1;
/// Strings of this many digits are the same number in every reader of decimals; longer ones are left to the engine.
const MAX_DIGITS: usize = 15;

pub(super) enum Value<'a> {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    String(Cow<'a, str>),
    /// An object or an array, whichever.
    Object,
    /// A `BigInt`, which is never 0.
    Big,
}

impl<'a> Value<'a> {
    pub(super) fn of(scalar: Scalar<'a>) -> Self {
        match scalar {
            Scalar::Null => Self::Null,
            Scalar::Bool(value) => Self::Bool(value),
            Scalar::Number(digits) => Self::of_number(digits),
            Scalar::String(text) => Self::String(text),
            Scalar::Array | Scalar::Object => Self::Object,
        }
    }

    fn of_number(text: &str) -> Self {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit());
        let is_safe = || digits.parse::<u64>().is_ok_and(|value| value <= MAX_SAFE);
        match text.parse() {
            Ok(value) if !is_whole || is_safe() => Self::Number(value),
            _ => Self::Big,
        }
    }

    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Undefined | Self::Null => false,
            Self::Bool(value) => *value,
            Self::Number(value) => *value != 0.0 && !value.is_nan(),
            Self::String(text) => !text.is_empty(),
            Self::Object | Self::Big => true,
        }
    }

    /// What a comparison says, if it is certain.
    pub(super) fn compare(&self, how: Comparison, other: &Self) -> Option<bool> {
        let is = |wanted: fn(Ordering) -> bool| Some(self.order(other)?.is_some_and(wanted));
        match how {
            Comparison::Strict { negated } => self.is_same(other).map(|same| same != negated),
            Comparison::Loose { negated } => self.is_equal(other).map(|equal| equal != negated),
            Comparison::Less => is(Ordering::is_lt),
            Comparison::LessOrEqual => is(Ordering::is_le),
            Comparison::Greater => is(Ordering::is_gt),
            Comparison::GreaterOrEqual => is(Ordering::is_ge),
        }
    }

    /// `===`
    fn is_same(&self, other: &Self) -> Option<bool> {
        Some(match (self, other) {
            (Self::Undefined, Self::Undefined) | (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Object, Self::Object) | (Self::Big, Self::Big) => return None,
            _ => false,
        })
    }

    /// `==`
    fn is_equal(&self, other: &Self) -> Option<bool> {
        use Value::{Big, Bool, Null, Number, Object, String, Undefined};
        match (self, other) {
            (Undefined | Null, Undefined | Null) => Some(true),
            (Undefined | Null, _) | (_, Undefined | Null) => Some(false),
            (Number(_) | Bool(_), String(_) | Bool(_))
            | (String(_) | Bool(_), Number(_))
            | (String(_), Bool(_)) => Some(self.number()? == other.number()?),
            (Object | Big, _) | (_, Object | Big) => None,
            _ => self.is_same(other),
        }
    }

    /// Which of both is before the other, for `<` and its kin; none is where one is not a number. Nothing if that is not certain.
    #[expect(
        clippy::option_option,
        reason = "not to be ordered is another thing than not to be known"
    )]
    fn order(&self, other: &Self) -> Option<Option<Ordering>> {
        match (self, other) {
            (Self::String(a), Self::String(b)) => {
                // JavaScript compares halves of characters where they are rare ones.
                Some(Some(a.encode_utf16().cmp(b.encode_utf16())))
            }
            _ => Some(self.number()?.partial_cmp(&other.number()?)),
        }
    }

    /// The number that JavaScript makes of it, if that is certain.
    fn number(&self) -> Option<f64> {
        match self {
            Self::Undefined => Some(f64::NAN),
            Self::Null => Some(0.0),
            Self::Bool(value) => Some(f64::from(u8::from(*value))),
            Self::Number(value) => Some(*value),
            Self::String(text) => number_of_text(text),
            Self::Object | Self::Big => None,
        }
    }
}

/// The number that JavaScript reads from a text, for texts that are surely one or surely none.
fn number_of_text(text: &str) -> Option<f64> {
    // No number has one of these letters in it, not even `Infinity` or one in hexadecimal.
    let is_no_number = |byte: u8| b"ghjklmpqrsuvwz".contains(&byte.to_ascii_lowercase());
    if text.is_empty() {
        return Some(0.0);
    }
    if text.is_ascii() && text.bytes().any(is_no_number) {
        return Some(f64::NAN);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_decimal = |part: &str| {
        (1..=MAX_DIGITS).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_certain =
        is_decimal(whole) && is_decimal(fraction) && whole.len() + fraction.len() <= MAX_DIGITS + 1;
    if is_certain { text.parse().ok() } else { None }
}
