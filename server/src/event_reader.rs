//! The event reader: the one place where entries become events for whoever asks.
//!
//! Unpacking payloads may take long, so it is done on a thread that nobody else waits for.

use rewind_codec::{CodecParcel, Codecs, StreamCodec};
use rewind_domain::cut::{Cut, CutField, CutLimits};
use rewind_domain::event::{DecodeError, DecodeErrorCode};
use rewind_domain::{Entry, Event, StreamKey, layout};

use rewind_store::{EntryPage, PageEntry};

use crate::long_work::run;

/// About how many bytes decoding the events of one answer may come to, all together: enough for a thousand events that are a
/// hundred times what they usually are, and little enough for several answers at the same time. Events behind that say that they
/// were not decoded.
const ANSWER_BYTES: usize = 64 << 20;
/// How many bytes of JSON are read without a thread of their own: about a millisecond's work.
const QUICK_BYTES: usize = 256 * 1024;

/// Makes events of entries. Clones are the same reader.
#[derive(Clone, Debug, Default)]
pub struct EventReader {
    codecs: Codecs,
}

impl EventReader {
    /// One that unpacks payloads by `codecs`.
    #[must_use]
    pub fn new(codecs: Codecs) -> Self {
        Self { codecs }
    }

    /// What reads the payloads of a stream.
    pub(crate) fn of(&self, stream: &StreamKey) -> StreamCodec {
        self.codecs.of(stream)
    }

    /// The same, with room for the events of one answer.
    pub(crate) fn for_answer(&self, stream: &StreamKey) -> StreamCodec {
        self.of(stream).with_room(ANSWER_BYTES)
    }

    /// What another process makes the same reader of.
    pub(crate) fn parcel(&self) -> &CodecParcel {
        self.codecs.parcel()
    }

    /// The events of these entries of a stream.
    pub(crate) async fn all(&self, stream: &StreamKey, entries: Vec<Entry>) -> Vec<Event> {
        let codec = self.for_answer(stream);
        let is_long = entries.iter().any(|entry| layout::needs_decoder(&entry.fields, &codec));
        run(is_long, move || {
            entries.into_iter().map(|entry| layout::decode_with(entry, &codec)).collect()
        })
        .await
    }

    /// The first `count` events of a page, for a list. They are made one after the other, so that only one of them is in memory as a
    /// whole beside the page.
    pub(crate) async fn page(
        &self,
        stream: &StreamKey,
        page: EntryPage,
        count: usize,
    ) -> Vec<Event> {
        let codec = self.for_answer(stream);
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

    /// The event of a single entry.
    pub(crate) async fn one(&self, stream: &StreamKey, entry: Entry) -> Event {
        let codec = self.of(stream);
        let is_long = layout::needs_decoder(&entry.fields, &codec);
        run(is_long, move || layout::decode_with(entry, &codec)).await
    }
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
