//! Which parts of a stream are worth reading for who looks for some types.

use std::ops::RangeInclusive;

use super::types::EventType;
use super::{Block, BlockIndex};
use crate::EntryId;

/// Blocks that follow each other and all may have something, or all have nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Whether something in it may match.
    pub may_match: bool,
    /// The first id in it that is wanted.
    pub first_id: EntryId,
    /// The last one.
    pub last_id: EntryId,
    /// How many entries it has; where the range begins or ends in its blocks, at most this many.
    pub entries: u64,
}

impl BlockIndex {
    /// Divides the entries within a range of ids into parts that may have an event of a wanted type and parts that have none, in
    /// the order of ids. Types that are not told apart may be anything, and so are always looked at.
    pub fn parts(
        &self,
        ids: RangeInclusive<EntryId>,
        is_wanted: impl Fn(Option<&str>) -> bool,
    ) -> Vec<Part> {
        let wanted: Vec<bool> = (0..self.types.len())
            .map(|index| match self.types.event_type(index) {
                EventType::Named(name) => is_wanted(Some(&name)),
                EventType::Untyped => is_wanted(None),
                EventType::Other => true,
            })
            .collect();
        let (from, to) = (*ids.start(), *ids.end());
        let first = self.blocks.partition_point(|block| block.last_id < from);
        let mut parts: Vec<Part> = Vec::new();
        for block in self.blocks.range(first..).take_while(|block| block.first_id <= to) {
            let may_match = self.has_some(block, &wanted);
            let (last_id, entries) = (block.last_id.min(to), u64::from(block.count));
            match parts.last_mut() {
                Some(part) if part.may_match == may_match => {
                    part.last_id = last_id;
                    part.entries += entries;
                }
                _ => {
                    let first_id = block.first_id.max(from);
                    parts.push(Part { may_match, first_id, last_id, entries });
                }
            }
        }
        parts
    }

    fn has_some(&self, block: &Block, wanted: &[bool]) -> bool {
        self.tallies(block).any(|tally| {
            tally.count > 0 && wanted.get(tally.event_type.index()).copied().unwrap_or(true)
        })
    }
}
