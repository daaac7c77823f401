//! Decoding entries that are answered with as a whole, where that may take long.

use rewind_codec::Codecs;
use rewind_domain::{Entry, Event, StreamKey, layout};

/// About how many bytes decoding the events of one answer may come to, all together: enough for a thousand events that are a
/// hundred times what they usually are, and little enough for several answers at the same time. Events behind that say that they
/// were not decoded.
const ANSWER_BYTES: usize = 64 << 20;

/// Reads entries of a stream as events. Payloads that have to be unpacked are, on a thread that nobody else waits for.
pub(crate) async fn decode_all(
    codecs: &Codecs,
    stream: &StreamKey,
    entries: Vec<Entry>,
) -> Vec<Event> {
    let codec = codecs.of(stream).with_room(ANSWER_BYTES);
    let is_long = entries.iter().any(|entry| layout::needs_decoder(&entry.fields, &codec));
    let decode = move || -> Vec<Event> {
        entries.into_iter().map(|entry| layout::decode_with(entry, &codec)).collect()
    };
    if !is_long {
        return decode();
    }
    match tokio::task::spawn_blocking(decode).await {
        Ok(events) => events,
        Err(error) => match error.try_into_panic() {
            // As it would go on had it happened here.
            Ok(panic) => std::panic::resume_unwind(panic),
            // The server is stopping, and there is nobody to answer.
            Err(_) => Vec::new(),
        },
    }
}
