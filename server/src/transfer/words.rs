//! Numbers as people read them.

use std::time::Duration;

/// `262200` as `262,200`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 entry`, `262,200 entries`.
pub(super) fn entries(number: u64) -> String {
    if number == 1 { "1 entry".to_owned() } else { format!("{} entries", grouped(number)) }
}

/// `1 stream`, `13,087 streams`.
pub(super) fn streams(number: u64) -> String {
    if number == 1 { "1 stream".to_owned() } else { format!("{} streams", grouped(number)) }
}

/// `was` or `were`.
pub(super) fn were(number: u64) -> &'static str {
    if number == 1 { "was" } else { "were" }
}

/// `4.1 s`, `2 min 5 s`.
pub(super) fn elapsed(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        secs => format!("{} min {} s", grouped(secs / 60), secs % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_threes() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(entries(1), "1 entry");
        assert_eq!(entries(0), "0 entries");
        assert_eq!(streams(13_087), "13,087 streams");
    }

    #[test]
    fn time_is_given_as_exactly_as_it_matters() {
        assert_eq!(elapsed(Duration::from_millis(4_120)), "4.1 s");
        assert_eq!(elapsed(Duration::from_secs(125)), "2 min 5 s");
    }
}
