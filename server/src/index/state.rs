//! What is known of a stream at the moment, and how it is kept right.
//!
//! Entries are only ever added behind the last one, but they may go from anywhere, and a key may come to hold another stream. So an
//! index is believed only after some comparisons. The stream must be one that the indexed one can have become
//! ([`StreamExtent::is_continued_by`]), and have lost nothing from its middle. The last entry indexed must be there unchanged. The index is
//! complete only once it has the same first entry, the same last entry and as many entries as the stream at one and the same moment: then it
//! has the same ids, since a stream never gets an entry between others. That also the entries in between are the same is looked at in turns:
//! each time that the index is asked for, one piece of it is read again and compared. Where any of this fails, the index is built again.

use std::sync::atomic::{AtomicU64, Ordering};

use rewind_domain::EntryId;
use rewind_domain::block_index::{BlockIndex, BlockSpan, Piece};
use rewind_domain::entry_digest::EntryDigest;
use rewind_domain::members::Members;
use rewind_domain::versions::StreamExtent;

use super::typed_page::TypedPage;
use rewind_store::EntryPage;

/// How many entries may be noted of what is gone from a stream, beside as many as it has, before they are forgotten: until then it
/// costs more to look for them than they take.
const MOST_GONE: u64 = 10_000;
/// How many entries are read again each time that the index is asked for, to see that they are still the same, unless a block has more: all of a
/// short stream. Redis takes a quarter of a millisecond for them.
const CHECKED_ENTRIES: u64 = 512;
/// About how many bytes of entries are read again at most. What has no room in a reply would have to be asked for twice.
const CHECKED_BYTES: u64 = 1 << 20;

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
    /// Changes whenever `members` were begun again.
    pub members_epoch: u64,
    /// Changes whenever the index was begun again, and is that of no other index.
    pub lineage: u64,
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
    /// From which entry on it is to be seen next whether they are the same.
    next_check: EntryId,
    /// How many entries were taken in, and how many bytes their names and values had.
    counted: u64,
    bytes: u64,
    restarts: u64,
    lineage: u64,
}

/// An entry of the head of a stream: its id, its type and its fingerprint.
pub(super) type HeadEntry = (EntryId, Option<String>, EntryDigest);

/// An entry that would be missed.
#[derive(Clone, Copy)]
struct Mark {
    id: EntryId,
    digest: EntryDigest,
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
    /// Nothing is known, and what entries are about is to be noted by this many paths.
    pub(super) fn new(paths: usize) -> Self {
        static LINEAGES: AtomicU64 = AtomicU64::new(1);
        let lineage = LINEAGES.fetch_add(1, Ordering::Relaxed);
        Self { members: vec![Members::default(); paths], lineage, ..Self::default() }
    }

    pub(super) fn view(&self) -> IndexView<'_> {
        IndexView {
            blocks: &self.blocks,
            extent: &self.extent,
            standing: self.standing,
            members: &self.members,
            members_epoch: self.members_epoch,
            lineage: self.lineage,
            has_ranks: !self.is_cut,
        }
    }

    /// Behind which id to read on, so that the last entry indexed is read once more.
    pub(super) fn read_after(&self) -> Option<EntryId> {
        self.last.and_then(|mark| mark.id.prev())
    }

    /// Which entries are to be read again next to see whether they are the same.
    pub(super) fn next_check(&self) -> Option<Piece> {
        let fitting = CHECKED_BYTES / self.bytes.checked_div(self.counted).unwrap_or(0).max(1);
        let piece = self.blocks.piece_from(self.next_check, CHECKED_ENTRIES.min(fitting))?;
        // A block of large entries has no room.
        (piece.count <= fitting.max(1)).then_some(piece)
    }

    /// Takes in what was read of that piece, and the stream at that moment.
    pub(super) fn check(
        &mut self,
        piece: &Piece,
        page: &EntryPage,
        extent: &StreamExtent,
    ) -> Result<(), Contradiction> {
        if extent.first_id.is_none_or(|first| first > piece.first_id) {
            // Trimming took some of it, and what is left of its first block is counted again.
            return Ok(());
        }
        if !self.blocks.agrees_with(page.entries().map(|entry| (entry.id, entry.digest()))) {
            return Err(Contradiction);
        }
        // Large entries may not all have been read.
        let reached = page.last_id().unwrap_or(piece.last_id);
        self.next_check = reached.next().unwrap_or(EntryId::MIN);
        Ok(())
    }

    /// Whether the stream that looks like this by now can be the one that is indexed.
    pub(super) fn is_of(&self, extent: &StreamExtent) -> bool {
        self.extent.is_continued_by(extent)
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
            .is_some_and(|(entry, _)| entry.id == mark.id && entry.digest() == mark.digest);
        if is_there { self.append(page, extent) } else { Err(Contradiction) }
    }

    /// Takes in what comes behind the last entry, and the stream at that moment.
    pub(super) fn append(
        &mut self,
        page: &TypedPage,
        extent: &StreamExtent,
    ) -> Result<(), Contradiction> {
        if !self.is_of(extent) || self.has_lost(extent) {
            return Err(Contradiction);
        }
        let mut last = None;
        for (entry, event_type) in page.entries() {
            // One that is there already is the one that reading went on from.
            let mark = Mark { id: entry.id, digest: entry.digest() };
            self.blocks.append(mark.id, event_type, mark.digest);
            self.counted += 1;
            self.bytes += entry.bytes() as u64;
            last = Some(mark);
        }
        self.last = last.or(self.last);
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
    pub(super) fn recount(&mut self, head: &[HeadEntry]) -> Result<(), Contradiction> {
        let entries = head.iter().map(|(id, name, digest)| (*id, name.as_deref(), *digest));
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

    /// Begins again, the stream being as it is now.
    pub(super) fn restart(&mut self, extent: &StreamExtent) {
        let (extent, restarts) = (extent.clone(), self.restarts + 1);
        *self = Self { extent, restarts, ..self.emptied() };
    }

    /// How often it began again.
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
