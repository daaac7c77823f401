//! The stream of a page as it was seen last, so that an answer about another one under the same key is noticed.

use rewind_domain::versions::StreamExtent;

/// What was seen of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen(Option<StreamExtent>);

/// Whether an answer is about the stream that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// It is, or it is the first one.
    Same,
    /// It is about another one.
    Another,
}

impl Seen {
    /// Takes note of how an answer says that the stream looks. Answers may come in another order than they were made.
    pub(crate) fn note(&mut self, extent: &StreamExtent) -> Sighting {
        match &self.0 {
            Some(seen) if !seen.is_same_stream(extent) => return Sighting::Another,
            Some(seen) if !seen.is_continued_by(extent) => {}
            _ => self.0 = Some(extent.clone()),
        }
        Sighting::Same
    }

    /// Begins with what is there now.
    pub(crate) fn begin(&mut self, extent: &StreamExtent) {
        self.0 = Some(extent.clone());
    }
}

#[cfg(test)]
mod tests {
    use rewind_domain::EntryId;

    use super::*;

    /// A stream of this many entries, `first` of which were trimmed.
    fn extent(first: u64, added: u64) -> StreamExtent {
        let id = |ms| EntryId::new(ms, 0);
        StreamExtent {
            length: added + 1 - first,
            first_id: Some(id(first)),
            last_id: Some(id(added)),
            last_generated_id: id(added),
            entries_added: Some(added),
            ..StreamExtent::default()
        }
    }

    #[test]
    fn answers_about_one_stream_may_come_in_any_order() {
        let mut seen = Seen::default();
        for (first, added) in [(1, 3), (1, 9), (1, 5), (4, 9)] {
            assert_eq!(seen.note(&extent(first, added)), Sighting::Same);
        }
        // The latest one counts.
        assert_eq!(seen, Seen(Some(extent(4, 9))));
    }

    #[test]
    fn an_answer_about_another_stream_is_noticed() {
        let mut seen = Seen::default();
        seen.begin(&extent(1, 3));
        let later = StreamExtent { first_id: Some(EntryId::new(2, 0)), ..extent(1, 9) };
        assert_eq!(seen.note(&later), Sighting::Another);
        assert_eq!(seen.note(&extent(1, 4)), Sighting::Same);
    }
}
