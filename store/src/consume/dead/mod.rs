//! Dead letters: entries that a group gave up on.
//!
//! They are in a stream of their own, `{stream}:dead:{group}`: `{events:orders}:dead:billing` for the group `billing` of the stream
//! `events:orders`. The braces are a hash tag, so it is in the stream's own slot of a cluster; a stream whose key has a
//! hash tag keeps that one. A dead letter has all fields of its entry, in order, and behind them:
//!
//! | field | |
//! |---|---|
//! | `dead_origin` | the id of the entry in its stream |
//! | `dead_reason` | why the group gave up |
//! | `dead_deliveries` | how often the entry was delivered |
//! | `dead_consumer` | the consumer that it was last delivered to |
//! | `dead_at` | when the group gave up, in Unix milliseconds by the clock of Redis |

mod bury;
mod bury_many;
mod replay;
mod replay_in_steps;

use rewind_domain::{Entry, EntryId, Fields, StreamKey};

use super::{Group, replies};
use crate::{EntryRange, EventStore, IdRange, PageOrder, StoreError, WriteError};

pub(super) use bury::{Burial, Buried};
pub use bury_many::{BURIED_AT_ONCE, BuriedMany};
pub use replay::{ReplayTo, Replayed};

/// What stands between a stream's key and the name of the group.
const INFIX: &[u8] = b"dead:";
/// The fields behind those of the entry, in order. The scripts write and read the same.
const MARKS: [&str; 5] =
    ["dead_origin", "dead_reason", "dead_deliveries", "dead_consumer", "dead_at"];

/// The dead letters of one group of one stream.
#[derive(Clone)]
pub struct DeadLetters {
    group: Group,
    key: StreamKey,
}

/// An entry that a group gave up on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id among the dead letters.
    pub id: EntryId,
    /// The fields that its entry had.
    pub fields: Fields,
    /// Why it is here; `None` if something else than a consumer group of this crate added it.
    pub cause: Option<DeathCause>,
}

/// Why a group gave up on an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeathCause {
    /// The id of the entry in its stream.
    pub origin: EntryId,
    /// What went wrong.
    pub reason: String,
    /// How often the entry was delivered.
    pub deliveries: u64,
    /// The consumer that it was last delivered to.
    pub consumer: Vec<u8>,
    /// When, in Unix milliseconds.
    pub at_ms: u64,
}

impl DeadLetters {
    /// Those of this group of this stream.
    #[must_use]
    pub fn new(
        store: &EventStore,
        stream: impl Into<StreamKey>,
        group: impl Into<Vec<u8>>,
    ) -> Self {
        Self::of(Group::new(store, stream, group))
    }

    /// Those of this group.
    #[must_use]
    pub fn of(group: Group) -> Self {
        let key = group.stream.beside(&[INFIX, &group.name].concat());
        Self { group, key }
    }

    /// The key of the stream in which they are.
    #[must_use]
    pub fn key(&self) -> &StreamKey {
        &self.key
    }

    /// How many there are.
    ///
    /// # Errors
    /// Whatever Redis refuses.
    pub async fn count(&self) -> Result<u64, StoreError> {
        match self.group.store.reads().info(&self.key).await {
            Ok(info) => Ok(info.extent.length),
            Err(StoreError::NotFound) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Dead letters behind this one, oldest first, `most` at most; fewer where they are large. None are returned only at the end.
    ///
    /// # Errors
    /// Whatever Redis refuses.
    pub async fn list(
        &self,
        after: Option<EntryId>,
        most: u64,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let range = IdRange { after, before: None };
        let range = EntryRange::new(range, PageOrder::OldestFirst, most);
        match self.group.store.reads().whole_entries(&self.key, range).await {
            Ok(found) => Ok(found.entries.into_iter().map(DeadLetter::of_entry).collect()),
            Err(StoreError::NotFound) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Those of these ids that are dead letters.
    ///
    /// # Errors
    /// Whatever Redis refuses.
    pub async fn existing(&self, ids: &[EntryId]) -> Result<Vec<EntryId>, StoreError> {
        self.group.store.reads().existing(&self.key, ids).await
    }

    /// One dead letter; `None` if there is none of this id.
    ///
    /// # Errors
    /// Whatever Redis refuses.
    pub async fn letter(&self, id: EntryId) -> Result<Option<DeadLetter>, StoreError> {
        let range = EntryRange::new(IdRange::within(id, id), PageOrder::OldestFirst, 1);
        match self.group.store.reads().whole_entries(&self.key, range).await {
            Ok(found) => Ok(found.entries.into_iter().next().map(DeadLetter::of_entry)),
            Err(StoreError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes dead letters. Returns how many of them there were.
    ///
    /// # Errors
    /// What Redis refuses; [`WriteError::Unknown`] if the reply was lost.
    pub async fn drop_letters(&self, ids: &[EntryId]) -> Result<u64, WriteError> {
        let mut dropped = 0;
        for ids in ids.chunks(super::group::AT_ONCE) {
            let mut command = redis::cmd("XDEL");
            command.arg(self.key.as_bytes());
            for id in ids {
                command.arg(id.to_string());
            }
            dropped += replies::count(
                &self.group.store.writes(self.key.as_bytes()).send(&command).await?,
            )?;
        }
        Ok(dropped)
    }
}

impl DeadLetter {
    /// What an entry of the stream of dead letters says.
    fn of_entry(Entry { id, fields }: Entry) -> Self {
        let cause = Self::cause(&fields);
        let mut pairs = fields.into_pairs();
        if cause.is_some() {
            pairs.truncate(pairs.len() - MARKS.len());
        }
        Self { id, fields: pairs.into_iter().collect(), cause }
    }

    fn cause(fields: &Fields) -> Option<DeathCause> {
        let first = fields.len().checked_sub(MARKS.len())?;
        let value = |at: usize| {
            let (name, value) = fields.pair_at(first + at)?;
            (name == MARKS[at].as_bytes()).then_some(value)
        };
        let number = |at: usize| std::str::from_utf8(value(at)?).ok()?.parse().ok();
        Some(DeathCause {
            origin: EntryId::from_bytes(value(0)?).ok()?,
            reason: String::from_utf8_lossy(value(1)?).into_owned(),
            deliveries: number(2)?,
            consumer: value(3)?.to_vec(),
            at_ms: number(4)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(pairs: &[(&str, &str)]) -> DeadLetter {
        DeadLetter::of_entry(Entry {
            id: EntryId::new(9, 0),
            fields: pairs.iter().copied().collect(),
        })
    }

    #[test]
    fn a_dead_letter_has_the_fields_of_its_entry_and_why_it_died() {
        let marks = [
            ("dead_origin", "5-1"),
            ("dead_reason", "no"),
            ("dead_deliveries", "3"),
            ("dead_consumer", "c"),
            ("dead_at", "7"),
        ];
        // An entry may have fields of these names itself.
        let letter_of = letter(&[&[("type", "a"), ("dead_reason", "x")][..], &marks].concat());
        assert_eq!(letter_of.fields, [("type", "a"), ("dead_reason", "x")].into_iter().collect());
        let cause = letter_of.cause.unwrap();
        assert_eq!((cause.origin, cause.deliveries, cause.at_ms), (EntryId::new(5, 1), 3, 7));
        assert_eq!((cause.reason.as_str(), cause.consumer.as_slice()), ("no", &b"c"[..]));
        assert_eq!(letter(&[("type", "a")]).cause, None);
        assert_eq!(letter(&marks[1..]).cause, None);
    }
}
