//! Positions: how far a stream was read, and what is missing before what comes next.

use rewind_app::api::live::LiveGap;
use rewind_domain::{Entry, EntryId, StreamKey};

use rewind_store::StreamInfo;

/// A place in a stream, right after an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    /// The entry.
    pub(super) id: EntryId,
    /// The version that it made, where that is known: it tells whether anything is missing before the next one.
    pub(super) version: Option<u64>,
}

impl Position {
    /// Before the first entry that there ever was.
    pub(super) const START: Self = Self { id: EntryId::MIN, version: Some(0) };

    /// The end of a stream.
    pub(super) fn end_of(info: &StreamInfo) -> Self {
        Self { id: info.extent.last_generated_id, version: Some(info.extent.latest_version()) }
    }

    /// The place of one who comes back to `after` while the stream is read at `known`.
    pub(super) fn resumed(after: EntryId, known: Self) -> Self {
        match after {
            EntryId::MIN => Self::START,
            after if after == known.id => known,
            after => Self { id: after, version: None },
        }
    }

    /// The place after the next entry.
    pub(super) fn followed_by(self, id: EntryId) -> Self {
        Self { id, version: self.version.map(|version| version + 1) }
    }

    /// What is missing between this place and the entries that were found after it, which were looked for up to the end of the
    /// stream or up to `until`. Moves behind what is missing: whoever comes from before has to be told about it too. Also notes the
    /// version of this place, where these tell it.
    pub(super) fn gap_before(
        &mut self,
        stream: &StreamKey,
        found: &[Entry],
        until: Option<EntryId>,
        info: &StreamInfo,
    ) -> Option<LiveGap> {
        let (first, last) =
            (found.first().map(|entry| entry.id), found.last().map(|entry| entry.id));
        let extent = &info.extent;
        let before_found = match (first, last) {
            (Some(first), Some(last)) => extent
                .first_version_of_run(first, last, found.len() as u64)
                .map(|version| version.saturating_sub(1)),
            _ if until.is_none() => Some(extent.latest_version()),
            _ => None,
        };
        let is_overtaken =
            extent.trimmed_count() > 0 && extent.first_id.is_none_or(|first| first > self.id);
        let missing = match (self.version, before_found) {
            (Some(known), Some(before_found)) => Some(before_found.saturating_sub(known)),
            _ if is_overtaken => None,
            _ => Some(0),
        };
        let gap = (missing != Some(0) && is_overtaken).then(|| LiveGap {
            stream: stream.clone(),
            after: self.id,
            before: first.or(extent.first_id),
            missing,
        });
        self.version = before_found.or(self.version.filter(|_| !is_overtaken));
        if let Some(gap) = &gap {
            let end = gap.before.and_then(EntryId::prev).unwrap_or(extent.last_generated_id);
            self.id = self.id.max(end);
        }
        gap
    }
}

#[cfg(test)]
mod tests {
    use rewind_domain::Fields;
    use rewind_domain::versions::StreamExtent;

    use super::*;

    fn entries(ids: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
        ids.map(|n| Entry { id: EntryId::new(n, 0), fields: Fields::default() }).collect()
    }

    /// A stream of which the entries `first` to 10 are left.
    fn trimmed_to(first: u64) -> StreamInfo {
        let id = |n| Some(EntryId::new(n, 0));
        let extent = StreamExtent {
            length: 11 - first,
            first_id: id(first),
            last_id: id(10),
            last_generated_id: EntryId::new(10, 0),
            entries_added: Some(10),
            ..StreamExtent::default()
        };
        StreamInfo { extent, ..StreamInfo::default() }
    }

    #[test]
    fn what_was_trimmed_behind_a_known_version_is_counted() {
        let mut position = Position { id: EntryId::new(3, 0), version: Some(3) };
        let gap = position.gap_before(&"s".into(), &entries(6..=10), None, &trimmed_to(6)).unwrap();
        assert_eq!((gap.after, gap.before), (EntryId::new(3, 0), Some(EntryId::new(6, 0))));
        assert_eq!((gap.missing, position.version), (Some(2), Some(5)));
        assert_eq!(position.id, EntryId::new(6, 0).prev().unwrap());
    }

    #[test]
    fn a_head_that_was_trimmed_just_up_to_the_place_is_no_gap() {
        let mut position = Position { id: EntryId::new(5, 0), version: Some(5) };
        assert_eq!(position.gap_before(&"s".into(), &entries(6..=10), None, &trimmed_to(6)), None);
    }

    #[test]
    fn without_a_version_a_trimmed_head_may_be_a_gap_of_unknown_size() {
        let mut position = Position { id: EntryId::new(3, 0), version: None };
        let gap = position.gap_before(&"s".into(), &entries(6..=10), None, &trimmed_to(6)).unwrap();
        assert_eq!(gap.missing, None);
    }
}
