//! Which entries of an export are meant.

use std::collections::HashMap;

use crate::event_reader::EventReader;
use rewind_domain::{
    Entry, Filter, FilterError, FoldError, FoldErrorKind, RawEvent, StreamKey, UNKNOWN_VERSION,
};
use rewind_script::{EventFilter, Filtering, Limits};

use crate::topics::TopicAggregate;

/// A filter at work on an export, and what it failed on.
pub(super) struct Choice<'f> {
    filtering: Option<Filtering<'f>>,
    asks_version: bool,
    event_reader: &'f EventReader,
    /// The aggregates in topics, by their keys.
    inside: &'f HashMap<StreamKey, TopicAggregate>,
    /// Of those of which there was an entry, meant or not: how many.
    met: HashMap<StreamKey, u64>,
    /// How many entries were meant.
    pub(super) kept: u64,
    /// On which entries an expression threw; they count as not meant.
    pub(super) failed: Option<Failed>,
}

/// Entries that an expression threw on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// How many.
    pub entries: u64,
    /// Why it threw on the first of them.
    pub message: String,
}

/// Reads a filter.
///
/// # Errors
/// If it is none, and where.
pub(super) fn compile(text: &str) -> Result<EventFilter, FilterError> {
    EventFilter::compile(&Filter::parse(text)?, Limits::default())
}

impl<'f> Choice<'f> {
    /// By a filter; everything where there is none. Of what is read for an aggregate in a topic only its own.
    pub(super) fn new(
        filter: Option<&'f EventFilter>,
        event_reader: &'f EventReader,
        inside: &'f HashMap<StreamKey, TopicAggregate>,
    ) -> Self {
        let filtering = filter.map(EventFilter::begin);
        let asks_version = filter.is_some_and(EventFilter::asks_version);
        Self {
            filtering,
            asks_version,
            event_reader,
            inside,
            met: HashMap::new(),
            kept: 0,
            failed: None,
        }
    }

    /// The first of the aggregates in topics of which there was no entry at all.
    pub(super) fn unmet(&self) -> Option<&StreamKey> {
        self.inside.keys().filter(|key| !self.met.contains_key(*key)).min()
    }

    /// Whether the filter may ask for versions.
    pub(super) fn asks_version(&self) -> bool {
        self.asks_version
    }

    /// Leaves out of parts of streams what is not meant. `versions` are those of their first entries, where they are known.
    ///
    /// # Errors
    /// If an expression takes too long or too much memory.
    pub(super) fn narrow(
        &mut self,
        pages: &mut [(StreamKey, Vec<Entry>)],
        versions: &[Option<u64>],
    ) -> Result<(), FoldError> {
        let versions = versions.iter().copied().chain(std::iter::repeat(None));
        for ((stream, entries), mut version) in pages.iter_mut().zip(versions) {
            let codec = self.event_reader.of(stream);
            if let Some(inside) = self.inside.get(stream) {
                entries.retain(|entry| {
                    inside.has(&RawEvent::new(entry.id, 0, &entry.fields).with_decoder(&codec))
                });
                if !entries.is_empty() {
                    // Its versions count its entries.
                    let met = self.met.entry(stream.clone()).or_default();
                    version = Some(*met + 1);
                    *met += entries.len() as u64;
                }
            }
            if let Some(filtering) = &mut self.filtering {
                let mut failure = None;
                entries.retain(|entry| {
                    let event =
                        RawEvent::new(entry.id, version.unwrap_or(UNKNOWN_VERSION), &entry.fields);
                    version = version.and_then(|version| version.checked_add(1));
                    match filtering.matches(&event.with_decoder(&codec)) {
                        Ok(is_meant) => is_meant,
                        Err(error) if error.kind == FoldErrorKind::Threw => {
                            let message = error.to_string();
                            self.failed.get_or_insert(Failed { entries: 0, message }).entries += 1;
                            false
                        }
                        Err(error) => {
                            failure.get_or_insert(error);
                            false
                        }
                    }
                });
                if let Some(error) = failure {
                    return Err(error);
                }
            }
            self.kept += entries.len() as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::{EntryId, Fields};

    fn pages() -> Vec<(StreamKey, Vec<Entry>)> {
        let entry = |n: u64| Entry {
            id: EntryId::new(n, 0),
            fields: Fields::from_iter([("type", "Paid"), ("data", &format!("{{\"n\":{n}}}"))]),
        };
        vec![("a".into(), (1..=3).map(entry).collect()), ("b".into(), (4..=5).map(entry).collect())]
    }

    fn kept(filter: Option<&str>) -> (u64, u64) {
        let filter = filter.map(|text| compile(text).unwrap());
        let (event_reader, inside) = (EventReader::default(), HashMap::new());
        let mut choice = Choice::new(filter.as_ref(), &event_reader, &inside);
        choice.narrow(&mut pages(), &[Some(7), None]).unwrap();
        (choice.kept, choice.failed.map_or(0, |failed| failed.entries))
    }

    #[test]
    fn what_is_not_meant_is_left_out() {
        assert_eq!(kept(None), (5, 0));
        assert_eq!(kept(Some("data.n>2")), (3, 0));
    }

    #[test]
    fn entries_have_versions_where_the_first_of_them_has() {
        assert_eq!(kept(Some("=event.version >= 8")), (2, 2));
        assert_eq!(kept(Some("=event.data.n < 4 && event.version >= 9")), (1, 0));
    }

    #[test]
    fn what_an_expression_throws_on_is_left_out_and_counted() {
        assert_eq!(kept(Some("=event.data.n.x.y > 1 || event.data.n > 4")), (0, 5));
    }
}
