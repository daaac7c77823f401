//! Entry ids: the name, the order and usually the time of an entry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The id of a stream entry, `<ms>-<seq>`: unique within its stream, and ordered.
///
/// `ms` is by convention the Unix time in milliseconds at which Redis accepted the entry,
/// but a writer may choose ids freely, so it is a time only as far as the writer made it one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    ms: u64,
    seq: u64,
}

/// Why a text is not an entry id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an entry id; one looks like `1706185200000-0`")]
pub struct EntryIdError {
    text: String,
}

impl EntryId {
    /// The id before all others. Redis gives it to no entry, so it also means "from the start".
    pub const MIN: EntryId = EntryId { ms: 0, seq: 0 };
    /// The greatest id that there can be.
    pub const MAX: EntryId = EntryId { ms: u64::MAX, seq: u64::MAX };

    /// The id `<ms>-<seq>`.
    pub const fn new(ms: u64, seq: u64) -> Self {
        Self { ms, seq }
    }

    /// The part before the dash, by convention Unix milliseconds.
    pub const fn ms(self) -> u64 {
        self.ms
    }

    /// The part after the dash, which tells entries of the same millisecond apart.
    pub const fn seq(self) -> u64 {
        self.seq
    }

    /// The id right after this one, or none after [`EntryId::MAX`].
    pub const fn next(self) -> Option<Self> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(Self { ms: self.ms, seq }),
            None => match self.ms.checked_add(1) {
                Some(ms) => Some(Self { ms, seq: 0 }),
                None => None,
            },
        }
    }

    /// The id right before this one, or none before [`EntryId::MIN`].
    pub const fn prev(self) -> Option<Self> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(Self { ms: self.ms, seq }),
            None => match self.ms.checked_sub(1) {
                Some(ms) => Some(Self { ms, seq: u64::MAX }),
                None => None,
            },
        }
    }

    /// Reads an id from the bytes that Redis sends.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EntryIdError> {
        parse(bytes).ok_or_else(|| EntryIdError { text: excerpt(bytes) })
    }
}

impl FromStr for EntryId {
    type Err = EntryIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_bytes(text.as_bytes())
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

impl Serialize for EntryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EntryId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

fn parse(bytes: &[u8]) -> Option<EntryId> {
    let dash = bytes.iter().position(|&b| b == b'-')?;
    Some(EntryId { ms: digits(&bytes[..dash])?, seq: digits(&bytes[dash + 1..])? })
}

/// Like `u64::from_str`, but without the sign that it allows.
fn digits(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0u64, |value, &byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// Enough of a bad input to recognise it, whatever its size.
fn excerpt(bytes: &[u8]) -> String {
    const SHOWN_CHARS: usize = 60;
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN_CHARS)]).into_owned();
    if let Some((cut, _)) = text.char_indices().nth(SHOWN_CHARS) {
        text.truncate(cut);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_an_id_is_refused_by_name() {
        for bad in [
            "",
            "-",
            "1",
            "1-",
            "-1",
            "+1-0",
            "1-+0",
            "1-0-0",
            "a-b",
            "1 -0",
            "18446744073709551616-0",
        ] {
            let error = bad.parse::<EntryId>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{bad}`")), "{error}");
        }
    }

    #[test]
    fn a_huge_bad_id_is_cut_in_its_error() {
        let error = "x".repeat(1_000_000).parse::<EntryId>().unwrap_err().to_string();
        assert!(error.len() < 200, "{}", error.len());
    }

    #[test]
    fn the_ends_have_no_neighbour() {
        assert_eq!(EntryId::MIN.prev(), None);
        assert_eq!(EntryId::MAX.next(), None);
    }

    #[test]
    fn a_full_sequence_goes_over_into_the_next_millisecond() {
        assert_eq!(EntryId::new(7, u64::MAX).next(), Some(EntryId::new(8, 0)));
        assert_eq!(EntryId::new(8, 0).prev(), Some(EntryId::new(7, u64::MAX)));
    }

    proptest! {
        #[test]
        fn an_id_survives_being_written_and_read(ms: u64, seq: u64) {
            let id = EntryId::new(ms, seq);
            prop_assert_eq!(id.to_string().parse::<EntryId>().unwrap(), id);
        }

        #[test]
        fn ids_order_by_time_and_then_by_sequence(a: (u64, u64), b: (u64, u64)) {
            prop_assert_eq!(EntryId::new(a.0, a.1).cmp(&EntryId::new(b.0, b.1)), a.cmp(&b));
        }

        #[test]
        fn next_and_prev_undo_each_other(ms: u64, seq: u64) {
            let id = EntryId::new(ms, seq);
            if let Some(next) = id.next() {
                prop_assert!(next > id);
                prop_assert_eq!(next.prev(), Some(id));
            }
        }

        #[test]
        fn any_bytes_are_an_id_or_an_error(bytes: Vec<u8>) {
            let _ = EntryId::from_bytes(&bytes);
        }
    }
}
