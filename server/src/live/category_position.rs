//! How far a category was passed on: one position for thousands of streams.
//!
//! The entries of a category are passed on in the order of their ids, which Redis makes from its clock. So one id, the *mark*,
//! says it for all streams: what comes before it was passed on, what comes after it was not. The streams whose ids do not
//! follow the clock stand *apart*, each with a position of its own: those that number their entries themselves, and those
//! that got an entry from before the mark or from the future.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use rewind_domain::{EntryId, StreamKey};

/// How many streams can stand apart. Their positions go over the wire with each frame and come back in a header, for which
/// proxies allow 8 KiB.
const MAX_APART: usize = 64;
/// Ids below this, in Unix milliseconds, were not made by a clock: it was September 2001, long before there was Redis.
const CLOCKS_BEGIN_MS: u64 = 1_000_000_000_000;

/// A position in a category, written as `<id>@<key>` and, for each stream that stands apart, `,<id>@<key>`; keys are
/// percent-encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryPosition {
    mark: EntryId,
    /// Among entries of the same id, the streams up to this one; all of them where there is none.
    mark_key: Option<StreamKey>,
    apart: BTreeMap<StreamKey, EntryId>,
    /// There were more streams apart than can be remembered.
    is_cut: bool,
}

/// Why a text is no such position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is no position in a category; give the `id:` of a frame as it came")]
pub struct CategoryPositionError;

/// Where to go on in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GoOn {
    /// After this entry.
    After(EntryId),
    /// That was not remembered.
    Unknown,
}

impl CategoryPosition {
    /// Everything up to `mark`, whichever the stream.
    pub(super) fn up_to(mark: EntryId) -> Self {
        Self { mark, mark_key: None, apart: BTreeMap::new(), is_cut: false }
    }

    /// What was seen when all streams were looked at one after the other, between `mark` and `ended_ms` by the clock of Redis, and each had
    /// come to where `ends` says. What was added meanwhile counts as not seen.
    pub(crate) fn after_look<'s>(
        mark: EntryId,
        ended_ms: u64,
        ends: impl IntoIterator<Item = (&'s StreamKey, EntryId)>,
    ) -> Self {
        let mut reached = Self::up_to(mark);
        for (stream, end) in ends {
            // What the clock has not come to yet was there before all the same.
            if end <= mark || end.ms() > ended_ms {
                reached.note(stream, end);
            }
        }
        reached
    }

    /// The mark.
    pub(super) fn mark(&self) -> EntryId {
        self.mark
    }

    /// Whether there were more streams apart than can be remembered.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Takes note of an entry that was passed on. The mark moves at most to `limit`, before which nothing can come any more.
    pub(super) fn pass(&mut self, stream: &StreamKey, id: EntryId, limit: EntryId) {
        if id <= limit && self.is_ahead(stream, id) {
            self.mark = id;
            self.mark_key = Some(stream.clone());
            if !is_self_numbered(id) {
                self.apart.remove(stream);
                return;
            }
        }
        self.set_apart(stream, id);
    }

    /// Remembers the position of a stream whose ids the mark does not stand for, and of no other.
    pub(super) fn note(&mut self, stream: &StreamKey, id: EntryId) {
        if id > self.mark || (id != EntryId::MIN && is_self_numbered(id)) {
            self.set_apart(stream, id);
        }
    }

    /// A stream begins again: nothing of it was passed on.
    pub(super) fn begin_again(&mut self, stream: &StreamKey) {
        self.set_apart(stream, EntryId::MIN);
    }

    /// Whether a stream was passed on further than to `last`, where it ends by now: it was made again.
    pub(super) fn is_beyond(&self, stream: &StreamKey, last: EntryId) -> bool {
        self.apart.get(stream).is_some_and(|id| *id > last)
    }

    /// Where to go on in a stream that has come to `last` by now.
    pub(super) fn go_on(&self, stream: &StreamKey, last: EntryId) -> GoOn {
        match self.apart.get(stream) {
            Some(id) => GoOn::After(*id),
            // All of its kind are known, so it was not there yet.
            None if is_self_numbered(last) && !self.is_cut => GoOn::After(EntryId::MIN),
            None if is_self_numbered(last) => GoOn::Unknown,
            None => GoOn::After(match &self.mark_key {
                Some(key) if key < stream => self.mark.prev().unwrap_or(EntryId::MIN),
                _ => self.mark,
            }),
        }
    }

    fn is_ahead(&self, stream: &StreamKey, id: EntryId) -> bool {
        id > self.mark
            || (id == self.mark && self.mark_key.as_ref().is_some_and(|key| stream > key))
    }

    fn set_apart(&mut self, stream: &StreamKey, id: EntryId) {
        if self.apart.len() >= MAX_APART && !self.apart.contains_key(stream) {
            self.apart.pop_first();
            self.is_cut = true;
        }
        self.apart.insert(stream.clone(), id);
    }
}

impl fmt::Display for CategoryPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mark)?;
        if let Some(key) = &self.mark_key {
            write!(f, "@{}", Encoded(key))?;
        }
        for (stream, id) in &self.apart {
            write!(f, ",{id}@{}", Encoded(stream))?;
        }
        if self.is_cut { f.write_str(",more") } else { Ok(()) }
    }
}

impl FromStr for CategoryPosition {
    type Err = CategoryPositionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(',');
        let (mark, mark_key) = place(parts.next().unwrap_or_default())?;
        let mut reached = Self { mark_key, ..Self::up_to(mark) };
        for part in parts {
            if part == "more" {
                reached.is_cut = true;
                continue;
            }
            let (id, Some(stream)) = place(part)? else { return Err(CategoryPositionError) };
            if reached.apart.len() >= MAX_APART {
                return Err(CategoryPositionError);
            }
            reached.apart.insert(stream, id);
        }
        Ok(reached)
    }
}

fn is_self_numbered(id: EntryId) -> bool {
    id.ms() < CLOCKS_BEGIN_MS
}

/// Reads `<id>` or `<id>@<key>`.
fn place(text: &str) -> Result<(EntryId, Option<StreamKey>), CategoryPositionError> {
    let (id, key) = match text.split_once('@') {
        Some((id, key)) => (id, Some(decoded(key)?)),
        None => (text, None),
    };
    Ok((id.parse().map_err(|_| CategoryPositionError)?, key))
}

struct Encoded<'a>(&'a StreamKey);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &byte in self.0.as_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b':' | b'-' | b'_' | b'.' => {
                    write!(f, "{}", char::from(byte))?;
                }
                _ => write!(f, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}

fn decoded(text: &str) -> Result<StreamKey, CategoryPositionError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                bytes.push(digit(*high)? << 4 | digit(*low)?);
                tail
            }
            (b'%', _) => return Err(CategoryPositionError),
            _ => {
                bytes.push(*first);
                tail
            }
        };
    }
    Ok(StreamKey::from_bytes(bytes))
}

fn digit(byte: u8) -> Result<u8, CategoryPositionError> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(CategoryPositionError),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: EntryId = EntryId::new(1_706_185_200_000, 0);

    fn at(ms: u64) -> EntryId {
        EntryId::new(NOW.ms() + ms, 0)
    }

    #[test]
    fn one_mark_serves_all_streams_whose_ids_follow_the_clock() {
        let mut reached = CategoryPosition::up_to(at(0));
        reached.pass(&"b".into(), at(5), at(9));
        assert_eq!(reached.to_string(), "1706185200005-0@b");
        // Of the same id, `a` was passed on before `b`, and `c` would come after it.
        assert_eq!(reached.go_on(&"a".into(), at(7)), GoOn::After(at(5)));
        assert_eq!(reached.go_on(&"b".into(), at(7)), GoOn::After(at(5)));
        assert_eq!(reached.go_on(&"c".into(), at(7)), GoOn::After(at(5).prev().unwrap()));
    }

    #[test]
    fn a_late_stream_stands_apart_until_it_is_on_time_again() {
        let mut reached = CategoryPosition::up_to(at(10));
        reached.pass(&"late".into(), at(3), at(20));
        assert_eq!(reached.go_on(&"late".into(), at(4)), GoOn::After(at(3)));
        assert_eq!(reached.mark(), at(10));
        reached.pass(&"late".into(), at(12), at(20));
        assert_eq!(reached.to_string(), "1706185200012-0@late");
    }

    #[test]
    fn an_entry_from_the_future_does_not_move_the_mark() {
        let mut reached = CategoryPosition::up_to(at(10));
        reached.pass(&"early".into(), at(1_000), at(20));
        assert_eq!(
            (reached.mark(), reached.go_on(&"early".into(), at(2_000))),
            (at(10), GoOn::After(at(1_000)))
        );
    }

    #[test]
    fn streams_that_number_themselves_are_all_known_or_said_to_be_not() {
        let own = |n| EntryId::new(n, 0);
        let mut reached = CategoryPosition::up_to(at(10));
        reached.note(&"old".into(), own(7));
        reached.note(&"clock".into(), at(3));
        assert_eq!(reached.go_on(&"old".into(), own(9)), GoOn::After(own(7)));
        assert_eq!(reached.go_on(&"new".into(), own(9)), GoOn::After(EntryId::MIN));
        assert_eq!(reached.go_on(&"clock".into(), at(12)), GoOn::After(at(10)));
        for n in 0..MAX_APART {
            reached.note(&format!("more{n}").as_str().into(), own(1));
        }
        assert!(reached.is_cut() && reached.to_string().ends_with(",more"));
        assert_eq!(reached.go_on(&"unknown".into(), own(9)), GoOn::Unknown);
    }

    #[test]
    fn the_longest_position_fits_into_a_header() {
        let mut reached = CategoryPosition::up_to(at(10));
        for n in 0..2 * MAX_APART {
            reached.pass(
                &format!("aggregate:Order:customer-{n:012}").as_str().into(),
                at(1),
                at(9),
            );
        }
        assert!(reached.to_string().len() < 8_000 && reached.is_cut());
    }

    proptest! {
        #[test]
        fn a_position_survives_being_written_and_read(
            passed in prop::collection::vec((prop::collection::vec(any::<u8>(), 1..6), 0u64..40), 0..30),
        ) {
            let mut reached = CategoryPosition::up_to(at(10));
            for (stream, ms) in passed {
                reached.pass(&StreamKey::from_bytes(stream), at(ms), at(30));
            }
            let text = reached.to_string();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(text.parse(), Ok(reached));
        }

        #[test]
        fn any_text_is_a_position_or_an_error(text: String) {
            let _ = text.parse::<CategoryPosition>();
        }

        /// The heart of it: whoever goes on from a position gets what was not passed on yet, and nothing else.
        #[test]
        fn a_position_tells_for_every_entry_whether_it_was_passed_on(
            entries in prop::collection::btree_set((0u64..20, 0u8..4), 1..40),
            taken in 0usize..40,
        ) {
            let entries: Vec<_> = entries.into_iter().map(|(ms, key)| (at(ms), StreamKey::from_bytes([b'a' + key]))).collect();
            let mut reached = CategoryPosition::up_to(NOW.prev().unwrap());
            let (passed, open) = entries.split_at(taken.min(entries.len()));
            for (id, key) in passed {
                reached.pass(key, *id, at(100));
            }
            for (id, key) in passed {
                let GoOn::After(after) = reached.go_on(key, at(50)) else { panic!() };
                prop_assert!(*id <= after);
            }
            for (id, key) in open {
                let GoOn::After(after) = reached.go_on(key, at(50)) else { panic!() };
                prop_assert!(*id > after);
            }
        }
    }
}
