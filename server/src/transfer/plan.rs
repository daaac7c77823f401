//! What an export reads, in which order and how much at a time.

use std::collections::VecDeque;

use rewind_domain::{Entry, EntryId, StreamKey};

use super::output::Page;
use rewind_store::StreamInfo;
use rewind_store::bulk::Span;

/// How many streams one round reads from, which bounds how long Redis is busy with it where they are short.
const ROUND_STREAMS: usize = 500;
/// How many entries one round reads at most. Redis needs a millisecond or two for this many; more gain little.
const ROUND_ENTRIES: u64 = 2_000;
/// How many entries the first round reads, while nobody knows yet how large they are.
const FIRST_ROUND_ENTRIES: u64 = 100;
/// How much a round shall come to. Entries of megabytes are read a few at a time.
const ROUND_BYTES: u64 = 1 << 20;

/// What is still to be read.
pub(super) struct Plan {
    streams: VecDeque<Remaining>,
    /// How many entries the next round reads, by the size of those before.
    round_entries: u64,
    /// How many entries were read.
    pub(super) read: u64,
    /// How many entries were not there any more.
    pub(super) vanished: u64,
}

/// What is still to be read of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remaining {
    /// What is exported: the stream, or an aggregate in it.
    pub(super) stream: StreamKey,
    /// Where it is read.
    source: StreamKey,
    after: Option<EntryId>,
    until: EntryId,
    entries: u64,
}

impl Default for Plan {
    fn default() -> Self {
        let round_entries = FIRST_ROUND_ENTRIES;
        Self { streams: VecDeque::new(), round_entries, read: 0, vanished: 0 }
    }
}

impl Remaining {
    /// All that a stream has now, which is read from `source`.
    pub(super) fn new(stream: StreamKey, source: StreamKey, info: &StreamInfo) -> Self {
        let until = info.extent.last_id.unwrap_or(EntryId::MIN);
        Self { stream, source, after: None, until, entries: info.extent.length }
    }
}

impl Plan {
    /// To read these, one after the other.
    pub(super) fn new(streams: Vec<Remaining>) -> Self {
        Self { streams: streams.into(), ..Self::default() }
    }

    /// How many entries are still to be read.
    pub(super) fn remaining(&self) -> u64 {
        self.streams.iter().map(|stream| stream.entries).sum()
    }

    /// What to read next: the next streams as far as they fit, only the last of them in part. Nothing at the end.
    pub(super) fn next_round(&mut self) -> Option<Vec<(StreamKey, Span)>> {
        while self.streams.front().is_some_and(|stream| stream.entries == 0) {
            self.streams.pop_front();
        }
        let mut spans = Vec::new();
        let mut room = self.round_entries;
        for remaining in self.streams.iter().take(ROUND_STREAMS) {
            let Remaining { stream, source, after, until, entries } = remaining;
            if room == 0 {
                break;
            }
            let count = room.min(*entries);
            if count > 0 {
                room -= count;
                let source = source.clone();
                let span = Span { stream: source, after: *after, until: *until, count };
                spans.push((stream.clone(), span));
            }
        }
        (!spans.is_empty()).then_some(spans)
    }

    /// Whether some of a stream was read.
    pub(super) fn has_begun(&self, stream: &StreamKey) -> bool {
        self.streams.iter().any(|other| other.stream == *stream && other.after.is_some())
    }

    /// Reads no more of a stream.
    pub(super) fn leave_out(&mut self, stream: &StreamKey) {
        if let Some(remaining) = self.streams.iter_mut().find(|other| other.stream == *stream) {
            remaining.entries = 0;
        }
    }

    /// Notes what was read.
    pub(super) fn take(&mut self, spans: &[(StreamKey, Span)], pages: &[Page]) {
        for ((stream, span), (_, entries)) in spans.iter().zip(pages) {
            while self.streams.front().is_some_and(|front| front.stream != *stream) {
                self.streams.pop_front();
            }
            let Some(front) = self.streams.front_mut() else { return };
            let read = entries.len() as u64;
            self.read += read;
            front.entries = front.entries.saturating_sub(read);
            front.after = entries.last().map(|entry| entry.id).or(front.after);
            if read < span.count || front.after == Some(front.until) {
                self.vanished += front.entries;
                front.entries = 0;
            }
        }
        let bytes = pages.iter().flat_map(|(_, entries)| entries).map(entry_bytes).sum();
        let entries = pages.iter().map(|(_, entries)| entries.len() as u64).sum();
        self.round_entries = next_round_entries(self.round_entries, entries, bytes);
    }
}

/// As many entries as make up a round if they are as large as the last ones; more only step by step, since one small entry
/// says little of the next.
fn next_round_entries(last: u64, entries: u64, bytes: u64) -> u64 {
    const GROWTH: u64 = 4;
    if entries == 0 {
        return last;
    }
    let fitting = ROUND_BYTES / (bytes / entries).max(1);
    fitting.clamp(1, last.saturating_mul(GROWTH).min(ROUND_ENTRIES))
}

fn entry_bytes(entry: &Entry) -> u64 {
    entry.fields.iter().map(|(name, value)| name.len() as u64 + value.len() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::Fields;

    fn remaining(stream: &str, entries: u64) -> Remaining {
        Remaining {
            stream: stream.into(),
            source: stream.into(),
            after: None,
            until: EntryId::new(entries, 0),
            entries,
        }
    }

    fn plan(streams: &[(&str, u64)], round_entries: u64) -> Plan {
        let streams = streams.iter().map(|(stream, entries)| remaining(stream, *entries)).collect();
        Plan { streams, round_entries, ..Plan::default() }
    }

    /// The entries of a stream whose ids are 1-0, 2-0, …, but for those that are gone.
    fn answer(span: &Span, gone: std::ops::Range<u64>) -> Page {
        let first = span.after.map_or(1, |after| after.ms() + 1);
        let ids = (first..=span.until.ms()).filter(|id| !gone.contains(id));
        let entries = ids.map(|id| Entry {
            id: EntryId::new(id, 0),
            fields: Fields::from_iter([("a", "b".repeat(1_000))]),
        });
        let count = usize::try_from(span.count).unwrap();
        (span.stream.clone(), entries.take(count).collect())
    }

    fn read(plan: &mut Plan, gone: &std::ops::Range<u64>) -> Vec<(String, u64)> {
        let mut read = Vec::new();
        while let Some(spans) = plan.next_round() {
            let pages: Vec<_> = spans.iter().map(|(_, span)| answer(span, gone.clone())).collect();
            plan.take(&spans, &pages);
            for (stream, entries) in pages {
                read.extend(entries.iter().map(|entry| (stream.to_string(), entry.id.ms())));
            }
        }
        read
    }

    fn all(streams: &[(&str, u64)]) -> Vec<(String, u64)> {
        let each = streams.iter();
        each.flat_map(|(stream, n)| (1..=*n).map(|id| ((*stream).to_owned(), id))).collect()
    }

    #[test]
    fn a_round_takes_short_streams_together_and_long_ones_in_parts() {
        let mut plan = plan(&[("a", 2), ("b", 0), ("c", 3), ("d", 9)], 7);
        let spans = plan.next_round().unwrap();
        let counts: Vec<_> =
            spans.iter().map(|(stream, s)| (stream.to_string(), s.count)).collect();
        assert_eq!(counts, [("a".to_owned(), 2), ("c".to_owned(), 3), ("d".to_owned(), 2)]);
    }

    #[test]
    fn every_entry_is_read_once_and_in_order() {
        let streams = [("a", 2), ("b", 0), ("c", 3_000), ("d", 9), ("e", 1), ("f", 700)];
        for round_entries in [1, 3, 100, 2_000] {
            let mut plan = plan(&streams, round_entries);
            assert_eq!(read(&mut plan, &(0..0)), all(&streams), "{round_entries}");
            assert_eq!((plan.read, plan.vanished), (3_712, 0));
        }
    }

    #[test]
    fn entries_that_vanish_meanwhile_are_counted() {
        for gone in [1..50, 30..60, 90..101, 1..101] {
            let mut plan = plan(&[("a", 100), ("b", 100)], 10);
            let read = read(&mut plan, &gone).len() as u64;
            assert_eq!((plan.read, plan.read + plan.vanished), (read, 200), "{gone:?}");
            assert_eq!(plan.vanished, 2 * (gone.end - gone.start));
        }
    }

    #[test]
    fn rounds_fit_the_size_of_entries() {
        assert_eq!(next_round_entries(100, 100, 20_000), 400);
        assert_eq!(next_round_entries(2_000, 2_000, 400_000), ROUND_ENTRIES);
        assert_eq!(next_round_entries(100, 100, 500 << 20), 1);
        assert_eq!(next_round_entries(8, 8, 8 << 18), 4);
        assert_eq!(next_round_entries(100, 0, 0), 100);
    }
}
