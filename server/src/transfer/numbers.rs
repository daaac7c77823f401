//! Which versions exported entries have, for filters that ask.

use std::collections::HashMap;

use rewind_domain::StreamKey;
use rewind_domain::merge::Direction;
use rewind_domain::numbering::{Numbering, PageEnds};
use rewind_domain::versions::StreamExtent;
use rewind_store::bulk::Span;
use rewind_store::{StoreError, StreamInfo};

use super::output::Page;

/// How far each stream of an export was numbered.
#[derive(Default)]
pub(super) struct Numbers {
    streams: HashMap<StreamKey, Numbering>,
}

/// A stream as it was before and after a page of it was read, as far as it could be looked at.
pub(super) type Looks = (Vec<Result<StreamInfo, StoreError>>, Vec<Result<StreamInfo, StoreError>>);

impl Numbers {
    /// The version of the first entry of each page of a round, where that can be told.
    pub(super) fn of_round(
        &mut self,
        spans: &[(StreamKey, Span)],
        pages: &[Page],
        (before, after): &Looks,
    ) -> Vec<Option<u64>> {
        let looks = before.iter().zip(after);
        let number =
            |(((stream, _), (_, entries)), (before, after)): ((&(StreamKey, Span), &Page), _)| {
                let (first, last) = (entries.first()?.id, entries.last()?.id);
                let ends = PageEnds { first, last, count: entries.len() as u64 };
                let unknown = Numbering::new(Direction::Ascending);
                let numbering = self.streams.entry(stream.clone()).or_insert(unknown);
                match extent_of(&ends, before, after) {
                    Some(extent) => numbering.number(ends, extent),
                    None => {
                        *numbering = unknown;
                        None
                    }
                }
            };
        spans.iter().zip(pages).zip(looks).map(number).collect()
    }
}

/// The stream as a page fits it that was read between two looks at it.
fn extent_of<'l>(
    page: &PageEnds,
    before: &'l Result<StreamInfo, StoreError>,
    after: &'l Result<StreamInfo, StoreError>,
) -> Option<&'l StreamExtent> {
    let (before, after) = (&before.as_ref().ok()?.extent, &after.as_ref().ok()?.extent);
    let is_head_there = after.first_id.is_some_and(|first| first <= page.first);
    if before.trimmed_count() == after.trimmed_count() || is_head_there {
        Some(after)
    } else if before.first_id == Some(page.first) {
        Some(before)
    } else {
        // It was trimmed while it was read, and nobody knows whether before or after.
        None
    }
}

#[cfg(test)]
mod tests {
    use rewind_domain::{Entry, EntryId, Fields};

    use super::*;

    /// A stream of 20 entries without the first ones.
    fn info(trimmed: u64) -> Result<StreamInfo, StoreError> {
        let id = |ms| EntryId::new(ms, 0);
        let extent = StreamExtent {
            length: 20 - trimmed,
            first_id: Some(id(trimmed + 1)),
            last_id: Some(id(20)),
            last_generated_id: id(20),
            entries_added: Some(20),
            ..StreamExtent::default()
        };
        Ok(StreamInfo { extent, ..StreamInfo::default() })
    }

    fn number(
        numbers: &mut Numbers,
        ids: std::ops::RangeInclusive<u64>,
        before: u64,
        after: u64,
    ) -> Option<u64> {
        let entry = |ms| Entry { id: EntryId::new(ms, 0), fields: Fields::default() };
        let span = Span { stream: "s".into(), after: None, until: EntryId::MAX, count: 9 };
        let pages = [("s".into(), ids.map(entry).collect())];
        let looks = (vec![info(before)], vec![info(after)]);
        numbers.of_round(&[("s".into(), span)], &pages, &looks)[0]
    }

    #[test]
    fn rounds_are_numbered_while_the_stream_is_trimmed() {
        let mut numbers = Numbers::default();
        assert_eq!(number(&mut numbers, 3..=5, 2, 2), Some(3));
        assert_eq!(number(&mut numbers, 6..=8, 2, 2), Some(6));
        // Trimmed up to the page, beyond its beginning, and again behind it.
        assert_eq!(number(&mut numbers, 11..=12, 2, 10), Some(11));
        assert_eq!(number(&mut numbers, 13..=14, 10, 13), None);
        assert_eq!(number(&mut numbers, 15..=16, 14, 14), Some(15));
    }

    #[test]
    fn a_stream_that_cannot_be_looked_at_has_no_versions() {
        let looks = (vec![Err(StoreError::NotFound)], vec![info(0)]);
        let span = Span { stream: "s".into(), after: None, until: EntryId::MAX, count: 9 };
        let entry = Entry { id: EntryId::new(1, 0), fields: Fields::default() };
        let pages = [("s".into(), vec![entry])];
        assert_eq!(Numbers::default().of_round(&[("s".into(), span)], &pages, &looks), [None]);
    }
}
