//! Whether entries that are read again are those that were indexed.

use super::BlockIndex;
use crate::EntryId;
use crate::entry_digest::{EntriesDigest, EntryDigest};

/// Some blocks that follow each other, to be read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Their first entry.
    pub first_id: EntryId,
    /// Their last entry.
    pub last_id: EntryId,
    /// How many entries they have.
    pub count: u64,
}

impl BlockIndex {
    /// The first blocks from this id on, one at least, and more as long as they have no more than `most` entries together. Goes on
    /// from the beginning behind the last one; `None` where nothing is indexed.
    pub fn piece_from(&self, id: EntryId, most: u64) -> Option<Piece> {
        let from = self.blocks.partition_point(|block| block.first_id < id);
        let from = if from < self.blocks.len() { from } else { 0 };
        let mut blocks = self.blocks.range(from..);
        let first = blocks.next()?;
        let (first_id, count) = (first.first_id, u64::from(first.count));
        let mut piece = Piece { first_id, last_id: first.last_id, count };
        for block in blocks {
            if piece.count + u64::from(block.count) > most {
                break;
            }
            piece.count += u64::from(block.count);
            piece.last_id = block.last_id;
        }
        Some(piece)
    }

    /// Whether these entries, which follow each other from the first one of a block on, are those that were indexed. Only whole blocks are
    /// compared; what comes behind the last one is not known.
    pub fn agrees_with(&self, entries: impl IntoIterator<Item = (EntryId, EntryDigest)>) -> bool {
        let mut entries = entries.into_iter().peekable();
        let Some((first, _)) = entries.peek() else { return true };
        let from = self.blocks.partition_point(|block| block.first_id < *first);
        let mut blocks = self.blocks.range(from..);
        let Some(mut block) = blocks.next() else { return true };
        let (mut count, mut digest) = (0, EntriesDigest::default());
        for (id, of_entry) in entries {
            if id > block.last_id {
                return false;
            }
            count += 1;
            digest.push(id, of_entry);
            if count == block.count {
                if id != block.last_id || digest != block.digest {
                    return false;
                }
                let Some(next) = blocks.next() else { return true };
                block = next;
                (count, digest) = (0, EntriesDigest::default());
            }
        }
        true
    }
}
