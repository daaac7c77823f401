//! Entries that follow each other, as Redis is asked for them.

use rewind_domain::entry_digest::EntryDigest;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};

use super::Part;
use super::fit::ReadIds;
use super::page::{IdRange, PageOrder};

/// Entries that follow each other, as Redis is asked for them.
#[derive(Clone, Copy, Debug)]
pub struct EntryRange {
    range: IdRange,
    pub(super) order: PageOrder,
    pub(super) count: u64,
}
impl EntryRange {
    /// The first `count` entries within `range`, in this order.
    pub fn new(range: IdRange, order: PageOrder, count: u64) -> Self {
        Self { range, order, count }
    }

    /// The ranges to ask for, and whether they have all that there is in this one: of a part, a range for each of its entries.
    pub(super) fn asked(&self, part: Option<&Part>) -> (Vec<Self>, bool) {
        let Some(part) = part else { return (vec![*self], false) };
        let (ids, is_all) = part.ids_within(self.range, self.order, self.count);
        let single = |id| Self { range: IdRange::within(id, id), count: 1, ..*self };
        (ids.into_iter().map(single).collect(), is_all)
    }

    /// The arguments of the command that reads it, but for its name and the key.
    pub(super) fn arguments(&self) -> [String; 3] {
        let [low, high] = self.range.arguments();
        match self.order {
            PageOrder::OldestFirst => [low, high, self.count.to_string()],
            PageOrder::NewestFirst => [high, low, self.count.to_string()],
        }
    }

    /// The command that reads it.
    pub(super) fn command<'a>(
        &self,
        key: &'a StreamKey,
        [from, to, count]: &'a [String; 3],
    ) -> [&'a [u8]; 6] {
        let (from, to, count) = (from.as_bytes(), to.as_bytes(), count.as_bytes());
        [self.command_name(), key.as_bytes(), from, to, b"COUNT", count]
    }

    /// What was asked for, with the ids of what came, and the fingerprint of the newest of it.
    pub(super) fn read_ids<'a>(
        &self,
        ids: &'a [EntryId],
        newest_digest: Option<EntryDigest>,
    ) -> ReadIds<'a> {
        let Self { range, order, count } = *self;
        ReadIds { range, order, count, ids, newest_digest }
    }

    /// Whether nothing of the stream comes behind this entry in the range.
    pub(super) fn ends_with(&self, id: EntryId, extent: &StreamExtent) -> bool {
        let IdRange { after, before } = self.range;
        match self.order {
            PageOrder::OldestFirst => {
                Some(id) >= extent.last_id || before.is_some_and(|before| id.next() >= Some(before))
            }
            PageOrder::NewestFirst => {
                extent.first_id.is_none_or(|first| id <= first)
                    || after.is_some_and(|after| id.prev() <= Some(after))
            }
        }
    }

    fn command_name(&self) -> &'static [u8] {
        match self.order {
            PageOrder::OldestFirst => b"XRANGE",
            PageOrder::NewestFirst => b"XREVRANGE",
        }
    }
}
