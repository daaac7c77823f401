//! Very many keys in little memory.

use crate::StreamKey;

/// Keys one behind the other. Each is known by its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    bytes: Vec<u8>,
    /// Where each key ends; it begins where the one before it does.
    ends: Vec<u32>,
}

impl Keys {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// How long they are together.
    pub(super) fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a key and gives its place, unless there is no number for it.
    pub(super) fn push(&mut self, key: &[u8]) -> Option<u32> {
        let place = u32::try_from(self.ends.len()).ok()?;
        let end = u32::try_from(self.bytes.len().checked_add(key.len())?).ok()?;
        self.bytes.extend_from_slice(key);
        self.ends.push(end);
        Some(place)
    }

    /// The key at a place; empty where there is none.
    pub(super) fn get(&self, place: u32) -> &[u8] {
        let place = place as usize;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(place).copied().unwrap_or_default();
        self.bytes.get(start.unwrap_or_default() as usize..end as usize).unwrap_or_default()
    }

    /// The key at a place, to be kept.
    pub(super) fn key(&self, place: u32) -> StreamKey {
        StreamKey::from_bytes(self.get(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_at_their_places_and_nothing_elsewhere() {
        let mut keys = Keys::default();
        for key in [&b"a:1"[..], b"", b"b\xff"] {
            keys.push(key);
        }
        let all: Vec<&[u8]> = (0..4).map(|place| keys.get(place)).collect();
        assert_eq!(all, [&b"a:1"[..], b"", b"b\xff", b""]);
        assert_eq!((keys.len(), keys.byte_len()), (3, 5));
    }
}
