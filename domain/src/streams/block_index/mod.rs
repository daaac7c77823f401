//! The block index of a stream: where its entries are and of which types, without keeping the entries.
//!
//! Redis finds an entry by its id, but not by its rank, and counts nothing. The index has a line for each *block* of entries that
//! follow each other: its first and last id, and how many entries of which types are in it. From rank to id it is one short read
//! then; how many events there are when, of which types, needs none; and who looks for a type passes over the blocks that have
//! none of it.
//!
//! Blocks are as small as memory allows: one entry each in short streams, so that everything is exact there, and up to
//! [`BLOCK_ENTRIES`] in long ones.

mod histogram;
mod parts;
mod pieces;
mod types;

use std::collections::VecDeque;

use crate::EntryId;
use crate::entry_digest::{EntriesDigest, EntryDigest};

pub use histogram::{Bucket, HISTOGRAM_TYPES, Histogram};
pub use parts::Part;
pub use pieces::Piece;
pub use types::{EventType, MAX_TYPE_BYTES, MAX_TYPES, TypeCount};

use types::{TypeNumber, TypeTable};

/// How many entries a block has at most: the read that finds an entry in it takes Redis half a millisecond, and ten million
/// entries have ten thousand lines.
pub const BLOCK_ENTRIES: u16 = 1_024;
/// How many blocks there may be before they are made larger: as many as a wide histogram has bars.
const FINE_BLOCKS: usize = 2_048;
/// By which part lists grow: with a large one much would be held for nothing, with a small one much would be copied.
const GROWTH: usize = 8;

/// What is known of the entries of a stream, from a first one to a last one without any gap.
#[derive(Clone, Debug)]
pub struct BlockIndex {
    types: TypeTable,
    blocks: VecDeque<Block>,
    /// The counts of all blocks, one block after the other.
    tallies: VecDeque<Tally>,
    /// How many tallies were dropped at the front, so that the places that blocks name stay what they are.
    tallies_dropped: u64,
    shape: Shape,
    /// How many entries a block has at the moment, unless it was cut.
    block_entries: u16,
}

/// A block, as it is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSpan {
    /// Its first entry.
    pub first_id: EntryId,
    /// Its last entry.
    pub last_id: EntryId,
    /// How many entries of the index come before it.
    pub first_rank: u64,
    /// How many entries it has.
    pub count: u64,
}

/// How blocks grow.
#[derive(Clone, Copy, Debug)]
struct Shape {
    fine_blocks: usize,
    most_entries: u16,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    first_id: EntryId,
    last_id: EntryId,
    /// How many entries came before it since the index was begun.
    start: u64,
    /// The place of its first tally since then.
    tallies_at: u64,
    /// That of its entries.
    digest: EntriesDigest,
    count: u16,
    tallies: u16,
}

/// How many entries of a block have a type.
#[derive(Clone, Copy, Debug)]
struct Tally {
    event_type: TypeNumber,
    count: u16,
}

impl Default for BlockIndex {
    fn default() -> Self {
        Self::with_shape(Shape { fine_blocks: FINE_BLOCKS, most_entries: BLOCK_ENTRIES })
    }
}

impl BlockIndex {
    fn with_shape(shape: Shape) -> Self {
        Self {
            types: TypeTable::default(),
            blocks: VecDeque::new(),
            tallies: VecDeque::new(),
            tallies_dropped: 0,
            shape,
            block_entries: 1,
        }
    }

    /// How many entries are indexed.
    pub fn len(&self) -> u64 {
        match (self.blocks.front(), self.blocks.back()) {
            (Some(first), Some(last)) => last.start + u64::from(last.count) - first.start,
            _ => 0,
        }
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The first entry that is indexed.
    pub fn first_id(&self) -> Option<EntryId> {
        self.blocks.front().map(|block| block.first_id)
    }

    /// The last entry that is indexed.
    pub fn last_id(&self) -> Option<EntryId> {
        self.blocks.back().map(|block| block.last_id)
    }

    /// How much memory the index takes, in bytes.
    pub fn byte_size(&self) -> usize {
        self.blocks.capacity() * size_of::<Block>()
            + self.tallies.capacity() * size_of::<Tally>()
            + self.types.byte_size()
            + size_of::<Self>()
    }

    /// Adds an entry behind all others. One that does not come behind them is not added, which is the answer.
    pub fn append(&mut self, id: EntryId, event_type: Option<&str>, digest: EntryDigest) -> bool {
        if self.last_id().is_some_and(|last| last >= id) {
            return false;
        }
        let event_type = self.types.intern(event_type);
        if self.blocks.back().is_none_or(|block| block.count >= self.block_entries) {
            if self.blocks.len() >= self.shape.fine_blocks {
                self.enlarge_blocks();
            }
            if self.blocks.back().is_none_or(|block| block.count >= self.block_entries) {
                self.begin_block(id);
            }
        }
        if let Some(block) = self.blocks.back_mut() {
            block.last_id = id;
            block.count += 1;
            block.digest.push(id, digest);
            let own = self.tallies.len() - usize::from(block.tallies);
            match self.tallies.range_mut(own..).find(|tally| tally.event_type == event_type) {
                Some(tally) => tally.count += 1,
                None => {
                    block.tallies += 1;
                    grow(&mut self.tallies);
                    self.tallies.push_back(Tally { event_type, count: 1 });
                }
            }
        }
        true
    }

    /// Drops the blocks before `first_id`, the first entry that the stream still has. Where it lies in a block, that
    /// block is given: its entries from there on must be counted again, see [`BlockIndex::recount_first`].
    pub fn trim_before(&mut self, first_id: EntryId) -> Option<BlockSpan> {
        while self.blocks.front().is_some_and(|block| block.last_id < first_id) {
            self.drop_first();
        }
        let first = self.blocks.front()?;
        (first.first_id < first_id).then(|| self.span(first))
    }

    /// Counts the first block again, which has these entries now. Entries behind the block are passed over. The answer is whether it
    /// can be: what was never in the block means that the index is one of another stream.
    pub fn recount_first<'a>(
        &mut self,
        entries: impl IntoIterator<Item = (EntryId, Option<&'a str>, EntryDigest)>,
    ) -> bool {
        let Some(mut block) = self.blocks.front().copied() else { return true };
        let before = block.count;
        block.count = 0;
        block.digest = EntriesDigest::default();
        let own = ..usize::from(block.tallies);
        self.tallies.range_mut(own).for_each(|tally| tally.count = 0);
        let entries = entries.into_iter().take_while(|(id, ..)| *id <= block.last_id);
        for (id, event_type, digest) in entries {
            let event_type = self.types.number(event_type);
            let tally = self.tallies.range_mut(own).find(|tally| tally.event_type == event_type);
            let Some(tally) = tally.filter(|_| block.count < before && id >= block.first_id) else {
                return false;
            };
            tally.count += 1;
            if block.count == 0 {
                block.first_id = id;
            }
            block.count += 1;
            block.digest.push(id, digest);
        }
        if block.count == 0 {
            self.drop_first();
            return true;
        }
        block.start += u64::from(before - block.count);
        if let Some(first) = self.blocks.front_mut() {
            *first = block;
        }
        true
    }

    /// The block that the entry of this rank is in; 0 is the first entry.
    pub fn block_of_rank(&self, rank: u64) -> Option<BlockSpan> {
        let start = self.blocks.front()?.start.checked_add(rank)?;
        let behind = self.blocks.partition_point(|block| block.start <= start);
        let block = self.blocks.get(behind.checked_sub(1)?)?;
        (start - block.start < u64::from(block.count)).then(|| self.span(block))
    }

    /// The last block that begins at or before this id. The entry with this id, if there is one, is in it.
    pub fn block_of_id(&self, id: EntryId) -> Option<BlockSpan> {
        let behind = self.blocks.partition_point(|block| block.first_id <= id);
        self.blocks.get(behind.checked_sub(1)?).map(|block| self.span(block))
    }

    /// The types and how many entries have them, the most frequent ones first.
    pub fn types(&self) -> Vec<TypeCount> {
        let mut counts = vec![0u64; self.types.len()];
        for tally in &self.tallies {
            if let Some(count) = counts.get_mut(tally.event_type.index()) {
                *count += u64::from(tally.count);
            }
        }
        self.types.counts(&counts)
    }

    fn span(&self, block: &Block) -> BlockSpan {
        let before = self.blocks.front().map_or(0, |first| first.start);
        BlockSpan {
            first_id: block.first_id,
            last_id: block.last_id,
            first_rank: block.start - before,
            count: block.count.into(),
        }
    }

    fn tallies(&self, block: &Block) -> impl Iterator<Item = &Tally> {
        let from = usize::try_from(block.tallies_at - self.tallies_dropped).unwrap_or(usize::MAX);
        self.tallies.iter().skip(from).take(block.tallies.into())
    }

    fn begin_block(&mut self, id: EntryId) {
        let start = self.blocks.back().map_or(0, |last| last.start + u64::from(last.count));
        let tallies_at = self.tallies_dropped + self.tallies.len() as u64;
        grow(&mut self.blocks);
        self.blocks.push_back(Block {
            first_id: id,
            last_id: id,
            start,
            tallies_at,
            digest: EntriesDigest::default(),
            count: 0,
            tallies: 0,
        });
    }

    fn drop_first(&mut self) {
        if let Some(block) = self.blocks.pop_front() {
            self.tallies.drain(..usize::from(block.tallies));
            self.tallies_dropped += u64::from(block.tallies);
        }
    }

    /// Makes one block of two, all over.
    fn enlarge_blocks(&mut self) {
        let larger = self.block_entries.saturating_mul(2).min(self.shape.most_entries);
        if larger == self.block_entries {
            return;
        }
        self.block_entries = larger;
        let (blocks, mut tallies) =
            (std::mem::take(&mut self.blocks), std::mem::take(&mut self.tallies));
        self.tallies_dropped = 0;
        for block in blocks {
            let of_block = tallies.drain(..usize::from(block.tallies));
            let fits = |last: &Block| last.count.saturating_add(block.count) <= larger;
            if self.blocks.back().is_none_or(|last| !fits(last)) {
                grow(&mut self.blocks);
                let tallies_at = self.tallies.len() as u64;
                let digest = EntriesDigest::default();
                self.blocks.push_back(Block { tallies_at, digest, count: 0, tallies: 0, ..block });
            }
            let Some(last) = self.blocks.back_mut() else { continue };
            last.last_id = block.last_id;
            last.count += block.count;
            last.digest.merge(block.digest);
            let own = self.tallies.len() - usize::from(last.tallies);
            for tally in of_block {
                let known = self
                    .tallies
                    .range_mut(own..)
                    .find(|known| known.event_type == tally.event_type);
                match known {
                    Some(known) => known.count += tally.count,
                    None => {
                        last.tallies += 1;
                        grow(&mut self.tallies);
                        self.tallies.push_back(tally);
                    }
                }
            }
        }
    }
}

/// Makes room for one more, without doubling what is held.
fn grow<T>(list: &mut VecDeque<T>) {
    if list.len() == list.capacity() {
        list.reserve_exact(list.len() / GROWTH + 16);
    }
}

#[cfg(test)]
mod tests;
