//! The newest events of all streams.

use std::cmp::Reverse;

use crate::event_reader::EventReader;
use rewind_app::api::NewestEvent;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{Entry, EntryId, RawEvent, StreamKey};

use super::pulse::is_time;

/// How many are kept: more than a screen shows.
pub(super) const MAX_NEWEST: usize = 30;
/// How much is told about the data of each, in characters: as much as fits a line.
const PREVIEW_CHARS: usize = 160;

/// The newest events, the newest first.
#[derive(Default)]
pub(super) struct Newest {
    events: Vec<(Rank, NewestEvent)>,
}

/// Where an event stands among those of other streams: when it came, and its id.
type Rank = (u64, EntryId, StreamKey);

/// An entry that may be among the newest.
pub(super) struct Candidate {
    rank: Rank,
    entry: Entry,
}

impl Newest {
    /// The events.
    pub(super) fn events(&self) -> Vec<NewestEvent> {
        self.events.iter().map(|(_, event)| event.clone()).collect()
    }

    fn is_full(&self) -> bool {
        self.events.len() >= MAX_NEWEST
    }

    /// Whether an event of this time may be among them.
    pub(super) fn has_room_for(&self, time_ms: u64) -> bool {
        !self.is_full() || self.events.last().is_none_or(|((least, ..), _)| time_ms >= *least)
    }

    /// Leaves out the events of a stream that it does not have any more; all of them where it is gone.
    pub(super) fn keep_present(&mut self, stream: &StreamKey, extent: Option<&StreamExtent>) {
        let reach = extent.and_then(|extent| Some((extent.first_id?, extent.last_id?)));
        self.events.retain(|((_, id, of), _)| {
            of != stream || reach.is_some_and(|(first, last)| (first..=last).contains(id))
        });
    }

    /// Those of a page that may be among the newest. Ids that are no times stand where their events say that they happened, else at
    /// `seen_ms`, when they came as far as is known: those that nobody saw coming are older than all others.
    pub(super) fn candidates(
        &self,
        stream: &StreamKey,
        page: Vec<Entry>,
        now_ms: u64,
        seen_ms: Option<u64>,
    ) -> Vec<Candidate> {
        let least = self.events.last().filter(|_| self.is_full()).map(|(rank, _)| rank);
        let candidate = |entry: Entry| {
            let time_ms = if is_time(entry.id, now_ms) {
                entry.id.ms()
            } else {
                let told = RawEvent::new(entry.id, 0, &entry.fields).timestamp_ms();
                // An event that tells no time has that of its id.
                let told = u64::try_from(told).ok().filter(|told| *told != entry.id.ms());
                let is_past = |told: &u64| is_time(EntryId::new(*told, 0), now_ms);
                told.filter(is_past).or(seen_ms).unwrap_or(0)
            };
            let rank = (time_ms.min(now_ms), entry.id, stream.clone());
            let is_new = least.is_none_or(|least| rank > *least);
            is_new.then_some(Candidate { rank, entry })
        };
        page.into_iter().take(MAX_NEWEST).filter_map(candidate).collect()
    }

    /// Puts in those that are among the newest.
    pub(super) async fn add(&mut self, event_reader: &EventReader, mut candidates: Vec<Candidate>) {
        let is_same = |a: &Rank, b: &Rank| (&a.1, &a.2) == (&b.1, &b.2);
        candidates.retain(|new| !self.events.iter().any(|(rank, _)| is_same(rank, &new.rank)));
        candidates.sort_by(|a, b| b.rank.cmp(&a.rank));
        candidates.dedup_by(|a, b| is_same(&a.rank, &b.rank));
        candidates.truncate(MAX_NEWEST);
        for Candidate { rank, entry } in candidates {
            let stream = rank.2.clone();
            let event = event_reader.one(&stream, entry).await;
            let preview =
                if event.has_data() { event.data.preview(PREVIEW_CHARS) } else { String::new() };
            let told = NewestEvent {
                stream,
                id: event.id,
                r#type: event.event_type,
                timestamp_ms: event.timestamp_ms,
                preview,
                decode_error: event.decode_error.map(|error| error.to_string()),
            };
            self.events.push((rank, told));
        }
        self.events.sort_by(|(a, _), (b, _)| Reverse(a).cmp(&Reverse(b)));
        self.events.truncate(MAX_NEWEST);
    }
}

#[cfg(test)]
mod tests {
    use rewind_domain::Fields;

    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn entry(ms: u64, timestamp: Option<&str>) -> Entry {
        let fields = timestamp.into_iter().map(|time| ("timestamp", time));
        Entry { id: EntryId::new(ms, 0), fields: Fields::from_iter(fields) }
    }

    async fn order(seen_ms: Option<u64>, entries: &[(&str, Entry)]) -> Vec<String> {
        let mut newest = Newest::default();
        for (stream, entry) in entries {
            let page = vec![entry.clone()];
            let candidates = newest.candidates(&(*stream).into(), page, NOW, seen_ms);
            newest.add(&EventReader::default(), candidates).await;
        }
        newest.events().iter().map(|event| event.stream.to_string()).collect()
    }

    #[tokio::test]
    async fn ids_that_are_no_times_stand_where_their_events_say_and_else_at_the_end() {
        let told = (NOW - 5_000).to_string();
        let entries = [
            ("far", entry(9_999_999_999_999, None)),
            ("counted", entry(7, None)),
            ("old", entry(NOW - 9_000, None)),
            ("told", entry(8, Some(&told))),
            ("new", entry(NOW - 1_000, None)),
        ];
        assert_eq!(order(None, &entries).await, ["new", "told", "old", "far", "counted"]);
        // What was seen coming is as new as that, whoever sees it again.
        let again = [("far", entry(9_999_999_999_999, None)), ("new", entry(NOW, None))];
        assert_eq!(order(Some(NOW - 500), &again).await, ["new", "far"]);
    }

    #[tokio::test]
    async fn events_that_a_stream_has_no_more_are_left_out() {
        let mut newest = Newest::default();
        let page = [entry(NOW - 1, None), entry(NOW - 9, None)];
        let candidates = newest.candidates(&"s".into(), page.to_vec(), NOW, None);
        newest.add(&EventReader::default(), candidates).await;
        let (first_id, last_id) = (Some(page[0].id), Some(page[0].id));
        let extent = StreamExtent { first_id, last_id, ..StreamExtent::default() };
        newest.keep_present(&"s".into(), Some(&extent));
        assert_eq!(newest.events().len(), 1);
        newest.keep_present(&"s".into(), None);
        assert!(newest.events().is_empty());
    }
}
