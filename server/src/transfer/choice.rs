//! Which entries of an export are meant.

use std::collections::{HashMap, HashSet};

use rewind_codec::Codecs;
use rewind_domain::{Entry, Filter, FilterError, FoldError, FoldErrorKind, RawEvent, StreamKey};
use rewind_script::{EventFilter, Filtering, Limits};

use crate::topics::Inside;

/// A filter at work on an export, and what it failed on.
pub(super) struct Choice<'f> {
    filtering: Option<Filtering<'f>>,
    codecs: &'f Codecs,
    /// The aggregates inside of topics, by their keys.
    inside: &'f HashMap<StreamKey, Inside>,
    /// Those of which there was an entry, meant or not.
    met: HashSet<StreamKey>,
    /// How many entries were meant.
    pub(super) kept: u64,
    /// How many entries an expression threw on; they count as not meant.
    pub(super) failed: u64,
}

/// Reads a filter.
///
/// # Errors
/// Where it is none, and where.
pub(super) fn compile(text: &str) -> Result<EventFilter, FilterError> {
    EventFilter::compile(&Filter::parse(text)?, Limits::default())
}

impl<'f> Choice<'f> {
    /// By a filter; everything where there is none. Of what is read for an aggregate inside of a topic only its own.
    pub(super) fn new(
        filter: Option<&'f EventFilter>,
        codecs: &'f Codecs,
        inside: &'f HashMap<StreamKey, Inside>,
    ) -> Self {
        let filtering = filter.map(EventFilter::begin);
        Self { filtering, codecs, inside, met: HashSet::new(), kept: 0, failed: 0 }
    }

    /// The first of the aggregates inside of topics of which there was no entry at all.
    pub(super) fn unmet(&self) -> Option<&StreamKey> {
        self.inside.keys().filter(|key| !self.met.contains(*key)).min()
    }

    /// Leaves out of a part of a stream what is not meant.
    ///
    /// # Errors
    /// Where an expression takes too long or too much memory.
    pub(super) fn narrow(
        &mut self,
        pages: &mut [(StreamKey, Vec<Entry>)],
    ) -> Result<(), FoldError> {
        for (stream, entries) in pages {
            let codec = self.codecs.of(stream);
            if let Some(inside) = self.inside.get(stream) {
                entries.retain(|entry| {
                    inside.has(&RawEvent::new(entry.id, 0, &entry.fields).with_decoder(&codec))
                });
                if !entries.is_empty() && !self.met.contains(stream) {
                    self.met.insert(stream.clone());
                }
            }
            if let Some(filtering) = &mut self.filtering {
                let mut failure = None;
                entries.retain(|entry| {
                    let event = RawEvent::new(entry.id, 0, &entry.fields).with_decoder(&codec);
                    match filtering.matches(&event) {
                        Ok(is_meant) => is_meant,
                        Err(error) if error.kind == FoldErrorKind::Threw => {
                            self.failed += 1;
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
        let (codecs, inside) = (Codecs::default(), HashMap::new());
        let mut choice = Choice::new(filter.as_ref(), &codecs, &inside);
        choice.narrow(&mut pages()).unwrap();
        (choice.kept, choice.failed)
    }

    #[test]
    fn what_is_not_meant_is_left_out() {
        assert_eq!(kept(None), (5, 0));
        assert_eq!(kept(Some("data.n>2")), (3, 0));
    }

    #[test]
    fn what_an_expression_throws_on_is_left_out_and_counted() {
        assert_eq!(kept(Some("=event.data.n.x.y > 1 || event.data.n > 4")), (0, 5));
    }
}
