//! Decoding entries, where that may take long.

use rewind_codec::{Codecs, StreamCodec};
use rewind_domain::cut::{Cut, CutField, CutLimits};
use rewind_domain::event::{DecodeError, DecodeErrorCode};
use rewind_domain::{Entry, Event, StreamKey, layout};

use rewind_store::{EntryPage, PageEntry};

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

/// How many bytes of JSON are read without a thread of their own: about a millisecond's work.
const QUICK_BYTES: usize = 256 * 1024;

/// Reads the first `count` entries of a page as events for a list, one after the other, so that only one of them is in memory as a
/// whole beside the page.
pub(crate) async fn decode_page(
    codecs: &Codecs,
    stream: &StreamKey,
    page: EntryPage,
    count: usize,
) -> Vec<Event> {
    let codec = codec_for_answer(codecs, stream);
    let needs = |entry: PageEntry<'_>| entry.raw(0).with_decoder(&codec).needs_decoder();
    let is_long = page.bytes() > QUICK_BYTES || page.entries().any(needs);
    run(is_long, move || {
        let event = |entry: PageEntry<'_>| {
            let mut event = entry.raw(0).with_decoder(&codec).decode();
            event.version = None;
            with_cut(event, entry.cut_fields()).cut_to(CutLimits::LIST)
        };
        page.entries().take(count).map(event).collect()
    })
    .await
}

/// An event whose entry was too large to be read as a whole, so that of these fields only the beginnings are there.
pub(crate) fn with_cut(mut event: Event, fields: Vec<CutField>) -> Event {
    if fields.is_empty() {
        return event;
    }
    if let Some(DecodeError { code, message, .. }) = &mut event.decode_error {
        *code = DecodeErrorCode::TooLarge;
        *message = "is too large to be decoded; its bytes can be saved as a file".to_owned();
    }
    event.cut = Some(Cut { fields, ..Cut::default() });
    event
}

/// The same as [`decode_all`] for a single entry.
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
