//! Fingerprints of entries: the same wherever they are made, of an entry as a whole or of one whose long values are dropped as they
//! arrive.

use std::hash::Hasher as _;

use rewind_domain::RawEvent;
use rewind_domain::entry_digest::EntryDigest;
use twox_hash::XxHash64;

/// Makes the fingerprint of a text that arrives in pieces.
#[derive(Debug)]
pub(super) struct TextDigest(XxHash64);

/// Makes the fingerprint of an entry of those of its texts.
pub(super) struct FieldsDigest(XxHash64);

/// The fingerprint of an event's fields. Of one that was too large to be read as a whole it is that of what was read.
pub fn digest(event: &RawEvent<'_>) -> EntryDigest {
    let fields = event.fields();
    let mut digest = FieldsDigest::new();
    for (name, value) in (0..fields.count()).filter_map(|at| fields.pair(at)) {
        digest.push(name.len(), text_digest(name));
        digest.push(value.len(), text_digest(value));
    }
    digest.finish()
}

/// The fingerprint of a text.
pub(super) fn text_digest(text: &[u8]) -> u64 {
    XxHash64::oneshot(0, text)
}

impl TextDigest {
    pub(super) fn begin(piece: &[u8]) -> Self {
        let mut digest = Self(XxHash64::with_seed(0));
        digest.push(piece);
        digest
    }

    pub(super) fn push(&mut self, piece: &[u8]) {
        self.0.write(piece);
    }

    pub(super) fn finish(&self) -> u64 {
        self.0.finish()
    }
}

impl FieldsDigest {
    pub(super) fn new() -> Self {
        Self(XxHash64::with_seed(0))
    }

    /// Takes the next name or value, by its length in bytes and its fingerprint.
    pub(super) fn push(&mut self, length: usize, text: u64) {
        self.0.write(&(length as u64).to_le_bytes());
        self.0.write(&text.to_le_bytes());
    }

    pub(super) fn finish(&self) -> EntryDigest {
        EntryDigest(self.0.finish())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rewind_domain::{EntryId, Fields};

    use super::*;

    fn of(pairs: &[(&str, &str)]) -> EntryDigest {
        let fields: Fields = pairs.iter().copied().collect();
        digest(&RawEvent::new(EntryId::MIN, 0, &fields))
    }

    #[test]
    fn each_difference_between_fields_shows() {
        let one = of(&[("a", "b"), ("c", "d")]);
        assert_eq!(one, of(&[("a", "b"), ("c", "d")]));
        for other in [
            of(&[("c", "d"), ("a", "b")]),
            of(&[("a", "b")]),
            of(&[("ab", ""), ("c", "d")]),
            of(&[("a", "b"), ("c", "e")]),
            of(&[]),
        ] {
            assert_ne!(one, other);
        }
    }

    proptest! {
        #[test]
        fn a_text_may_arrive_in_any_pieces(text: Vec<u8>, at: prop::sample::Index) {
            let (first, second) = text.split_at(at.index(text.len() + 1));
            let mut digest = TextDigest::begin(first);
            digest.push(second);
            prop_assert_eq!(digest.finish(), text_digest(&text));
        }
    }
}
