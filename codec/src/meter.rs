//! What one value may come to.

use rewind_domain::json::MAX_DEPTH;

use crate::error::CodecError;
use crate::limits::{MAX_BYTES, MAX_VALUES};

/// About how much memory a JSON value takes beside its text.
const VALUE_BYTES: usize = 64;

/// Counts what becomes of one value, and stops it where that is too much.
#[derive(Debug)]
pub(crate) struct Meter {
    bytes_left: usize,
    values_left: usize,
}

impl Default for Meter {
    fn default() -> Self {
        Self { bytes_left: MAX_BYTES, values_left: MAX_VALUES }
    }
}

impl Meter {
    /// One that stops everything.
    pub(crate) fn used_up() -> Self {
        Self { bytes_left: 0, values_left: 0 }
    }

    /// How many bytes there may be yet.
    pub(crate) fn bytes_left(&self) -> usize {
        self.bytes_left
    }

    /// Counts unwrapped bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Result<(), CodecError> {
        let left = self.bytes_left.checked_sub(count);
        // What was asked for in vain is used up as well, so that nobody goes on asking.
        self.bytes_left = left.unwrap_or(0);
        left.map(drop).ok_or(CodecError::TooManyBytes)
    }

    /// Counts JSON values.
    pub(crate) fn values(&mut self, count: usize) -> Result<(), CodecError> {
        let left = self.values_left.checked_sub(count);
        self.values_left = left.unwrap_or(0);
        left.map(drop).ok_or(CodecError::TooManyValues)
    }

    /// Counts an array or object in `depth` others.
    pub(crate) fn container(&mut self, depth: usize) -> Result<(), CodecError> {
        if depth >= MAX_DEPTH {
            return Err(CodecError::TooDeep);
        }
        self.values(1)
    }

    /// About how much memory it all took so far.
    pub(crate) fn used_bytes(&self) -> usize {
        (MAX_BYTES - self.bytes_left) + (MAX_VALUES - self.values_left) * VALUE_BYTES
    }
}
