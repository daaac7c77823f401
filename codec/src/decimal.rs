//! Whole numbers of any length, and where their point is.

/// The longest number whose digits are written out, in bytes. Writing takes time by the square of that, and nobody counts that far.
pub(crate) const MAX_NUMBER_BYTES: usize = 1024;

/// The furthest that zeros are written out instead of an exponent.
const MAX_ZEROS: usize = 40;

/// The digits of a big-endian number without sign.
pub(crate) fn digits(bytes: &[u8]) -> String {
    const BASE: u64 = 1_000_000_000;
    // Nine digits each, the lowest first.
    let mut limbs: Vec<u64> = vec![0];
    for byte in bytes {
        let mut carry = u64::from(*byte);
        for limb in &mut limbs {
            let value = *limb * 256 + carry;
            *limb = value % BASE;
            carry = value / BASE;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    let mut limbs = limbs.iter().rev();
    let mut text = limbs.next().map(u64::to_string).unwrap_or_default();
    limbs.for_each(|limb| text.push_str(&format!("{limb:09}")));
    text
}

/// The digits of a big-endian number in two's complement.
pub(crate) fn signed_digits(bytes: &[u8]) -> String {
    if bytes.first().is_none_or(|first| *first < 0x80) {
        return digits(bytes);
    }
    negated_digits(&bytes.iter().map(|byte| !byte).collect::<Vec<_>>())
}

/// The digits of −1 − n, n being a big-endian number without sign.
pub(crate) fn negated_digits(bytes: &[u8]) -> String {
    let mut above = vec![0];
    above.extend_from_slice(bytes);
    for byte in above.iter_mut().rev() {
        let (sum, overflows) = byte.overflowing_add(1);
        *byte = sum;
        if !overflows {
            break;
        }
    }
    format!("-{}", digits(&above))
}

/// The JSON number `digits × 10^exponent`.
pub(crate) fn scaled(digits: &str, exponent: i64) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let places = usize::try_from(exponent.unsigned_abs()).unwrap_or(usize::MAX);
    match exponent {
        0 => format!("{sign}{digits}"),
        _ if exponent > 0 || places > digits.len().saturating_add(MAX_ZEROS) => {
            format!("{sign}{digits}e{exponent}")
        }
        _ => {
            let padded = format!("{digits:0>width$}", width = places + 1);
            let (whole, fraction) = padded.split_at(padded.len() - places);
            format!("{sign}{whole}.{fraction}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_point_stands_where_the_exponent_says() {
        for (digits, exponent, text) in [
            ("27315", -2, "273.15"),
            ("-5", -3, "-0.005"),
            ("100", -2, "1.00"),
            ("7", 3, "7e3"),
            ("7", -1000, "7e-1000"),
            ("0", 0, "0"),
            ("1", i64::MIN, "1e-9223372036854775808"),
        ] {
            assert_eq!(scaled(digits, exponent), text);
        }
    }

    #[test]
    fn numbers_beyond_any_machine_word_have_their_digits() {
        assert_eq!(digits(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), "18446744073709551616");
        assert_eq!(negated_digits(&[0xff; 8]), "-18446744073709551616");
        assert_eq!(digits(&[]), "0");
    }

    proptest! {
        #[test]
        fn digits_are_those_of_machine_numbers(number: u128, other: i128) {
            prop_assert_eq!(digits(&number.to_be_bytes()), number.to_string());
            prop_assert_eq!(signed_digits(&other.to_be_bytes()), other.to_string());
        }
    }
}
