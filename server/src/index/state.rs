//! What is known of a stream at the moment, and how it is kept right.
//!
//! Entries are only ever added behind the last one, but they may go from anywhere, and a key may be deleted and made anew. So an
//! index is believed only after some comparisons. The last entry that it has must be there unchanged when it goes on. The stream
//! must not have fewer entries added, or earlier ids, than it had, nor tell of deleted entries among those that are indexed. And the index is complete only once it has the same first entry,
//! the same last entry and as many entries as the stream at one and the same moment: then it has the same entries, since a stream
//! never gets one between others. Where any of this fails, the index is built anew.

use rewind_domain::EntryId;
use rewind_domain::block_index::{BlockIndex, BlockSpan};
use rewind_domain::members::Members;
use rewind_domain::versions::StreamExtent;

use super::typed_page::TypedPage;
use rewind_store::digest;

/// How many entries may be noted of what is gone from a stream, beside as many as it has, before they are forgotten: until then it
/// costs more to look for them than they take.
const MOST_GONE: u64 = 10_000;

/// How far an index is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// It lacks entries, or was not compared with the stream yet.
    #[default]
    Partial,
    /// It has each entry that the stream had when it was last asked.
    Complete,
    /// It would not fit into the memory that there is for indexes, and has nothing.
    TooLarge,
}

/// An index, looked at for a moment.
#[derive(Clone, Copy)]
pub struct IndexView<'a> {
    /// The index.
    pub blocks: &'a BlockIndex,
    /// The stream when the index was last brought up to date.
    pub extent: &'a StreamExtent,
    /// How far the index is.
    pub standing: Standing,
    /// What entries are about, by each of the paths that were given for the stream.
    pub members: &'a [Members],
    /// Changes whenever `members` were begun anew.
    pub members_epoch: u64,
    /// Whether its ranks are those of the stream.
    has_ranks: bool,
}

/// What is known.
#[derive(Default)]
pub(super) struct State {
    blocks: BlockIndex,
    members: Vec<Members>,
    members_epoch: u64,
    /// How many entries were looked at for `members`.
    members_of: u64,
    /// The last entry that is indexed.
    last: Option<Mark>,
    extent: StreamExtent,
    standing: Standing,
    /// Whether some entries of the first block are gone, so that it must be counted again.
    is_cut: bool,
    restarts: u64,
}

/// An entry that would be missed.
#[derive(Clone, Copy)]
struct Mark {
    id: EntryId,
    digest: u64,
}

/// The stream is not the one that was indexed, or lost entries from its middle.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contradiction;

impl IndexView<'_> {
    /// The block that has the event of this version, and the version that its first event makes.
    pub fn block_of_version(&self, version: u64) -> Option<(BlockSpan, u64)> {
        let rank = version.checked_sub(self.extent.first_version())?;
        let block = self.blocks.block_of_rank(rank).filter(|_| self.has_ranks)?;
        Some((block, self.first_version(&block)))
    }

    /// The block that has the entry with this id, if there is one, and the version that its first event makes.
    pub fn block_of_id(&self, id: EntryId) -> Option<(BlockSpan, u64)> {
        let block = self.blocks.block_of_id(id).filter(|_| self.has_ranks)?;
        Some((block, self.first_version(&block)))
    }

    fn first_version(&self, block: &BlockSpan) -> u64 {
        self.extent.first_version().saturating_add(block.first_rank)
    }
}

impl State {
    /// Nothing is known, and what entries are about is to be noted by so many paths.
    pub(super) fn new(paths: usize) -> Self {
        Self { members: vec![Members::default(); paths], ..Self::default() }
    }

    pub(super) fn view(&self) -> IndexView<'_> {
        IndexView {
            blocks: &self.blocks,
            extent: &self.extent,
            standing: self.standing,
            members: &self.members,
            members_epoch: self.members_epoch,
            has_ranks: !self.is_cut,
        }
    }

    /// Behind which id to read on, so that the last entry indexed is read once more.
    pub(super) fn read_after(&self) -> Option<EntryId> {
        self.last.and_then(|mark| mark.id.prev())
    }

    /// Whether the first entries must be counted again.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Takes in what comes behind [`State::read_after`], and the stream at that moment.
    pub(super) fn go_on(
        &mut self,
        page: &TypedPage,
        extent: &StreamExtent,
    ) -> Result<(), Contradiction> {
        let Some(mark) = self.last else { return self.append(page, extent) };
        if extent.first_id.is_none_or(|first| first > mark.id) {
            // All that was indexed was trimmed.
            self.blocks = BlockIndex::default();
            self.last = None;
            return self.append(page, extent);
        }
        let is_there = page
            .entries()
            .next()
            .is_some_and(|(entry, _)| entry.id == mark.id && digest(&entry.raw(0)) == mark.digest);
        if is_there { self.append(page, extent) } else { Err(Contradiction) }
    }

    /// Takes in what comes behind the last entry, and the stream at that moment.
    pub(super) fn append(
        &mut self,
        page: &TypedPage,
        extent: &StreamExtent,
    ) -> Result<(), Contradiction> {
        if !is_successor(&self.extent, extent) || self.has_lost(extent) {
            return Err(Contradiction);
        }
        let mut last = None;
        for (entry, event_type) in page.entries() {
            // One that is there already is the one that reading went on from.
            self.blocks.append(entry.id, event_type);
            last = Some(entry);
        }
        if let Some(entry) = last {
            self.last = Some(Mark { id: entry.id, digest: digest(&entry.raw(0)) });
        }
        for (path, members) in self.members.iter_mut().enumerate() {
            page.members(path).for_each(|(id, name)| members.append(name.as_bytes(), id));
        }
        self.members_of += page.len() as u64;
        self.extent = extent.clone();
        // Until it is compared.
        self.standing = Standing::Partial;
        let first = extent.first_id.unwrap_or(EntryId::MAX);
        self.is_cut = self.blocks.trim_before(first).is_some();
        self.forget_before(first);
        Ok(())
    }

    /// Forgets what the entries before this one were about, once there are many of them.
    fn forget_before(&mut self, first: EntryId) {
        let present = self.blocks.len();
        if self.members.is_empty() || self.members_of <= 2 * present + MOST_GONE {
            return;
        }
        self.members.iter_mut().for_each(|members| members.forget_before(first));
        self.members_of = present;
        self.members_epoch += 1;
    }

    /// Whether entries that are indexed were deleted meanwhile, as far as can be told before everything is indexed.
    fn has_lost(&self, extent: &StreamExtent) -> bool {
        let is_behind = extent.max_deleted_id > self.extent.max_deleted_id
            && extent.max_deleted_id > self.blocks.last_id();
        self.extent.lost_from_middle(extent) && !is_behind
    }

    /// Takes in the first entries of the stream, read at the same moment as what was taken in last.
    pub(super) fn recount(
        &mut self,
        head: &[(EntryId, Option<String>)],
    ) -> Result<(), Contradiction> {
        let entries = head.iter().map(|(id, event_type)| (*id, event_type.as_deref()));
        if !self.blocks.recount_first(entries) {
            return Err(Contradiction);
        }
        self.is_cut = false;
        Ok(())
    }

    /// Compares with the stream, all of whose last entries were taken in.
    pub(super) fn settle(&mut self) -> Result<(), Contradiction> {
        let StreamExtent { length, first_id, last_id, .. } = self.extent;
        let is_same = self.blocks.len() == length
            && self.blocks.first_id() == first_id
            && self.blocks.last_id() == last_id;
        if !is_same {
            return Err(Contradiction);
        }
        self.standing = Standing::Complete;
        Ok(())
    }

    /// Begins anew, the stream being as it is now.
    pub(super) fn restart(&mut self, extent: &StreamExtent) {
        let (extent, restarts) = (extent.clone(), self.restarts + 1);
        *self = Self { extent, restarts, ..self.emptied() };
    }

    /// How often it began anew.
    pub(super) fn restarts(&self) -> u64 {
        self.restarts
    }

    /// Gives up for want of memory.
    pub(super) fn give_up(&mut self) {
        let extent = std::mem::take(&mut self.extent);
        *self = Self { extent, standing: Standing::TooLarge, ..self.emptied() };
    }

    /// The same with nothing in it.
    fn emptied(&self) -> Self {
        Self { members_epoch: self.members_epoch + 1, ..Self::new(self.members.len()) }
    }

    /// Notes how far the stream reaches, where nothing is indexed of it.
    pub(super) fn note(&mut self, extent: StreamExtent) {
        self.extent = extent;
    }
}

/// Whether a stream can have become another without being deleted in between.
fn is_successor(earlier: &StreamExtent, later: &StreamExtent) -> bool {
    let only_grows = |earlier: Option<u64>, later: Option<u64>| match (earlier, later) {
        (Some(earlier), Some(later)) => earlier <= later,
        _ => true,
    };
    earlier.last_generated_id <= later.last_generated_id
        && only_grows(earlier.entries_added, later.entries_added)
        && match (earlier.first_id, later.first_id) {
            (Some(earlier), Some(later)) => earlier <= later,
            _ => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(first: u64, last: u64, added: Option<u64>) -> StreamExtent {
        StreamExtent {
            length: last - first + 1,
            first_id: Some(EntryId::new(first, 0)),
            last_id: Some(EntryId::new(last, 0)),
            last_generated_id: EntryId::new(last, 0),
            entries_added: added,
            max_deleted_id: None,
        }
    }

    #[test]
    fn a_stream_that_was_added_to_and_trimmed_goes_on() {
        assert!(is_successor(&StreamExtent::default(), &extent(1, 9, Some(9))));
        assert!(is_successor(&extent(1, 9, Some(9)), &extent(5, 12, Some(12))));
        assert!(is_successor(&extent(1, 9, None), &extent(5, 12, None)));
        let emptied = StreamExtent { first_id: None, last_id: None, ..extent(9, 9, Some(9)) };
        assert!(is_successor(&extent(1, 9, Some(9)), &emptied));
        assert!(is_successor(&emptied, &extent(10, 12, Some(12))));
    }

    #[test]
    fn a_stream_that_goes_back_is_another_one() {
        for added in [Some(9), None] {
            assert!(!is_successor(&extent(3, 9, added), &extent(1, 9, added)));
            assert!(!is_successor(&extent(1, 9, added), &extent(1, 8, added)));
        }
        assert!(!is_successor(&extent(1, 9, Some(9)), &extent(1, 9, Some(8))));
    }
}
