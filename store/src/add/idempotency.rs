//! Idempotency keys: the name of one write, by which a repetition is told from another write.

use std::time::Duration;

use rewind_domain::StreamKey;

/// How long a key is remembered unless something else is said: whoever does not know whether a write was done asks within a day.
const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// The name of one write. A repetition with the same key, to the same stream, adds nothing and is answered as the first was.
///
/// Rewind keeps what was answered beside the stream, in the key `{stream}:once:KEY` of the same slot, written in the same step as
/// the events, and by default for a day.
///
/// [`of_producer`](Self::of_producer) has a single event published with `XADD … IDMP` where the server has that (Redis 8.6 and newer). The
/// stream itself remembers the key then, for as long as its `IDMP-DURATION` says: 100 seconds unless `XCFGSET` says otherwise. Where the server
/// does not have it, and for batches, Rewind keeps the key as it keeps others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    producer: Option<String>,
    id: String,
    remembered_for: Duration,
}

impl IdempotencyKey {
    /// The write of this name.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { producer: None, id: id.into(), remembered_for: REMEMBERED_FOR }
    }

    /// The write of this name among those of one producer, which the stream itself remembers where the server can.
    #[must_use]
    pub fn of_producer(producer: impl Into<String>, id: impl Into<String>) -> Self {
        Self { producer: Some(producer.into()), ..Self::new(id) }
    }

    /// The same, remembered this long, in whole milliseconds and at least one.
    #[must_use]
    pub fn remembered_for(mut self, time: Duration) -> Self {
        self.remembered_for = time;
        self
    }

    /// What a server with `IDMP` is told: the producer and the id.
    pub(crate) fn native(&self) -> Option<(&str, &str)> {
        self.producer.as_deref().map(|producer| (producer, self.id.as_str()))
    }

    /// The key of the record beside a stream.
    pub(crate) fn record(&self, stream: &StreamKey) -> StreamKey {
        match &self.producer {
            // With its length, so that no two pairs have the same record.
            Some(producer) => {
                let length = producer.len();
                stream.beside(format!("once-of:{length}:{producer}:{}", self.id).as_bytes())
            }
            None => stream.beside(format!("once:{}", self.id).as_bytes()),
        }
    }

    /// How long the record is kept.
    pub(crate) fn kept_ms(&self) -> u64 {
        u64::try_from(self.remembered_for.as_millis()).unwrap_or(u64::MAX).clamp(1, MAX_KEPT_MS)
    }
}

/// The longest that Redis can be told to keep something for: it adds the present time, in a signed number.
const MAX_KEPT_MS: u64 = 1 << 52;
