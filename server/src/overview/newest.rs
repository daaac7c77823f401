//! The newest events of all streams.

use std::cmp::Reverse;

use rewind_app::api::NewestEvent;
use rewind_codec::Codecs;
use rewind_domain::{Entry, EntryId, RawEvent, StreamKey};

use super::pulse::is_time;
use crate::decoding;

/// How many are kept: more than a screen shows.
pub(super) const MAX_NEWEST: usize = 30;
/// How much is told of the data of each, in characters: as much as fits a line.
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

    /// Whether there is room for more.
    pub(super) fn is_full(&self) -> bool {
        self.events.len() >= MAX_NEWEST
    }

    /// Those of a page that may be among the newest. Ids that are no times stand where their events say that they happened.
    pub(super) fn candidates(
        &self,
        stream: &StreamKey,
        page: &[Entry],
        now_ms: u64,
    ) -> Vec<Candidate> {
        let least = self.events.last().filter(|_| self.is_full()).map(|(rank, _)| rank);
        let candidate = |entry: &Entry| {
            let time_ms = if is_time(entry.id, now_ms) {
                entry.id.ms()
            } else {
                let told = RawEvent::new(entry.id, 0, &entry.fields).timestamp_ms();
                u64::try_from(told).unwrap_or(0)
            };
            let rank = (time_ms.min(now_ms), entry.id, stream.clone());
            let is_new = least.is_none_or(|least| rank > *least);
            is_new.then(|| Candidate { rank, entry: entry.clone() })
        };
        page.iter().take(MAX_NEWEST).filter_map(candidate).collect()
    }

    /// Puts in those that are among the newest.
    pub(super) async fn add(&mut self, codecs: &Codecs, mut candidates: Vec<Candidate>) {
        candidates.retain(|new| !self.events.iter().any(|(rank, _)| *rank == new.rank));
        candidates.sort_by(|a, b| b.rank.cmp(&a.rank));
        candidates.dedup_by(|a, b| a.rank == b.rank);
        candidates.truncate(MAX_NEWEST);
        for Candidate { rank, entry } in candidates {
            let stream = rank.2.clone();
            let event = decoding::decode_one(codecs, &stream, entry).await;
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
