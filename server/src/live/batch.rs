//! Batches: what was read and is passed on together, on its way from entries to the JSON of their frames.

use std::collections::HashMap;
use std::sync::Arc;

use crate::event_reader::EventReader;
use rewind_codec::StreamCodec;
use rewind_domain::{Entry, Event, StreamKey, layout};

use super::frame;
use super::merge::Merged;
use super::position::Position;
use crate::long_work;
use rewind_store::StreamInfo;

/// A page of one stream that was read from `position` on.
pub(super) fn of_page(
    mut position: Position,
    stream: &StreamKey,
    entries: Vec<Entry>,
    info: &StreamInfo,
) -> Vec<Merged> {
    let gap = position.gap_before(stream, &entries, None, info);
    let gap = gap.map(|gap| Merged::Gap { gap, position });
    let entries = entries.into_iter().map(|entry| {
        position = position.followed_by(entry.id);
        Merged::Entry { stream: stream.clone(), position, entry }
    });
    gap.into_iter().chain(entries).collect()
}

/// An entry as viewers get it, and as filters are asked about it.
#[derive(Debug)]
pub(super) struct Made {
    /// The JSON of its frame.
    pub(super) json: Vec<u8>,
    /// The entry as it was read.
    pub(super) entry: Arc<Entry>,
}

/// The entries of a batch, each with its stream and its version.
pub(super) fn entries(
    batch: &[Merged<Made>],
) -> impl Iterator<Item = (&StreamKey, &Arc<Entry>, Option<u64>)> {
    batch.iter().filter_map(|next| match next {
        Merged::Entry { stream, position, entry } => Some((stream, &entry.entry, position.version)),
        Merged::Gap { .. } => None,
    })
}

/// Makes the JSON of each entry: once, however many viewers get it. Payloads that have to be unpacked are, on a thread that nobody
/// else waits for. An event is cut before the next one is decoded, so that only one at a time is there as a whole.
pub(super) async fn decode(event_reader: &EventReader, batch: Vec<Merged>) -> Vec<Merged<Made>> {
    let mut of_streams: HashMap<StreamKey, Arc<StreamCodec>> = HashMap::new();
    let mut is_long = false;
    let mut with_codec = |stream: &StreamKey, _, entry: Entry| {
        let codec = of_streams
            .entry(stream.clone())
            .or_insert_with(|| Arc::new(event_reader.for_answer(stream)));
        is_long |= layout::needs_decoder(&entry.fields, &**codec);
        (entry, Arc::clone(codec))
    };
    let batch: Vec<_> = batch.into_iter().map(|next| next.map(&mut with_codec)).collect();
    let json =
        |stream: &StreamKey, position: Position, (entry, codec): (Entry, Arc<StreamCodec>)| {
            let raw = Arc::new(entry.clone());
            let version = position.version;
            let event = Event { version, ..layout::decode_with(entry, &*codec) };
            Made { json: frame::entry_json(stream, event), entry: raw }
        };
    long_work::run(is_long, move || batch.into_iter().map(|next| next.map(json)).collect()).await
}
