//! How far a walk through the keyspace is.

use std::fmt;
use std::str::FromStr;

/// How far a walk through the keyspace is. Only the store reads it; everybody else hands it back to go on.
///
/// As text it is `<node>-<position>`, such as `1-28672`; the first node is left out, as in `28672`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ScanCursor {
    node: u32,
    position: u64,
}

/// Why a text is no [`ScanCursor`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a `next_cursor` of the answer before")]
pub struct ScanCursorError;

impl ScanCursor {
    /// Where a walk begins.
    pub const START: Self = Self { node: 0, position: 0 };

    /// A position on a node, which are counted from 0. What a position means is known where it was made.
    #[must_use]
    pub const fn new(node: u32, position: u64) -> Self {
        Self { node, position }
    }

    /// Which node the walk is at.
    #[must_use]
    pub const fn node(self) -> u32 {
        self.node
    }

    /// How far it is there.
    #[must_use]
    pub const fn position(self) -> u64 {
        self.position
    }

    /// Whether the walk has not begun.
    #[must_use]
    pub fn is_start(self) -> bool {
        self == Self::START
    }
}

impl fmt::Display for ScanCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.node {
            0 => write!(f, "{}", self.position),
            node => write!(f, "{node}-{}", self.position),
        }
    }
}

impl FromStr for ScanCursor {
    type Err = ScanCursorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (node, position) = text.split_once('-').unwrap_or(("0", text));
        let node = node.parse().map_err(|_| ScanCursorError)?;
        let position = position.parse().map_err(|_| ScanCursorError)?;
        Ok(Self { node, position })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_survives_being_written_and_read(node: u32, position: u64) {
            let cursor = ScanCursor::new(node, position);
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = text.parse::<ScanCursor>();
        }
    }

    #[test]
    fn what_no_answer_said_is_refused() {
        for text in ["", "0-", "-7", "x", "0-x", "0-1-2", "-1-0", "18446744073709551616"] {
            assert_eq!(text.parse::<ScanCursor>(), Err(ScanCursorError), "{text}");
        }
        assert!("0".parse::<ScanCursor>().is_ok_and(ScanCursor::is_start));
        assert_eq!(ScanCursor::new(0, 28_672).to_string(), "28672");
    }
}
