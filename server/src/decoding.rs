//! Decoding entries, where that may take long.

use rewind_codec::{Codecs, StreamCodec};
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
    let codec = codec_for_answer(codecs, stream);
    let is_long = entries.iter().any(|entry| layout::needs_decoder(&entry.fields, &codec));
    run(is_long, move || {
        entries.into_iter().map(|entry| layout::decode_with(entry, &codec)).collect()
    })
    .await
}

/// The same for a single entry.
pub(crate) async fn decode_one(codecs: &Codecs, stream: &StreamKey, entry: Entry) -> Event {
    let codec = codecs.of(stream);
    let is_long = layout::needs_decoder(&entry.fields, &codec);
    run(is_long, move || layout::decode_with(entry, &codec)).await
}

/// What the payloads of a stream are, with room for the events of one answer.
pub(crate) fn codec_for_answer(codecs: &Codecs, stream: &StreamKey) -> StreamCodec {
    codecs.of(stream).with_room(ANSWER_BYTES)
}

/// Does work here, or where it may take long on a thread that nobody else waits for.
pub(crate) async fn run<T: Send + 'static>(
    is_long: bool,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    if !is_long {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            // As it would go on had it happened here.
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is ending, and with it whoever waits for this.
            Err(_) => std::future::pending().await,
        },
    }
}
