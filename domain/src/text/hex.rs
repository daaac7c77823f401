//! Bytes as a hex dump: rows of an offset, the bytes, and the characters that they would be.
//!
//! Rows are made one by one, so that a large value costs no more than what is seen of it.

use std::fmt::Write as _;

/// How many bytes a row has, as in every other hex dump.
pub const ROW_BYTES: usize = 16;

/// Where a row is divided, so that bytes can be counted by eye.
const HALF: usize = ROW_BYTES / 2;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexRow {
    /// Where its first byte stands in the value.
    pub offset: usize,
    /// Its bytes, two digits each, always as wide as a full row.
    pub hex: String,
    /// Its bytes as ASCII, a dot for each that is none or cannot be seen.
    pub ascii: String,
}

/// How many rows a value of `length` bytes has.
pub const fn row_count(length: usize) -> usize {
    length.div_ceil(ROW_BYTES)
}

/// The row of this index; none behind the end.
pub fn row(bytes: &[u8], index: usize) -> Option<HexRow> {
    let offset = index.checked_mul(ROW_BYTES)?;
    let rest = bytes.get(offset..).filter(|rest| !rest.is_empty())?;
    let part = rest.get(..ROW_BYTES).unwrap_or(rest);
    let mut hex = String::with_capacity(ROW_BYTES * 3);
    for at in 0..ROW_BYTES {
        if at > 0 {
            hex.push_str(if at == HALF { "  " } else { " " });
        }
        // Writing to a string cannot fail.
        let _ = match part.get(at) {
            Some(byte) => write!(hex, "{byte:02x}"),
            None => write!(hex, "  "),
        };
    }
    let ascii = part.iter().map(|&byte| match byte {
        b' '..=b'~' => char::from(byte),
        _ => '.',
    });
    Some(HexRow { offset, hex, ascii: ascii.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_row_shows_offset_bytes_and_characters() {
        let bytes = b"Hello, \x00\xff\n wide world";
        let first = row(bytes, 0).unwrap();
        assert_eq!(first.hex, "48 65 6c 6c 6f 2c 20 00  ff 0a 20 77 69 64 65 20");
        assert_eq!((first.offset, first.ascii.as_str()), (0, "Hello, ... wide "));
        let last = row(bytes, 1).unwrap();
        assert_eq!(last.hex.trim_end(), "77 6f 72 6c 64");
        assert_eq!((last.offset, last.ascii.as_str()), (16, "world"));
        assert_eq!(row(bytes, 2), None);
    }

    #[test]
    fn there_is_no_row_where_there_are_no_bytes() {
        assert_eq!((row_count(0), row(b"", 0)), (0, None));
        assert_eq!(row(b"a", usize::MAX), None);
    }

    proptest! {
        #[test]
        fn the_rows_together_are_the_bytes(bytes: Vec<u8>) {
            let rows: Vec<HexRow> = (0..row_count(bytes.len())).filter_map(|at| row(&bytes, at)).collect();
            prop_assert_eq!(rows.len(), row_count(bytes.len()));
            prop_assert_eq!(row(&bytes, rows.len()), None);
            let width = rows.first().map_or(0, |row| row.hex.len());
            prop_assert!(rows.iter().all(|row| row.hex.len() == width));
            let digits = rows.iter().flat_map(|row| row.hex.split_whitespace());
            let read: Vec<u8> = digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()).collect();
            prop_assert_eq!(read, bytes);
        }
    }
}
