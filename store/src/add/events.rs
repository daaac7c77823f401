//! What events can be stored in one step, checked before anything is sent.

use redis::Value;

use crate::reply;
use crate::write::WriteConnection;
use crate::{NewEvent, StoreError};

/// How many events one batch can have. Redis answers nobody else while it adds them: about half a second for this many.
pub const MAX_BATCH_EVENTS: usize = 100_000;
/// How many fields an event of a batch, or one with an idempotency key, can have: a Lua script passes no more words on at once.
pub const MAX_BATCH_FIELDS: usize = 3_900;
/// How many words, names and values, all events of a batch can have. Servers before Redis 7 take about a million in one request.
pub const MAX_BATCH_WORDS: usize = 1_000_000;
/// How many bytes a value can have that every server takes: its limit cannot be configured to be lower.
const ALWAYS_TAKEN_BYTES: usize = 1024 * 1024;
/// How many bytes a value can have where Redis does not tell its limit: what it is by default.
const DEFAULT_VALUE_BYTES: u64 = 512 * 1024 * 1024;
/// How many bytes a request can have where Redis does not tell its limit: what it is by default.
const DEFAULT_REQUEST_BYTES: u64 = 1024 * 1024 * 1024;
/// How many bytes an event can have. Redis keeps each in a list that ends at a GiB, and a batch is held more than once while it is added.
pub const MAX_EVENT_BYTES: u64 = 512 * 1024 * 1024;
/// How many bytes a word takes in a request besides its own: its length and two line ends.
const WORD_OVERHEAD_BYTES: u64 = 16;

/// Why events cannot be stored, in one step or at all. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventsError {
    /// There is none.
    #[error("there is no event to add")]
    Empty,
    /// There are too many for one step.
    #[error("{count} events are too many for one step; a batch has at most {MAX_BATCH_EVENTS}")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// One has no fields, which Redis does not take.
    #[error("event {number} has no fields; an event needs at least one")]
    NoFields {
        /// Which one, counted from 1.
        number: usize,
    },
    /// One has too many fields for a batch.
    #[error(
        "event {number} has {count} fields; an event of a batch, or one with an idempotency key, has at most {MAX_BATCH_FIELDS}"
    )]
    TooManyFields {
        /// Which one, counted from 1.
        number: usize,
        /// How many it has.
        count: usize,
    },
    /// All have too many fields together.
    #[error(
        "the events have {count} names and values; a batch has at most {MAX_BATCH_WORDS}, so add it in smaller ones"
    )]
    TooManyWords {
        /// How many they have.
        count: usize,
    },
    /// One has a larger value than Redis takes.
    #[error(
        "event {number} has a field of {bytes} bytes; this Redis takes at most {most} (`proto-max-bulk-len`)"
    )]
    ValueTooLarge {
        /// Which one, counted from 1.
        number: usize,
        /// How many bytes the field has.
        bytes: u64,
        /// How many it can have.
        most: u64,
    },
    /// One is larger than Redis takes.
    #[error("event {number} has {bytes} bytes; an event has at most {MAX_EVENT_BYTES}")]
    EventTooLarge {
        /// Which one, counted from 1.
        number: usize,
        /// How many bytes it has.
        bytes: u64,
    },
    /// All are larger together than Redis takes in one request.
    #[error(
        "the events have {bytes} bytes together; this Redis takes at most {most} in one request (`client-query-buffer-limit`)"
    )]
    TooLarge {
        /// How many bytes they have.
        bytes: u64,
        /// How many they can have.
        most: u64,
    },
}

/// Whether these events can be added in one step, by a script where `is_batch`.
pub(crate) async fn check(
    events: &[NewEvent],
    is_batch: bool,
    connection: &WriteConnection,
) -> Result<(), EventsError> {
    let sizes = check_counts(events, is_batch)?;
    if sizes.bytes <= ALWAYS_TAKEN_BYTES as u64 / 2 {
        return Ok(());
    }
    let most_bytes = limit(connection, "client-query-buffer-limit", DEFAULT_REQUEST_BYTES).await;
    if sizes.bytes > most_bytes {
        return Err(EventsError::TooLarge { bytes: sizes.bytes, most: most_bytes });
    }
    if sizes.largest > ALWAYS_TAKEN_BYTES as u64 {
        let most = limit(connection, "proto-max-bulk-len", DEFAULT_VALUE_BYTES).await;
        if sizes.largest > most {
            let (number, bytes) = (sizes.largest_in, sizes.largest);
            return Err(EventsError::ValueTooLarge { number, bytes, most });
        }
    }
    Ok(())
}

/// How large events are.
#[derive(Default)]
struct Sizes {
    /// All together, as a request.
    bytes: u64,
    /// The largest name or value.
    largest: u64,
    /// In which event that is, counted from 1.
    largest_in: usize,
}

fn check_counts(events: &[NewEvent], is_batch: bool) -> Result<Sizes, EventsError> {
    if events.is_empty() {
        return Err(EventsError::Empty);
    }
    if events.len() > MAX_BATCH_EVENTS {
        return Err(EventsError::TooMany { count: events.len() });
    }
    let (mut sizes, mut words) = (Sizes::default(), 0);
    for (number, event) in (1..).zip(events) {
        let count = event.fields().len();
        if count == 0 {
            return Err(EventsError::NoFields { number });
        }
        if is_batch && count > MAX_BATCH_FIELDS {
            return Err(EventsError::TooManyFields { number, count });
        }
        words += 2 * count + 1;
        let mut bytes = 0;
        for word in event.fields().flat_map(|(name, value)| [name, value]) {
            let length = word.len() as u64;
            bytes += length;
            sizes.bytes += length + WORD_OVERHEAD_BYTES;
            if length > sizes.largest {
                (sizes.largest, sizes.largest_in) = (length, number);
            }
        }
        if bytes > MAX_EVENT_BYTES {
            return Err(EventsError::EventTooLarge { number, bytes });
        }
    }
    match is_batch && words > MAX_BATCH_WORDS {
        true => Err(EventsError::TooManyWords { count: words }),
        false => Ok(sizes),
    }
}

/// A limit of the server; the default where this user may not ask for it.
async fn limit(connection: &WriteConnection, name: &str, default: u64) -> u64 {
    let mut command = redis::cmd("CONFIG");
    command.arg("GET").arg(name);
    let reply: Result<Value, StoreError> =
        connection.send(&command).await.map_err(crate::WriteError::into_cause);
    let told = reply.ok().and_then(reply::pairs).and_then(|pairs| {
        let (_, value) = pairs.into_iter().next()?;
        reply::text(&value)?.parse().ok()
    });
    told.unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use rewind_domain::Fields;

    use super::*;

    fn event(fields: usize) -> NewEvent {
        NewEvent::of_fields((0..fields).map(|n| (n.to_string(), "v")).collect::<Fields>())
    }

    fn refused(events: &[NewEvent], is_batch: bool) -> Option<EventsError> {
        check_counts(events, is_batch).err()
    }

    #[test]
    fn what_has_no_room_in_one_step_is_refused_with_the_bound() {
        assert_eq!(refused(&[], true), Some(EventsError::Empty));
        assert_eq!(refused(&[event(1), event(0)], true), Some(EventsError::NoFields { number: 2 }));
        let wide = event(MAX_BATCH_FIELDS + 1);
        assert!(refused(&[event(MAX_BATCH_FIELDS)], true).is_none());
        assert!(refused(std::slice::from_ref(&wide), false).is_none());
        let error = refused(&[wide], true).unwrap();
        assert!(error.to_string().contains("3900"), "{error}");
        let many = vec![event(1); MAX_BATCH_EVENTS + 1];
        assert!(refused(&many[1..], true).is_none());
        assert!(matches!(refused(&many, true), Some(EventsError::TooMany { .. })));
        let words = vec![event(6); MAX_BATCH_EVENTS];
        assert!(matches!(refused(&words, true), Some(EventsError::TooManyWords { .. })));
    }
}
