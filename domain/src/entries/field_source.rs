//! The fields of an entry, wherever they are kept.

use crate::Fields;

/// The field/value pairs of an entry, wherever they are kept.
pub trait FieldSource {
    /// How many pairs there are.
    fn count(&self) -> usize;

    /// The pair at this place, in the order written.
    fn pair(&self, at: usize) -> Option<(&[u8], &[u8])>;

    /// The first value under this name.
    fn value(&self, name: &str) -> Option<&[u8]> {
        (0..self.count())
            .filter_map(|at| self.pair(at))
            .find(|(key, _)| *key == name.as_bytes())
            .map(|(_, value)| value)
    }
}

impl FieldSource for Fields {
    fn count(&self) -> usize {
        self.len()
    }

    fn pair(&self, at: usize) -> Option<(&[u8], &[u8])> {
        self.pair_at(at)
    }
}
