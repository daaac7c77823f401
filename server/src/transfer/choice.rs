//! Which entries of an export are meant.

use rewind_domain::{Entry, Filter, FilterError, FoldError, FoldErrorKind, RawEvent, StreamKey};
use rewind_script::{EventFilter, Filtering, Limits};

use crate::config::ReadConfig;

/// A filter at work on an export, and what it failed on.
pub(super) struct Choice<'f> {
    filtering: Option<Filtering<'f>>,
    config: &'f ReadConfig,
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
    /// By a filter; everything where there is none. Payloads are unpacked as the configuration says.
    pub(super) fn new(filter: Option<&'f EventFilter>, config: &'f ReadConfig) -> Self {
        Self { filtering: filter.map(EventFilter::begin), config, kept: 0, failed: 0 }
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
            let codec = self.config.codecs.of(stream);
            if let Some((topic, part)) = self.config.topic_of(stream) {
                entries.retain(|entry| {
                    let event = RawEvent::new(entry.id, 0, &entry.fields).with_decoder(&codec);
                    topic.by.name(&event).is_some_and(|name| name.as_bytes() == part.id.as_bytes())
                });
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
        let config = ReadConfig::of("redis://127.0.0.1".parse().unwrap());
        let mut choice = Choice::new(filter.as_ref(), &config);
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
