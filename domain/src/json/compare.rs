//! Comparing numbers by their value, exactly.

use std::cmp::Ordering;

/// Exponents beyond this count as this: a number with 10^18 digits is larger than all that anyone has room to write.
const MAX_EXPONENT: i64 = 1_000_000_000_000_000_000;

/// Compares two JSON numbers by their value, whatever their size and the number of their digits: `1.50` and `15e-1` are equal.
///
/// No digit is lost on the way, as it would be in floating point. Of a text that is no number the digits count.
pub fn compare_numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (Decimal::read(a), Decimal::read(b));
    match (a.sign(), b.sign()) {
        (-1, -1) => b.compare_magnitude(&a),
        (1, 1) => a.compare_magnitude(&b),
        (a, b) => a.cmp(&b),
    }
}

/// ± 0.d₁d₂d₃… × 10^exponent, where d₁ is not 0.
struct Decimal<'a> {
    is_negative: bool,
    /// From d₁ on, with a point among them. Nothing for zero.
    digits: &'a [u8],
    exponent: i64,
}

impl<'a> Decimal<'a> {
    fn read(text: &'a str) -> Self {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text),
        };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let mantissa = mantissa.as_bytes();
        let whole = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
        let first = mantissa.iter().position(|byte| matches!(byte, b'1'..=b'9'));
        let first = first.unwrap_or(mantissa.len());
        // How far left of the point, or right of it, the first digit is.
        let place = if first < whole { distance(first, whole) } else { 1 - distance(whole, first) };
        Self {
            is_negative,
            digits: &mantissa[first..],
            exponent: read_exponent(exponent).saturating_add(place),
        }
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.is_negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.digits.iter().copied().filter(|byte| *byte != b'.')
    }

    fn compare_magnitude(&self, other: &Self) -> Ordering {
        self.exponent.cmp(&other.exponent).then_with(|| {
            let (mut a, mut b) = (self.digits(), other.digits());
            loop {
                let order = match (a.next(), b.next()) {
                    (None, None) => return Ordering::Equal,
                    // Behind the last digit there are zeros.
                    (a, b) => a.unwrap_or(b'0').cmp(&b.unwrap_or(b'0')),
                };
                if order.is_ne() {
                    return order;
                }
            }
        })
    }
}

fn distance(from: usize, to: usize) -> i64 {
    i64::try_from(to - from).unwrap_or(MAX_EXPONENT)
}

fn read_exponent(text: &str) -> i64 {
    match text.parse::<i64>() {
        Ok(exponent) => exponent.clamp(-MAX_EXPONENT, MAX_EXPONENT),
        Err(_) if text.starts_with('-') => -MAX_EXPONENT,
        Err(_) => MAX_EXPONENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_compare_by_value_and_not_by_spelling() {
        for (a, b, order) in [
            ("1.50", "15e-1", Ordering::Equal),
            ("0", "-0.00e7", Ordering::Equal),
            ("100", "1E+2", Ordering::Equal),
            ("9", "10", Ordering::Less),
            ("0.9", "0.10", Ordering::Greater),
            ("-2", "1", Ordering::Less),
            ("-9", "-10", Ordering::Greater),
            ("0.00012", "0.00013", Ordering::Less),
            ("12.5", "12.50000000000000000001", Ordering::Less),
            ("9007199254740993", "9007199254740992", Ordering::Greater),
            ("1e400", "2e400", Ordering::Less),
            ("1e99999999999999999999", "1e-99999999999999999999", Ordering::Greater),
        ] {
            assert_eq!(compare_numbers(a, b), order, "{a} {b}");
            assert_eq!(compare_numbers(b, a), order.reverse(), "{b} {a}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_compare_as_such(a: i64, b: i64) {
            prop_assert_eq!(compare_numbers(&a.to_string(), &b.to_string()), a.cmp(&b));
        }

        #[test]
        fn fractions_compare_as_such(a in -50_000i64..50_000, b in -50_000i64..50_000, places in 0..8usize) {
            let text = |n: i64| {
                let digits = format!("{:0width$}", n.abs(), width = places + 1);
                let (whole, fraction) = digits.split_at(digits.len() - places);
                let point = if places > 0 { "." } else { "" };
                format!("{}{whole}{point}{fraction}", if n < 0 { "-" } else { "" })
            };
            prop_assert_eq!(compare_numbers(&text(a), &text(b)), a.cmp(&b));
        }

        #[test]
        fn an_exponent_moves_the_point(a in 1i64..1_000_000, shift in 0..30usize) {
            let long = format!("{a}{}", "0".repeat(shift));
            prop_assert_eq!(compare_numbers(&long, &format!("{a}e{shift}")), Ordering::Equal);
            prop_assert_eq!(compare_numbers(&format!("{long}e-{shift}"), &a.to_string()), Ordering::Equal);
        }

        #[test]
        fn any_texts_compare(a: String, b: String) {
            prop_assert_eq!(compare_numbers(&a, &b), compare_numbers(&b, &a).reverse());
        }
    }
}
